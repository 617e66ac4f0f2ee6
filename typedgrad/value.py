"""Value: the eager node, a number of precision T that remembers how it was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, overload

import numpy as np
from typing_extensions import TypeIs, override

from typedgrad.errors import (
    BadCall,
    FrozenData,
    NoPlainFloat,
    NotANumber,
    OtherTape,
    PrecisionMismatch,
)
from typedgrad.interop import ArrayFunctions
from typedgrad.machine import NUMBERS, Definition, Row, machine_of
from typedgrad.node import ALIAS, LEAF, MANY, arguments, tick
from typedgrad.numbers import NumberSystem
from typedgrad.op import Op
from typedgrad.operators import Operators
from typedgrad.reverse import accumulate
from typedgrad.scalars import PyFloat, S, T
from typedgrad.shortcuts import EAGER, Ways, constants_of, install

new: Callable[..., Any] = object.__new__
# `assigned`, set only on a leaf that got new data, is the age at which it did.
SLOTS = ("__weakref__", "adjoint", "assigned", "left", "primal", "right", "row", "serial")


class Value(ArrayFunctions, Operators[T], Generic[T]):
    """A number of precision T with its history; the leaf of a graph when you make one yourself.

    `Value(x)` takes the precision from a NumPy scalar; plain numbers are float64.

    >>> import typedgrad as tg
    >>> x, y = tg.Value(2.0), tg.Value(3.0)
    >>> z = (x + y) * x
    >>> z.backward()
    >>> z.data, x.grad, y.grad
    (np.float64(10.0), np.float64(7.0), np.float64(2.0))
    """

    ways: ClassVar[Ways] = EAGER

    if TYPE_CHECKING:
        __array_ufunc__: ClassVar[None] = None
        numbers: NumberSystem[T]
        primal: T
        adjoint: Any
        row: Row
        left: Any
        right: Any
        serial: int
        assigned: int

        @staticmethod
        def make_constant(x: Any, op: str, /) -> Any:
            """Return a constant node of this class; every class has its own."""

        @overload
        def __init__(self: Value[np.float64], data: float, /) -> None: ...
        @overload
        def __init__(self, data: T, /) -> None: ...
        def __init__(self, data: Any, /) -> None: ...

    else:
        __slots__ = ()  # the class of each precision has them; a tape's values have others

        def __new__(cls, data):
            """Return a leaf of the precision that data has."""
            numbers = NUMBERS.get(type(data), NUMBERS[np.float64])
            return leaf(numbers, data)

    @property
    def data(self) -> T:
        """The number itself, a scalar of type T; assignable on a leaf.

        What was computed from the old number is stale then: its `backward` raises `StaleGraph`.
        """
        return self.primal

    @data.setter
    def data(self, x: T | int | PyFloat) -> None:
        if self.row.name != "leaf":
            raise FrozenData(op=self.op)
        self.primal = self.numbers.lift(x, "data")
        self.assigned = tick()

    @property
    def grad(self) -> T:
        """What `backward` left here: d root / d self, exactly 0 when nothing has arrived.

        Leaves add up over calls of `backward`; other nodes hold the latest adjoint.
        """
        found: T | None = self.adjoint
        return self.numbers.lift(0) if found is None else found

    @grad.setter
    def grad(self, x: T | int | PyFloat) -> None:
        self.adjoint = self.numbers.lift(x, "grad")

    @property
    def op(self) -> str:
        """The name of the row that made this node; 'leaf' or 'constant' if none did."""
        return self.row.name

    @property
    def parents(self) -> tuple[Self, ...]:
        """The nodes this one was computed from, in order."""
        return arguments(self)

    def backward(self, seed: T | int | PyFloat = 1) -> None:
        """Add d self / d leaf times seed into the `grad` of every leaf under this node.

        A second call adds again; `zero_grad` clears. If anything is raised on the way, the leaves
        keep what they had.
        """
        accumulate(self, self.numbers.lift(seed, "backward"))

    def zero_grad(self) -> None:
        """Forget the gradient of this node."""
        self.adjoint = None

    def item(self) -> float:
        """Return the number as a Python float, rounded to float64; it leaves the graph."""
        return float(self.primal)

    def detach(self) -> Self:
        """Return a new leaf with the same number and no history."""
        return self._leaf(self.primal)

    def alias(self) -> Self:
        """Return a new node that equals this one and passes its adjoint on."""
        return self._node(machine_of(self.numbers).row(ALIAS), self.primal, (self,))

    def constant(self, x: object, /) -> Self:
        """Return a constant node of this precision."""
        return self.operand(x, "constant")

    def astype(self, precision: NumberSystem[S], /) -> Value[S]:
        """Return this number rounded to another precision; the adjoint is rounded back.

        This is the only way from one precision to another.
        """
        if not _is_precision(precision):
            problem = f"takes a precision, not {precision!r}"
            raise BadCall(name="astype", problem=problem, hint="write v.astype(tg.float32)")
        return cast_to(self, precision)

    def apply(self, op: Op, args: tuple[Any, ...], /) -> Self:
        """Return the node of a row from arguments of which at least one is such a node."""
        cls = self.__class__
        if op.constant_form is not None and not is_value(args[-1]):
            op = op.constant_form
        if cls not in op.short:
            install(cls, op, self.ways)
        row = machine_of(self.numbers).row(op)
        nodes = [self.operand(x, op.name) for x in args]
        return self._made(row, nodes)

    def operand(self, x: object, op: str, /) -> Self:
        """Return x itself if it is a node of this precision, or a constant node of it."""
        if self._mine(x):
            return x
        if is_value(x):
            raise stranger(op, self, x)
        node: Self = self.make_constant(x, op)
        return node

    def _mine(self, x: object) -> TypeIs[Self]:
        return x.__class__ is self.__class__

    def _made(self, row: Row, nodes: Any) -> Self:
        return self._node(row, row.forward(*[node.primal for node in nodes]), nodes)

    def _leaf(self, x: T) -> Self:
        return self._node(machine_of(self.numbers).row(LEAF), x, ())

    def _node(self, row: Row, primal: Any, nodes: Any) -> Self:
        node: Self = new(self.__class__)
        node.primal = primal
        node.adjoint = None
        node.row = row
        count = len(nodes)
        if count > 2 or row.op.sequences:
            node.left, node.right = tuple(nodes), MANY
        else:
            node.left = nodes[0] if count else None
            node.right = nodes[1] if count == 2 else None
        node.serial = tick()
        return node

    @override
    def __repr__(self) -> str:
        grad = "" if self.adjoint is None else f", grad={self.adjoint!r}"
        return f"Value({self.primal!r}{grad})"

    @override
    def __str__(self) -> str:
        return str(self.primal)

    @override
    def __format__(self, spec: str) -> str:
        return self.numbers.format(self.primal, spec)

    def __copy__(self) -> Self:
        return self.detach()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.detach()

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return restore, (self.numbers, self.numbers.to_text(self.primal))

    if not TYPE_CHECKING:

        def __float__(self) -> NoReturn:
            raise NoPlainFloat(what="float", hint="sin(v), tg.exp(v), ...")

        def __int__(self) -> NoReturn:
            raise NoPlainFloat(what="int", hint="trunc(v), tg.floor(v), ...")

        def __complex__(self) -> NoReturn:
            raise NoPlainFloat(what="complex", hint="sin(v), tg.exp(v), ...")

        def __round__(self, digits=None):
            raise NoPlainFloat(what="round", hint="round(v)")

        __index__ = __int__

        # NumPy's floor of an object array asks for these.
        def __floor__(self):
            return self.floor()

        def __ceil__(self):
            return self.ceil()

        def __trunc__(self):
            return self.trunc()


def is_value(x: object) -> TypeIs[Value[Any]]:
    """Tell whether x is a Value of any precision."""
    return isinstance(x, Value)


def stranger(op: str, mine: Value[Any], other: Value[Any]) -> TypeError:
    """Return the error of an operation on two Values that cannot meet."""
    if other.numbers is not mine.numbers:
        return PrecisionMismatch(op=op, left=mine.numbers.name, right=other.numbers.name)
    hint = "a function that is recorded takes it as an argument; a tape makes it: x = tape(2.0)"
    problem = "mixes a value of a tape, or of a recorded function, with a Value from outside"
    return OtherTape(op=op, problem=problem, hint=hint)


def _is_precision(x: object) -> bool:
    return isinstance(x, NumberSystem)


def leaf(numbers: NumberSystem[S], x: object) -> Value[S]:
    """Return a new leaf of a number system."""
    if is_value(x):
        raise NotANumber(value=repr(x), type="Value", precision=numbers.name)
    node: Value[S] = new(node_class(numbers))
    node.primal = numbers.lift(x, "Value")
    node.adjoint = node.left = node.right = None
    node.row = machine_of(numbers).row(LEAF)
    node.serial = tick()
    return node


def restore(numbers: NumberSystem[S], text: str) -> Value[S]:
    """Return the leaf that a pickle holds."""
    return leaf(numbers, numbers.parse(text))


CLASSES: dict[NumberSystem[Any], type[Value[Any]]] = {}


def node_class(numbers: NumberSystem[S]) -> type[Value[S]]:
    """Return the class of a precision's Values; comparing classes tells precisions apart."""
    found = CLASSES.get(numbers)
    if found is None:
        space = {"__slots__": SLOTS, "numbers": numbers, "__module__": __name__}
        made: Any = type(f"Value[{numbers.name}]", (Value,), space)
        made.make_constant = staticmethod(constants_of(made))
        found = CLASSES.setdefault(numbers, made)
    return found


def cast_to(node: Value[Any], target: NumberSystem[S]) -> Value[S]:
    """Return a node of another precision whose only argument is this node."""
    cast: Value[S] = new(node_class(target))
    source: NumberSystem[Any] = node.numbers
    cast.primal = target.convert(node.primal, source)
    cast.adjoint = cast.right = None
    cast.row = _cast_row(source, target)
    cast.left = node
    cast.serial = tick()
    return cast


def _cast_back(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (cast_to(g, x.numbers),)


_CASTS: dict[tuple[NumberSystem[Any], NumberSystem[Any]], Row] = {}


def _cast_row(source: NumberSystem[Any], target: NumberSystem[Any]) -> Row:
    row = _CASTS.get((source, target))
    if row is None:

        def back(g: Any, y: Any, x: Any) -> tuple[Any]:
            return (source.convert(g, target),)

        definition = Definition("astype", None, _cast_back, None)
        row = _CASTS[source, target] = Row(definition, machine_of(target), None, back)
    return row
