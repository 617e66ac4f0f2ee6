"""The numbers of one precision: their size, what may become one of them, and exact rounding."""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeAlias

import numpy as np
from typing_extensions import TypeIs, override

from typedgrad.errors import NotANumber, OutOfRange, PrecisionMismatch, Unreadable
from typedgrad.scalars import F, PyFloat, T

Ratio: TypeAlias = tuple[int, int]
LOG10_2 = 0.30102999566398120
DECIMAL = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?")
BINARY = re.compile(r"([+-]?\d+)p([+-]?\d{1,9})")
SPECIAL = {
    f"{sign}{name}": f"{sign}{name[:3]}"
    for sign in ("", "+", "-")
    for name in ("inf", "infinity", "nan")
}
MOST_DIGITS = 4000
SMALL = 1 << 24


class Constant:
    """A real number that has no precision until it runs: decimal text and an exact meaning.

    `text` is rounded once by each precision; `meaning` is a formula in mpmath's names for
    arithmetics wider than the text.
    """

    __slots__ = ("meaning", "text")

    def __init__(self, text: str, meaning: str | None = None) -> None:
        self.text: str = text
        self.meaning: str | None = meaning

    @override
    def __repr__(self) -> str:
        return f"constant({self.meaning or self.text})"


def decimal_ratio(text: str) -> Ratio:
    """Return the exact numerator and denominator of text such as '-1.5e-3', '1/3' or '5p-3'."""
    top, slash, bottom = text.strip().replace("_", "").partition("/")
    if len(text) > MOST_DIGITS:
        hint = f"write it with fewer than {MOST_DIGITS} digits, or give a Fraction"
        raise Unreadable(what="a number", text=f"{text[:40]!r}...", hint=hint)
    binary = BINARY.fullmatch(top)
    if binary is not None and not slash:
        shift = int(binary[2])
        return (int(binary[1]) << shift, 1) if shift >= 0 else (int(binary[1]), 1 << -shift)
    if slash:
        (a, b), (c, d) = decimal_ratio(top), decimal_ratio(bottom)
        if not c:
            raise Unreadable(what="a number", text=repr(text), hint="a denominator must not be 0")
        return (a * d, b * c) if c > 0 else (-a * d, -b * c)
    match = DECIMAL.fullmatch(top)
    if match is None or not (match[2] or match[3]):
        hint = "write numbers as 2, -0.5, 1e-3, 1/3, inf or nan"
        raise Unreadable(what="a number", text=repr(text), hint=hint)
    sign, whole, part, power = match[1], match[2] or "", match[3] or "", int(match[4] or 0)
    digits = int(sign + whole + part)
    power -= len(part)
    return (digits * 10**power, 1) if power >= 0 else (digits, 10**-power)


SPEC = re.compile(
    r"(?:(.)?([<>=^]))?([-+ ])?z?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([eEfFgGn%])?", re.S
)


def wide_format(ratio: Ratio, match: re.Match[str], plain: str) -> str:
    """Return the text of top / bottom by a float format; `plain` is its text by no format."""
    fill, align, plus, sharp, zeros, width, group, digits, kind = match.groups()
    top, bottom = ratio
    sign = "-" if top < 0 else (plus or "").replace("-", "")
    if kind or digits:
        body = _digits((abs(top), bottom), 6 if digits is None else int(digits), kind, group, sharp)
    else:
        body = plain.lstrip("-")
    if zeros and not align:
        fill, align = "0", "="
    if align == "=":
        return sign + body.rjust(int(width or 0) - len(sign), fill or " ")
    return format(sign + body, f"{fill or ' '}{align or '>'}{width or ''}")


def _digits(ratio: Ratio, places: int, kind: str | None, group: str | None, sharp: object) -> str:
    from decimal import Context, Decimal

    top, bottom = ratio
    x = Context(prec=top.bit_length() + 2 * bottom.bit_length()).divide(
        Decimal(top), Decimal(bottom)
    )
    if kind in ("f", "F", "%"):
        return format(x, f"{',' if group else ''}.{places}{kind}").replace(",", group or ",")
    general = kind not in ("e", "E")
    places = max(places, 1) - 1 if general else places
    mantissa, _, exponent = format(x, f".{places}e").partition("e")
    power = int(exponent)
    fixed = general and -4 <= power <= places - (kind is None)
    body = _digits(ratio, places - power, "f", group, sharp) if fixed else mantissa
    if general and not sharp and "." in body:
        body = body.rstrip("0").rstrip(".")
    if fixed:
        return body + ".0" if kind is None and "." not in body else body
    return body + ("E" if kind in ("E", "G") else "e") + f"{power:+03d}"


