"""The words, signs and macros of LaTeX that mean something in an algebraic expression."""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


FUNCTIONS = frozenset({"sin", "cos", "tan", "ln", "log", "exp", "sqrt"})

OPERATORS = {"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "∗": "*", "✕": "*", "÷": "/"}
MACRO_OPERATORS = {"times": "*", "cdot": "*", "div": "/", "ast": "*"}
ARROWS = words(
    "implies Rightarrow rightarrow to iff therefore Longrightarrow longrightarrow Leftrightarrow Longleftrightarrow"
)
RELATIONS = words("neq ne leq geq le ge approx sim equiv lt gt in cong propto")
FRACTIONS = words("frac dfrac tfrac cfrac")
SILENT = words("left right displaystyle textstyle bigl bigr Bigl Bigr biggl biggr big Big bigg Bigg boxed")
STOPS = frozenset({"quad", "qquad"})
GREEK = words(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi "
    "varphi chi psi omega"
)
TEXT = frozenset({"text", "textbf", "textit", "mathrm", "mbox", "textrm"})
BODY = re.compile(r"\{([^{}\n]{0,120})\}")
"""What stands in braces behind a macro of text."""

STAYING = frozenset({"nabla", "not", "notin", "neg", "ne", "neq", "nu", "ngtr", "nless", "nleq", "ngeq"})
"""Macros that begin with an n; any other one is the end of a line inside a JSON string."""

RUN = 3
"""Letters written together that may be a product."""

NO_RUNS = words(
    "and the for per or is so if of to in at by as we get now but are has let be it an on no do add us "
    "then mod gcd lcm max min cm mm km kg mg ml ft lb oz hr sec mph deg rad not all can you our its one "
    "two six ten odd sum any new sub lim det arg dim inf sup abs sgn"
)
