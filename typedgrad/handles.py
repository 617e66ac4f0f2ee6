"""TapeValue: a number whose history is on a tape, a handle that lives as long as its place."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self

from typing_extensions import override

from typedgrad.arena import Arrays, Era, constant_row, meet
from typedgrad.errors import BadCall, FrozenData, NotRecordable, OtherTape
from typedgrad.machine import Row
from typedgrad.node import MANY
from typedgrad.numbers import NumberSystem
from typedgrad.operators import compare
from typedgrad.scalars import PyFloat, S, T
from typedgrad.shortcuts import Ways
from typedgrad.slots import POSITIONS
from typedgrad.value import Value, is_value, stranger

new: Callable[..., Any] = object.__new__


class TapeValue(Value[T], Generic[T]):
    """A Value whose history is on a tape: a position, and the number that stands there.

    It does all that a Value does, with the same bits. It ends when its tape is reset, or rewound
    to a mark before it; then everything it is asked raises `StaleHandle`. Two handles of one
    position are one node: they are equal and have one hash.
    """

    ways: ClassVar[Ways] = POSITIONS

    if TYPE_CHECKING:
        era: Era
        index: int
        primal: T
    else:
        __slots__ = ("__weakref__", "era", "index", "primal")

        def __new__(cls, data):
            """Refuse: only a tape makes its values."""
            raise BadCall(name="TapeValue", problem="is made by a tape", hint="write tape(2.0)")

    @override
    def backward(self, seed: T | int | PyFloat = 1) -> None:
        """Add d self / d leaf times seed into the `grad` of every leaf under this node."""
        arrays = self.era.live("backward")
        arrays.sweep(self.index, self.numbers.lift(seed, "backward"))

    @override
    def item(self) -> float:
        """Return the number as a Python float, rounded to float64; it leaves the graph."""
        self._arrays(".item()")
        return float(self.primal)

    @override
    def astype(self, precision: NumberSystem[S], /) -> Value[S]:
        """Refuse: a tape has one precision."""
        self._arrays("astype()")
        hint = "make a leaf of the other precision with its own tape, by other(x.item())"
        raise OtherTape(op="astype", problem="would leave the tape", hint=hint)

    @override
    def operand(self, x: object, op: str, /) -> Self:
        """Return x itself if it is a value of this tape, or a constant node on it."""
        arrays = self.era.live(op)
        if self._mine(x):
            if x.era is not self.era:
                meet(self.era, x.era, op)
            return x
        if is_value(x):
            if isinstance(x, TapeValue) and x.numbers is self.numbers:
                meet(self.era, x.era, op)
            raise stranger(op, self, x)
        handle: Self = handle_at(self.era.newest(), self.__class__, arrays.constant(x, op))
        return handle

    @override
    def _node(self, row: Row, primal: Any, nodes: Any) -> Self:
        era = self.era
        count = len(nodes)
        many = count > 2 or bool(row.op.sequences)
        node: Self = new(self.__class__)
        node.primal = primal
        node.era = era.push_row(row) or era
        node.index = len(era.primals)
        at = [x.index for x in nodes]
        if many and era.log is not None:
            era.log.fromlist(at)
        era.lefts.append(tuple(at) if many else at[0] if count else None)
        era.rights.append(MANY if many else at[1] if count == 2 else None)
        era.primals.append(primal)
        return node

    @override
    def _leaf(self, x: T) -> Self:
        arrays = self._arrays("detach()")
        node = super()._leaf(x)
        arrays.add_leaf(node)
        return node

    def _arrays(self, what: str) -> Arrays:
        arrays = self.era.live(what)
        if arrays.guarded:
            raise NotRecordable(what=what)
        return arrays

    @override
    def __repr__(self) -> str:
        arrays = self.era.arrays
        found = None if arrays is None else arrays.adjoint(self.index)
        grad = "" if found is None else f", grad={found!r}"
        ended = "" if arrays is not None else f", ended with {self.era.ended}"
        return f"TapeValue({self.primal!r}{grad}{ended})"

    @override
    def __str__(self) -> str:
        self.era.live("str")
        return super().__str__()

    @override
    def __format__(self, spec: str) -> str:
        self.era.live("format")
        return super().__format__(spec)

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        self.era.live("pickle")
        return super().__reduce__()

    @override
    def __eq__(self, other: object, /) -> bool:
        # Two handles of one node are equal, since the walks keep nodes in sets.
        if self is not other and self._mine(other) and self._position() == other._position():
            return True
        return compare(eq, self, other)

    def look(self, arrays: Arrays, /) -> None:
        """Take the number from where the value stands."""
        self.primal = arrays.number(self.index)

    def _position(self) -> tuple[int, int]:
        return id(self.era), self.index

    if TYPE_CHECKING:

        @override
        def __hash__(self) -> int: ...

    else:

        def __hash__(self):
            return hash(self._position())

        def __float__(self) -> NoReturn:
            self._arrays("float()")
            super().__float__()

        @property
        def recorded(self):
            """Whether a function that is recorded made it."""
            return self.era.arrays is not None and self.era.arrays.recorded

        @property
        def data(self):
            """The number itself, a scalar of type T; assignable on a leaf."""
            self._arrays(".data")
            return self.primal

        @data.setter
        def data(self, x):
            arrays = self._arrays(".data")
            if self.row.name != "leaf":
                raise FrozenData(op=self.op)
            self.primal = self.numbers.lift(x, "data")
            arrays.assign(self.index, self.primal)

        @property
        def grad(self):
            """What `backward` left here: d root / d self, exactly 0 when nothing has arrived."""
            found = self._arrays(".grad").adjoint(self.index)
            return self.numbers.lift(0) if found is None else found

        @grad.setter
        def grad(self, x):
            self._arrays(".grad").set_adjoint(self.index, self.numbers.lift(x, "grad"))

        # The Node Protocol: what the walks read, as handles made when they are asked for.

        @property
        def row(self):
            """The row that made it."""
            arrays = self.era.live("row")
            arrays.check()
            at = self.index
            return constant_row(self.numbers) if at < 0 else arrays.rows[at]

        @property
        def left(self):
            """Its first argument, or the tuple of all; see `Node`."""
            arrays = self.era.live("left")
            arrays.check()
            at = None if self.index < 0 else arrays.lefts[self.index]
            if at is None:
                return None
            era, cls = self.era, self.__class__
            if at.__class__ is tuple:
                return tuple([handle_at(era, cls, i) for i in at])
            return handle_at(era, cls, at)

        @property
        def right(self):
            """Its second argument, None, MANY, or the literal of a constant."""
            arrays = self.era.live("right")
            arrays.check()
            if self.index < 0:
                return arrays.constants[~self.index]
            at = arrays.rights[self.index]
            return at if at is None or at is MANY else handle_at(self.era, self.__class__, at)

        @property
        def serial(self):
            """Its age: its position and one more; 0 for a constant."""
            self.era.live("serial")
            return max(self.index + 1, 0)

        @property
        def assigned(self):
            """The age at which a leaf got its data, or 0."""
            return self.era.live("assigned").assigned(self.index)

        @property
        def adjoint(self):
            """What the last sweep left, or None."""
            return self.era.live("adjoint").adjoint(self.index)

        @adjoint.setter
        def adjoint(self, x):
            self.era.live("adjoint").set_adjoint(self.index, x)


def handle_at(seen_from: Era, cls: Any, at: int) -> Any:
    """Return a handle of a position; a leaf has one only, which knows when it is assigned to."""
    arrays = seen_from.live("handle")
    kept = arrays.leaf_handle(at) if at >= 0 else None
    if kept is not None:
        return kept
    handle = new(cls)
    handle.era = seen_from.owner(at) if seen_from.older else seen_from
    handle.index = at
    handle.look(arrays)
    if at >= 0 and arrays.rows[at].name == "leaf":
        arrays.keep_leaf(handle)
    return handle


CLASSES: dict[tuple[NumberSystem[Any], type], type[TapeValue[Any]]] = {}


def handle_class(numbers: NumberSystem[S], kind: type[TapeValue[Any]]) -> type[TapeValue[S]]:
    """Return the class of a precision's values on one kind of tape."""
    found = CLASSES.get((numbers, kind))
    if found is None:
        space = {"__slots__": (), "numbers": numbers, "__module__": __name__}
        made: Any = type(f"TapeValue[{numbers.name}]", (kind,), space)
        found = CLASSES.setdefault((numbers, kind), made)
    return found
