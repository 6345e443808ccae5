"""Extract, then verify: the one boundary at which what third-party code raises becomes data."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from ..errors import Unparsed, one_line
from ..verdicts import Pass, Span, Unknown, Verdict, Verifier, Violation, as_verdict
from ..views import Extractor, View
from .parcels import Part

AnyRule: TypeAlias = "tuple[Extractor[Any], Verifier[Any]]"


class LoadedRule(NamedTuple):
    """A rule ready for use."""

    extract: Extractor[Any]
    verify: Verifier[Any]
    prompt: str


def unpack(part: Part) -> Any:  # noqa: ANN401  (a rule's parts or a prompt, as they were packed)
    """What was packed, or `Unknown` where it cannot be loaded here."""
    try:
        content = pickle.loads(part.blob)  # noqa: S301  (our own user's code and prompt, no model text)
    except Exception as error:  # noqa: BLE001  (third-party code: its failure is data)
        return Unknown(f"the rule could not be loaded: {one_line(error)}", "crashed")
    return content


def load_rule(rule: AnyRule | Unknown | None, prompt: str | Unknown | None) -> LoadedRule | Unknown:
    """A rule from its unpacked parts."""
    if isinstance(rule, Unknown):
        return rule
    if isinstance(prompt, Unknown):
        return prompt
    if rule is None or prompt is None:
        # The checks thread counts along what a worker keeps; this would be a fault of ours, not of the check.
        return Unknown("its rule was not sent along", "lost")
    return LoadedRule(*rule, prompt)


class Deadline(BaseException):
    """A check has run for as long as it may; a verifier's own handlers of `Exception` let this pass."""


def judge(extract: Extractor[Any], verify: Verifier[Any], view: View) -> Verdict:
    """The verdict on what `view` shows, in plain text and numbers.

    Whatever is raised becomes `Unknown`, even what is meant to end a process. Lets `MemoryError` and `Deadline` pass:
    what they mean is for the process to say.
    """
    try:
        state = extract.extract(view)
    except Unparsed as finding:
        return Unknown(str(finding), "unparsed")
    except (MemoryError, Deadline):
        raise
    except BaseException as error:  # noqa: BLE001
        return Unknown(f"the extractor raised {one_line(error)}", "crashed")
    if state is None:
        return Pass(checked=0)
    try:
        return _plain(as_verdict(verify.check(state)))
    except (MemoryError, Deadline):
        raise
    except BaseException as error:  # noqa: BLE001
        return Unknown(f"the verifier raised {one_line(error)}", "crashed")


def _plain(verdict: Verdict) -> Verdict:
    """The same verdict with nothing in it that could not travel: what is no text in its evidence is written as text."""
    match verdict:
        case Pass(checked, settled):
            plain = type(verdict) is Pass and type(checked) is int and type(settled) is str
            return verdict if plain else Pass(int(checked), str(settled))
        case Unknown(reason, kind):
            return Unknown(str(reason), kind)
        case Violation(message, span, hint, correction, evidence, also):
            facts = evidence if isinstance(evidence, Mapping) else {"evidence": evidence}
            return Violation(
                str(message),
                span=None if span is None else Span(int(span[0]), int(span[1])),
                hint=None if hint is None else str(hint),
                correction=None if correction is None else str(correction),
                evidence={str(name): str(fact) for name, fact in facts.items()},
                also=tuple(each for each in map(_plain, also) if isinstance(each, Violation)),
            )