def is_whole(x: object) -> TypeIs[int | np.integer[Any] | np.bool]:
    """Tell whether x is an integer or a truth value, of Python or of NumPy."""
    return isinstance(x, (int, np.integer, np.bool)) and not isinstance(x, np.timedelta64)


class NumberSystem(ABC, Generic[T]):
    """A real number type T with its size and its way of taking numbers in.

    `bits` is the number of significand bits, `digits` the decimal digits that they are worth.
    """

    known: ClassVar[dict[type, str]] = {}
    exact: ClassVar[bool] = False
    is_strict: bool = False

    def __init__(self, name: str, scalar: type[T], bits: int) -> None:
        self.name = name
        self.scalar = scalar
        self.bits = bits
        self.digits: float = bits * LOG10_2
        self.known.setdefault(scalar, name)

    @abstractmethod
    def from_ratio(self, top: int, bottom: int = 1) -> T:
        """Return the number of this system nearest to top / bottom, ties to even."""

    @abstractmethod
    def from_special(self, name: str) -> T:
        """Return 'inf', '-inf', 'nan' or '-0.0' in this system."""

    @abstractmethod
    def to_ratio(self, x: T) -> Ratio:
        """Return the exact numerator and denominator of a finite number."""

    @abstractmethod
    def ulp(self, x: T | int | PyFloat | str) -> T:
        """Return the distance from x to the next number away from zero (Goldberg's ulp)."""

    @abstractmethod
    def is_finite(self, x: T) -> bool:
        """Tell whether x is neither infinite nor NaN."""

    def is_mine(self, x: object) -> TypeIs[T]:
        """Tell whether x is exactly a scalar of this system."""
        return type(x) is self.scalar

    def lift(self, x: T | int | PyFloat | str | object, op: str = "lift") -> T:
        """Return x as a number of this system, rounded once.

        int, float, decimal text, Fraction and Decimal are taken by their exact value; NumPy
        integers count as int. Raises `PrecisionMismatch` for a scalar of another precision,
        `OutOfRange` for a finite number that would become infinite, `NotANumber` for the rest.
        """
        if self.is_mine(x):
            return x
        if type(x) is float:
            return self.from_float(x)
        if is_whole(x):
            return self._checked(int(x), 1)
        if isinstance(x, str):
            return self.parse(x)
        if isinstance(x, Constant):
            return self.constant(x)
        return self._lift_rare(x, op)

    def from_float(self, x: float) -> T:
        """Return the number nearest to the exact value of a Python float."""
        if x - x != 0:
            return self.from_special(repr(x))
        if x == 0:
            return self.from_special("-0.0") if repr(x) == "-0.0" else self.from_ratio(0)
        return self._checked(*x.as_integer_ratio())

    def parse(self, text: str) -> T:
        """Return the number nearest to decimal text such as '0.1', '1/3', '-inf' or 'nan'."""
        special = SPECIAL.get(text.strip().lower())
        if special is not None:
            return self.from_special(special)
        top, bottom = decimal_ratio(text)
        if top == 0 and text.strip().startswith("-"):
            return self.from_special("-0.0")
        return self._checked(top, bottom, text)

    def constant(self, x: Constant) -> T:
        """Return a constant rounded to this system."""
        return self.from_ratio(*decimal_ratio(x.text))

    def _lift_rare(self, x: object, op: str) -> T:
        for module, kind in (("fractions", "Fraction"), ("decimal", "Decimal")):
            if module in sys.modules and isinstance(x, getattr(sys.modules[module], kind)):
                return self._lift_exact(x)
        scalar = type(x)
        other = self.known.get(scalar) or (issubclass(scalar, np.floating) and scalar.__name__)
        if other:
            raise PrecisionMismatch(op=op, left=self.name, right=other)
        raise NotANumber(value=repr(x)[:60], type=scalar.__name__, precision=self.name)

    def _lift_exact(self, x: Any) -> T:
        if x == 0 or x != x or x in (float("inf"), -float("inf")):
            return self.parse(str(x))
        return self._checked(*x.as_integer_ratio())

    def _checked(self, top: int, bottom: int, text: str = "") -> T:
        x = self.from_ratio(top, bottom)
        if not self.is_finite(x):
            size = top.bit_length() - bottom.bit_length()
            value = text or (str(top // bottom) if size < 400 else f"a number of {size} bits")
            raise OutOfRange(value=value, precision=self.name, largest=self.largest())
        return x

    def convert(self, x: Any, source: NumberSystem[Any]) -> T:
        """Return a number of another system rounded to this one; too large becomes infinite."""
        if not source.is_finite(x):
            return self.from_special(str(x))
        top, bottom = source.to_ratio(x)
        return (
            self.from_ratio(top, bottom)
            if top
            else self.from_special("-0.0" if str(x)[0] == "-" else "0")
        )

    def to_text(self, x: T) -> str:
        """Return exact text that `parse` reads back."""
        if not self.is_finite(x) or not x:
            return str(x)
        top, bottom = self.to_ratio(x)
        shift = (top & -top).bit_length() - bottom.bit_length()
        if bottom & (bottom - 1):
            return f"{top}/{bottom}"
        return f"{top // (top & -top)}p{shift}"

    def format(self, x: T, spec: str) -> str:
        """Return x by a float format, exactly rounded in any precision."""
        if not spec:
            return str(x)
        match = SPEC.fullmatch(spec)
        narrow = match is not None and self.bits <= 53 and bool(match[8] or match[9])
        if match is None or narrow or not x or not self.is_finite(x):
            return format(float(x), spec)
        return wide_format(self.to_ratio(x), match, str(x))

    def largest(self) -> str:
        """Return the largest finite number as text."""
        return "unbounded"

    def meaning(self, name: str, exact: str | Callable[..., Any] | None) -> Any:
        """Return the function that a row means, in a system that computes by meanings."""
        return None

    def word(self, function: Callable[..., Any]) -> Any:
        """Return what stands in for a word of the language of rows, such as `choose`, or None."""
        return None

    @override
    def __repr__(self) -> str:
        return f"{self.name} ({self.bits} bits, {self.digits:.1f} digits)"


class NumPyNumbers(NumberSystem[F]):
    """One of NumPy's binary floating-point formats, as this machine really has it."""

    def __init__(self, name: str, scalar: type[F]) -> None:
        info = np.finfo(scalar)
        super().__init__(name, scalar, int(info.nmant) + 1)
        self.max_exponent: int = int(info.maxexp)
        self.min_exponent: int = int(info.minexp)
        self.eps: F = scalar(info.eps)
        self.tiny: F = scalar(info.tiny)
        self.huge: F = scalar(info.max)
        self.reach: float = float(self.huge) if self.max_exponent <= 1024 else float("inf")

    @override
    def from_ratio(self, top: int, bottom: int = 1) -> F:
        if bottom == 1 and -(2**53) <= top <= 2**53:
            return self.scalar(float(top))
        if bottom == 1 and -SMALL <= top <= SMALL:
            return self.scalar(top)
        if not top:
            return self.scalar(0)
        size = abs(top)
        exponent = size.bit_length() - bottom.bit_length()
        exponent -= size < bottom << exponent if exponent >= 0 else size << -exponent < bottom
        shift = max(exponent, self.min_exponent) - self.bits + 1
        above, below = (size, bottom << shift) if shift >= 0 else (size << -shift, bottom)
        mantissa, rest = divmod(above, below)
        mantissa += 2 * rest + (mantissa & 1) > below
        return self._scaled(-mantissa if top < 0 else mantissa, shift)

    def _scaled(self, mantissa: int, shift: int) -> F:
        size, sign = abs(mantissa), -1 if mantissa < 0 else 1
        if size.bit_length() + shift > self.max_exponent:
            return self.from_special("inf" if sign > 0 else "-inf")
        x = self.scalar(0)
        for part in range(0, self.bits + 1, 24):
            chunk = size >> part & 0xFFFFFF
            x = x + self._ldexp(self.scalar(chunk), part + shift)
        return x if sign > 0 else -x

    def _ldexp(self, x: F, shift: int) -> F:
        y: F = np.ldexp(x, shift)
        return y

    @override
    def from_special(self, name: str) -> F:
        return self.scalar(name)

    @override
    def convert(self, x: Any, source: NumberSystem[Any]) -> F:
        if issubclass(type(x), np.floating):
            return self.scalar(x)
        return super().convert(x, source)

    @override
    def to_ratio(self, x: F) -> Ratio:
        top, bottom = x.as_integer_ratio()
        return int(top), int(bottom)

    @override
    def is_finite(self, x: F) -> bool:
        return bool(np.isfinite(x))

    @override
    def from_float(self, x: float) -> F:
        if -self.reach <= x <= self.reach or x - x != 0:
            return self.scalar(x)
        return self._checked(*x.as_integer_ratio(), repr(x))

    @override
    def ulp(self, x: F | int | PyFloat | str) -> F:
        y = self.lift(x)
        size = -y if y < 0 else y
        if not self.is_finite(size):
            return size
        exponent = int(np.frexp(size)[1]) if size else self.min_exponent
        return self._ldexp(self.scalar(1), max(exponent, self.min_exponent + 1) - self.bits)

    @override
    def largest(self) -> str:
        return str(self.huge)

    @override
    def constant(self, x: Constant) -> F:
        return self.from_ratio(*decimal_ratio(x.text))
