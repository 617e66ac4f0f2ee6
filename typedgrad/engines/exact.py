"""The reference arithmetic: rows by their exact meaning, in mpmath, at as many bits as asked."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from functools import cache
from threading import RLock
from typing import Any, ClassVar, Self

import mpmath
import numpy as np
from typing_extensions import TypeIs, override

from typedgrad.errors import BadRow
from typedgrad.machine import NUMBERS, Meaning, machine_of
from typedgrad.numbers import Constant, NumberSystem, Ratio, decimal_ratio
from typedgrad.op import TABLE
from typedgrad.precision import Precision
from typedgrad.scalars import PyFloat

# Arguments with more bits of exponent count as infinite: nothing could hold the result, or
# reducing them would take hours.
MAX_EXPONENT = {
    **dict.fromkeys(("exp", "expm1", "sinh", "cosh", "gamma", "loggamma"), 1 << 12),
    **dict.fromkeys(("sin", "cos", "tan", "sinpi", "cospi"), 1 << 17),
}
MAX_REFLECTED = 1 << 16
FARTHEST = 1 << 20
TURN = RLock()  # a context of mpmath changes its own width while it works
REFUSED = (ArithmeticError, ValueError, TypeError, mpmath.MPContext.NoConvergence)


class Real:
    """A real number of a fixed width whose arithmetic follows IEEE 754, without its range.

    Division by zero gives a signed infinity, what has no real value gives NaN, zeros have signs.
    Each width is a subclass with a context of its own. `minus_zero` is one mpf that stands for
    -0.0: mpmath has no such number, so the object itself is the sign.
    """

    __slots__ = ("x",)
    mp: ClassVar[mpmath.MPContext]
    minus_zero: ClassVar[mpmath.mpf]

    def __init__(self, x: mpmath.mpf) -> None:
        self.x: mpmath.mpf = x

    def __add__(self, other: Self | int, /) -> Self:
        y = mpf_of(self, other)
        z = self.x + y
        minus = self.minus_zero
        return type(self)(minus if self.x is minus and y is minus else z)

    __radd__ = __add__

    def __sub__(self, other: Self | int, /) -> Self:
        y = mpf_of(self, other)
        minus = self.minus_zero
        lost = self.x is minus and not y and y is not minus
        return type(self)(minus if lost else self.x - y)

    def __rsub__(self, other: int, /) -> Self:
        return type(self)(self.mp.mpf(other)) - self

    def __mul__(self, other: Self | int, /) -> Self:
        y = mpf_of(self, other)
        z = self.x * y
        return type(self)(z if z else self._zero(is_minus(self, self.x) != is_minus(self, y)))

    __rmul__ = __mul__

    def __truediv__(self, other: Self | int, /) -> Self:
        x, y, mp = self.x, mpf_of(self, other), self.mp
        minus = is_minus(self, x) != is_minus(self, y)
        if not y:
            return type(self)(mp.nan if not x or mp.isnan(x) else mp.ninf if minus else mp.inf)
        z = x / y
        return type(self)(z if z else self._zero(minus))

    def __rtruediv__(self, other: int, /) -> Self:
        return type(self)(self.mp.mpf(other)) / self

    def __mod__(self, other: Self | int, /) -> Self:
        y = mpf_of(self, other)
        return type(self)(self.x % y if y and self.mp.isfinite(self.x) else self.mp.nan)

    def __pow__(self, n: int, /) -> Self:
        power = type(self)(self.x ** abs(n))
        return power if n >= 0 else 1 / power

    def __neg__(self) -> Self:
        return type(self)(-self.x if self.x else self._zero(self.x is not self.minus_zero))

    def __abs__(self) -> Self:
        return type(self)(abs(self.x))

    def __lt__(self, other: Self | int, /) -> bool:
        return self.x < mpf_of(self, other)

    def __le__(self, other: Self | int, /) -> bool:
        return self.x <= mpf_of(self, other)

    def __gt__(self, other: Self | int, /) -> bool:
        return self.x > mpf_of(self, other)

    def __ge__(self, other: Self | int, /) -> bool:
        return self.x >= mpf_of(self, other)

    @override
    def __eq__(self, other: object, /) -> bool:
        return self.x == (other.x if isinstance(other, Real) else other)

    @override
    def __hash__(self) -> int:
        return hash(self.x)

    def __bool__(self) -> bool:
        return bool(self.x)

    def __float__(self) -> float:
        return -0.0 if self.x is self.minus_zero else float(self.x)

    def __int__(self) -> int:
        return int(self.x)

    @override
    def __str__(self) -> str:
        digits = max(15, int(self.mp.prec * 0.30103))
        return "-0.0" if self.x is self.minus_zero else self.mp.nstr(self.x, digits)

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def _zero(self, minus: bool) -> mpmath.mpf:
        return self.minus_zero if minus else self.mp.mpf(0)


def mpf_of(like: Real, x: Real | int) -> mpmath.mpf:
    """Return the mpf of an operand; an int is taken at the width of the other operand."""
    return x.x if isinstance(x, Real) else like.mp.mpf(x)


def is_minus(like: Real, x: mpmath.mpf) -> bool:
    """Tell whether a number or a zero has a minus sign."""
    return x is like.minus_zero or x < 0


class ExactPrecision(Precision[Real]):
    """Real arithmetic at `bits` significand bits, in which every row stands for its meaning.

    >>> from typedgrad.engines.exact import exact_precision
    >>> wide = exact_precision(100)
    >>> wide.grad(lambda x, y: x * y + x)("0.5", 3)
    (Real100(4.0), Real100(0.5))
    """

    exact = True

    def __init__(self, bits: int) -> None:
        self.mp: mpmath.MPContext = context(bits)
        space = {"__slots__": (), "mp": self.mp, "minus_zero": self.mp.mpf(0)}
        super().__init__(f"exact{bits}", type(f"Real{bits}", (Real,), space), bits)
        self.eps: Real = self._scaled(1, 1 - bits)

    @override
    def is_mine(self, x: object) -> TypeIs[Real]:
        return type(x) is self.scalar

    @override
    def _lift_rare(self, x: object, op: str) -> Real:
        # A scalar of NumPy has an exact value here, so that taking it in mixes nothing up.
        numbers = NUMBERS.get(type(x))
        return super()._lift_rare(x, op) if numbers is None else self.convert(x, numbers)

    @override
    def from_ratio(self, top: int, bottom: int = 1) -> Real:
        size = abs(top)
        shift = size.bit_length() - bottom.bit_length() - self.bits - 2
        above, below = (size, bottom << shift) if shift >= 0 else (size << -shift, bottom)
        mantissa, rest = divmod(above, below)
        # Two bits more than the width, the last one sticky, let the context round once.
        mantissa |= rest != 0
        return self._scaled(-mantissa if top < 0 else mantissa, shift)

    def _scaled(self, mantissa: int, shift: int) -> Real:
        return self.scalar(self.mp.ldexp(self.mp.mpf(mantissa), shift))

    @override
    def from_special(self, name: str) -> Real:
        if name == "-0.0":
            return self.scalar(self.scalar.minus_zero)
        return self.scalar(self.mp.mpf(name))

    @override
    def convert(self, x: Any, source: NumberSystem[Any]) -> Real:
        if isinstance(source, ExactPrecision) and source.is_finite(x) and x:
            return self.scalar(+self.mp.mpf(x.x))  # a ratio of it may be too large for any memory
        return super().convert(x, source)

    @override
    def to_ratio(self, x: Real) -> Ratio:
        mantissa, exponent = x.x.man_exp
        # Beyond the range of every format the exponent is cut, since no memory would hold it.
        exponent = max(-FARTHEST, min(exponent, FARTHEST))
        top = -int(mantissa) if x.x < 0 else int(mantissa)
        return (top << exponent, 1) if exponent >= 0 else (top, 1 << -exponent)

    @override
    def ulp(self, x: Real | int | PyFloat | str) -> Real:
        y = self.lift(x)
        return self._scaled(1, self.mp.mag(y.x) - self.bits) if y and self.is_finite(y) else abs(y)

    @override
    def is_finite(self, x: Real) -> bool:
        return self.mp.isfinite(x.x)

    @override
    def constant(self, x: Constant) -> Real:
        if x.meaning is None:
            return self.from_ratio(*decimal_ratio(x.text))
        return self.scalar(self.mp.mpf(formula(self.mp, self._number, x.meaning)))

    def _number(self, text: str) -> mpmath.mpf:
        return self.from_ratio(*decimal_ratio(text)).x

    @override
    def meaning(self, name: str, exact: Meaning) -> Any:
        if exact is None:
            return self._composition(name)
        if name in DIRECT:
            return DIRECT[name]
        function = getattr(self.mp, exact, None) if isinstance(exact, str) else exact
        if function is None:
            return _refusal(name, f"mpmath has no function {exact}")
        named = isinstance(exact, str)
        return self._guarded(name, function if named else lambda *args: function(self.mp, *args))

    def _composition(self, name: str) -> Any:
        op = TABLE.get(name)
        if op is None or not isinstance(op.forward, np.ufunc):
            return None
        return _refusal(name, "has no exact meaning, so the reference cannot compute it")

    def _guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Real]:
        scalar, mp = self.scalar, self.mp

        def evaluate(*args: Real | int) -> Real:
            numbers = [x.x if isinstance(x, Real) else mp.mpf(x) for x in args]
            try:
                undefined = len(numbers) == 1 and mp.isnan(numbers[0])
                y = mp.nan if undefined else mp.mpf(function(*numbers))
            except REFUSED:
                mp.prec = self.bits  # an error inside mpmath may leave its working width behind
                y = mp.nan
            if y and mp.isfinite(y) and all(x and mp.isfinite(x) for x in numbers):
                return scalar(y)
            return self._at_edge(name, [scalar(x) for x in numbers], scalar(y))

        return evaluate

    def _at_edge(self, name: str, args: list[Real], y: Real) -> Real:
        """Return the result at a zero, an infinity or a pole, where the machine column decides.

        Limits and signs there are conventions of the row, which real numbers do not have.
        """
        ours = NUMBERS[np.longdouble]
        with np.errstate(all="ignore"):
            shown = [ours.convert(x, self) for x in args]
            b = machine_of(ours).row(TABLE[name]).forward(*shown)
        faithful = all(bool(x) == bool(a) for x, a in zip(shown, args, strict=True)) and all(
            ours.is_finite(x) == self.is_finite(a) for x, a in zip(shown, args, strict=True)
        )
        # What a format cannot hold exactly is left to the meaning, unless only the sign differs.
        simple = not ours.is_finite(b) or b * 4 == np.rint(b * 4)
        infinite = not all(self.is_finite(x) for x in args)
        if not faithful:
            return y
        if b != b or (simple and not self.is_finite(y)) or (not y and (not b or infinite)):
            return self.convert(b, ours) if simple else y
        return -y if (y > 0 > b) or (y < 0 < b) else y


def _refusal(name: str, problem: str) -> Callable[..., Any]:
    """Return a meaning that raises when it is used, so that the other rows stay usable."""

    def refused(*_: object) -> Any:
        hint = "give exact= the name of mpmath's function, or a function of mp and the arguments"
        raise BadRow(name=name, problem=problem, hint=hint)

    return refused


def _over(a: Any, b: Any) -> Any:
    return a / b


def _to_the(a: Any, b: Any) -> Any:
    return a**b


DIRECT: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _over,
    "neg": operator.neg,
    "abs": operator.abs,
}


def context(bits: int) -> mpmath.MPContext:
    """Return a context of this width whose functions give up on astronomic arguments."""
    mp = mpmath.MPContext()
    mp.prec = bits
    for name, most in MAX_EXPONENT.items():
        setattr(mp, name, _bounded(mp, getattr(mp, name), most))
    psi: Callable[..., Any] = mp.psi

    def bounded_psi(m: Any, x: Any) -> Any:
        if x < -MAX_REFLECTED:  # mpmath steps up to the positive numbers one by one
            raise OverflowError
        return psi(m, x)

    vars(mp)["psi"] = bounded_psi
    return mp


def _bounded(mp: mpmath.MPContext, function: Callable[..., Any], most: int) -> Callable[..., Any]:
    def bounded(*args: Any, **options: Any) -> Any:
        x = mp.mpf(args[-1])
        if mp.isfinite(x) and x and mp.mag(x) > most:
            x = mp.inf if x > 0 else mp.ninf
        return function(*args[:-1], x, **options)

    return bounded


def formula(mp: Any, number: Callable[[str], Any], text: str) -> Any:
    """Return the value of a formula such as '2/sqrt(pi)'; its names are those of mpmath.

    `mp` has them, be it a context of mpmath or what stands in for one; `number` reads a decimal.
    """

    def value(node: ast.AST) -> Any:
        if isinstance(node, ast.Constant):
            return number(ast.get_source_segment(text, node) or "")
        if isinstance(node, ast.Name):
            return +getattr(mp, node.id)
        if isinstance(node, ast.Call):
            return getattr(mp, ast.unparse(node.func))(*map(value, node.args))
        if isinstance(node, ast.UnaryOp):
            return -value(node.operand) if isinstance(node.op, ast.USub) else value(node.operand)
        if isinstance(node, ast.BinOp):
            return BINARY[type(node.op)](value(node.left), value(node.right))
        problem = f"the formula {text} has a part that is not arithmetic"
        raise BadRow(name="constant", problem=problem, hint="use + - * / ** and mpmath's names")

    return value(ast.parse(text, mode="eval").body)


BINARY: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _over,
    ast.Pow: _to_the,
}


@cache
def exact_precision(bits: int) -> ExactPrecision:
    """Return the reference arithmetic of this width, always the same one."""
    return ExactPrecision(bits)
