"""Extract, then verify: the one boundary at which what third-party code raises becomes data."""

from __future__ import annotations

import pickle
from typing import Any, NamedTuple, TypeAlias

from ..errors import Unparsed, one_line
from ..verdicts import Pass, Unknown, Verdict, Verifier, as_verdict
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


def judge(extract: Extractor[Any], verify: Verifier[Any], view: View) -> Verdict:
    """The verdict on what `view` shows. Lets `MemoryError` pass: what it means is for the process to say."""
    try:
        state = extract.extract(view)
    except Unparsed as finding:
        return Unknown(str(finding), "unparsed")
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001
        return Unknown(f"the extractor raised {one_line(error)}", "crashed")
    if state is None:
        return Pass(checked=0)
    try:
        return as_verdict(verify.check(state))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001
        return Unknown(f"the verifier raised {one_line(error)}", "crashed")
