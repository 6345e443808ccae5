"""Writes an exact value the way a text wrote its wrong one: same sign style, separators, decimals, fraction form."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

MAX_DIGITS = 60
_DECIMALS = 6

_LITERAL = re.compile(
    r"(?P<sign>[-−–+]?)(?P<gap>\s*)(?P<currency>(?:\\+\$|[$€£¥₹])?\s*)(?P<inner>[-−–]?)"
    r"(?P<digits>[0-9.](?:[0-9.,]|\{,\})*)(?P<tail>.*)\Z",
    re.DOTALL,
)
_FRACTION = re.compile(
    r"(?P<sign>[-−–]?\s*)(?P<macro>\\+[a-z]*frac)\s*\{\s*-?[0-9]+\s*\}\s*\{\s*-?[0-9]+\s*\}(?P<tail>.*)\Z", re.DOTALL
)
_SLASHED = re.compile(r"(?P<whole>[0-9]+\s+)?[0-9]+(?P<slash>\s*/\s*)[0-9]+\Z")
_POWER_OF_TEN = re.compile(r"\s*(?:\*|×|x|·|⋅|\\+times|\\+cdot)\s*10\s*\^")


def rewritten(value: Fraction, written: str, claim: str) -> str | None:
    """`value` in the style of the literal `written` in `claim`; None where it cannot be written in that style."""
    fraction = _FRACTION.match(written)
    if fraction is not None:
        text = _fraction(value, rf"{fraction['macro']}{{{{{{}}}}}}{{{{{{}}}}}}")
        return text + fraction["tail"]
    bracketed = written.startswith("(") and written.endswith(")")
    literal = _LITERAL.match(written[1:-1] if bracketed else written)
    if literal is None:
        return None
    tail = literal["tail"]
    if tail.lstrip()[:1] == "{" or _POWER_OF_TEN.match(tail) is not None or tail.lstrip().startswith("\\frac"):
        return None
    slashed = _SLASHED.match(literal["digits"] + tail)
    if slashed is not None:
        return _fraction(value, "{}" + slashed["slash"] + "{}")
    grouped = "," in literal["digits"] or (
        abs(value) >= 1000 and re.search(r"[0-9](?:,|\{,\})[0-9]{3}", claim) is not None
    )
    digits = decimal(abs(value), _decimals(literal["digits"]), grouped=grouped)
    if "{,}" in claim:
        digits = digits.replace(",", "{,}")
    minus = "-" if value < 0 else ""
    text = f"{minus}{literal['currency']}{digits}{tail}"
    return f"({text})" if bracketed else text


def decimal(value: Fraction, places: int = 0, *, grouped: bool = False) -> str:
    """A value in decimal notation: exactly if up to six digits behind the point do, with `places` at least."""
    needed = next((n for n in range(places, _DECIMALS + 1) if (value * 10**n).denominator == 1), None)
    digits = max(places, 2) if needed is None else needed
    scaled = round(value * 10**digits)
    if scaled == 0 and value:  # too small to show in that many digits
        return f"{Decimal(value.numerator) / Decimal(value.denominator):.3g}"
    whole, rest = divmod(abs(scaled), 10**digits)
    text = f"{whole:,}" if grouped else str(whole)
    sign = "-" if scaled < 0 else ""
    return f"{sign}{text}.{rest:0{digits}d}" if digits else f"{sign}{text}"


def exact(value: Fraction) -> str:
    """A value as an exact integer, short decimal or fraction: evidence that a reader can check."""
    if any((value * 10**n).denominator == 1 for n in range(_DECIMALS + 1)):
        return decimal(value)
    return str(value)


def _decimals(digits: str) -> int:
    return len(digits.partition(".")[2])


def _fraction(value: Fraction, form: str) -> str:
    sign = "-" if value < 0 else ""
    if value.denominator == 1:
        return f"{sign}{abs(value.numerator)}"
    return sign + form.format(abs(value.numerator), value.denominator)
