"""The batch kernel has the bits of the python engine's sweep."""

# pyright: basic

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import typedgrad
from typedgrad.engines.engine import LANES
from typedgrad.engines.python import PythonKernel
from typedgrad.errors import EmptyInterval
from typedgrad.gradient import value_and_gradient
from typedgrad.op import TABLE
from typedgrad.program import Builder, Program

pytest.importorskip("llvmlite")

from typedgrad.engines.llvm import batches, bodies, fused, graph, guards, segments, wide_kernel
from typedgrad.engines.llvm.engine import LLVMKernel
from typedgrad.engines.llvm.fused import FusedKernel
from typedgrad.engines.llvm.graph import TooLarge
from typedgrad.engines.llvm.wide_kernel import WideKernel

tg: Any = typedgrad
PRECISIONS = [p for p in (tg.float32, tg.float64, tg.longdouble) if bodies.format_of(p) is not None]
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)
WHOLE = [name for name in TABLE if name not in ("clip", "polygamma")]
PLAIN = ["add", "sub", "mul", "div", "neg", "abs", "square", "sqrt", "where", "less", "maximum"]
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
CONSTANTS = [1, "0.1", "-0.0", 2.5, "0", -3]
VALUES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.25, -7.5, 1e-3, 30.0, float("inf"), float("nan")]
INPUTS = 3


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """Compile without optimisation; the tests that count points do not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "MOST_TUNED", 0)
        yield


def same(a: Any, b: Any) -> bool:
    """Whether two arrays have the same numbers, NaN and the signs of zeros included."""
    equal = (a == b) & (np.signbit(a) == np.signbit(b))
    return bool(np.all(equal | ((a != a) & (b != b))))


def program_of(steps: Any, outputs: int = 3) -> Program:
    """A program of rows whose arguments are counted from the newest value."""
    builder = Builder(INPUTS, CONSTANTS)
    count = INPUTS + len(CONSTANTS)
    for name, places in steps:
        op = TABLE[name]
        wanted = 3 * op.sequences or op.arity
        builder.emit(name, [count - 1 - k % count for k in places[:wanted]])
        count += 1
    return builder.program([count - 1 - 2 * k % count for k in range(outputs)] + [0, INPUTS])


def columns_for(p: Any, points: int, shared: Any = (False, True, False), seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    found = []
    for k in range(INPUTS):
        size = 1 if shared[k % len(shared)] else points
        mixed = np.where(rng.random(size) < 0.4, rng.choice(VALUES, size), rng.normal(0, 2, size))
        found.append(mixed.astype(p.scalar))
    return found


def swept(kernel: Any, columns: Any, rows: Any, sums: Any, start: int, dtype: Any) -> Any:
    """The rows and the totals of a sweep; a flag for each output tells whether it is wanted."""
    points = max(map(len, columns), default=0)
    out = [np.full(points, 7, dtype) if flag else None for flag in rows]
    totals = [np.arange(LANES).astype(dtype) if flag else None for flag in sums]
    kernel.sweep(columns, out, totals, start)
    return [x for x in (*out, *totals) if x is not None]


def check(program: Program, p: Any, columns: Any, start: int = 0, which: int = 0) -> None:
    """Compare both sweeps, all rows and totals, or some of them."""
    outputs = range(len(program.outputs))
    rows = [which == 0 or (j + which) % 3 > 0 for j in outputs]
    sums = [which == 0 or (j + which) % 2 > 0 for j in outputs]
    given = (columns, rows, sums, start, p.scalar)
    with np.errstate(all="ignore"):
        wanted = swept(PythonKernel(program, p), *given)
    for way in WAYS:
        found = swept(way(program, p), *given)
        for a, b in zip(found, wanted, strict=True):
            assert same(a, b), way


class OneByOne:
    """The sweep at one point after the other, as a kernel."""

    def __init__(self, program: Program, p: Any) -> None:
        self.batches = LLVMKernel(program, p)._batches

    def sweep(self, *arrays: Any) -> None:
        self.batches.made(batches.POINTS, arrays[:3])(arrays[3])


WAYS: Any = (FusedKernel, WideKernel, OneByOne)


def example(name: str = "sigmoid") -> Program:
    steps = [("mul", (0, 8)), ("add", (0, 7)), (name, (0, 8, 7)), ("exp", (0,)), ("sub", (0, 1))]
    return value_and_gradient(program_of(steps))


@each
@pytest.mark.parametrize("points", [1, 2, 7, 8, 9, 15, 16, 17, 255, 256, 257, 300, 515])
def test_any_number_of_points(p: Any, points: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "MOST_TUNED", 1000)
    check(example(), p, columns_for(p, points), start=points % 5)


@each
def test_no_point_writes_nothing(p: Any) -> None:
    columns = [np.empty(0, p.scalar), np.empty(1, p.scalar), np.empty(0, p.scalar)]
    totals = [np.ones(LANES, p.scalar) for _ in example().outputs]
    FusedKernel(example(), p).sweep(columns, [None] * len(totals), totals, 0)
    assert all((lanes == 1).all() for lanes in totals)


@each
@pytest.mark.parametrize("which", [0, 1, 2, 3])
@pytest.mark.parametrize("shared", [(False,), (True, False, False), (False, True, True), (True,)])
def test_shared_inputs_and_unwanted_outputs(p: Any, which: int, shared: Any) -> None:
    check(example("tanh"), p, columns_for(p, 21, shared), start=3, which=which)


@each
@pytest.mark.parametrize("name", WHOLE)
def test_each_row_and_its_gradient(p: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In short functions with many branches, so that much crosses and much is left out."""
    monkeypatch.setattr(fused, "planned", partial(segments.planned, chunk=23))
    monkeypatch.setattr(guards, "WORTH", 2)
    places = (8, 7, 6, 8, 7, 6)
    program = program_of([(name, places), ("mul", (0, 8))], outputs=1)
    check(value_and_gradient(program), p, columns_for(p, 40, seed=len(name)))


