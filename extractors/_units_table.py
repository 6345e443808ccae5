"""Units of measurement and their exact sizes. What is a unit only sometimes has several readings.

Sources: the international yard and pound (1959), the SI Brochure, NIST Handbook 44 for US measures, the UK Units of
Measurement Regulations 1995 for imperial ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias

System: TypeAlias = Literal["metric", "customary", "us", "imperial", "troy", ""]
"""Where a unit belongs; `customary` ones are the same in the US and in the UK."""

Base: TypeAlias = Literal["length", "mass", "clock", "day", "week", "month", "year"]
"""What is measured. Hours, days, weeks, months and years are kept apart: a day's work is no 24 hours."""

Powers: TypeAlias = tuple[tuple[Base, int], ...]
"""The bases of a quantity with their exponents, in alphabetical order and without those to the power of 0."""


class Measure(NamedTuple):
    """One reading of a unit: `size` counts metres, kilograms, seconds or whatever the base counts."""

    powers: Powers
    size: Fraction
    system: System = ""


MOST: dict[tuple[Base, Base], Fraction] = {
    ("day", "clock"): Fraction(86_400),
    ("week", "clock"): Fraction(7 * 86_400),
    ("month", "clock"): Fraction(31 * 86_400),
    ("year", "clock"): Fraction(366 * 86_400),
    ("week", "day"): Fraction(7),
    ("month", "day"): Fraction(31),
    ("year", "day"): Fraction(366),
    ("month", "week"): Fraction(31, 7),
    ("year", "week"): Fraction(366, 7),
    ("year", "month"): Fraction(12),
}
"""How much of the second can be in one of the first, whatever is meant: a working week has fewer days than 7."""

_INCH = Fraction(254, 10_000)
_POUND = Fraction(45_359_237, 100_000_000)
_GALLON = 231 * _INCH**3
_IMPERIAL_GALLON = Fraction(454_609, 10**8)
_LITRE = Fraction(1, 1000)


def _plain(base: Base, size: Fraction | int, system: System = "", power: int = 1) -> Measure:
    return Measure(((base, power),), Fraction(size), system)


def _fluid(parts: int, imperial: int | None = None) -> tuple[Measure, ...]:
    """A part of a gallon."""
    us = _plain("length", _GALLON / parts, "us", 3)
    return us, _plain("length", _IMPERIAL_GALLON / (imperial or parts), "imperial", 3)


_LENGTHS: dict[str, Fraction] = {
    "nm nanometer nanometers nanometre nanometres": Fraction(1, 10**9),
    "mm millimeter millimeters millimetre millimetres": Fraction(1, 1000),
    "cm centimeter centimeters centimetre centimetres": Fraction(1, 100),
    "dm decimeter decimeters decimetre decimetres": Fraction(1, 10),
    "m meter meters metre metres": Fraction(1),
    "km kms kilometer kilometers kilometre kilometres": Fraction(1000),
}
_CUSTOMARY_LENGTHS: dict[str, Fraction] = {
    "in inch inches": _INCH,
    "ft foot feet": 12 * _INCH,
    "yd yds yard yards": 36 * _INCH,
    "mi mile miles": 63_360 * _INCH,
}
_MASSES: dict[str, Fraction] = {
    "mg milligram milligrams": Fraction(1, 10**6),
    "g gram grams": Fraction(1, 1000),
    "kg kgs kilogram kilograms": Fraction(1),
    "tonne tonnes": Fraction(1000),
}
_VOLUMES: dict[str, Fraction] = {
    "ml mL milliliter milliliters millilitre millilitres": _LITRE / 1000,
    "cl cL centiliter centiliters centilitre centilitres": _LITRE / 100,
    "dl dL deciliter deciliters decilitre decilitres": _LITRE / 10,
    "l L liter liters litre litres": _LITRE,
}
_CLOCK: dict[str, Fraction] = {
    "ms millisecond milliseconds": Fraction(1, 1000),
    "s sec secs second seconds": Fraction(1),
    "min mins minute minutes": Fraction(60),
    "h hr hrs hour hours": Fraction(3600),
}
_CALENDAR: dict[str, tuple[Base, int]] = {
    "day days": ("day", 1),
    "wk wks week weeks": ("week", 1),
    "month months": ("month", 1),
    "yr yrs year years": ("year", 1),
    "decade decades": ("year", 10),
    "century centuries": ("year", 100),
}
_SPEEDS: dict[str, Measure] = {
    "mph": Measure((("clock", -1), ("length", 1)), 63_360 * _INCH / 3600, "customary"),
    "kph kmh kmph": Measure((("clock", -1), ("length", 1)), Fraction(1000, 3600), "metric"),
}
_SEVERAL: dict[str, tuple[Measure, ...]] = {
    "lb lbs pound pounds": (_plain("mass", _POUND, "customary"),),
    "ton tons": (
        _plain("mass", 2000 * _POUND, "us"),
        _plain("mass", 2240 * _POUND, "imperial"),
        _plain("mass", 1000, "metric"),
    ),
    # an ounce of mass, of gold, of water in the US, in the UK, and on a US food label
    "oz ounce ounces": (
        _plain("mass", _POUND / 16, "customary"),
        _plain("mass", Fraction(311_034_768, 10**10), "troy"),
        *_fluid(128, 160),
        _plain("length", 30 * _LITRE / 1000, "metric", 3),
    ),
    "gal gallon gallons": _fluid(1),
    "qt qts quart quarts": _fluid(4),
    "pint pints": _fluid(8),
    # the kitchen's spoons are also 15 ml and 5 ml, in Australia 20 ml
    "tbsp tablespoon tablespoons": (
        *_fluid(256),
        _plain("length", 15 * _LITRE / 1000, "metric", 3),
        _plain("length", 20 * _LITRE / 1000, "metric", 3),
    ),
    "tsp teaspoon teaspoons": (*_fluid(768), _plain("length", 5 * _LITRE / 1000, "metric", 3)),
    "acre acres": (_plain("length", 43_560 * (12 * _INCH) ** 2, "customary", 2),),
    "hectare hectares": (_plain("length", 10_000, "metric", 2),),
    "cc": (_plain("length", _LITRE / 1000, "metric", 3),),
}


def _entries() -> Iterator[tuple[str, tuple[Measure, ...]]]:
    for table, base, system, power in (
        (_LENGTHS, "length", "metric", 1),
        (_CUSTOMARY_LENGTHS, "length", "customary", 1),
        (_MASSES, "mass", "metric", 1),
        (_VOLUMES, "length", "metric", 3),
        (_CLOCK, "clock", "", 1),
    ):
        for names, size in table.items():
            yield names, (Measure(((base, power),), size, system),)  # type: ignore[arg-type]
    for names, (base, count) in _CALENDAR.items():
        yield names, (_plain(base, count),)
    for names, speed in _SPEEDS.items():
        yield names, (speed,)
    yield from _SEVERAL.items()


UNITS: dict[str, tuple[Measure, ...]] = {name: each for names, each in _entries() for name in names.split()}
"""Every unit by its names, with its readings."""

NAMES: dict[str, str] = {name: names.split()[0] for names, _ in _entries() for name in names.split()}
"""The name by which a unit goes among its names."""
