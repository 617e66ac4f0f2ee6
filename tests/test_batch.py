"""Batches: the bits of a loop over the points, whatever the engine, the chunks and the threads."""

# pyright: basic

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

import typedgrad as tg
from tests.oracle import PRECISIONS
from tests.test_errors import FRACTIONS
from typedgrad.batch import gradient_batch, run_batch
from typedgrad.engines import choice, sweep
from typedgrad.engines.choice import engine_for, kernel_of, kernels_of
from typedgrad.engines.engine import LANES
from typedgrad.engines.python import PythonEngine, PythonKernel
from typedgrad.engines.sweep import Sweep
from typedgrad.errors import (
    BadBatch,
    DomainError,
    MissingExtra,
    NoEngine,
    PrecisionMismatch,
    TypedgradError,
    WrongDtype,
)
from typedgrad.gradient import value_and_gradient
from typedgrad.program import Builder, Program

DOCS = Path(__file__).resolve().parent.parent / "docs"
WAYS = [(1, None), (1, 1), (1, 100), (2, 64), (3, None), (3, 37), (2, 10**6)]
POINTS = 1000

precisions = pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda numbers: numbers.name)
engines = pytest.mark.parametrize("engine", choice.FASTEST_FIRST)


def small() -> Program:
    """Three inputs, w shared as a rule; outputs of all kinds, one twice."""
    builder = Builder(3, [2, "0.1"])
    product = builder.emit("mul", [0, 1])
    y = builder.emit("tanh", [builder.emit("add", [product, 2])])
    z = builder.emit("dot", [0, y, 4, 3, 1, 2])
    wave = builder.emit("sin", [builder.emit("azmul", [y, z])])
    return builder.program([wave, z, 0, 3, z, y], ["x", "w", "b"])


PROGRAM = small()
SUMMED = [1, 5, 2, 3]


@pytest.fixture
def short_blocks(monkeypatch: Any) -> None:
    monkeypatch.setattr(sweep, "BLOCK", 64)
    monkeypatch.setattr(sweep, "LEAST", 8)


def available(engine: str, numbers: Any) -> str:
    """The engine, if it is there."""
    try:
        engine_for(engine, numbers)
    except (NoEngine, MissingExtra) as error:
        pytest.skip(str(error))
    return engine


@cache
def inputs(numbers: Any, points: int = POINTS) -> list[Any]:
    rng = np.random.default_rng(7)
    x, b = rng.normal(size=(2, points)).astype(numbers.scalar)
    x[: min(4, points)] = np.array([0.0, -0.0, 3e3, -1.0])[: min(4, points)]
    return [x, numbers.lift("1/3"), b]


def looped(program: Program, numbers: Any, given: Any) -> Any:
    """The outputs of a loop over the points, an array of shape (outputs, points)."""
    kernel = PythonKernel(program, numbers)
    points = max(np.size(x) for x in given)
    found = np.empty((len(program.outputs), points), np.asarray([numbers.lift(0)]).dtype)
    for p in range(points):
        x = [
            numbers.lift(a[p].item() if numbers.exact else a[p]) if np.ndim(a) else a for a in given
        ]
        kernel.run(x, found[:, p])
    return found


def summed(row: Any, block: int) -> Any:
    """The total of a row in the documented order."""
    total = None
    for begin in range(0, len(row), block):
        lanes: list[Any] = [None] * 8
        for p, y in enumerate(row[begin : begin + block]):
            lanes[p % 8] = y if lanes[p % 8] is None else lanes[p % 8] + y
        lanes = [lane for lane in lanes if lane is not None]
        part = lanes[0]
        for lane in lanes[1:]:
            part = part + lane
        total = part if total is None else total + part
    return total


