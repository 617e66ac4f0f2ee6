"""The text of rows run on symbols of one precision: each row ends as plain machine operations.

Constants, tables and branches on them are settled while the text runs, with NumPy's scalars; what
depends on an argument is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from typing_extensions import override

from typedgrad.engines.llvm.natives import natives
from typedgrad.engines.llvm.symbols import Number, Sink, choice, is_number, selection, sink_among
from typedgrad.machine import NUMBERS, Machine, machine_of
from typedgrad.numbers import NumberSystem, NumPyNumbers
from typedgrad.op import TABLE, Op, choose, select
from typedgrad.ops.arithmetic import azmul_forward
from typedgrad.ops.folds import max_forward, min_forward
from typedgrad.ops.reductions import exp_sub_forward, exps_beside


def absolute_product(a: Any, b: Any) -> Any:
    """Stand in for the forward of azmul: the product is computed in any case, which is cheap."""
    if not is_number(a):
        return a if a == 0 else a * b
    if not is_number(b) and 0 < b < np.inf:
        return a * b
    return selection(a == 0, a, a * b)


def _extreme(name: str) -> Callable[..., Any]:
    """Return the forward of max or min on symbols: the first of equals, NaN if one is NaN."""

    def extreme(*xs: Any) -> Any:
        sink = sink_among(xs)
        if sink is None:
            return machine_of(NUMBERS[type(xs[0])]).row(TABLE[name]).forward(*xs)
        best, total = xs[0], xs[0]
        nan = _marked(sink, sink.test("ne", best, best), sink.zero)
        for x in xs[1:]:
            best = selection(x > best if name == "max" else x < best, x, best)
            nan, total = _marked(sink, sink.test("ne", x, x), nan), total + x
        return selection(sink.test("ne", nan, 0), total, best)

    return extreme


def _marked(sink: Sink, test: Any, before: Any) -> Any:
    """Return 1 where a test holds; a long row of tests is kept in numbers, one after the other."""
    return selection(test, sink.one, before)


def _beside(exp_sub: Callable[..., Any]) -> Callable[..., Any]:
    """Return `exps_beside` on symbols, where the place of the largest is not known."""

    def beside(xs: Sequence[Any], m: Any) -> Any:
        sink = sink_among((*xs, m))
        if sink is None:
            return exps_beside(xs, m)
        total, seen = m - m, sink.zero
        for x in xs:
            here, longer = sink.test("eq", x, m), total + exp_sub(x, m)
            first = selection(here, total, longer)
            total = selection(sink.test("ne", seen, 0), longer, first)
            seen = _marked(sink, here, seen)
        return total

    return beside


class Lowered(NumPyNumbers[Any]):
    """The number system in which the text of rows is written down."""

    def __init__(self, numbers: NumberSystem[Any]) -> None:
        super().__init__(f"{numbers.name}.lowered", numbers.scalar)
        self.plain = numbers
        self.machine: Machine = Machine(self)
        self.words: dict[Any, Any] = {
            choose: choice,
            select: selection,
            azmul_forward: absolute_product,
            max_forward: _extreme("max"),
            min_forward: _extreme("min"),
        }
        self.words[exps_beside] = _beside(self.machine.bind(exp_sub_forward))

    @override
    def word(self, function: Callable[..., Any]) -> Any:
        return self.words.get(function)

    @override
    def meaning(self, name: str, exact: Any) -> Any:
        ufunc = TABLE[name].forward
        return self.loop(ufunc) if isinstance(ufunc, np.ufunc) else None

    def loop(self, ufunc: np.ufunc) -> Callable[..., Any]:
        """Return a function that writes a ufunc down, or computes it where all is known."""
        own = natives(self.plain).get(ufunc)

        def written(*args: Any) -> Any:
            sink = sink_among(args)
            if sink is None:
                return ufunc(*map(self.plain.lift, args))
            found = None if own is None else own(*args)
            return Number(sink, sink.call(ufunc, *map(sink.ref, args))) if found is None else found

        return written

    def forward(self, op: Op) -> Callable[..., Any]:
        """Return the forward of a row on symbols and scalars."""
        return self.machine.forward(op)


@lru_cache
def lowered(numbers: NumberSystem[Any]) -> Lowered:
    """Return the number system of symbols that stands for a precision, always the same one."""
    return Lowered(numbers)
