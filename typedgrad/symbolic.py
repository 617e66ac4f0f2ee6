"""Rules run on symbols: what a rule computes, written down as a few instructions.

A rule is linear in its adjoint. Products and quotients of the adjoint are absolute (rule Z): zero
where the adjoint is zero, whatever the partial is. So a program, which has no `if`, skips what the
sweep skips, and can be differentiated again. A choice becomes `where`: both sides are computed and
one is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, NoReturn, TypeAlias

from typing_extensions import TypeIs, override

from typedgrad.errors import NotTraceable, TypedgradError
from typedgrad.machine import Machine, is_tuple
from typedgrad.numbers import Constant, NumberSystem, Ratio
from typedgrad.op import TABLE, choose, select

Literal: TypeAlias = Any
NOTHING = "-0.0"  # added to anything, it leaves every bit as it is
ABSOLUTE = {"mul": "azmul", "div": "azdiv"}
TRACING: ContextVar[Trace] = ContextVar("tracing")


class Trace:
    """Instructions in the making: values are numbered from 0, constants from -1 down."""

    def __init__(self, name: str, parameters: int) -> None:
        self.name = name
        self.parameters = parameters
        self.ops: list[str] = []
        self.args: list[tuple[int, ...]] = []
        self.constants: list[Literal] = []
        self._known: dict[Any, int] = {}
        self.literal(1)  # the first constant of every trace

    def literal(self, x: Literal) -> int:
        """Return the number of a constant."""
        key = x.text if isinstance(x, Constant) else x
        ref = self._known.get((type(x), key))
        if ref is None:
            self.constants.append(x)
            ref = self._known[type(x), key] = -len(self.constants)
        return ref

    def symbol(self, x: Literal, linear: bool = False) -> Symbol:
        """Return a constant as a symbol."""
        return Symbol(self, self.literal(x), linear)

    def ref(self, x: Any) -> int:
        """Return the number of a symbol, of a plain number, or of None, which adds nothing."""
        return x.ref if is_symbol(x) else self.literal(NOTHING if x is None else x)

    def emit(self, op: str, *args: Any) -> Any:
        """Return the symbol of an instruction; one that is there already is not repeated."""
        same = _without(op, args)
        if same is not None:
            return same
        refs = tuple(map(self.ref, args))
        ref = self._known.get((op, refs))
        if ref is None:
            self.ops.append(op)
            self.args.append(refs)
            ref = self._known[op, refs] = self.parameters + len(self.ops) - 1
        return Symbol(self, ref, any(is_linear(x) for x in args))


def _without(op: str, args: Sequence[Any]) -> Any:
    """Return what equals an instruction in every bit and needs none, or None."""
    if op in ("mul", "azmul", "div", "azdiv") and is_one(args[1]):
        return args[0]
    if op in ("mul", "azmul") and is_one(args[0]):
        return args[1]
    if op == "neg" and is_one(args[0]):
        return args[0].trace.symbol(-1, args[0].linear)
    return args[1] if op == "where" and args[1] is args[2] else None


class Symbol:
    """A value of a trace; `linear` if it is a multiple of the adjoint."""

    __slots__ = ("linear", "ref", "trace")

    def __init__(self, trace: Trace, ref: int, linear: bool = False) -> None:
        self.trace: Trace = trace
        self.ref: int = ref
        self.linear: bool = linear

    def __bool__(self) -> bool:
        raise NotTraceable(op=self.trace.name, problem="it asks whether something holds")

    def __index__(self) -> NoReturn:
        raise NotTraceable(op=self.trace.name, problem="it makes an integer of a number")

    def __int__(self) -> NoReturn:
        self.__index__()

    def __float__(self) -> NoReturn:
        self.__index__()

    def __neg__(self) -> Any:
        return apply("neg", self)

    def __abs__(self) -> Any:
        return apply("abs", self)

    def __add__(self, other: Any) -> Any:
        return apply("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return apply("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return apply("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return apply("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return apply("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return apply("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return apply("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return apply("div", other, self)

    def __pow__(self, other: Any) -> Any:
        return apply("pow" if is_symbol(other) else "pow_constant", self, other)

    def __rpow__(self, other: Any) -> Any:
        return apply("pow", other, self)

    def __mod__(self, other: Any) -> Any:
        return apply("remainder", self, other)

    def __lt__(self, other: Any) -> Any:
        return apply("less", self, other)

    def __le__(self, other: Any) -> Any:
        return apply("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return apply("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return apply("greater_equal", self, other)

    @override
    def __eq__(self, other: object) -> Any:
        return apply("equal", self, other)

    @override
    def __ne__(self, other: object) -> Any:
        return apply("not_equal", self, other)

    @override
    def __hash__(self) -> int:
        return hash((id(self.trace), self.ref))


def is_symbol(x: object) -> TypeIs[Symbol]:
    """Tell whether x is a symbol."""
    return isinstance(x, Symbol)


def is_linear(x: object) -> bool:
    """Tell whether x is a multiple of the adjoint."""
    return is_symbol(x) and x.linear


def plain(x: Any) -> Any:
    """Return the literal that x is or stands for, or x."""
    return x.trace.constants[-1 - x.ref] if is_symbol(x) and x.ref < 0 else x


def is_one(x: object) -> bool:
    """Tell whether x is the plain number 1."""
    return type(plain(x)) is int and plain(x) == 1


def is_finite_literal(x: object) -> bool:
    """Tell whether x is finite for sure: 0 times x is 0 then, and rule Z changes nothing."""
    return isinstance(plain(x), int | Constant)


def apply(op: str, *args: Any) -> Any:
    """Return the symbol of a row of symbols and literals, absolute in the adjoint."""
    trace = TRACING.get()
    linear = [x for x in args if is_linear(x)]
    if not linear or op in ("add", "sub", "neg", "sum", "where", "azmul", "azdiv"):
        if op == "azmul" and is_linear(args[1]):
            op = "azprod"
        return trace.emit(op, *args)
    if op in ABSOLUTE and len(linear) == 1:
        g, other = args if is_linear(args[0]) else (args[1], args[0])
        if op == "mul" or g is args[0]:
            return trace.emit(op if is_finite_literal(other) else ABSOLUTE[op], g, other)
    g = linear[0]
    return trace.emit("where", trace.emit("equal", g, 0), g, trace.emit(op, *args))


def choice(test: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Stand in for `choose`: both sides are computed, and one is taken."""
    return selection(test, then(), otherwise())