places = st.tuples(*[st.integers(0, 12)] * 6)


@each
@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(
    steps=st.lists(st.tuples(st.sampled_from(WHOLE + 3 * PLAIN), places), max_size=8),
    shared=st.tuples(*[st.booleans()] * INPUTS),
    points=st.integers(1, 40),
    start=st.integers(0, 20),
    seed=st.integers(0, 9),
)
def test_random_programs(
    p: Any, steps: Any, shared: Any, points: int, start: int, seed: int
) -> None:
    check(program_of(steps), p, columns_for(p, points, shared, seed), start)


@each
def test_long_programs_cross_between_functions(p: Any) -> None:
    rng = np.random.default_rng(3)
    names = ["add", "mul", "sub", "maximum", "azmul", "where", "less", "tanh", "div"]
    steps = [(names[rng.integers(9)], tuple(rng.integers(0, 40, 3))) for _ in range(1500)]
    check(program_of(steps, outputs=9), p, columns_for(p, 37))


@each
def test_strides_and_matrices(p: Any) -> None:
    program = example()
    count, points, plain = len(program.outputs), 50, columns_for(p, 50, (False,))
    wide = np.zeros((points, 2 * INPUTS), p.scalar)
    wide[:, ::2] = np.array(plain).T
    wanted = np.zeros((count, points), p.scalar)
    PythonKernel(program, p).sweep(plain, list(wanted), [None] * count, 0)
    found = np.zeros((points, count), p.scalar)
    sums = np.zeros((LANES, count), p.scalar)
    kernel: Any = FusedKernel(program, p)
    kernel.sweep(wide[:, ::2].T, found.T, sums.T, 0)
    assert same(found.T, wanted)
    backwards = np.zeros((count, points), p.scalar)
    kernel = FusedKernel(program, p)
    kernel.sweep([x[::-1] for x in plain], [y[::-1] for y in backwards], [None] * count, 0)
    assert same(backwards, wanted)


@each
def test_arrays_are_remembered_but_their_numbers_are_not(p: Any) -> None:
    program, columns = example(), tuple(columns_for(p, 19))
    out = tuple(np.zeros(19, p.scalar) for _ in program.outputs)
    none = (None,) * len(out)
    kernel = LLVMKernel(program, p)
    wanted = [np.zeros(19, p.scalar) for _ in out]
    for seed in range(3):
        for old, new in zip(columns, columns_for(p, 19, seed=seed), strict=True):
            old[:] = new
        kernel.sweep(columns, out, none, 0)
        PythonKernel(program, p).sweep(columns, wanted, none, 0)
        assert all(map(same, out, wanted))
    listed, other = list(columns), columns_for(p, 19, seed=9)
    kernel.sweep(listed, out, none, 0)
    listed[0] = other[0]
    kernel.sweep(listed, out, none, 0)
    PythonKernel(program, p).sweep(listed, wanted, none, 0)
    assert all(map(same, out, wanted))


