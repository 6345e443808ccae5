"""The words that decide whether a neighbour of an expression is harmless, a unit, or a reason to abstain."""

from __future__ import annotations

from fractions import Fraction


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LABELS = _words(
    "day days week weeks month months year years step steps part parts team teams eq eqn equation figure fig problem "
    "question case chapter section page room row column line item no number grade level round game version option "
    "group phase example table theorem lemma stage hour position bus route box lesson exercise note"
)
"""Nouns whose following number names something: `day 1`, `step 3`."""

NUMERALS = _words(
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty "
    "ninety hundred thousand million billion trillion dozen half quarter third thirds fourth fourths fifth fifths "
    "sixth eighth tenth twice thrice double triple k m bn percent score couple pair pairs gross decade decades century "
    "halves quarters sixths eighths tenths hundredth hundredths"
)
"""Words that carry a number of their own."""

OPERATIONS = _words(
    "and plus minus times by over of than mod modulo log ln sin cos tan sqrt root squared cubed square cube gcd lcm "
    "negative remainder base divided multiplied subtract added exp max min abs power less more average mean "
    "median product difference ratio factorial choose floor ceil ceiling percent per approximately about roughly "
    "nearly around almost or to from between out R r e pi i"
)
"""Words that work on the number beside them, so that the expression is not the maximal one."""

COLLECTIVES = _words("total sum cost profit distance amount value price revenue income score weight")
"""`a total of 3 + 4 = 7`: here `of` takes nothing from the expression."""

CONNECTIVES = _words(
    "is are was were be gives give gets get so thus hence then have has had makes equals that therefore yields "
    "compute calculate evaluate because since which as simplify"
)
"""Words before which a leading minus is a sign."""

NOT_UNITS = (
    OPERATIONS
    | CONNECTIVES
    | _words(
        "the a an in at on with without for each every all if but while when where how what this these those it he she "
        "they we you his her their its will would can could should must not only just also left still another extra "
        "additional x"
    )
)
"""Words that end a unit phrase."""

SUFFIX_UNITS = _words(
    "cm mm km kg mg ml mL lb lbs oz ft inches inch mph hrs hr min mins sec secs kph kWh Hz kHz MHz GB MB KB TB yd cc"
)
"""Units that may follow a number without a space."""

SCALES = {
    "thousand": 10**3, "thousands": 10**3, "k": 10**3, "million": 10**6, "millions": 10**6,
    "billion": 10**9, "billions": 10**9, "trillion": 10**12, "hundred": 100, "hundreds": 100,
    "cent": 100, "cents": 100, "dozen": 12, "dozens": 12, "percent": 100, "percentage": 100,
}  # fmt: skip
"""Words near a claim that explain a result which is off by exactly this factor."""

_DIMENSIONS = {
    "time": "second seconds sec secs s minute minutes min mins hour hours hr hrs h day days week weeks month months "
    "year years decade decades century centuries millisecond milliseconds ms night nights weekday weekdays weekend "
    "weekends shift shifts",
    "length": "mm cm m km meter meters metre metres kilometer kilometers kilometre kilometres centimeter centimeters "
    "centimetre centimetres millimeter millimeters inch inches in foot feet ft yard yards yd mile miles mi block "
    "blocks lap laps",
    "mass": "mg g kg gram grams kilogram kilograms pound pounds lb lbs ounce ounces oz ton tons tonne tonnes stone",
    "volume": "ml l liter liters litre litres milliliter milliliters gallon gallons quart quarts pint pints cup cups "
    "tablespoon tablespoons teaspoon teaspoons tbsp tsp",
    "money": "dollar dollars cent cents penny pennies nickel nickels dime dimes quarter quarters euro euros pence",
    "count": "dozen dozens pair pairs pack packs box boxes set sets case cases gross couple couples",
}
_FACTORS = {
    "time": (60, 3600, 24, 7, 12, 365, 52, 30, 4, 10, 100, 1440, 1000, 5, 2, 168, 366, 31, 28),
    "length": (12, 3, 36, 5280, 1760, 10, 100, 1000),
    "mass": (16, 1000, 2000, 14),
    "volume": (2, 4, 8, 16, 32, 64, 128, 1000, 3),
    "money": (100, 5, 10, 20, 25, 4),
    "count": (12, 2, 6, 10, 24),
}

DIMENSION = {word: name for name, words in _DIMENSIONS.items() for word in words.split()}
"""What a measuring unit measures."""

CONVERSIONS = {name: frozenset(Fraction(n) for n in numbers) for name, numbers in _FACTORS.items()}
"""Factors between the units of a dimension, small ones that occur in school problems."""


def singular(word: str) -> str:
    """A word in the form in which units are compared."""
    word = word.lower()
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        return word[:-1]
    return {"feet": "foot", "children": "child", "people": "person", "men": "man", "women": "woman"}.get(word, word)
