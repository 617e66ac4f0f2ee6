"""Constants as exact text, and back: nothing is evaluated, nothing is rounded unseen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from typedgrad.errors import BadProgramText, Unreadable, WrongWidth
from typedgrad.machine import NUMBERS
from typedgrad.numbers import (
    BINARY,
    DECIMAL,
    MOST_DIGITS,
    SPECIAL,
    Constant,
    decimal_ratio,
    is_whole,
)

TYPED: dict[str, type[np.floating[Any]]] = {
    "float32": np.float32,
    "float64": np.float64,
    "longdouble": np.longdouble,
}
EXACT_KINDS = frozenset((int, float, Fraction, *TYPED.values()))
LARGE = 10_000  # integers of more bits are written in base 16: Python reads those at any length
FAR = 17_000  # no longdouble has a larger exponent
WHOLE = r"[-+]?(?:0x[0-9a-f]+|[0-9]+)"
INTEGER = re.compile(WHOLE)
QUOTIENT = re.compile(rf"({WHOLE})/(0x[0-9a-f]+|[0-9]+)")
FLOATING = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
EXACT = re.compile(r"[-+]?[0-9]+(?:/[0-9]+|p([-+]?[0-9]{1,5}))?")
TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\#.*)
    |(?P<number>[-+]?(?:(?:[0-9]|\.[0-9])(?:[0-9A-Za-z./]|(?<=[eEp])[-+])*|(?<=[-+])(?:inf|nan)\b))
    |(?P<name>[^\W\d]\w*)
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<mark>[][(),=:])""",
    re.VERBOSE,
)


def plain_literal(x: Any) -> Any:
    """Return a constant as one of the kinds that have a text: truth values become 0 and 1."""
    if type(x) in (int, float, str) or is_scalar(x):
        return x
    if is_whole(x):
        return int(x)
    if isinstance(x, Decimal) and is_number_text(str(x)):
        return str(x)
    return float(x) if isinstance(x, float) else x


def is_literal(x: Any) -> bool:
    """Tell whether a constant can be read back from its text."""
    if isinstance(x, str):
        return is_number_text(x)
    if isinstance(x, Constant):
        return is_number_text(x.text, special=False) and type(x.meaning) in (str, type(None))
    return type(x) in EXACT_KINDS


def is_number_text(text: Any, special: bool = True) -> bool:
    """Tell whether text is a number such as '0.1', '1/3' or 'inf'; it is not worked out."""
    if not isinstance(text, str) or len(text) > MOST_DIGITS:
        return False
    if special and text.strip().lower() in SPECIAL:
        return True
    parts = [part.strip().replace("_", "") for part in text.split("/")]
    binary = BINARY.fullmatch(parts[-1])
    if len(parts) == 1 and binary is not None:
        return len(binary[2]) <= 7
    found = [DECIMAL.fullmatch(part) for part in parts]
    digits = [(match[2] or "") + (match[3] or "") for match in found if match is not None]
    return (
        len(digits) == len(parts) <= 2
        and all(digits)
        and bool(digits[1:] == [] or digits[1].strip("0"))
    )


def is_scalar(x: object) -> bool:
    """Tell whether x is a floating-point scalar of NumPy."""
    return isinstance(x, np.floating)


def literal_text(x: Any) -> str:
    """Return exact text of a constant with its kind, the same on every machine.

    2, 0.1, 1/3, "0.1" (a text), float32(0.5), longdouble(3p-70), constant("0.69", "log(2)").
    A constant of another type is named, and its text is not read back.
    """
    if type(x) is int:
        return whole_text(x)
    if type(x) is float:
        return repr(x)
    if isinstance(x, str):
        return json.dumps(x)
    if isinstance(x, Fraction):
        return f"{whole_text(x.numerator)}/{whole_text(x.denominator)}"
    if isinstance(x, Constant):
        parts = [x.text] if x.meaning is None else [x.text, x.meaning]
        return f"constant({', '.join(map(json.dumps, parts))})"
    if type(x) is np.longdouble:
        return f"longdouble({_exact(x)})"
    if type(x) in (np.float32, np.float64):
        return f"{type(x).__name__}({float(x)!r})"
    return f"{type(x).__name__}({json.dumps(repr(x))})"


def whole_text(x: int) -> str:
    """Return an integer in base 10, or in base 16 if it is large."""
    return str(x) if x.bit_length() < LARGE else hex(x)


def _exact(x: Any) -> str:
    if not np.isfinite(x) or not x:
        return f"{float(x)!r}"
    top, bottom = map(int, x.as_integer_ratio())
    if bottom.bit_length() <= 20 and top.bit_length() <= 53:
        return f"{top}/{bottom}" if bottom > 1 else f"{top}"
    low = (top & -top).bit_length() - 1
    return f"{top >> low}p{low - bottom.bit_length() + 1}"


def read_literal(text: str) -> Any:
    """Return the constant that `literal_text` wrote; raises `BadProgramText` or `WrongWidth`."""
    reader = Reader(text, 1)
    found = reader.literal()
    reader.end()
    return found


class Token(NamedTuple):
    """A word of a line; its kind is number, name, string, mark or end."""

    kind: str
    text: str
    column: int


