"""What an intervention writes into the trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..policies import TAGGED, Anchor, Feedback, Rollback, worded
from ..trace import Origin, Piece
from ..verdicts import Violation
from .arbitration import Finding, Ruling
from .ladder import Rung

ANCHOR_CONTEXT = 2_000
"""Characters that an anchor callable sees."""

FRAME = " \t\r\n.;,:$)]}>*|\\"
"""Characters after a claim that belong to what surrounds it: punctuation, line end, closing brackets and mark-up."""


class Injection(NamedTuple):
    """Text to put in. `scanned` text stands for the model's own and is checked like it; a note is not."""

    text: str
    origin: Origin
    scanned: bool


class Repair(NamedTuple):
    """An intervention on the trace: cut at `cut`, put these in, resume (`attempt` above 0: as another try)."""

    cut: int
    injections: tuple[Injection, ...]
    attempt: int
    action: str


def plan(ruling: Ruling, policy: Rollback, tip: Piece, *, rung: Rung, cut: int) -> Repair:
    """The repair for a ruling: what the policy says, unless the ladder demands another step.

    `resample` never says anything, at any step: its user chose to give nothing away.
    """
    winner = ruling.winner
    violations = [finding.violation for finding in ruling.all]
    correction = winner.violation.correction
    injections: list[Injection] = []
    attempt = 0
    action = policy.repair
    if action == "resample":
        attempt = rung.tries + 1
    elif action == "correct" and rung.step == "policy" and correction is not None and cut <= winner.offset:
        injections.append(Injection(_corrected(winner, correction, tip, cut), Origin.CORRECTION, scanned=True))
    else:
        action = "note"
        feedback = policy.feedback if rung.step == "policy" else _with_hint
        injections.append(Injection(_note(feedback, violations), Origin.FEEDBACK, scanned=False))
        attempt = rung.tries if rung.step == "resample" else 0
    kept = tip.read(max(cut - ANCHOR_CONTEXT, 0), cut) + "".join(part.text for part in injections)
    anchor = _anchor(policy.anchor, kept[-ANCHOR_CONTEXT:])
    if anchor:
        injections.append(Injection(anchor, Origin.CORRECTION, scanned=True))
    return Repair(cut, tuple(injections), attempt, action)


def _corrected(finding: Finding, correction: str, tip: Piece, cut: int) -> str:
    """The correction in place of the wrong span, framed by what surrounds it inside the unit."""
    # A cut before the unit takes away an earlier note, which is not to come back.
    unit = finding.check.start
    before = tip.read(max(cut, unit) if finding.offset >= unit else cut, finding.offset)
    wrong = tip.read(finding.offset, finding.stop)
    after = tip.read(finding.stop, finding.check.end)
    if finding.violation.span is None:  # a whole unit: its line end, and blank lines before it, are not the claim
        core = wrong.strip()
        begin = wrong.find(core)
        before += wrong[:begin]
        after = wrong[begin + len(core) :] + after
    # What follows the claim was built on it and goes, unless it is only the end of the sentence or line.
    return before + correction + (after if not after.strip(FRAME) else "")


def _note(feedback: Feedback, violations: Sequence[Violation]) -> str:
    if isinstance(feedback, str):
        return worded(feedback, violations)
    try:
        note = feedback(violations)
    except Exception:  # noqa: BLE001  (a user's callable; its failure must not end the run)
        return worded(TAGGED, violations)
    return note if isinstance(note, str) else worded(TAGGED, violations)


def _with_hint(violations: Sequence[Violation]) -> str:
    parts = (v.message if not v.hint else f"{v.message}; right would be: {v.hint}" for v in violations)
    return f"\n[check failed again: {'; '.join(parts)}]\n"


def _anchor(anchor: Anchor, kept: str) -> str:
    if isinstance(anchor, str):
        return anchor
    try:
        text = anchor(kept)
    except Exception:  # noqa: BLE001  (as above: without an anchor the repair still stands)
        return ""
    return text if isinstance(text, str) else ""