def selection(test: Any, then: Any, otherwise: Any) -> Any:
    """Stand in for `select`, for numbers and for sequences of them."""
    if not is_symbol(test):
        return then if test else otherwise
    if type(then) in (list, tuple):
        parts = [selection(test, a, b) for a, b in zip(then, otherwise, strict=True)]
        return tuple(parts) if is_tuple(then) else parts
    return None if then is None and otherwise is None else apply("where", test, then, otherwise)


class Symbols(NumberSystem[Any]):
    """The symbols as a number system: a row applied to them is written down."""

    name: str = "symbols"
    scalar = Symbol
    exact = True

    def __init__(self) -> None:
        self.name = "symbols"

    def __getattr__(self, name: str) -> NoReturn:
        problem = f"it depends on the {name} of a precision"
        raise NotTraceable(op=TRACING.get().name, problem=problem)

    @override
    def meaning(self, name: str, exact: Any) -> Any:
        def written(*args: Any) -> Any:
            return apply(name, *args)

        return written

    @override
    def word(self, function: Callable[..., Any]) -> Any:
        return {choose: choice, select: selection}.get(function)

    @override
    def constant(self, x: Constant) -> Any:
        return x

    @override
    def from_ratio(self, top: int, bottom: int = 1) -> Any:
        return top if bottom == 1 else f"{top}/{bottom}"

    @override
    def from_special(self, name: str) -> Any:
        return name

    @override
    def to_ratio(self, x: Any) -> Ratio:
        raise NotTraceable(op=TRACING.get().name, problem="it asks for the value of a number")

    @override
    def ulp(self, x: Any) -> Any:
        raise NotTraceable(op=TRACING.get().name, problem="it asks for an ulp")

    @override
    def is_finite(self, x: Any) -> bool:
        raise NotTraceable(op=TRACING.get().name, problem="it asks for the value of a number")


MACHINE = Machine(Symbols())


def traced(op: str, arity: int, symbolic_adjoint: bool) -> tuple[Trace, list[Any]]:
    """Return what the rule of a row writes down, and its terms: symbols, literals, or None.

    The values of the trace are the adjoint (number 0), the result (1), and the arguments. Without
    a symbolic adjoint the rule is run at adjoint 1 and its terms are the partials.
    """
    trace = Trace(op, arity + 2)
    g = Symbol(trace, 0, True) if symbolic_adjoint else trace.symbol(1)
    y, *args = [Symbol(trace, k) for k in range(1, arity + 2)]
    token = TRACING.set(trace)
    try:
        terms = MACHINE.bind(TABLE[op].rule)(g, y, *args)
    except TypedgradError:
        raise
    except (TypeError, ValueError, AttributeError) as error:
        raise NotTraceable(op=op, problem=str(error)) from error
    finally:
        TRACING.reset(token)
    return trace, list(terms)
