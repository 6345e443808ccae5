"""What a solver says, for those that do without the solver itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Answer: TypeAlias = Literal["contradicted", "entailed", "open"]


class Undecided(Exception):  # noqa: N818  (becomes an `Unknown`)
    """The solver gave up within its limits."""


class Unencodable(Exception):  # noqa: N818  (a state of the term, not a fault)
    """This way of solving does not suit the term."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Claims, by their index, that these rules exclude; more than one where only all together are impossible."""

    claims: tuple[int, ...]
    rules: tuple[str, ...]
