"""The NumPy engine at a few points, where all like instructions run at once."""

# pyright: basic

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad
from tests.test_engine_numpy import (
    OWN,
    TEXTS,
    arguments,
    assert_same,
    assert_sweeps_alike,
    kernels,
    single,
    swept,
    written,
)
from tests.test_numpy_blocks import adjoints
from typedgrad.engines import ranks
from typedgrad.engines.arrays import array_rows
from typedgrad.engines.engine import LANES
from typedgrad.engines.lanes import together
from typedgrad.engines.ranks import is_upper, ranked
from typedgrad.engines.slots import layout
from typedgrad.engines.sweep import Sweep
from typedgrad.gradient import value_and_gradient
from typedgrad.program import Builder, Program
from typedgrad.simplify import simplify

tg: Any = typedgrad
PRECISIONS = (tg.float32, tg.float64, tg.longdouble)
precisions = pytest.mark.parametrize("p", PRECISIONS, ids=str)


@pytest.fixture(autouse=True, scope="module")
def always() -> Iterator[None]:
    """Run every program in this way, however narrow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranks, "WIDE", 0)
        patch.setattr(ranks, "LEAST", 0)
        yield


def network(p: Any, points: int, layers: tuple[int, ...] = (3, 13, 12, 1)) -> Any:
    """The gradient of a small network with relu, and columns, of which most are shared."""
    inputs = layers[0] + sum((a + 1) * b for a, b in pairwise(layers))
    made = Builder(inputs)
    layer, at = list(range(layers[0])), layers[0]
    for width, count in pairwise(layers):
        sums = []
        for _ in range(count):
            dot = made.emit("dot", [*range(at, at + width), *layer])
            sums.append(made.emit("add", [dot, at + width]))
            at += width + 1
        layer = [made.emit("relu", [x]) for x in sums] if count > 1 else sums
    program = simplify(value_and_gradient(made.program(layer)))
    rng = np.random.default_rng(points)
    sizes = [points if k < layers[0] else 1 for k in range(inputs)]
    return program, [rng.normal(size=n).astype(p.scalar) for n in sizes]


@precisions
@pytest.mark.parametrize("name", OWN)
def test_every_row_has_the_bits_of_the_reference(name: str, p: Any) -> None:
    columns = arguments(name, p, 110, np.random.default_rng(len(name)))
    assert_sweeps_alike(single(name), p, columns, ["ot"], 3)
    wide = [np.roll(x, k) for x in columns for k in range(13)]
    assert_sweeps_alike(single(name, 13), p, wide, ["ot"] * 13, 5)


@settings(max_examples=150, deadline=None)
@given(program=st.one_of(st.composite(adjoints)(), st.composite(written)()), data=st.data())
def test_random_programs_have_the_bits_of_the_reference(program: Program, data: Any) -> None:
    p = data.draw(st.sampled_from(PRECISIONS))
    points = data.draw(st.integers(1, 40))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    edges = np.array([p.lift(x) for x in TEXTS], p.scalar)
    sizes = [1 if rng.random() < 0.3 else points for _ in range(program.inputs)]
    sizes[0] = points
    columns = [rng.choice(edges, n) for n in sizes]
    kinds = data.draw(st.lists(st.sampled_from(["o", "t", "ot", ""]), min_size=1, max_size=4))
    kinds = [kinds[k % len(kinds)] for k in range(len(program.outputs))]
    assert_sweeps_alike(program, p, columns, kinds, data.draw(st.integers(0, 9)))


@precisions
@pytest.mark.parametrize("points", [33, 64, 71])
@pytest.mark.parametrize("edge", ["", "0", "-0.0", "inf", "-inf", "nan"])
def test_gradients_of_shared_inputs(edge: str, points: int, p: Any) -> None:
    program, columns = network(p, points)
    if edge:
        for k in (0, 2, 5, 40, 200):
            columns[k][-1] = p.lift(edge)
    assert_sweeps_alike(program, p, columns, ["t"] * len(program.outputs), 3)
    assert_sweeps_alike(program, p, columns, ["ot"] * len(program.outputs))


@pytest.mark.parametrize(("p", "points"), [(tg.float32, 60), (tg.float64, 60), (tg.float64, 600)])
def test_lanes_are_added_to_from_sweep_to_sweep(p: Any, points: int) -> None:
    program, columns = network(p, points)
    count = len(program.outputs) - 1
    program = program.select(range(count))  # without the last partial, which is 1
    sums = np.empty((2, count), p.scalar)
    sweeps = [Sweep(program, p, range(count), name) for name in ("numpy", "python")]
    for turn in range(3):
        for x in columns:
            x[0] = turn - 1
        for sweep, found in zip(sweeps, sums, strict=True):
            sweep.run(columns, [None] * count, found, points)
        assert_same([sums[0]], [sums[1]])


def test_lists_of_lanes_are_looked_at_each_time() -> None:
    program, columns = network(tg.float64, 60)
    kernel, reference = kernels(program, tg.float64)
    given, wanted = (list(np.zeros((len(program.outputs), LANES))) for _ in range(2))
    for _ in range(2):
        kernel.sweep(columns, [None] * len(given), given, 0)
        given[:] = [x.copy() for x in given]
    for _ in range(2):
        reference.sweep(columns, [None] * len(given), wanted, 0)
    assert_same(given, wanted)


def test_arrays_that_are_the_rows_of_one() -> None:
    base = np.zeros((4, LANES))
    assert together(list(base)) is base
    assert together(list(base[::-1])) is None
    assert together(list(base[:3])) is None
    assert together([x.copy() for x in base]) is None
    assert together([base[0], base[1], base[1], base[3]]) is None


def test_numbers_that_leave_a_zero_its_sign() -> None:
    assert is_upper(np.array([0.0, 1.0, 1e300]))
    for x in (-0.0, -1.0, np.inf, np.nan):
        assert not is_upper(np.array([1.0, x]))


def test_only_wide_programs_on_few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = array_rows(tg.float64)
    program, columns = network(tg.float64, 10)
    chain = Builder(1)
    for k in range(9):
        chain.emit("exp", [k])

    def found(program: Program, points: int) -> bool:
        moves = [len(x) > 1 for x in columns[: program.inputs]]
        ends = [False] * len(program.outputs), [True] * len(program.outputs)
        key = (moves, *ends)
        return ranked(program, rows, layout(program, *key), key, points) is not None

    monkeypatch.setattr(ranks, "WIDE", 4)
    assert found(program, 100)
    assert not found(chain.program([9]), 100)
    monkeypatch.setattr(ranks, "LEAST", 1000)
    assert not found(program, 100)
    monkeypatch.setattr(ranks, "LEAST", 0)
    monkeypatch.setattr(ranks, "BYTES", 1000)
    assert not found(program, 100)


def test_many_points_run_in_blocks() -> None:
    program, _ = network(tg.float64, 10)
    kernel, _ = kernels(program, tg.float64)
    for points in (ranks.ROW // 8, ranks.ROW // 8 + 1):
        swept(kernel, network(tg.float64, points)[1], ["t"] * len(program.outputs))
    assert len(kernel._blocks()._ranks) == 1


def test_a_row_that_refuses_a_point_sees_only_those_that_are_there() -> None:
    kernel, _ = kernels(single("clip"), tg.float64)
    for points, low, high in ((8, 5.0, 6.0), (2, 1.0, 2.0)):
        columns = [np.arange(1.0, 1 + points), np.full(points, low), np.array([high])]
        [found], _ = swept(kernel, columns, ["o"])
        assert_same([found], [np.clip(columns[0], low, high)])
