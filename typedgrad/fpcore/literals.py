"""The numbers and constants of FPCore as exact literals, rounded by nobody yet."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from typedgrad.fpcore.syntax import Source, Tree
from typedgrad.numbers import MOST_DIGITS
from typedgrad.op import constant

FARTHEST = 20_000  # decimal exponents beyond it are in no format, and would fill the memory
RATIONAL = re.compile(r"([-+]?[0-9]+)/([0-9]+)")
DECIMAL = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([-+]?[0-9]+))?")
HEXADECIMAL = re.compile(r"([-+]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([-+]?[0-9]+))?")
WHOLE = re.compile(r"[-+]?[0-9]+")

CONSTANTS: dict[str, Any] = {
    "E": constant("2.71828182845904523536028747135266249775724709369995957496697", "e"),
    "LOG2E": constant("1.44269504088896340735992468100189213742664595415298593413545", "1/log(2)"),
    "LOG10E": constant(
        "0.434294481903251827651128918916605082294397005803666566114454", "1/log(10)"
    ),
    "LN2": constant("0.69314718055994530941723212145817656807550013436025525412068", "log(2)"),
    "LN10": constant("2.30258509299404568401799145468436420760110148862877297603333", "log(10)"),
    "PI": constant("3.14159265358979323846264338327950288419716939937510582097494", "pi"),
    "PI_2": constant("1.57079632679489661923132169163975144209858469968755291048747", "pi/2"),
    "PI_4": constant("0.785398163397448309615660845819875721049292349843776455243736", "pi/4"),
    "M_1_PI": constant("0.318309886183790671537767526745028724068919291480912897495335", "1/pi"),
    "M_2_PI": constant("0.636619772367581343075535053490057448137838582961825794990669", "2/pi"),
    "M_2_SQRTPI": constant(
        "1.12837916709551257389615890312154517168810125865799771368817", "2/sqrt(pi)"
    ),
    "SQRT2": constant("1.41421356237309504880168872420969807856967187537694807317668", "sqrt(2)"),
    "SQRT1_2": constant(
        "0.70710678118654752440084436210484903928483593768847403658834", "1/sqrt(2)"
    ),
    "INFINITY": float("inf"),
    "NAN": float("nan"),
}


def number(tree: Tree, source: Source) -> int | Fraction | Decimal:
    """Return the exact number that a word stands for; raises `BadCoreText` for another word."""
    text = tree.text
    if len(text) > MOST_DIGITS:
        hint = f"write it with fewer than {MOST_DIGITS} digits"
        source.wrong(tree, f"a number of {len(text)} letters", hint)
    rational = RATIONAL.fullmatch(text)
    if rational is not None:
        if not int(rational[2]):
            source.wrong(tree, f"{text} has the denominator 0", "divide by another number")
        return plain(Fraction(int(rational[1]), int(rational[2])))
    if WHOLE.fullmatch(text):
        return int(text)
    decimal = DECIMAL.fullmatch(text)
    if decimal is not None:
        exponent(decimal[1], FARTHEST, tree, source)
        return Decimal(text)
    binary = HEXADECIMAL.fullmatch(text)
    if binary is None or not (binary[2] or binary[3]):
        hint = "write numbers as 2, -0.5, 1e-3, 1/3 or 0x1.8p-4"
        source.wrong(tree, f"{text[:40]} is not a number", hint)
    return _hexadecimal(binary, tree, source)


def _hexadecimal(match: re.Match[str], tree: Tree, source: Source) -> int | Fraction:
    part = match[3] or ""
    shift = exponent(match[4], 3 * FARTHEST, tree, source) - 4 * len(part)
    size = int((match[2] or "") + part, 16)
    return plain(Fraction(-size if match[1] == "-" else size) * Fraction(2) ** shift)


def exponent(text: str | None, most: int, tree: Tree, source: Source) -> int:
    """Return an exponent; raises `BadCoreText` where the number would be astronomic."""
    digits = (text or "0").lstrip("+-").lstrip("0")
    if len(digits) > 9 or int(digits or "0") > most:
        hint = f"write an exponent between -{most} and {most}, or INFINITY"
        source.wrong(tree, f"{tree.text[:40]} has an exponent that no format holds", hint)
    return int(text or "0")


def digits(tree: Tree, source: Source) -> int | Fraction:
    """Return the number m * b**e of (digits m e b)."""
    if len(tree.parts) != 4 or any(not WHOLE.fullmatch(part.text) for part in tree.parts[1:]):
        source.wrong(tree, f"{str(tree)[:40]} is not a number", "write (digits m e b) of integers")
    m, e, b = (number(part, source) for part in tree.parts[1:])
    if b < 2:
        source.wrong(tree.parts[3], f"{b} is not a base", "write a base of 2 or more")
    power = exponent(str(e), int(4 * FARTHEST / int(b).bit_length()), tree.parts[2], source)
    return plain(Fraction(m) * Fraction(b) ** power)


def plain(x: Fraction) -> int | Fraction:
    """Return a fraction as an integer if it is one."""
    return x.numerator if x.denominator == 1 else x