def same(found: Any, wanted: Any) -> bool:
    """Equal bits, where any NaN is as good as another."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    return (
        found.dtype == wanted.dtype
        and np.array_equal(found, wanted, equal_nan=True)
        and np.array_equal(
            np.signbit(found) & (found == found), np.signbit(wanted) & (wanted == wanted)
        )
    )


@cache
def reference(numbers: Any, points: int = POINTS) -> Any:
    return looped(PROGRAM, numbers, inputs(numbers, points))


@pytest.mark.parametrize(("threads", "chunk"), WAYS)
@precisions
@engines
def test_the_bits_of_a_loop(
    engine: str, numbers: Any, threads: int, chunk: int | None, short_blocks: None
) -> None:
    available(engine, numbers)
    how: dict[str, Any] = dict(engine=engine, threads=threads, chunk=chunk)
    wanted = reference(numbers)
    rows, sums = run_batch(PROGRAM, numbers, inputs(numbers), **how)
    assert same(rows, wanted)
    assert sums.shape == (0,)
    rows, sums = run_batch(PROGRAM, numbers, inputs(numbers), totals=SUMMED, **how)
    assert same(rows, wanted[[0, 4]])
    assert sums.dtype == wanted.dtype
    assert type(sums[0]) is numbers.scalar
    assert same(sums, [summed(wanted[k], 64) for k in SUMMED])


@precisions
def test_the_order_of_a_total_is_part_of_the_promise(numbers: Any) -> None:
    assert (sweep.BLOCK, LANES) == (8192, 8)
    points = 2 * 8192 + 99
    wanted = [summed(row, 8192) for row in reference(numbers, points)]
    assert not same(wanted, [summed(row, 4096) for row in reference(numbers, points)])
    for threads, chunk in [(1, None), (1, 5000), (3, None)]:
        how: dict[str, Any] = dict(totals=range(6), threads=threads, chunk=chunk)
        assert same(run_batch(PROGRAM, numbers, inputs(numbers, points), **how).sums, wanted)


@precisions
@engines
@pytest.mark.parametrize("points", [1, 2, 7, 8, 9, 63, 64, 65, 127, 129])
def test_few_points(engine: str, numbers: Any, points: int, short_blocks: None) -> None:
    available(engine, numbers)
    given = inputs(numbers, points)
    wanted = reference(numbers, points)
    for threads in (1, 2):
        found = run_batch(PROGRAM, numbers, given, totals=[1, 5], engine=engine, threads=threads)
        assert same(found.rows, wanted[[0, 2, 3, 4]])
        assert same(found.sums, [summed(wanted[k], 64) for k in (1, 5)])


@precisions
@engines
def test_one_point_is_its_own_total_and_none_gives_zero(engine: str, numbers: Any) -> None:
    available(engine, numbers)
    minus = numbers.lift("-0.0")
    builder = Builder(1)
    program = builder.program([builder.emit("neg", [0]), 0, 0])
    found = run_batch(program, numbers, [np.full(1, minus)], totals=[1], engine=engine)
    assert same(found.sums, np.full(1, minus))
    found = run_batch(program, numbers, [np.full(300, minus)], totals=[1], engine=engine)
    assert same(found.sums, np.full(1, minus))
    called: list[Any] = []
    for threads in (1, 2):
        how: dict[str, Any] = dict(totals=[1], engine=engine, threads=threads)
        nothing = np.empty(0, numbers.scalar)
        found = run_batch(program, numbers, [nothing], progress=lambda *x: called.append(x), **how)
        assert found.rows.shape == (2, 0)
        assert same(found.sums, np.zeros(1, numbers.scalar))
    assert not called


@precisions
@engines
def test_a_total_may_overflow_without_a_word(engine: str, numbers: Any) -> None:
    available(engine, numbers)
    large = np.full(20, np.finfo(numbers.scalar).max)
    found = run_batch(Builder(1).program([0, 0]), numbers, [large], totals=[1], engine=engine)
    assert same(found.sums, [numbers.lift("inf")])


def test_numbers_that_all_points_share_are_one_point() -> None:
    found = run_batch(PROGRAM, tg.float64, [1, 2.0, np.float64(3)])
    assert same(
        found.rows, looped(PROGRAM, tg.float64, [np.ones(1), np.float64(2), np.full(1, 3.0)])
    )


@precisions
@engines
def test_inputs_of_every_shape(engine: str, numbers: Any) -> None:
    available(engine, numbers)
    x, w, b = inputs(numbers, 101)
    wanted = reference(numbers, 101)
    backwards = np.ascontiguousarray(x[::-1])[::-1]
    wide = np.zeros((101, 5), numbers.scalar)
    wide[:, 3] = b
    packed = np.zeros(101, [("flag", "i1"), ("x", numbers.scalar)])
    packed["x"] = x
    fixed = np.broadcast_to(w, 101)
    table = np.stack([x, fixed, b], axis=1)
    ways: list[Any] = [
        [backwards, w, wide[:, 3]],
        [packed["x"], np.array(w), b],
        (x, fixed, b),
        {"b": b, "x": x, "w": w},
        table,
        np.asfortranarray(table),
        [list(x), w, tuple(b)],
        [x.astype(object), w, b],
    ]
    for given in ways:
        for threads in (1, 2):
            found = run_batch(PROGRAM, numbers, given, engine=engine, threads=threads)
            assert same(found.rows, wanted)


@precisions
def test_integers_and_texts_are_rounded_once(numbers: Any) -> None:
    program = Builder(3).program([0, 1, 2])
    counts = np.array([2**24 + 1, -3])
    rows = run_batch(program, numbers, [counts, ["0.1", "1/3"], Fraction(1, 3)]).rows
    wanted: list[Any] = [[2**24 + 1, -3], ["0.1", "1/3"], ["1/3", "1/3"]]
    assert same(rows, [[numbers.lift(x) for x in row] for row in wanted])


@precisions
@engines
def test_buffers_of_the_caller(engine: str, numbers: Any) -> None:
    available(engine, numbers)
    given, wanted = inputs(numbers), reference(numbers)
    plain = np.zeros((6, POINTS), numbers.scalar)
    by_point = np.zeros((POINTS, 6), numbers.scalar).T
    spread = np.zeros((12, 2 * POINTS), numbers.scalar)[::-2, ::2]
    for out in (plain, by_point, spread):
        assert run_batch(PROGRAM, numbers, given, out=out, engine=engine).rows is out
        assert same(out, wanted)
    rows = [np.zeros(POINTS, numbers.scalar), np.zeros(3 * POINTS, numbers.scalar)[::3]]
    sums = np.zeros(8, numbers.scalar)[::2]
    found = run_batch(
        PROGRAM, numbers, given, totals=SUMMED, out=rows, sums=sums, engine=engine, threads=2
    )
    assert found.rows is rows
    assert found.sums is sums
    assert same(rows, wanted[[0, 4]])
    assert same(sums, [summed(wanted[k], 8192) for k in SUMMED])


@pytest.mark.parametrize("threads", [1, 3])
def test_progress_comes_from_the_calling_thread(threads: int, short_blocks: None) -> None:
    seen: list[tuple[int, int]] = []
    callers: set[int] = set()

    def progress(done: int, points: int) -> None:
        seen.append((done, points))
        callers.add(threading.get_ident())

    given = inputs(tg.float64)
    run_batch(PROGRAM, tg.float64, given, threads=threads, chunk=100, progress=progress)
    done = [k for k, _ in seen]
    assert len(done) >= 9
    assert done == sorted(set(done))
    assert done[-1] == POINTS
    assert {points for _, points in seen} == {POINTS}
    assert callers == {threading.get_ident()}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("threads", [1, 3])
@engines
def test_a_batch_can_be_broken_off(
    engine: str, threads: int, stop: type[BaseException], short_blocks: None
) -> None:
    available(engine, tg.float64)
    given, wanted = inputs(tg.float64), reference(tg.float64)
    out, sums = np.full((5, POINTS), np.nan), np.full(1, np.nan)
    reached = 0

    def progress(done: int, points: int) -> None:
        nonlocal reached
        reached = done
        if done > 300:
            raise stop

    how: dict[str, Any] = dict(engine=engine, threads=threads, chunk=64, totals=[5])
    with pytest.raises(stop):
        run_batch(PROGRAM, tg.float64, given, out=out, sums=sums, progress=progress, **how)
    assert 300 < reached < POINTS
    assert same(out[:, :reached], wanted[:5, :reached])
    assert np.isnan(sums[0])
    assert not workers()
    assert same(run_batch(PROGRAM, tg.float64, given, **how).rows, wanted[:5])


def workers() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("typedgrad")]


class Slow(PythonKernel):
    """A kernel that presses Ctrl-C in its second range."""

    begun = 0

    @override
    def sweep(self, columns: Any, out: Any, totals: Any, start: int) -> None:
        Slow.begun += 1
        if Slow.begun == 2:
            signal.raise_signal(signal.SIGINT)
        super().sweep(columns, out, totals, start)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals go to another thread"
)
@pytest.mark.parametrize("threads", [1, 3])
def test_control_c(threads: int, monkeypatch: Any, short_blocks: None) -> None:
    monkeypatch.setattr(choice, "_KNOWN", type(choice._KNOWN)())
    monkeypatch.setattr(PythonEngine, "compile", lambda self, *parts: Slow(*parts))
    Slow.begun = 0
    how: dict[str, Any] = dict(engine="python", threads=threads, chunk=8)
    with pytest.raises(KeyboardInterrupt):
        run_batch(PROGRAM, tg.float64, inputs(tg.float64), **how)
    begun = Slow.begun
    assert 2 <= begun < POINTS // 8
    for _ in range(1000):
        if workers():
            time.sleep(0.01)
    assert not workers()
    assert Slow.begun == begun


class Late(PythonKernel):
    """A kernel that is slow behind the first block."""

    begun = 0

    @override
    def sweep(self, columns: Any, out: Any, totals: Any, start: int) -> None:
        if columns[0][0] > 0:
            Late.begun += 1
            time.sleep(0.05)
        super().sweep(columns, out, totals, start)


def test_a_thread_stops_within_its_range(monkeypatch: Any, short_blocks: None) -> None:
    monkeypatch.setattr(choice, "_KNOWN", type(choice._KNOWN)())
    monkeypatch.setattr(PythonEngine, "compile", lambda self, *parts: Late(*parts))
    Late.begun = 0

    def progress(done: int, points: int) -> None:
        while not Late.begun:
            time.sleep(0.001)
        raise ValueError

    x = np.repeat([0.0, 1.0], 64)
    how: dict[str, Any] = dict(engine="python", threads=2, chunk=4, totals=[0])
    with pytest.raises(ValueError):
        run_batch(Builder(1).program([0]), tg.float64, [x], progress=progress, **how)
    assert 0 < Late.begun < 16


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_at_a_point_ends_the_batch(threads: int, short_blocks: None) -> None:
    builder = Builder(1)
    program = builder.program([builder.emit("sqrt", [0])])
    x = np.arange(1.0, 401.0)
    x[300] = -1
    out = np.zeros((1, 400))
    seen: list[int] = []
    with pytest.raises(DomainError):
        run_batch(
            program,
            tg.float64.strict,
            [x],
            out=out,
            threads=threads,
            chunk=50,
            progress=lambda done, _: seen.append(done),
        )
    assert seen[-1] in range(200, 301)
    assert same(out[0, : seen[-1]], np.sqrt(x[: seen[-1]]))
    assert not workers()


@precisions
@engines
@pytest.mark.parametrize("threads", [1, 2])
def test_gradients_of_shared_inputs_are_sums(
    engine: str, numbers: Any, threads: int, short_blocks: None
) -> None:
    available(engine, numbers)
    x, w, b = inputs(numbers, 300)
    how: dict[str, Any] = dict(engine=engine, threads=threads)
    for output in (0, 1):
        full = value_and_gradient(PROGRAM, output)
        by_loop = looped(full, numbers, [x, w, b])
        value, partials = by_loop[output], by_loop[6:]
        found = gradient_batch(PROGRAM, numbers, [x, w, b], output=output, **how)
        assert same(found.value, value)
        assert type(found.partials[1]) is numbers.scalar
        wanted = [partials[0], summed(partials[1], 64), partials[2]]
        assert all(map(same_but_zero, found.partials, wanted))
        found = gradient_batch(
            PROGRAM, numbers, [x, w, b], output=output, by=["w", 0], reduce="sum", **how
        )
        assert type(found.value) is numbers.scalar
        assert same(found.value, summed(value, 64))
        assert all(map(same_but_zero, found.partials, [wanted[1], wanted[0]]))


def same_but_zero(found: Any, wanted: Any) -> bool:
    return found.dtype == wanted.dtype and np.array_equal(found, wanted, equal_nan=True)


@precisions
def test_one_point_has_the_marks_of_many(numbers: Any) -> None:
    x, w, b = inputs(numbers, 1)
    found = gradient_batch(PROGRAM, numbers, [x, w, b])
    assert [np.shape(part) for part in (found.value, *found.partials)] == [(1,), (1,), (), (1,)]
    table = np.array([[*x, w, *b]])
    found = gradient_batch(PROGRAM, numbers, table, by=[1])
    assert [np.shape(part) for part in (found.value, *found.partials)] == [(1,), (1,)]
    found = gradient_batch(PROGRAM, numbers, [x[0], w, b[0]], by=[1])
    assert [np.shape(part) for part in (found.value, *found.partials)] == [(1,), ()]


def test_numbers_of_ones_own() -> None:
    builder = Builder(2, ["1/3"])
    program = builder.program([builder.emit("mul", [builder.emit("add", [0, 2]), 1])])
    x = [Fraction(k, 7) for k in range(50)]
    found = gradient_batch(program, FRACTIONS, [x, 2], reduce="sum")
    assert found.value == 2 * sum(a + Fraction(1, 3) for a in x)
    assert list(found.partials[0]) == [2] * 50
    assert found.partials[1] == sum(a + Fraction(1, 3) for a in x)


def test_the_same_program_in_many_threads_at_once() -> None:
    wanted = reference(tg.float64)
    results: list[bool] = []

    def act() -> None:
        for _ in range(10):
            found = run_batch(PROGRAM, tg.float64, inputs(tg.float64), totals=[5], threads=2)
            results.append(same(found.rows, wanted[:5]))

    threads = [threading.Thread(target=act) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 40


def test_a_sweep_at_hand() -> None:
    given = inputs(tg.float32)
    row, sums = np.empty(POINTS, np.float32), np.empty(1, np.float32)
    program = PROGRAM.select([0, 5])
    again = Sweep(program, tg.float32, [1], "python")
    assert again.engine == "python"
    for _ in range(2):
        again.run([given[0], np.full(1, given[1]), given[2]], [row, None], sums, POINTS)
        assert same(row, reference(tg.float32)[0])
        assert same(sums, [summed(reference(tg.float32)[5], 8192)])


@pytest.mark.parametrize("points", [0, 1, 60, 64, 200])
@pytest.mark.parametrize("totals", [(), (1, 3), (0, 1, 2, 3, 4, 5)])
@engines
@precisions
def test_a_bound_sweep(
    engine: str, numbers: Any, points: int, totals: Any, short_blocks: None
) -> None:
    x, a, b = inputs(numbers, POINTS)
    columns = [x[:points].copy(), np.array([a]), b[:points].copy()]
    again = Sweep(PROGRAM, numbers, totals, available(engine, numbers))
    outputs = range(len(PROGRAM.outputs))
    places = [
        [None if k in totals else np.empty(points, again.dtype) for k in outputs] for _ in range(2)
    ]
    sums = [np.empty(len(totals), again.dtype) if totals else None for _ in range(2)]
    call = again.bound(columns, places[0], sums[0], points)
    for seed in (1, 2):
        columns[0] *= seed
        call()
        again.run(columns, places[1], sums[1], points)
        for one, other in zip(*places, strict=True):
            assert (one is None and other is None) or same(one, other)
        assert not totals or same(sums[0], sums[1])


def test_long_programs_have_short_chunks() -> None:
    builder = Builder(1)
    for k in range(100_000):
        builder.emit("neg", [k])
    assert Sweep(builder.program([100_000]), tg.float64, engine="python").chunk == 1342
    assert Sweep(PROGRAM, tg.float64, engine="python").chunk == sweep.CHUNK


# Engines and kernels


@pytest.fixture
def without_llvmlite(monkeypatch: Any) -> Iterator[None]:
    for name in ("llvmlite", "llvmlite.binding"):
        monkeypatch.setitem(sys.modules, name, None)
    choice._best.cache_clear()
    yield
    choice._best.cache_clear()


@precisions
def test_the_best_engine_without_llvmlite(numbers: Any, without_llvmlite: None) -> None:
    assert engine_for("auto", numbers).name == "numpy"
    assert engine_for("auto", numbers.strict).name == "python"
    with pytest.raises(MissingExtra, match="llvm"):
        engine_for("llvm", numbers)


@precisions
def test_the_best_engine(numbers: Any) -> None:
    named = [engine_for(name, numbers) for name in ("numpy", "python")]
    assert [engine.name for engine in named] == ["numpy", "python"]
    best = engine_for("auto", numbers)
    assert not best.supports(numbers)
    llvm = choice._engine("llvm")
    assert (best.name == "llvm") == (not llvm.supports(numbers))
    assert engine_for("auto", FRACTIONS).name == "python"


def test_each_thread_has_its_own_kernel() -> None:
    mine = kernel_of(PROGRAM, tg.float64)
    assert kernel_of(small(), tg.float64) is mine
    assert kernel_of(PROGRAM, tg.float32) is not mine
    assert kernel_of(PROGRAM, tg.float64, "python") is not mine
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(kernel_of(PROGRAM, tg.float64)))
    thread.start()
    thread.join()
    assert found[0] is not mine
    assert found[0].program == PROGRAM


def test_kernels_are_made_once_and_the_oldest_are_forgotten(monkeypatch: Any) -> None:
    made: list[Any] = []

    def compile(self: Any, *parts: Any) -> Any:
        made.append(parts)
        return PythonKernel(*parts)

    monkeypatch.setattr(choice, "_KNOWN", type(choice._KNOWN)())
    monkeypatch.setattr(choice, "MOST_PROGRAMS", 2)
    monkeypatch.setattr(PythonEngine, "compile", compile)
    for _ in range(3):
        run_batch(PROGRAM, tg.float64, inputs(tg.float64), engine="python")
    assert len(made) == 1
    first = kernels_of(PROGRAM, tg.float64, "python")
    for k in (1, 2):
        kernels_of(PROGRAM.select([k]), tg.float64, "python")
        kernels_of(PROGRAM.select([0]), tg.float64, "python")
    assert kernels_of(PROGRAM, tg.float64, "python") is not first
    monkeypatch.setattr(choice, "MOST_PROGRAMS", 64)
    monkeypatch.setattr(choice, "MOST_VALUES", 1)
    kernels_of(PROGRAM.select([3]), tg.float64, "python")
    assert len(choice._KNOWN) == 1


# Wrong input


def refused(kind: type[TypedgradError], *args: Any, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        run_batch(*args, **options)
    return str(caught.value).rpartition("\n")[0]


FIVE, FOUR = np.zeros(5), np.zeros(4)
LATE = np.zeros(4).tolist()
SAID: dict[str, tuple[Any, dict[str, Any], str]] = {
    "lengths": (
        [FIVE, FOUR, 1.0],
        {},
        "batch: w has 4 points, and x has 5\n"
        "help: give all arrays one length, or a single number that all points share",
    ),
    "one point": ([FIVE, [2.0], 1.0], {}, "batch: w has 1 point, and x has 5\n"),
    "missing": (
        [FIVE],
        {},
        "batch: w, b are missing\nhelp: the inputs are x, w, b",
    ),
    "missing by name": (
        {"x": FIVE, "b": 1},
        {},
        "batch: w is missing\nhelp: the inputs are x, w, b",
    ),
    "unknown name": (
        {"x": FIVE, "w": 1, "b": 1, "c": 1},
        {},
        "batch: the program has no input 'c'\nhelp: the inputs are x, w, b",
    ),
    "too many": (
        [1, 2, 3, 4],
        {},
        "batch: 4 inputs were given, and the program takes 3\nhelp: the inputs are x, w, b",
    ),
    "a narrow table": (np.zeros((7, 2)), {}, "batch: b is missing\n"),
    "a cube": (
        np.zeros((3, 2, 2)),
        {},
        "batch: x has the shape (2, 2)\nhelp: give an array with one number for each point",
    ),
    "no list": (
        1.0,
        {},
        "batch: the inputs are a float\nhelp: give a list with an array or a number for each input",
    ),
    "complex": ([FIVE, 1j * FIVE, 1], {}, "batch: w holds complex128\nhelp: give real numbers"),
    "ragged": (
        [FIVE, [1.0, [2.0]], 1],
        {},
        "batch: w holds a list\nhelp: give a list with one number for each point",
    ),
    "out of another shape": (
        [FIVE, 1, 1],
        dict(out=np.zeros((6, 4))),
        "batch: out has the shape (6, 4), and (6, 5) is needed\n"
        "help: give np.empty((6, 5), np.float64)",
    ),
    "too few rows": (
        [FIVE, 1, 1],
        dict(out=[FIVE]),
        "batch: out has 1 arrays\nhelp: give a list of 6 arrays, or np.empty((6, 5), np.float64)",
    ),
    "out is none": ([FIVE, 1, 1], dict(out=3), "batch: out is a int\n"),
    "a list as a row": (
        [FOUR, 1, 1],
        dict(out=[LATE], totals=range(5), sums=np.zeros(5)),
        "batch: out[0] is a list, not an array\nhelp: give np.empty(4, np.float64)",
    ),
    "read-only": (
        [FIVE, 1, 1],
        dict(out=np.broadcast_to(0.0, (6, 5))),
        "batch: out cannot be written to\n",
    ),
    "sums": (
        [FIVE, 1, 1],
        dict(sums=np.zeros(3), totals=[1]),
        "batch: sums has the shape (3,), and (1,) is needed\nhelp: give np.empty(1, np.float64)",
    ),
    "in place": (
        [FIVE, 1, 1],
        dict(out=[FIVE[::-1]], totals=range(5)),
        "batch: out[0] shares memory with an input, which would change on the way\n"
        "help: give np.empty(5, np.float64)",
    ),
    "no such output": (
        [FIVE, 1, 1],
        dict(totals=[-1]),
        "batch: the program has no output -1\nhelp: count the outputs from 0 to 5",
    ),
    "twice": (
        [FIVE, 1, 1],
        dict(totals=[2, 2]),
        "batch: output 2 is to be totalled twice\n"
        "help: name it once, or repeat it among the outputs by program.select([2, 2])",
    ),
    "threads": (
        [FIVE, 1, 1],
        dict(threads=0),
        "batch: threads is 0\nhelp: give threads as an integer from 1 up",
    ),
    "chunk": ([FIVE, 1, 1], dict(chunk=0.5), "batch: chunk is 0.5\n"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_does_not_fit_is_said(name: str) -> None:
    given, options, text = SAID[name]
    said = refused(BadBatch, PROGRAM, tg.float64, given, **options)
    assert said.startswith(text)


def test_no_inputs_and_bad_questions() -> None:
    constant = Builder(0, [1]).program([0])
    assert "no inputs" in refused(BadBatch, constant, tg.float64, [])
    with pytest.raises(BadBatch, match="no input 'y'"):
        gradient_batch(PROGRAM, tg.float64, [FIVE, 1, 1], by=["y"])
    with pytest.raises(BadBatch, match="no output 6"):
        gradient_batch(PROGRAM, tg.float64, [FIVE, 1, 1], output=6)
    reduce: Any = "mean"
    with pytest.raises(BadBatch, match="reduced by 'mean'"):
        gradient_batch(PROGRAM, tg.float64, [FIVE, 1, 1], reduce=reduce)


@precisions
def test_another_precision_is_never_rounded_silently(numbers: Any) -> None:
    other = np.float32 if numbers.scalar is not np.float32 else np.float64
    name = numbers.scalar.__name__
    x, wide = np.zeros(5, numbers.scalar), np.zeros(5, other)
    for given in ([x, wide, x], [x, other(1), x], {"x": x, "w": wide[:3], "b": x}):
        assert refused(WrongDtype, PROGRAM, numbers, given) == (
            f"batch: w holds {other.__name__}, but the batch runs in {name}\n"
            f"help: round it once, by w.astype(np.{name})"
        )
    assert "holds float" in refused(WrongDtype, PROGRAM, numbers, np.zeros((5, 3), other))
    said = refused(WrongDtype, PROGRAM, numbers, [x, 1, 1], out=np.zeros((6, 5), other))
    assert said.endswith(f"help: give np.empty((6, 5), np.{name})")
    assert refused(PrecisionMismatch, PROGRAM, numbers, [x, [other(1)] * 5, x])
    swapped = x.astype(x.dtype.newbyteorder())
    assert f"holds {swapped.dtype}" in refused(WrongDtype, PROGRAM, numbers, [x, swapped, x])


def test_the_page_is_right() -> None:
    page = (DOCS / "batch.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.S)
    output = re.search(r"```text\n(.*?)```", page, re.S)
    assert code is not None
    assert output is not None
    lines: list[str] = []
    exec(code[1], {"print": lambda *x: lines.append(" ".join(map(str, x)))})
    found = [float(x) for x in re.findall(r"-?\d+\.\d+", "\n".join(lines))]
    said = [float(x) for x in re.findall(r"-?\d+\.\d+", output[1])]
    assert len(said) == 8
    assert found == pytest.approx(said, rel=1e-12)
    assert f"blocks of {sweep.BLOCK}" in page


@pytest.mark.parametrize("p", PRECISIONS, ids=str)
@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_many_totals_are_added_up_as_one_is(engine: str, p: Any) -> None:
    made = Builder(sweep.MANY + 1)
    found = [made.emit("mul", [0, k + 1]) for k in range(sweep.MANY)]
    program = made.program(found)
    for points in (1, 7, 8, 9, 37, 100):
        columns = [np.random.default_rng(k).normal(size=points) for k in range(made.inputs)]
        columns = [column.astype(p.scalar) for column in columns]
        sums = np.empty(len(found), p.scalar)
        Sweep(program, p, range(len(found)), engine).run(columns, [None] * len(found), sums, points)
        for k in (0, 5, sweep.MANY - 1):
            alone = np.empty(1, p.scalar)
            one = Sweep(program.select([k]), p, [0], "python")
            one.run(columns, [None], alone, points)
            assert alone[0] == sums[k]
            assert sums.dtype == p.scalar
