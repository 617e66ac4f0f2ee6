"""Short ways on a tape: as shortcuts.py makes a node, but what is kept of it goes into arrays.

They append to lists by name and not through bound methods: CPython knows how to do that faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typedgrad.arena import meet
from typedgrad.machine import machine_of
from typedgrad.node import MANY
from typedgrad.op import Op
from typedgrad.shortcuts import Ways

new: Callable[[Any], Any] = object.__new__


def _unary(cls: Any, op: Op) -> Callable[..., Any]:
    row = machine_of(cls.numbers).row(op)
    forward = row.forward

    def method(self: Any) -> Any:
        era = self.era
        node = new(cls)
        node.primal = y = forward(self.primal)
        push = era.push_row
        node.era = push(row) or era
        primals = era.primals
        node.index = len(primals)
        era.lefts.append(self.index)
        era.rights.append(None)
        primals.append(y)
        return node

    method.__name__, method.__doc__ = op.name, op.doc
    return method


def _binary(cls: Any, op: Op, plain: frozenset[Any], slow: Any) -> Callable[..., Any]:
    row, name = machine_of(cls.numbers).row(op), op.name
    forward, literal = row.forward, _literal(cls, op, False)

    def method(self: Any, other: Any) -> Any:
        era = self.era
        if other.__class__ is not cls:
            return literal(self, other) if other.__class__ in plain else slow(self, other)
        if other.era is not era:
            era = meet(era, other.era, name)
        node = new(cls)
        node.primal = y = forward(self.primal, other.primal)
        push = era.push_row
        node.era = push(row) or era
        primals = era.primals
        node.index = len(primals)
        era.lefts.append(self.index)
        era.rights.append(other.index)
        primals.append(y)
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
    form = op if first else op.constant_form or op
    row, name = machine_of(cls.numbers).row(form), op.name
    forward = row.forward

    def method(self: Any, x: Any) -> Any:
        era = self.era
        arrays = era.arrays or era.live(name)
        at = arrays.constant(x, name)
        z = arrays.constant_primals[~at]
        node = new(cls)
        node.primal = y = forward(z, self.primal) if first else forward(self.primal, z)
        push = era.push_row
        node.era = push(row) or era
        primals = era.primals
        node.index = len(primals)
        era.lefts.append(at if first else self.index)
        era.rights.append(self.index if first else at)
        primals.append(y)
        return node

    return method


def _many(cls: Any, op: Op) -> Callable[..., Any]:
    row, name = machine_of(cls.numbers).row(op), op.name
    forward, gather = row.forward, row.gather

    def method(args: tuple[Any, ...]) -> Any:
        era = args[0].era
        try:  # an era is of one class, so one look tells tapes and classes apart
            positions = [x.index for x in args if x.era is era]
        except AttributeError:
            return args[0].apply(op, args)
        if len(positions) < len(args):
            if any(x.__class__ is not cls for x in args):
                return args[0].apply(op, args)
            positions = [x.index for x in args]
            for other in {x.era for x in args}:
                era = meet(era, other, name)
        node = new(cls)
        y = forward(*[x.primal for x in args]) if gather is None else gather(args)
        node.primal = y
        push = era.push_row
        node.era = push(row) or era
        primals = era.primals
        node.index = len(primals)
        era.lefts.append(tuple(positions))
        era.rights.append(MANY)
        primals.append(y)
        if era.log is not None:
            era.log.fromlist(positions)
        return node

    return method


POSITIONS = Ways(_unary, _binary, _reflected, _many)
