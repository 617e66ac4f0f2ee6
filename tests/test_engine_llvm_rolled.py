"""Programs with the regularity of loops over arrays, where one record stands for many rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad
from typedgrad.engines.python import PythonEngine
from typedgrad.gradient import value_and_gradient
from typedgrad.op import TABLE
from typedgrad.program import Builder, Program

pytest.importorskip("llvmlite")

from typedgrad.engines.llvm import engine as module
from typedgrad.engines.llvm.engine import LLVMEngine
from typedgrad.engines.llvm.lanes import PAIRS
from typedgrad.engines.llvm.vm import MANY

tg: Any = typedgrad
ENGINE, REFERENCE = LLVMEngine(), PythonEngine()
PRECISIONS = [p for p in (tg.float32, tg.float64, tg.longdouble) if not ENGINE.supports(p)]
POINTS = [0.0, -0.0, 1, -1, 2, 0.5, -0.5, 3, 1.7, -2.3, 40, -40, 1e-3, 1e-30, 1e30]
POINTS += [float("inf"), float("-inf"), float("nan"), 1e-310, 1e-40]
FOLDS = [name for name, op in TABLE.items() if op.sequences and name in MANY]
PLAIN = [name for name in MANY if name in TABLE and not TABLE[name].sequences]
LOOPS = ["exp", "tanh", "log", "sin"]
OTHERS = ["sech", "max", "logsumexp", "pow"]

every_precision = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)


@pytest.fixture(autouse=True)
def small_programs_too() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SMALL", 0)
        yield


def check(program: Program, p: Any, x: Any) -> Any:
    kernel = ENGINE.compile(program, p)
    wanted, found = (np.zeros(len(program.outputs), p.scalar) for _ in range(2))
    x = np.array(x, p.scalar)
    with np.errstate(all="ignore"):
        REFERENCE.compile(program, p).run(x, wanted)
    require_inside(kernel)
    run = kernel.bound(x, found)
    for _ in range(2):
        found.fill(7)
        run()
        assert np.array_equal(found, wanted, equal_nan=True)
        real = ~np.isnan(wanted)
        assert np.array_equal(np.signbit(found[real]), np.signbit(wanted[real]))
    return kernel


def rolls(kernel: Any) -> bool:
    """Tell whether a record of the kernel stands for many instructions."""
    return bool(kernel.code.rolled)


def require_inside(kernel: Any) -> None:
    """Stop if a record of many instructions reads or writes where there are no registers."""
    code, width = kernel.code, kernel.plan.width
    names = {number: name for name, number in MANY.items()}
    for what, target, place, count in code.records.tolist():
        name = names.get(what & 65535)
        if name is not None:
            last = -(-count // width) * width - 1
            terms = int(code.args[place]) * (2 if name in PAIRS else 1)
            begins, strides = code.args[place + 1 : place + 1 + 2 * terms].reshape(-1, 2).T
            ends = begins + strides * last
            assert min(begins.min(), ends.min()) >= 0
            assert max(begins.max(), ends.max(), target + last) < code.registers


def many_at_a_time(p: Any) -> bool:
    return bool(np.dtype(p.scalar).itemsize <= 8)


@every_precision
@pytest.mark.parametrize("name", [*PLAIN, *LOOPS])
@pytest.mark.parametrize("size", [8, 9, 15, 16, 17, 33])
def test_rows_over_arrays(name: str, size: int, p: Any) -> None:
    """All pairs of edge points, side by side, and one argument the same for all."""
    arity = TABLE[name].arity
    count = len(POINTS)
    b = Builder(2 * count)
    made: list[int] = []
    for shift in range(count):
        for fixed in (None, *range(min(arity, 3))):
            for k in range(size):
                args = [(k + j * shift) % count + count * (j % 2) for j in range(arity)]
                if fixed is not None:
                    args[fixed] = shift
                made.append(b.emit(name, args))
    kernel = check(b.program(made), p, POINTS + POINTS[::-1])
    assert rolls(kernel) == many_at_a_time(p)


@every_precision
@pytest.mark.parametrize("name", FOLDS)
@pytest.mark.parametrize("terms", [1, 2, 3, 7])
@pytest.mark.parametrize("strides", [(1, 1), (0, 1), (1, 0), (3, 1), (-1, 2), (0, 5)])
def test_folds_over_arrays(name: str, terms: int, strides: tuple[int, int], p: Any) -> None:
    sequences, size = TABLE[name].sequences, 19
    draw = np.random.default_rng(terms)
    x = draw.permutation(np.resize(POINTS, 300))
    x[draw.random(300) < 0.8] = draw.normal(0, 1)
    b = Builder(300)
    made: list[int] = []
    for start in range(4):
        for k in range(size):
            parts = [
                [150 + start + t * (j + 2) + k * strides[j] for t in range(terms)]
                for j in range(sequences)
            ]
            made.append(b.emit(name, [a for part in parts for a in part]))
    kernel = check(b.program(made), p, x)
    assert rolls(kernel) == many_at_a_time(p)


@every_precision
@pytest.mark.parametrize("count", [9, 17, 25])
@pytest.mark.parametrize("turned", [False, True])
def test_columns_up_to_the_last_input(count: int, turned: bool, p: Any) -> None:
    """What is gathered ends with the last number, not with the last vector."""
    size, b = 33 * count, Builder(33 * count)
    columns = [list(range(j, size, 33)) for j in range(2)]
    columns[1] = columns[1][::-1] if turned else columns[1]
    made = [b.emit("dot", pair) for pair in zip(*columns, strict=True)]
    kernel = check(b.program(made), p, np.linspace(-1, 1, size))
    assert rolls(kernel) == (count >= kernel.plan.width > 1)


@st.composite
def regular(draw: Any) -> Program:
    """Rows over arrays, shifted, strided, turned round, out of order, and mixed with each other."""
    inputs = draw(st.integers(8, 60))
    b = Builder(inputs, ["0.5", -2, "-0.0"])
    arrays = [list(range(inputs)), [inputs], [inputs + 1], [inputs + 2]]
    for _ in range(draw(st.integers(1, 6))):
        size = draw(st.integers(1, 40))
        jobs: list[tuple[str, list[list[int]]]] = []
        for _ in range(draw(st.integers(1, 3))):
            name = draw(st.sampled_from([*PLAIN, *PLAIN, *FOLDS, *FOLDS, *LOOPS, *OTHERS]))
            op = TABLE[name]
            count = op.sequences * draw(st.integers(1, 5)) if op.sequences else op.arity
            jobs.append((name, [draw(streams(arrays, size)) for _ in range(count)]))
        made: list[list[int]] = [[] for _ in jobs]
        order = range(size - 1, -1, -1) if draw(st.booleans()) else range(size)
        for k in order:
            for (name, args), results in zip(jobs, made, strict=True):
                if draw(st.integers(0, 30)):
                    results.append(b.emit(name, [stream[k] for stream in args]))
        arrays += [results for results in made if results]
    shown = [v for a in arrays if draw(st.booleans()) for v in a]
    return b.program([*shown, *arrays[-1]])


def streams(arrays: list[list[int]], size: int) -> Any:
    """Arguments for as many rows, from one of the arrays."""

    def taken(array: list[int], start: int, stride: int, turned: bool) -> list[int]:
        found = [array[(start + k * stride) % len(array)] for k in range(size)]
        return found[::-1] if turned else found

    def mixed(array: list[int], seed: int) -> list[int]:
        return list(np.random.default_rng(seed).choice(array, size).tolist())

    array, strides = st.sampled_from(arrays), st.sampled_from([0, 1, 1, 1, 2, 3, -1])
    plain = st.builds(taken, array, st.integers(0, 20), strides, st.booleans())
    return plain | plain | plain | st.builds(mixed, array, st.integers(0, 5))


@every_precision
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_random_regular_programs(p: Any, data: Any) -> None:
    program = data.draw(regular())
    some = st.sampled_from(POINTS) | st.floats(-4, 4)
    x = data.draw(st.lists(some, min_size=program.inputs, max_size=program.inputs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SMALL", 0)
        check(program, p, x)


def rosenbrock(size: int) -> Program:
    b = Builder(size, [1, 100])
    terms: list[int] = []
    for x, y in pairwise(range(size)):
        a = b.emit("sub", [y, b.emit("mul", [x, x])])
        c = b.emit("sub", [size, x])
        d = b.emit("mul", [b.emit("mul", [a, a]), size + 1])
        terms.append(b.emit("add", [d, b.emit("mul", [c, c])]))
    return value_and_gradient(b.program([b.emit("sum", terms)]))


@every_precision
@pytest.mark.parametrize("size", [30, 1000])
def test_a_loop_and_its_gradient(size: int, p: Any) -> None:
    program = rosenbrock(size)
    kernel = check(program, p, np.sin(np.arange(size)))
    if many_at_a_time(p) and size == 1000:
        assert len(kernel.code.records) < len(program) / 50


@every_precision
def test_blocks_are_used_again(p: Any) -> None:
    """A long evolution of a field, some of it out of order, needs a few fields."""
    size, b = 64, Builder(64, ["0.25"])
    draw = np.random.default_rng(1)
    field = list(range(size))
    for _ in range(150):
        sums = [b.emit("add", [field[k - 1], field[(k + 1) % size]]) for k in range(size)]
        twice = [b.emit("add", [field[k], field[k]]) for k in range(size)]
        field = [
            b.emit("mul", [b.emit("add", [s, t]), size]) for s, t in zip(sums, twice, strict=True)
        ]
        for k in draw.integers(0, size, 3).tolist():
            field[k] = b.emit("sub", [field[k], field[k - 1]])
    program = b.program(field)
    kernel = check(program, p, np.cos(np.arange(size)))
    assert kernel.code.registers < 40 * size


@every_precision
def test_small_programs_run_one_by_one(p: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL", 10)
    for count, rolled in ((9, False), (10, many_at_a_time(p))):
        b = Builder(count)
        program = b.program([b.emit("neg", [k]) for k in range(count)])
        assert rolls(check(program, p, range(count))) == rolled


def test_loops_of_two_arguments_run_one_by_one() -> None:
    """NumPy's power has other bits where the exponent does not move."""
    b = Builder(40)
    made = [b.emit("pow", [k, 39]) for k in range(39)]
    kernel = check(b.program(made), tg.float64, [*np.linspace(0.1, 9, 39), 0.5])
    assert not rolls(kernel)
