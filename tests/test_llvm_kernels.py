"""What a kernel of a program's own leaves out, and where its blocks begin."""

# pyright: basic

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad.engines.engine import LANES
from typedgrad.engines.python import PythonKernel
from typedgrad.gradient import value_and_gradient
from typedgrad.program import Builder, Program

pytest.importorskip("llvmlite")

from typedgrad.engines.llvm import bodies, graph, segments
from typedgrad.engines.llvm.fused import FusedKernel
from typedgrad.engines.llvm.graph import Graph, graph_of
from typedgrad.engines.llvm.symbols import Number

tg: Any = typedgrad
PRECISIONS = [p for p in (tg.float32, tg.float64, tg.longdouble) if bodies.format_of(p) is not None]
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)
VECTORS = [p for p in PRECISIONS if p.bits <= 53]
vectors = pytest.mark.parametrize("p", VECTORS, ids=lambda p: p.name)


def same(a: Any, b: Any) -> bool:
    """Whether two arrays have the same numbers, NaN and the signs of zeros included."""
    return a.tobytes() == b.tobytes() or bool(
        np.all(((a == b) & (np.signbit(a) == np.signbit(b))) | ((a != a) & (b != b)))
    )


def row(name: str) -> Program:
    """A program that is one row and its derivative."""
    builder = Builder(1)
    builder.emit(name, [0])
    return value_and_gradient(builder.program([1]))


def away(count: int, p: Any, offset: int) -> Any:
    """An array that begins so many numbers behind a cache line."""
    size = np.dtype(p.scalar).itemsize
    raw = np.zeros((count + offset) * size + 64, np.uint8)
    begin = -raw.ctypes.data % 64 + offset * size
    return raw[begin : begin + count * size].view(p.scalar)


def calls(found: Graph, ufunc: Any) -> int:
    """How often a graph calls an inner loop."""
    return sum(found.given.get(n) is ufunc for n in range(len(found.ops)))


@each
@pytest.mark.parametrize("points", [3, 64, 128, 131, 400])
@pytest.mark.parametrize("total", [False, True], ids=["rows", "total"])
def test_arrays_may_begin_anywhere_in_a_line(p: Any, points: int, total: bool) -> None:
    program = row("tanh")
    kernel = FusedKernel(program, p)
    plain = np.random.default_rng(points).normal(0, 2, points).astype(p.scalar)
    rows = [np.empty(points, p.scalar) for _ in range(2)]
    lanes = [np.zeros(LANES, p.scalar), None] if total else [None, None]
    PythonKernel(program, p).sweep([plain], rows, lanes, 3)
    for offset in range(0, 17, 3):
        column = away(points, p, offset)
        column[:] = plain
        held = [away(points + 1, p, offset), away(points + 1, p, 2 * offset)]
        sums = [np.zeros(LANES, p.scalar), None] if total else [None, None]
        kernel.sweep([column], [x[:points] for x in held], sums, 3)
        assert all(same(x[:points], y) and x[points] == 0 for x, y in zip(held, rows, strict=True))
        assert not total or same(sums[0], lanes[0])


@vectors
def test_erf_and_its_derivative_have_their_exponentials_in_common(p: Any) -> None:
    both, one = (graph_of(row("erf"), p, wanted) for wanted in ([0, 1], [1]))
    for ufunc in (np.exp, np.expm1):
        assert calls(both, ufunc) == calls(one, ufunc) > 0


@each
def test_a_test_within_its_own_side_is_settled(p: Any) -> None:
    found = Graph(p)
    x = Number(found, found.node(graph.INPUT, (), 0))

    def inner(a: int, b: int) -> Any:
        return found.choose(x < 1, lambda: x + a, lambda: x + b)

    y = found.choose(x < 1, lambda: inner(2, 3), lambda: inner(4, 5))
    assert found.ops.count("select") == 1
    _, then, otherwise = found.args[y.ref]
    added = [found.given[found.args[n][1]] for n in (then, otherwise)]
    assert added == [2, 5]
    inner(6, 7)
    assert found.ops.count("select") == 2


@each
def test_a_zero_that_stays_is_chosen_last_where_there_are_masks(p: Any) -> None:
    program = Builder(2)
    program.emit("azmul", [0, 1])
    found = graph_of(program.program([2]), p, [0])
    test, then, otherwise = found.args[found.outputs[0]]
    if p.bits <= 53:
        assert (found.ops[test], found.ops[then], otherwise) == ("ne", "mul", 0)
    else:
        assert (found.ops[test], then, found.ops[otherwise]) == ("eq", 0, "mul")


@each
def test_quick_operations_are_done_again_behind_an_inner_loop(p: Any) -> None:
    builder = Builder(2)
    builder.emit("mul", [0, 1])
    builder.emit("exp", [2])
    builder.emit("div", [0, 1])
    builder.emit("exp", [4])
    builder.emit("add", [3, 2])
    builder.emit("mul", [5, 4])
    program = builder.program([6, 7])
    made = graph_of(program, p, [0, 1])
    plan = segments.planned(made, (False, False))
    again = [made.ops[n] for step in plan.each.steps for n in step.again]
    assert again == ["mul"]
    held = [made.ops[n] for n in plan.each.slots]
    assert sorted(held) == ["call", "call", "div", "mul"]
    columns = [np.array(x, p.scalar) for x in ([0.5, -0.0, 3, np.inf], [2, 1, -0.5, 0])]
    found, wanted = np.empty((2, 4), p.scalar), np.empty((2, 4), p.scalar)
    with np.errstate(all="ignore"):
        PythonKernel(program, p).sweep(columns, list(wanted), [None, None], 0)
    FusedKernel(program, p).sweep(columns, list(found), [None, None], 0)
    assert same(found, wanted)
