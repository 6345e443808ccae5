"""Break every guarantee on purpose, and see that a test notices.

`python tests/mutations.py [name ...]` copies the project, applies one small change at a time to the copy and runs the
tests that should fail. It ends with 1 if a change survives, or if the untouched copy does not pass.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"runtime": "midtrace", "verifiers": "midtrace/verifiers", "extractors": "midtrace/extractors"}
MACHINE = ("tests/machine",)
SESSION = ("tests/test_session.py",)
ENGINES = ("tests/engines", "-k", "local")
OFFICE = ("tests/engines/test_staff.py", "tests/engines/test_scale.py", "tests/engines/test_batches.py")
SECONDS = 600


@dataclass(frozen=True)
class Mutation:
    """In `file`, `before` becomes `after`; one of `tests` must fail for it."""

    guarantee: int
    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...] = MACHINE


MUTATIONS = (
    # 1 Untouched unless violated
    Mutation(1, "drops-a-chunk-it-should-deliver", "machine/delivery.py", "if text:\n", "if text.strip():\n", MACHINE),
    Mutation(
        1, "delivers-a-piece-twice", "machine/delivery.py", "            backlog.popleft()\n", "            return\n"
    ),
    Mutation(
        1,
        "acts-on-an-unknown",
        "machine/machine.py",
        'case "retry" | "pass" | "unverified":\n                            pass',
        'case "retry" | "pass" | "unverified":\n'
        "                            findings.append(Finding(monitor, check, Violation(reason)))",
    ),
    Mutation(
        1,
        "reopens-the-source-at-its-end",
        "machine/machine.py",
        "        self._submit(made)\n        self._settle()",
        "        self._submit(made)\n        self._open()\n        self._settle()",
    ),
    Mutation(
        1,
        "every-settled-pass-stops",
        "policies.py",
        "return reaction if isinstance(reaction, Stop) else None",
        "return reaction if isinstance(reaction, Stop) else Stop()",
    ),
    Mutation(1, "stops-again-and-again", "machine/interventions.py", "            and not self._stopped\n", ""),
    Mutation(1, "stops-what-has-ended", "machine/machine.py", 'told and self.phase == "streaming" and', "told and"),
    Mutation(
        1,
        "stops-a-phase-that-is-over",
        "machine/interventions.py",
        "            and not self._checks.left(answered, tip)\n",
        "",
    ),
    # 2 The stream never waits
    Mutation(
        2,
        "reads-the-whole-trace-for-each-chunk",
        "machine/machine.py",
        "        self._failures = 0\n        characters =",
        "        self._failures = 0\n        self.tip.read()\n        characters =",
    ),
    Mutation(
        2,
        "sleeps-on-the-loop",
        "session.py",
        "        turn = idle = 0\n",
        "        turn = idle = 0\n        time.sleep(0.05)\n",
        SESSION,
    ),
    # 3 Chunking does not matter
    Mutation(
        3,
        "a-chunk-ends-a-line",
        "triggers/lanes.py",
        "        opened = state.opened\n        for",
        "        opened = state.opened\n        end = offset + len(text)\n"
        "        boundaries = [*boundaries, (end, end, False)]\n"
        "        for",
    ),
    Mutation(
        3,
        "a-cut-through-a-chunk-forgets-the-rest",
        "machine/machine.py",
        "lanes.feed(self.tip.lanes, kept.rest, self.tip.end, kept.tokens)",
        "lanes.feed(self.tip.lanes, '', self.tip.end, kept.tokens)",
    ),
    # 4 Earliest violation wins
    Mutation(4, "latest-violation-wins", "machine/arbitration.py", "(finding.offset, -f", "(-finding.offset, -f"),
    Mutation(
        4, "priority-upside-down", "machine/arbitration.py", "-finding.monitor.priority", "finding.monitor.priority"
    ),
    Mutation(4, "name-is-ignored", "machine/arbitration.py", ", finding.monitor.name))", "))"),
    Mutation(
        4,
        "nothing-is-merged",
        "machine/arbitration.py",
        "            merged.append(other)\n            cut = min(cut, other.cut)\n",
        "            pass\n",
    ),
    # 5 Stale verdicts never act
    Mutation(
        5,
        "verdicts-on-cut-text-count",
        "machine/checks.py",
        "for entry in entries if self._open.pop(entry.check.id, None) is not None",
        "for entry in entries if entry.check.id in self._open",
    ),
    Mutation(
        5,
        "verdicts-on-kept-text-are-void",
        "machine/track.py",
        "entries[-1].check.needs > offset",
        "entries[-1].check.end > offset - 8",
    ),
    Mutation(
        5,
        "a-verdict-counts-twice",
        "machine/checks.py",
        "return self._open.pop(number, None)",
        "return self._open.get(number)",
    ),
    Mutation(
        5,
        "old-streams-are-heard",
        "machine/machine.py",
        "if stream == self._stream and self._reading and (text or tokens)",
        "if self._reading and (text or tokens)",
    ),
    # 6 Verified means verified
    Mutation(6, "does-not-wait", "machine/machine.py", " or self._checks.pending or", " or"),
    Mutation(6, "no-check-at-the-end", "machine/machine.py", "self._checks.at_the_end(self.tip, self.revision)", "[]"),
    Mutation(
        6,
        "unknown-counts-as-pass",
        "machine/track.py",
        'return meaning(self.monitor.policy, verdict) == "pass"',
        "return True",
    ),
    Mutation(
        6,
        "violation-counts-as-pass",
        "machine/track.py",
        "case Violation() | None:\n                return False",
        "case Violation():\n                return True\n            case None:\n                return False",
    ),
    Mutation(
        6,
        "an-empty-run-is-verified",
        "machine/machine.py",
        'self._finish("failed", "the source ended without giving any text")',
        'self._finish("verified", "")',
    ),
    Mutation(
        6,
        "an-exhausted-run-keeps-what-was-rejected",
        "machine/machine.py",
        "self._cut(max(min(finding.offset for finding in ruling.all), self._delivery.committed))",
        "pass",
    ),
    Mutation(
        6,
        "safe-before-it-is-checked",
        "machine/track.py",
        "            self._cleared += 1\n",
        "            self._cleared += 2\n",
    ),
    Mutation(
        6,
        "coalescing-leaves-a-gap",
        "machine/track.py",
        "                entry.check = entry.check._replace(start=last.check.start)\n",
        "",
    ),
    Mutation(
        6,
        "coalescing-drops-the-oldest",
        "machine/track.py",
        "first = self._resolved + 1\n",
        "first = self._resolved\n",
    ),
    Mutation(
        6,
        "held-takes-text-back",
        "machine/delivery.py",
        'return self.visible if self._mode == "held" else 0',
        "return 0",
    ),
    Mutation(
        6,
        "held-shows-everything",
        "machine/delivery.py",
        "                reach = self._safe\n",
        "                reach = EVERYTHING\n",
    ),
    Mutation(
        6,
        "what-follows-is-shown-at-once",
        "machine/delivery.py",
        "and piece.end <= self._limit and piece.text",
        "and piece.text",
    ),
    Mutation(
        6,
        "a-gate-lets-the-rest-of-the-chunk-through",
        "machine/machine.py",
        "            self._gate()  # what follows the unit may be in the same chunk\n",
        "",
    ),
    # 7 Always ends
    Mutation(7, "questions-queue-up", "machine/checks.py", "if answered.track.asks}", "if False}"),
    Mutation(7, "characters-without-bound", "limits.py", "self.characters > limits.characters", "False"),
    Mutation(7, "rollbacks-without-bound", "limits.py", "self.rollbacks >= self.limits.rollbacks", "False"),
    Mutation(7, "checks-without-bound", "limits.py", "self.checks + checks > self.limits.checks", "False"),
    Mutation(
        7,
        "time-without-end",
        "machine/machine.py",
        'self._finish("exhausted", reason)\n            case _',
        "pass\n            case _",
    ),
    Mutation(7, "the-same-answer-for-ever", "machine/ladder.py", "        self._answered[key] += 1\n", ""),
    Mutation(
        7, "a-source-is-retried-for-ever", "machine/machine.py", "self._failures <= RETRIES", "self._failures >= 0"
    ),
    # 8 Control is out of band
    Mutation(
        8,
        "notes-are-checked-as-claims",
        "trace.py",
        "if self.origin is Origin.FEEDBACK else",
        "if False else",
    ),
    Mutation(
        8,
        "what-looks-like-a-note-is-one",
        "trace.py",
        "if self.origin is Origin.FEEDBACK else",
        'if self.origin is Origin.FEEDBACK or self.text.startswith("\\n[check failed") else',
    ),
    # 9 A lost worker loses nothing
    Mutation(
        9,
        "a-lost-check-passes",
        "engines/department.py",
        'Reply(Unknown(reason, "lost"))',
        'Reply(__import__("midtrace").Pass())',
        ENGINES,
    ),
    Mutation(9, "a-lost-check-is-given-up", "engines/department.py", "waiting.attempts >= ATTEMPTS", "True", ENGINES),
    Mutation(
        9,
        "a-lost-worker-is-not-replaced",
        "engines/department.py",
        "        self.staff.fill()\n\n    def assign",
        "        if not self.turns.oldest:\n            self.staff.fill()\n\n    def assign",
        OFFICE,
    ),
    # 10 Model text is data
    Mutation(
        10,
        "a-check-that-overruns-lives-on",
        "engines/department.py",
        "if each.running and each.running.kill_at <= now",
        "if each.running and each.running.kill_at <= 0",
        OFFICE,
    ),
)


def layout(target: Path) -> Path:
    """A copy of the project that tests import instead of the installed one; gives where its modules are."""
    shutil.copytree(
        ROOT,
        target / "project",
        ignore=shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", *PACKAGES),
    )
    for folder, package in PACKAGES.items():
        shutil.copytree(ROOT / folder, target / "lib" / package, ignore=shutil.ignore_patterns("__pycache__"))
        (target / "project" / folder).symlink_to(target / "lib" / package)
    return target / "lib" / "midtrace"


def passes(target: Path, tests: tuple[str, ...]) -> bool:
    """Whether the copy's tests pass; a copy that hangs does not."""
    environment = {**os.environ, "PYTHONPATH": str(target / "lib"), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ["-q", "-x", "-p", "no:cacheprovider", "--timeout", "120", "--hypothesis-profile", "first-failure"]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    try:
        done = subprocess.run(
            command, cwd=target / "project", env=environment, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1):
        raise SystemExit(done.stdout.decode() + done.stderr.decode())
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only these; default: all")
    wanted = parser.parse_args().names
    chosen = [each for each in MUTATIONS if not wanted or each.name in wanted]
    survived: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        modules = layout(Path(folder))
        for tests in dict.fromkeys(each.tests for each in chosen):
            if not passes(Path(folder), tests):
                print(f"the tests fail without any change: {' '.join(tests)}")
                return 1
        for each in chosen:
            file = modules / each.file
            original = file.read_text(encoding="utf-8")
            if each.before not in original:
                print(f"{each.name}: nothing like {each.before!r} in {each.file}")
                return 1
            file.write_text(original.replace(each.before, each.after), encoding="utf-8")
            noticed = not passes(Path(folder), each.tests)
            file.write_text(original, encoding="utf-8")
            print(f"guarantee {each.guarantee:2}  {each.name:44} {'noticed' if noticed else 'SURVIVED'}", flush=True)
            if not noticed:
                survived.append(each.name)
    print(f"{len(chosen) - len(survived)} of {len(chosen)} noticed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
