"""Texts that a model, or somebody who wants to harm it, may write; for extractors and triggers."""

from __future__ import annotations

NESTED = 20_000
MANY = 2_000
DIGITS = 5_000
END = "\x01"
"""What no repetition goes on with: a pattern that hoped for more turns back here, and some start all over."""

REPEATED = (
    "a", " ", "\n", "=", "(", "[", "{", '"', "\\", "<", "9", "1+", "1 + 1 = 2\n", "a, ", "- ", "`", "**",
)  # fmt: skip
"""What a text of any length is made of when growth is measured."""


def hostile_texts(*, longest: int = 10_000_000) -> dict[str, str]:
    """Hostile texts by name. `longest` counts the characters of the longest, which repeats a single one."""
    texts = {
        "empty": "",
        "NUL": "\0",
        "NUL in words": "the\0total is 1\0 + 1 = 2\0\n",
        "lone surrogate": "total \ud83d = \udc00 4",
        "right to left": "\u202e4 = 2 + 2\u202c \u05d0\u05d1 = 12",
        "zero width": "1\u200b2 + \u200d3\ufeff = 15",
        "digits of other scripts": "\u0661\u0662 + \u0663 = \u0661\u0665, \U0001d7d9 + \u00b2 = \u2462",
        "combining": "e\u0301" + "\u0301" * 1_000 + " = 1",
        "line ends": "a = 1\r\nb = 2\rc = 3\u2028d = 4\x0be = 5\x85",
        "white space": " \t\u00a0\u3000" * 1_000,
        "format": "%s %n {0} {} ${x} \\1 \\g<0>",
        "code": "__import__('os').abort()",
        "a division": "1/0 = 0, 0/0 = 1, 0 ** -1 = 0",
        "a power": "9**9**9**9 = 1e999999999",
        "a long number": "9" * DIGITS + " + 1 = 1" + "0" * DIGITS,
        "a long exponent": "1e" + "9" * 40 + " = 2E-" + "9" * 40,
        "not a number": "nan + inf = -inf, 0x1F = 1_000 = 1.2.3",
        "a long line": "the cat sat on the mat and " * (MANY // 10),
        "round nesting": "(" * NESTED + ")" * NESTED,
        "square nesting": "[" * NESTED + "]" * NESTED,
        "curly nesting": '{"a":' * NESTED + "1" + "}" * NESTED,
    }
    texts |= {f"{mark!r} repeated": mark * MANY for mark in REPEATED}
    texts |= {f"{mark!r} repeated, and another end": mark * MANY + END for mark in REPEATED}
    texts[f"{longest} characters"] = "a" * longest
    return texts
