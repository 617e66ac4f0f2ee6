"""The arena of a tape: a graph as arrays, and the eras that tell live handles from dead ones."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable
from typing import Any
from weakref import ReferenceType, ref

import numpy as np

from typedgrad.errors import BrokenTape, OtherTape, StaleGraph, StaleHandle
from typedgrad.machine import Row, machine_of
from typedgrad.node import CONSTANT, LEAF
from typedgrad.numbers import NumberSystem
from typedgrad.reverse import propagate_arrays, reached


class Arrays:
    """A graph as a struct of arrays: a node is a position, and positions are in order of age.

    `rows`, `lefts`, `rights` and `primals` say of each node what the Node Protocol says, with
    positions in place of nodes. A negative position -1 - c is constant c, whose literal, as it was
    written, is in `constants` and whose number is in `constant_primals`. `adjoints` is shorter than
    the others until a sweep fills it. `leaves` holds the positions of the leaves, oldest first.
    """

    __slots__ = (
        *("rows", "lefts", "rights", "primals", "adjoints", "leaves"),
        *("constants", "constant_primals", "numbers", "guarded", "recorded", "swept"),
        *("_kept", "_handles", "_assigned"),
    )

    def __init__(self, numbers: NumberSystem[Any], guarded: bool = False) -> None:
        self.numbers: NumberSystem[Any] = numbers
        self.guarded: bool = guarded  # numbers may not be read, since a recording would miss it
        self.recorded: bool = False  # every comparison must be told to a watcher
        self.swept: bool = False  # some inner node may hold an adjoint
        self.rows: list[Row] = []
        self.lefts: list[Any] = []
        self.rights: list[Any] = []
        self.primals: list[Any] = []
        self.adjoints: list[Any] = []
        self.leaves: list[int] = []
        self.constants: list[Any] = []
        self.constant_primals: list[Any] = []
        self._kept: dict[float, int] = {}
        self._handles: dict[int, ReferenceType[Any]] = {}
        self._assigned: dict[int, int] = {}

    def check(self) -> None:
        """Raise `BrokenTape` if an interrupt has left an operation half written."""
        size = self.size()
        if not size == len(self.rows) == len(self.lefts) == len(self.rights):
            raise BrokenTape(count=size)

    def size(self) -> int:
        """Return how many nodes there are, constants left out."""
        return len(self.primals)

    def number(self, at: int) -> Any:
        """Return the number that stands at a position, or that of a constant."""
        return self.constant_primals[~at] if at < 0 else self.primals[at]

    def constant(self, x: Any, op: str) -> int:
        """Return the position of a constant; plain literals that are equal share one."""
        kind = x.__class__
        literal = kind is int or (kind is float and x != 0)  # 0.0 and -0.0 are equal but differ
        at = self._kept.get(x) if literal else None
        if at is None:
            self.constant_primals.append(self.numbers.lift(x, op))
            self.constants.append(x)
            at = -len(self.constants)
            if literal:
                self._kept[x] = at
        return at

    def add_leaf(self, handle: Any) -> None:
        """Note the newest position as a leaf, and its handle as the only one there is."""
        self.leaves.append(handle.index)
        self._handles[handle.index] = ref(handle)

    def leaf_handle(self, at: int) -> Any:
        """Return the handle of a leaf, so that an assignment reaches all who look; or None."""
        kept = self._handles.get(at)
        return None if kept is None else kept()

    def keep_leaf(self, handle: Any) -> None:
        """Take a new handle of an old leaf as the only one."""
        self._handles[handle.index] = ref(handle)

    def assign(self, leaf: int, x: Any) -> None:
        """Give a leaf another number; what was computed before is stale then."""
        self.primals[leaf] = x
        self._assigned[leaf] = len(self.primals)

    def assigned(self, leaf: int) -> int:
        """Return the serial from which results have seen the number of a leaf."""
        size = self._assigned.get(leaf)
        return 0 if size is None else size + 1

    def adjoint(self, at: int) -> Any:
        """Return the adjoint at a position; constants have none."""
        return self.adjoints[at] if 0 <= at < len(self.adjoints) else None

    def set_adjoint(self, at: int, x: Any) -> None:
        """Keep an adjoint at a position; what arrives at a constant is dropped."""
        if at < 0:
            return
        missing = at + 1 - len(self.adjoints)
        if missing > 0:
            self.adjoints += [None] * missing
        self.adjoints[at] = x
        self.swept = self.swept or (x is not None and self.lefts[at] is not None)

    def sweep(self, root: int, seed: Any) -> None:
        """Sweep from a position as `accumulate` does from a node, with the same outcome.

        Leaves add what arrives to what they had, the other nodes under root hold the latest, and
        the rest is not touched. If anything is raised on the way, nothing has changed.
        """
        self.check()
        if root < 0:
            return
        end = root + 1
        late = [at for at, size in self._assigned.items() if at < root < size]
        under = reached(self.lefts, self.rights, root) if self.swept or late else None
        for at in late:
            if under is not None and under[at]:
                raise StaleGraph(op=self.rows[root].name, value=self.primals[at])
        found: list[Any] = [None] * end
        found[root] = seed
        primals = [*self.primals[:end], *reversed(self.constant_primals)]
        with np.errstate(all="ignore"):
            propagate_arrays(self.rows[:end], self.lefts[:end], self.rights[:end], primals, found)
            before = [*self.adjoints[:end], *([None] * (end - len(self.adjoints)))]
            for at in self.leaves[: bisect_right(self.leaves, root)]:
                old, new = before[at], found[at]
                if old is not None:
                    found[at] = old if new is None else old + new
        if under is not None:
            both = zip(found, before, under, strict=True)
            found = [new if mine else old for new, old, mine in both]
        self.swept = True
        self.adjoints[:end] = found

    def zero_grad(self) -> None:
        """Forget every adjoint."""
        self.adjoints.clear()
        self.swept = False

    def truncate(self, size: int, fixed: int) -> None:
        """Forget all nodes from a position on, and all constants from a number on."""
        for kept in (self.rows, self.lefts, self.rights, self.primals, self.adjoints):
            del kept[size:]
        for c in range(fixed, len(self.constants)):
            if self.constants[c].__class__ in (int, float):
                self._kept.pop(self.constants[c], None)
        del self.constants[fixed:], self.constant_primals[fixed:]
        while self.leaves and self.leaves[-1] >= size:
            leaf = self.leaves.pop()
            del self._handles[leaf]
            self._assigned.pop(leaf, None)
        self.swept = self.swept and len(self.leaves) < size
        # What is as old as the mark is as stale as it was; what comes now is fresh.
        self._assigned = {leaf: min(n, size) for leaf, n in self._assigned.items()}

    def clear(self) -> None:
        """Free everything at once."""
        self.truncate(0, 0)


class Era:
    """A stretch of a tape's life, from a mark to its end; a handle lives as long as its era.

    A node is pushed through its operands' era. When a newer era opens, `push_row` of the older
    ones answers with it, so that new nodes belong to the newest; when an era ends, it raises.
    Older eras are held and newer ones are only known, so that there is no ring of references.
    """

    __slots__ = (
        *("__weakref__", "arrays", "start", "fixed", "older", "newer", "ended"),
        *("push_row", "rows", "lefts", "rights", "primals", "log"),
    )

    def __init__(self, arrays: Arrays, older: tuple[Era, ...]) -> None:
        self.arrays: Arrays | None = arrays
        self.start: int = len(arrays.primals)
        self.fixed: int = len(arrays.constants)
        self.older: tuple[Era, ...] = older
        self.newer: ReferenceType[Era] | None = None
        self.ended: str = ""
        self.push_row: Callable[[Row], Era | None] = arrays.rows.append
        self.rows: Any = arrays.rows  # or what notes the place and then appends to it
        self.lefts: list[Any] = arrays.lefts
        self.rights: list[Any] = arrays.rights
        self.primals: list[Any] = arrays.primals
        self.log: array[int] | None = None  # what nodes of many arguments take, packed
        for era in older:
            era.hand_over(self, arrays.rows.append)

    def hand_over(self, newest: Era, append: Callable[[Row], None]) -> None:
        """Let the nodes made from handles of this era belong to the newest."""
        newer = self.newer = ref(newest)

        def push_row(row: Row) -> Era | None:
            append(row)
            return newer()

        self.push_row = push_row

    def end(self, how: str) -> None:
        """End the era: from now on its handles raise `StaleHandle`, whatever they are asked."""

        def refuse(row: Row) -> Era | None:
            raise StaleHandle(op=row.name, how=how)

        self.push_row = refuse
        self.ended = how
        self.arrays = self.newer = None
        self.older = ()
        self.rows = self.lefts = self.rights = self.primals = []

    def live(self, op: str) -> Arrays:
        """Return the arrays, or raise `StaleHandle`; `op` is what was asked."""
        arrays = self.arrays
        if arrays is None:
            raise StaleHandle(op=op, how=self.ended)
        return arrays

    def newest(self) -> Era:
        """Return the era that is open, this one or a newer one."""
        return self if self.newer is None else self.newer() or self

    def owner(self, at: int) -> Era:
        """Return the era in which a position, no newer than this era, was filled."""
        if at >= 0:
            return next((e for e in (self, *reversed(self.older)) if e.start <= at), self)
        return next((e for e in (self, *reversed(self.older)) if e.fixed <= ~at), self)


def meet(one: Era, other: Era, op: str) -> Era:
    """Return the first of two eras of one tape; a node may be pushed through either of them."""
    arrays = one.live(op)
    if other.arrays is not arrays:
        other.live(op)
        hint = "make all of them with one tape"
        raise OtherTape(op=op, problem="mixes values of two tapes", hint=hint)
    return one


def leaf_row(numbers: NumberSystem[Any]) -> Row:
    """Return the row of leaves."""
    return machine_of(numbers).row(LEAF)


def constant_row(numbers: NumberSystem[Any]) -> Row:
    """Return the row of constants."""
    return machine_of(numbers).row(CONSTANT)
