"""Deferred values: what a recording runs on; a number is computed when somebody looks at it.

A program holds no numbers but its constants, so a recording that nothing in f compares needs none.
What a comparison looks at is computed then, with all that was written down before it. A row that
may refuse a number is asked at once, so that it does so where it stands in f.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self

import numpy as np
from typing_extensions import override

from typedgrad.arena import Arrays, Era, meet
from typedgrad.handles import TapeValue
from typedgrad.machine import SILENCE, Row, machine_of, may_refuse
from typedgrad.node import MANY
from typedgrad.numbers import NumberSystem
from typedgrad.op import Op
from typedgrad.scalars import T
from typedgrad.shortcuts import Ways
from typedgrad.tape import Tape

new: Callable[[Any], Any] = object.__new__


class DeferredArrays(Arrays):
    """A graph as arrays of which `primals` is filled only as far as somebody has looked."""

    __slots__ = ()

    @override
    def size(self) -> int:
        return len(self.rights)

    @override
    def number(self, at: int) -> Any:
        if at < 0:
            return self.constant_primals[~at]
        if at >= len(self.primals):
            self.compute(at + 1)
        return self.primals[at]

    def compute(self, end: int) -> None:
        """Compute all numbers before a position; NumPy does not warn, as it does not in replays."""
        self.check()
        SILENCE.copy().run(self._fill, end)

    def _fill(self, end: int) -> None:
        # It mostly computes one or two numbers for a comparison: slices would cost more.
        primals, fixed = self.primals, self.constant_primals
        rows, lefts, rights = self.rows, self.lefts, self.rights
        for at in range(len(primals), end):
            left, right, forward = lefts[at], rights[at], rows[at].forward
            if right is MANY:
                y = forward(*[primals[i] if i >= 0 else fixed[~i] for i in left])
            else:
                y = primals[left] if left >= 0 else fixed[~left]
                if right is None:
                    y = forward(y)
                else:
                    y = forward(y, primals[right] if right >= 0 else fixed[~right])
            primals.append(y)

    @override
    def sweep(self, root: int, seed: Any) -> None:
        self.compute(root + 1)
        super().sweep(root, seed)


def _asked(op: Op, args: tuple[Any, ...]) -> Any:
    return args[0].apply(op, args)


def _asking(op: Op) -> Callable[..., Any]:
    """Return the long way, in which a row is asked at once whether it takes these numbers."""

    def method(*args: Any) -> Any:
        return _asked(op, args)

    method.__name__, method.__doc__ = op.name, op.doc
    return method


def _unary(cls: Any, op: Op) -> Callable[..., Any]:
    if may_refuse(op):
        return _asking(op)
    row = machine_of(cls.numbers).row(op)

    def method(self: Any) -> Any:
        era = self.era
        era.rows.append(row)
        node = new(cls)
        node.era = era
        lefts = era.lefts
        node.index = len(lefts)
        era.rights.append(None)
        lefts.append(self.index)
        return node

    method.__name__, method.__doc__ = op.name, op.doc
    return method


def _binary(cls: Any, op: Op, plain: frozenset[Any], slow: Any) -> Callable[..., Any]:
    if may_refuse(op):
        return _asking(op)
    row, name = machine_of(cls.numbers).row(op), op.name
    literal = _literal(cls, op, False)

    def method(self: Any, other: Any) -> Any:
        era = self.era
        if other.__class__ is not cls:
            return literal(self, other) if other.__class__ in plain else slow(self, other)
        if other.era is not era:
            era = meet(era, other.era, name)
        era.rows.append(row)
        node = new(cls)
        node.era = era
        lefts = era.lefts
        node.index = len(lefts)
        era.rights.append(other.index)
        lefts.append(self.index)
        return node

    method.__name__, method.__doc__ = op.name, op.doc
    return method


def _reflected(cls: Any, op: Op, plain: frozenset[Any], slow: Any) -> Callable[..., Any]:
    literal = _literal(cls, op, True)

    def reflected(self: Any, other: Any) -> Any:
        return literal(self, other) if other.__class__ in plain else slow(self, other)

    return reflected


def _literal(cls: Any, op: Op, first: bool) -> Callable[..., Any]:
    """Return the short way for a node and a plain number, which comes first or second."""
    row, name = machine_of(cls.numbers).row(op if first else op.constant_form or op), op.name

    def method(self: Any, x: Any) -> Any:
        era = self.era
        arrays = era.arrays or era.live(name)
        at = arrays.constant(x, name)
        era.rows.append(row)
        node = new(cls)
        node.era = era
        lefts = era.lefts
        node.index = len(lefts)
        era.rights.append(self.index if first else at)
        lefts.append(at if first else self.index)
        return node

    return method


def _many(cls: Any, op: Op) -> Callable[..., Any]:
    if may_refuse(op):
        return partial(_asked, op)
    row = machine_of(cls.numbers).row(op)

    def method(args: tuple[Any, ...]) -> Any:
        era = args[0].era
        try:  # an era is of one class, so one look tells tapes and classes apart
            positions = [x.index for x in args if x.era is era]
        except AttributeError:
            return args[0].apply(op, args)
        if len(positions) < len(args):
            return args[0].apply(op, args)
        return pushed(cls, era, row, positions)

    return method


def pushed(cls: Any, era: Era, row: Row, positions: list[int]) -> Any:
    """Return the new node of a row of many arguments."""
    era.rows.append(row)
    node = new(cls)
    node.era = era
    lefts = era.lefts
    node.index = len(lefts)
    era.rights.append(MANY)
    lefts.append(tuple(positions))
    if era.log is not None:
        era.log.fromlist(positions)
    return node


class DeferredValue(TapeValue[T], Generic[T]):
    """A position on the tape of a recording; its number is computed when it is asked for."""

    __slots__ = ()
    ways: ClassVar[Ways] = Ways(_unary, _binary, _reflected, _many)

    if not TYPE_CHECKING:

        @property
        def primal(self):
            """The number, computed now if it was not."""
            at, arrays = self.index, self.era.arrays or self.era.live("a number")
            primals = arrays.primals
            return primals[at] if 0 <= at < len(primals) else arrays.number(at)

    @override
    def look(self, arrays: Arrays, /) -> None:
        """Do nothing: nobody asks yet."""

    @override
    def _made(self, row: Row, nodes: Any) -> Self:
        if may_refuse(row.op):
            return self._at_once(row, nodes)
        return self._node(row, None, nodes)

    def _at_once(self, row: Row, nodes: Any) -> Self:
        primal = row.forward(*[node.primal for node in nodes])
        node = self._node(row, primal, nodes)
        primals = self.era.primals
        if len(primals) == node.index:  # all before it is known
            primals.append(primal)
        return node

    @override
    def _node(self, row: Row, primal: Any, nodes: Any) -> Self:
        era, cls = self.era, self.__class__
        at = [x.index for x in nodes]
        node: Self
        if len(at) > 2 or row.op.sequences:
            node = pushed(cls, era, row, at)
            return node
        era.rows.append(row)
        node = new(cls)
        node.era = era
        node.index = len(era.lefts)
        era.rights.append(at[1] if len(at) == 2 else None)
        era.lefts.append(at[0])
        return node


class DeferredTape(Tape[T]):
    """The tape of a recording."""

    _kind: ClassVar[type[TapeValue[Any]]] = DeferredValue
    _store: ClassVar[type[Arrays]] = DeferredArrays


def tape_for(numbers: NumberSystem[T]) -> Tape[T]:
    """Return a tape that computes as late as it can.

    Where an operation may refuse a number, or is the user's own scalar's, it is computed at once.
    """
    late = issubclass(numbers.scalar, np.floating) and not numbers.is_strict
    return DeferredTape(numbers) if late else Tape(numbers)
