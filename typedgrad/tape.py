"""Tape: a graph in one precision, kept in arrays that are freed all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, overload

import numpy as np
from typing_extensions import TypeIs, override

from typedgrad.arena import Arrays, Era, leaf_row, meet
from typedgrad.errors import BadCall, BadMark, NotANumber, OtherTape
from typedgrad.handles import TapeValue as TapeValue
from typedgrad.handles import handle_class
from typedgrad.machine import NUMBERS
from typedgrad.numbers import NumberSystem
from typedgrad.scalars import PyFloat, T
from typedgrad.value import is_value

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction

new: Callable[..., Any] = object.__new__


class Mark:
    """A place on a tape to which it can be rewound."""

    __slots__ = ("fixed", "size")

    def __init__(self, size: int, fixed: int) -> None:
        self.size: int = size
        self.fixed: int = fixed


class Tape(Generic[T]):
    """A graph in one precision whose nodes live in arrays, in order of age.

    It makes leaves; whatever is computed from them goes onto the tape and stays until `reset` or
    `rewind`, which free all of it at once. A tape belongs to one thread at a time.

    >>> import typedgrad as tg
    >>> tape = tg.Tape(tg.float64)
    >>> x, y = tape(2.0), tape(3.0)
    >>> z = (x + y) * x
    >>> tape.backward(z)
    >>> z.data, x.grad, y.grad
    (np.float64(10.0), np.float64(7.0), np.float64(2.0))
    """

    _kind: ClassVar[type[TapeValue[Any]]] = TapeValue
    _store: ClassVar[type[Arrays]] = Arrays

    if TYPE_CHECKING:
        numbers: NumberSystem[T]

    @overload
    def __init__(self: Tape[np.float64]) -> None: ...
    @overload
    def __init__(self, numbers: NumberSystem[T]) -> None: ...

    def __init__(self, numbers: Any = None) -> None:
        self.numbers = precision_for(numbers)
        self._class: type[TapeValue[T]] = handle_class(self.numbers, self._kind)
        self._start(guarded=False)

    def _start(self, guarded: bool) -> None:
        self.arrays: Arrays = self._store(self.numbers, guarded)
        self._marks: list[Mark] = []
        self._eras: list[Era] = [Era(self.arrays, ())]

    def __call__(self, x: T | int | PyFloat | str | Fraction | Decimal, /) -> TapeValue[T]:
        """Return a new leaf; text such as "0.1" is rounded once, from its exact value."""
        if is_value(x):
            raise NotANumber(value=repr(x), type="Value", precision=self.numbers.name)
        era = self._eras[-1]
        node: TapeValue[T] = new(self._class)
        primal = self.numbers.lift(x, "Tape")
        node.era = era
        node.index = len(era.primals)
        era.push_row(leaf_row(self.numbers))
        era.lefts.append(None)
        era.rights.append(None)
        era.primals.append(primal)
        node.look(self.arrays)
        self.arrays.add_leaf(node)
        return node

    @property
    def size(self) -> int:
        """How many nodes are on the tape, leaves among them and constants not."""
        return self.arrays.size()

    @property
    def leaves(self) -> tuple[int, ...]:
        """The positions of the leaves, in order of age."""
        return tuple(self.arrays.leaves)

    @property
    def guarded(self) -> bool:
        """Whether to read a number off the graph raises `NotRecordable`; False at first."""
        return self.arrays.guarded

    @guarded.setter
    def guarded(self, x: bool) -> None:
        self.arrays.guarded = x

    def backward(self, root: TapeValue[T], seed: T | int | PyFloat = 1) -> None:
        """Add d root / d leaf times seed into the `grad` of every leaf under root.

        Raises `StaleHandle` or `OtherTape` for a root that is not on this tape.
        """
        if not _is_handle(root):
            problem = f"takes a value of the tape, not a {type(root).__name__}"
            hint = "make every leaf with the tape: x = tape(2.0)"
            raise OtherTape(op="backward", problem=problem, hint=hint)
        meet(self._eras[-1], root.era, "backward")
        root.backward(seed)

    def zero_grad(self) -> None:
        """Forget every gradient on the tape."""
        self.arrays.zero_grad()

    def reset(self) -> None:
        """Free the whole graph at once; every handle and every mark of it ends."""
        for era in self._eras:
            era.end("tape.reset()")
        self.arrays.clear()
        self._start(self.arrays.guarded)

    def mark(self) -> Mark:
        """Return the present place. Rewinding to it ends what is made from now on, and only that.

        Marks nest.
        """
        self.arrays.check()
        mark = Mark(self.arrays.size(), len(self.arrays.constants))
        self._marks.append(mark)
        self._eras.append(Era(self.arrays, tuple(self._eras)))
        return mark

    def rewind(self, mark: Mark) -> None:
        """Free all that was made since a mark; values made before it stay, with their gradients.

        The mark can be used again, later ones end. Raises `BadMark` for a mark that has ended or
        that is of another tape.
        """
        if not _is_mark(mark):
            raise BadMark(problem=f"is {mark!r}, which tape.mark() did not return")
        if mark not in self._marks:
            raise BadMark(problem="has ended, or is one of another tape")
        depth = self._marks.index(mark) + 1
        for era in self._eras[depth:]:
            era.end("tape.rewind(mark)")
        del self._eras[depth:], self._marks[depth:]
        self.arrays.truncate(mark.size, mark.fixed)
        self._eras.append(Era(self.arrays, tuple(self._eras)))

    @override
    def __repr__(self) -> str:
        return f"<Tape of {self.numbers.name}: {self.size} nodes>"


def precision_for(numbers: object) -> NumberSystem[Any]:
    """Return a number system; float64 for None."""
    if numbers is None:
        return NUMBERS[np.float64]
    if not _is_system(numbers):
        problem = f"takes a precision, not {numbers!r}"
        raise BadCall(name="Tape", problem=problem, hint="write tg.Tape(tg.float32)")
    return numbers


def _is_system(x: object) -> TypeIs[NumberSystem[Any]]:
    return isinstance(x, NumberSystem)


def _is_handle(x: object) -> bool:
    return isinstance(x, TapeValue)


def _is_mark(x: object) -> bool:
    return isinstance(x, Mark)