class Reader:
    """One line, read from left to right."""

    def __init__(self, text: str, line: int) -> None:
        self.line = line
        self.text = text
        self._tokens = self._cut()
        self.next: Token = next(self._tokens)

    def _cut(self) -> Iterator[Token]:
        at = 0
        while at < len(self.text):
            match = TOKEN.match(self.text, at)
            if match is None:
                problem = f"{self.text[at]!r} stands for nothing"
                raise self.wrong(problem, "leave it out", Token("", "", at + 1))
            if match.lastgroup != "space":
                yield Token(match.lastgroup or "", match[0], at + 1)
            at = match.end()
        while True:
            yield Token("end", "", at + 1)

    def wrong(self, problem: str, hint: str, at: Token | None = None) -> BadProgramText:
        """Return the error that says what is wrong at a token; else at the next one."""
        column = (at or self.next).column
        return BadProgramText(line=self.line, column=column, problem=problem, hint=hint)

    def take(self, kind: str = "", text: str = "") -> Token | None:
        """Take the next token if it is of this kind and text, else nothing."""
        found = self.next
        if found.kind != (kind or found.kind) or found.text != (text or found.text):
            return None
        self.next = next(self._tokens)
        return found

    def need(self, kind: str, what: str, text: str = "") -> Token:
        """Take the next token, which must be of this kind."""
        found = self.take(kind, text)
        if found is None:
            seen = repr(self.next.text[:40]) if self.next.text else "the end of the line"
            raise self.wrong(f"{seen} where {what} should be", f"write {what} here")
        return found

    def mark(self, text: str) -> None:
        """Take a punctuation mark, which must be there."""
        self.need("mark", f"'{text}'", text)

    def end(self) -> None:
        """Make sure that the line ends here."""
        self.need("end", "the end of the line")

    def string(self) -> str:
        """Take a text in double quotes."""
        token = self.need("string", "a text in double quotes")
        try:
            found: str = json.loads(token.text)
        except ValueError:
            raise self.wrong("the text has a bad escape", "write \\\\ for \\", token) from None
        return found

    def literal(self) -> Any:
        """Take a constant."""
        token = self.next
        if token.kind == "string":
            text = self.string()
            if not is_number_text(text):
                raise self.wrong(f"{text[:40]!r} is not a number", 'write "0.1" or 0.1', token)
            return text
        if token.kind == "name" and token.text in TYPED:
            return self._typed()
        if token.text == "constant":
            return self._constant()
        if token.text in ("inf", "nan", "-inf", "+inf", "-nan", "+nan"):
            self.take()
            return float(token.text)
        self.need("number", "a number")
        found = number(token.text)
        if found is None:
            hint = "write 2, 0.1, 1/3, 0xff, or a text in double quotes"
            raise self.wrong(f"{token.text[:40]!r} is not a number", hint, token)
        return found

    def _constant(self) -> Constant:
        self.take()
        self.mark("(")
        at = self.next
        text = self.string()
        if not is_number_text(text, special=False):
            raise self.wrong(f"{text[:40]!r} is not a number", "write it in decimal digits", at)
        meaning = self.string() if self.take("mark", ",") else None
        self.mark(")")
        return Constant(text, meaning)

    def _typed(self) -> Any:
        name = self.need("name", "a precision").text
        self.mark("(")
        token = self.take("number") or self.need("name", "a number")
        self.mark(")")
        found = typed(name, token.text)
        if found is None:
            problem = f"{token.text[:40]} is not a number of {name}"
            raise self.wrong(problem, 'write it as a text, such as "0.1"', token)
        return found


def number(text: str) -> int | float | Fraction | None:
    """Return an int, a Fraction or a float as Python reads it; None for anything else."""
    quotient = QUOTIENT.fullmatch(text)
    try:
        if quotient is not None:
            below = _whole(quotient[2])
            return Fraction(_whole(quotient[1]), below) if below else None
        if INTEGER.fullmatch(text):
            return _whole(text)
    except ValueError:  # more digits than Python reads in base 10
        return None
    return float(text) if FLOATING.fullmatch(text) else None


def _whole(text: str) -> int:
    return int(text, 16) if "x" in text else int(text)


def typed(name: str, text: str) -> Any:
    """Return the scalar of a precision with this exact value, or None.

    Raises `WrongWidth` for a longdouble that this machine's longdouble cannot hold.
    """
    kind = TYPED[name]
    if text in ("inf", "-inf", "nan", "0.0", "-0.0"):
        return kind(text)
    if kind is np.longdouble:
        return _long(text)
    if not FLOATING.fullmatch(text):
        return None
    x = float(text)
    with np.errstate(all="ignore"):
        found = kind(x)
    return found if float(found) == x and x - x == 0 else None


def _long(text: str) -> Any:
    match = EXACT.fullmatch(text)
    if match is None or (match[1] and abs(int(match[1])) > FAR):
        return None
    try:
        top, bottom = decimal_ratio(text)
    except Unreadable:
        return None
    numbers = NUMBERS[np.longdouble]
    found = numbers.from_ratio(top, bottom)
    if numbers.is_finite(found) and Fraction(*numbers.to_ratio(found)) == Fraction(top, bottom):
        return found
    raise WrongWidth(text=f"longdouble({text[:60]})", bits=numbers.bits)