@each
@pytest.mark.parametrize("name", ["max", "min", "logsumexp", "norm", "azdot", "sum_compensated"])
def test_long_sequences(p: Any, name: str) -> None:
    builder = Builder(3, [1])
    parts = [builder.emit("mul", (k % 3, (k + k // 3) % 4)) for k in range(1200)]
    program = builder.program([builder.emit(name, parts)])
    columns = columns_for(p, 20)
    columns[0][:5], columns[2][:5] = 0.5, 2  # ties, and no NaN
    check(program, p, columns)


@each
@pytest.mark.parametrize("name", ["erf", "erfc", "gauss", "sigmoid", "gelu", "logaddexp", "div"])
def test_sides_that_no_point_of_a_block_takes(p: Any, name: str) -> None:
    blocks = [0.1, 20, 0.1, 300, -20, 0.5, -300, 3, 1.5, 0, 2.5]
    x = np.repeat(np.array(blocks), 256)
    x[100], x[700], x[1200] = 300, -2, 1e-38
    program = value_and_gradient(program_of([(name, (8, 7, 6))], outputs=1))
    check(
        program, p, [x.astype(p.scalar), np.full(len(x), 0.5, p.scalar), x[::-1].astype(p.scalar)]
    )


@each
def test_powers_go_the_way_of_single_numbers(p: Any) -> None:
    builder = Builder(2, [2, "0.5", -1, 3, 0])
    values = [builder.emit("pow", (0, k)) for k in (1, 2, 3, 4, 5, 6)]
    program = builder.program([*values, builder.emit("pow", (2, 0))])
    base = np.random.default_rng(0).uniform(0.1, 9, 200).astype(p.scalar)
    power = np.resize(np.array([2, 0.5, -1, 3, 1, 0, 2.5]), 200).astype(p.scalar)
    check(program, p, [base, power])


@each
def test_rows_that_are_no_straight_code_run_in_python(p: Any) -> None:
    builder = Builder(2, [1])
    y = builder.emit("polygamma", (2, builder.emit("exp", (0,))))
    program = builder.program([builder.emit("clip", (y, 2, 1))])
    columns = [np.linspace(-1, 1, 30).astype(p.scalar), np.full(30, 2, p.scalar)]
    kernel = FusedKernel(program, p)
    check(program, p, columns)
    kernel.sweep(columns, [np.zeros(30, p.scalar)], [None], 0)
    assert [note.split()[0] for note in sorted(kernel.notes)] == ["clip", "polygamma"]
    with pytest.raises(EmptyInterval):
        kernel.sweep([columns[0], columns[1] - 3], [np.zeros(30, p.scalar)], [None], 0)
    check(program, p, columns)


@each
def test_heavy_rows_keep_their_branches(p: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "MOST_NODES", 2000)
    program = program_of([("lgamma", (8,)), ("gamma", (8,)), ("add", (0, 1))])
    kernel = FusedKernel(program, p)
    check(program, p, columns_for(p, 60))
    swept(kernel, columns_for(p, 60), [True] * 5, [False] * 5, 0, p.scalar)
    assert any("lgamma runs point by point" in note for note in kernel.notes)


@each
@pytest.mark.parametrize("name", ["sin", "exp", "tanh", "log", "sigmoid", "logsumexp", "pow"])
def test_a_result_is_not_put_where_an_argument_was(p: Any, name: str) -> None:
    steps = [("add", (0, 0)), ("mul", (0, 7)), (name, (0, 8, 7)), (name, (0, 8, 7)), ("neg", (0,))]
    check(program_of(steps, outputs=1), p, columns_for(p, 40))


@each
def test_a_program_is_compiled_when_that_pays(p: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    program, columns = example(), columns_for(p, 300)
    out = [[np.zeros(300, p.scalar) for _ in program.outputs] for _ in range(3)]
    none = [None] * len(program.outputs)
    kernel = LLVMKernel(program, p)
    few = [x[:5] for x in columns]
    monkeypatch.setattr(batches, "EAGER", 0)
    kernel.sweep(few, [y[:5] for y in out[0]], none, 0)
    kernel.sweep(columns, out[0], none, 0)
    assert kernel._batches._fused is None
    monkeypatch.setattr(batches, "EAGER", 1e9)
    call = kernel.bound_sweep(columns, out[1], none)
    call(0, 0, 100)
    call(100, 100, 200)
    assert kernel._batches._fused is not None
    PythonKernel(program, p).sweep(columns, out[2], none, 0)
    for found in out[:2]:
        assert all(map(same, found, out[2]))


@each
def test_long_programs_are_not_compiled(p: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "EAGER", 1e9)
    builder = Builder(INPUTS, [1])
    y = 0
    for k in range(batches.MOST_NODES // 2 + 100):
        y = builder.emit("mul" if k % 2 else "add", (y, k % 4))
    program, columns = builder.program([y]), columns_for(p, 40)
    kernel = LLVMKernel(program, p)
    check(program, p, columns)
    swept(kernel, columns, [True], [True], 0, p.scalar)
    assert kernel._batches._fused is None


@each
def test_programs_too_large_for_blocks_run_point_by_point(
    p: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_NODES", 0)
    monkeypatch.setattr(wide_kernel, "MOST_BYTES", 100)
    program, columns = example(), columns_for(p, 40)
    given = (columns, [True] * len(program.outputs), [True] * len(program.outputs), 3, p.scalar)
    found = swept(LLVMKernel(program, p), *given)
    with np.errstate(all="ignore"):
        wanted = swept(PythonKernel(program, p), *given)
    assert all(map(same, found, wanted))


def test_threads_share_a_kernel() -> None:
    program, p = example(), tg.float64
    kernel, jobs = FusedKernel(program, p), []
    for seed in range(4):
        columns = columns_for(p, 3000, seed=seed)
        out = [np.zeros(3000) for _ in program.outputs]
        job = Thread(target=lambda c=columns, y=out: kernel.bound_sweep(c, y, [None] * len(y))(0))
        jobs.append((job, columns, out))
    for job, _, _ in jobs:
        job.start()
    for job, columns, out in jobs:
        job.join()
        wanted = [np.zeros(3000) for _ in out]
        FusedKernel(program, p).sweep(columns, wanted, [None] * len(out), 0)
        assert all(map(same, out, wanted))


def test_too_large_a_program_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    program, columns = example(), columns_for(tg.float64, 9)
    kernel, count = FusedKernel(program, tg.float64), len(program.outputs)
    with monkeypatch.context() as patch, pytest.raises(TooLarge):
        patch.setattr(graph, "MOST_NODES", 10)
        kernel.sweep(columns, [np.zeros(9)] * count, [None] * count, 0)
    monkeypatch.setattr(fused, "MOST_ARGUMENTS", 5)
    with pytest.raises(TooLarge):
        FusedKernel(program, tg.float64)


def products() -> Program:
    """Products that go to a total and nowhere else, and others that are used or go there twice."""
    builder = Builder(INPUTS, CONSTANTS)
    pairs = [(0, 2), (2, 0), (0, 1), (1, 0), (0, 0), (1, 1), (2, 4), (INPUTS + 2, 2)]
    found = [builder.emit(name, pair) for name in ("mul", "azmul") for pair in pairs]
    used = builder.emit("azmul", [found[0], found[9]])
    return builder.program([*found, used, builder.emit("add", [used, 2]), found[3], 2])


@each
@pytest.mark.parametrize("points", [1, 5, 8, 13, 256, 270])
@pytest.mark.parametrize("start", [0, 3])
@pytest.mark.parametrize("first", [-0.0, 1.5])
def test_products_go_to_their_totals(p: Any, points: int, start: int, first: float) -> None:
    program, columns = products(), columns_for(p, points, seed=points)
    if points == 5:
        columns = [np.where(x == x, x * 0, x) for x in columns]
    rows: list[Any] = [None] * len(program.outputs)
    rows[2] = np.empty(points, p.scalar)
    found = []
    for kernel in (PythonKernel(program, p), WideKernel(program, p)):
        totals = [np.full(LANES, first, p.scalar) for _ in rows]
        with np.errstate(all="ignore"):
            kernel.sweep(columns, rows, totals, start)
        found.append((*totals, rows[2].copy()))
    assert all(map(same, *found))


@each
def test_a_product_that_is_only_summed_takes_no_register(p: Any) -> None:
    program = products()
    everything = tuple(range(len(program.outputs)))
    kernel, alike = WideKernel(program, p), (False, True, False)
    alone, plain = (kernel.laid(alike, summed)[0] for summed in (everything, ()))
    assert (alone.outputs < 0).sum() == 11  # of 16, 3 have another use and 2 are shared
    assert (plain.outputs >= 0).all()
    assert alone.slots < plain.slots
