"""The llvm engine: the bits of the reference engine, in every precision, row and program."""

from __future__ import annotations

import gc
import itertools
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import ref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad
from typedgrad.engines.engine import LANES
from typedgrad.engines.python import PythonEngine
from typedgrad.errors import BadBuffer, EmptyInterval, MissingExtra
from typedgrad.gradient import value_and_gradient
from typedgrad.op import BY_UFUNC, TABLE, RowMethods, primitive
from typedgrad.program import Builder, Program

pytest.importorskip("llvmlite")

from typedgrad.engines.llvm import folds, fused, loops, rows
from typedgrad.engines.llvm.engine import LLVMEngine, type_of

tg: Any = typedgrad
ENGINE, STRAIGHT, REFERENCE = LLVMEngine(), LLVMEngine(straight=True), PythonEngine()
PRECISIONS = [p for p in (tg.float32, tg.float64, tg.longdouble) if not ENGINE.supports(p)]
POINTS = [0.0, -0.0, 1, -1, 2, 0.5, -0.5, 3, 1.7, -2.3, 40, -40, 1e-3, 1e-30, 1e30]
POINTS += [float("inf"), float("-inf"), float("nan")]

every_precision = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)


def points(p: Any) -> list[Any]:
    info = np.finfo(p.scalar)
    return [*map(p.scalar, POINTS), info.smallest_subnormal, -info.tiny, info.max]


def agree(found: Any, wanted: Any) -> None:
    assert found.dtype == wanted.dtype
    real = ~np.isnan(wanted)
    assert np.array_equal(np.isnan(found), ~real)
    assert np.array_equal(found[real], wanted[real])
    assert np.array_equal(np.signbit(found[real]), np.signbit(wanted[real]))


def check(program: Program, p: Any, x: Any) -> Any:
    """Run in both engines, and by a bound call."""
    kernel = ENGINE.compile(program, p)
    wanted, found, bound = (np.zeros(len(program.outputs), p.scalar) for _ in range(3))
    x = np.array(x, p.scalar)
    with np.errstate(all="ignore"):
        REFERENCE.compile(program, p).run(x, wanted)
    kernel.run(x, found)
    agree(found, wanted)
    kernel.bound(x, bound)()
    agree(bound, wanted)
    return kernel


def spread(name: str, p: Any) -> tuple[int, list[tuple[Any, ...]]]:
    """The number of arguments of a row, and points for it."""
    op = TABLE[name]
    draw = np.random.default_rng(7)
    count = op.arity if not op.sequences else 6
    if count <= 2:
        return count, list(itertools.product(points(p), repeat=count))
    some = points(p)
    rough = [tuple(some[k] for k in draw.integers(0, len(some), count)) for _ in range(60)]
    smooth = [tuple(p.scalar(v) for v in draw.normal(0, 2, count)) for _ in range(60)]
    ties = [tuple(p.scalar(v) for v in draw.integers(-1, 2, count)) for _ in range(30)]
    return count, rough + smooth + ties


@every_precision
@pytest.mark.parametrize("name", [name for name in TABLE if name != "clip"])
def test_every_row_has_the_bits_of_the_reference(name: str, p: Any) -> None:
    count, grid = spread(name, p)
    b = Builder(count * len(grid))
    made = [b.emit(name, range(k * count, k * count + count)) for k in range(len(grid))]
    kernel = check(b.program(made), p, [x for point in grid for x in point])
    assert not kernel.notes or name == "polygamma"


@every_precision
@pytest.mark.parametrize("name", [name for name, op in TABLE.items() if op.sequences])
def test_folds_of_any_length(name: str, p: Any) -> None:
    """Zeros before what is infinite or NaN, and the special numbers, at every place."""
    some = ["1.5", "-0.7", "2", "0.3", "-1", "4", "-0.0", "0.9", "-3", "1.1", "0.2"]
    odd = ["0", "-0.0", "inf", "-inf", "nan", "5"]
    b = Builder(0, some + odd)
    made: list[int] = []
    for length in range(1, 12):
        left = list(range(length))
        for k, c in itertools.product(range(length), range(len(some), len(some) + len(odd))):
            changed = [*left[:k], c, *left[k + 1 :]]
            if TABLE[name].sequences == 1:
                made.append(b.emit(name, changed))
                continue
            made.append(b.emit(name, left[::-1] + changed))
            for zero in (len(some), len(some) + 1):
                made.append(b.emit(name, [*left[:k], zero, *left[k + 1 :], *changed]))
    check(b.program(made), p, [])


@every_precision
def test_what_runs_in_python_is_said(p: Any) -> None:
    b = Builder(2)
    kernel = check(b.program([b.emit("polygamma", [0, 1])]), p, [1, 2.5])
    assert kernel.notes == ("polygamma runs in Python: it is not compiled",)


@every_precision
def test_clip_and_its_refusal(p: Any) -> None:
    b = Builder(3)
    program = b.program([b.emit("clip", range(3))])
    kernel, reference = ENGINE.compile(program, p), REFERENCE.compile(program, p)
    assert kernel.notes == ()
    x, y = np.zeros(3, p.scalar), np.zeros(1, p.scalar)
    bound, refused = kernel.bound(x, y), 0
    for point in itertools.product(points(p)[:5] + points(p)[-6:], repeat=3):
        x[:] = point
        if point[1] > point[2]:
            refused += 1
            with pytest.raises(EmptyInterval) as wanted:
                reference.run(x, y)
            with pytest.raises(EmptyInterval) as caught:
                kernel.run(x, y)
            assert str(caught.value) == str(wanted.value)
            with pytest.raises(EmptyInterval, match="TG"):
                bound()
            continue
        found = np.zeros(1, p.scalar)
        kernel.run(x, found)
        reference.run(x, y)
        agree(found, y)
    assert refused > 100


@pytest.fixture
def own_row() -> Iterator[Callable[..., str]]:
    made: list[str] = []

    def define(forward: Any, arity: int) -> str:
        rule: Any = (lambda g, y, x: (g,)) if arity == 1 else (lambda g, y, a, b, c, d: (g,) * 4)
        made.append(primitive("row_of_a_test", forward, rule, doc="A row.").name)
        return made[-1]

    yield define
    for name in set(made):
        TABLE.pop(name, None)
        BY_UFUNC.pop(name, None)
        delattr(RowMethods, name)


def raising(x: Any) -> Any:
    return {1: x}[int(x)] if x > 0 else -x


@every_precision
def test_rows_of_a_user(p: Any, own_row: Any) -> None:
    in_python = ("row_of_a_test runs in Python: it is not compiled",)
    forwards: list[tuple[Any, int, tuple[str, ...]]] = [
        (lambda x: x * x + x, 1, ()),
        (lambda x: x * x - x, 1, ()),
        (lambda a, b, c, d: a * b + c * d, 4, in_python),
        (raising, 1, in_python),
    ]
    kernels: list[Any] = []
    for forward, arity, notes in forwards:
        TABLE.pop("row_of_a_test", None)
        name = own_row(forward, arity)
        b = Builder(4)
        program = b.program([b.emit(name, range(arity)), b.emit("tanh", [4])])
        kernels.append(check(program, p, [-0.5, 2, 3, 4]))
        assert kernels[-1].notes == notes
    found = np.zeros(2, p.scalar)
    with pytest.raises(KeyError):
        kernels[-1].run([2, 0, 0, 0], found)
    kernels[-1].run([1, 0, 0, 0], found)
    assert found[0] == 1


ROWS = [name for name in TABLE if name not in ("clip", "polygamma", "gamma_slope")]


@st.composite
def programs(draw: Any) -> Program:
    inputs = draw(st.integers(0, 4))
    chosen = st.sampled_from([0, -1, "0.1", "-0.0", 2.5, "inf", "nan", "1/3"])
    constants = draw(st.lists(chosen, min_size=not inputs, max_size=3))
    b = Builder(inputs, constants)
    last = inputs + len(constants)
    for _ in range(draw(st.integers(0, 12))):
        name = draw(st.sampled_from(ROWS))
        op = TABLE[name]
        count = op.sequences * draw(st.integers(1, 4)) if op.sequences else op.arity
        args = st.integers(0, last - 1)
        last = b.emit(name, draw(st.lists(args, min_size=count, max_size=count))) + 1
    return b.program(draw(st.lists(st.integers(0, last - 1), max_size=5)))


@every_precision
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_random_programs(p: Any, data: Any) -> None:
    program = data.draw(programs())
    some = st.sampled_from(POINTS) | st.floats(-4, 4)
    x = data.draw(st.lists(some, min_size=program.inputs, max_size=program.inputs))
    check(program, p, x)


def check_straight(program: Program, p: Any, x: Any) -> Any:
    kernel = STRAIGHT.compile(program, p)
    wanted, found = (np.zeros(len(program.outputs), p.scalar) for _ in range(2))
    with np.errstate(all="ignore"):
        REFERENCE.compile(program, p).run(np.array(x, p.scalar), wanted)
    kernel.bound(np.array(x, p.scalar), found)()
    agree(found, wanted)
    return kernel


@every_precision
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_random_programs_straight(p: Any, data: Any) -> None:
    program = data.draw(programs())
    some = st.sampled_from(POINTS) | st.floats(-4, 4)
    x = data.draw(st.lists(some, min_size=program.inputs, max_size=program.inputs))
    check_straight(program, p, x)


@every_precision
def test_every_row_straight(p: Any) -> None:
    b, made = Builder(6), []
    unable = {"clip", "polygamma", "mean", "max", "min", *folds.FUNCTIONS}
    for name, op in TABLE.items():
        if name not in unable:
            for k in range(3):
                count = 4 if op.sequences else op.arity
                made.append(b.emit(name, [(k + j) % 6 for j in range(count)]))
    program = b.program(made)
    for x in ([0.3, 1.7, 0.6, 2.5, 1, 0.1], [0, -0.0, 1, float("inf"), float("nan"), -2]):
        assert check_straight(program, p, x).notes == ()


@every_precision
def test_what_cannot_be_straight_is_said(p: Any) -> None:
    b = Builder(2)
    kernel = check_straight(b.program([b.emit("logsumexp", [0, 1])]), p, [1, 2])
    assert kernel.notes == (
        "not compiled by itself: it is too long, or has rows that are no straight code",
    )


def tangled(size: int, seed: int, window: int = 60) -> Program:
    """A large program of arithmetic in no order, with values that nobody uses."""
    draw = np.random.default_rng(seed)
    names = ["add", "mul", "sub", "where", "azmul", "azdot", "tanh", "sum", "greater"]
    b = Builder(10, ["0.3", 2])
    for k in range(size):
        name = names[draw.integers(len(names))]
        op = TABLE[name]
        count = op.sequences * int(draw.integers(1, 9)) if op.sequences else op.arity
        b.emit(name, np.maximum(0, 12 + k - 1 - draw.integers(0, window, count)).tolist())
    return b.program([0, 10, 12 + size - 1, 12 + size - 1, 12 + size - 20])


@every_precision
def test_a_large_program_in_another_order(p: Any) -> None:
    program = tangled(9000, 3)
    kernel = check(program, p, np.linspace(-1, 1, 10))
    assert kernel.code.registers < 1500
    check(value_and_gradient(tangled(300, 5)), p, np.linspace(-1, 1, 10))


@every_precision
@pytest.mark.parametrize(("points", "large"), [(0, False), (21, False), (100, False), (100, True)])
def test_sweep(p: Any, points: int, large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(fused, "MOST_ARGUMENTS", 1)
    b = Builder(2, [3])
    program = b.program([b.emit("tanh", [b.emit("mul", [0, 1])]), 2, 0])
    columns = [np.linspace(-2, 2, points).astype(p.scalar), np.array([0.7], p.scalar)]
    columns = columns if points else [columns[0]] * 2
    got: list[Any] = []
    for engine in (ENGINE, REFERENCE):
        out = [np.zeros(points, p.scalar), None, np.zeros(points, p.scalar)]
        totals = [np.zeros(LANES, p.scalar), np.zeros(LANES, p.scalar), None]
        engine.compile(program, p).sweep(columns, out, totals, 5)
        got.append([x for x in (*out, *totals) if x is not None])
    for found, wanted in zip(*got, strict=True):
        agree(found, wanted)


def test_without_llvmlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    assert ENGINE.supports(tg.float64) == "llvmlite is not installed"
    with pytest.raises(MissingExtra) as caught:
        ENGINE.compile(Builder(1).program([0]), tg.float64)
    assert str(caught.value) == (
        "the llvm engine needs llvmlite, which is not installed\n"
        "help: python -m pip install 'typedgrad[llvm]'\n[TG407]"
    )


def wrong_count(ufunc: np.ufunc) -> Any:
    head = loops.Head.from_buffer_copy(bytes(loops.read_head(ufunc)))
    head.ntypes += 1
    return head


def other_function(ufunc: np.ufunc, read: Any = loops.read_head) -> Any:
    return read(np.sinh)


@every_precision
@pytest.mark.parametrize("head", [wrong_count, other_function])
def test_an_address_that_is_not_sure(p: Any, head: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = loops.read_head
    if head is wrong_count:
        known = {u: head(u) for u in (np.tanh, np.exp)}
        monkeypatch.setattr(loops, "read_head", lambda u: known.get(u) or real(u))
    else:
        monkeypatch.setattr(loops, "read_head", head)
    loops.forget()
    rows.row_address.cache_clear()
    try:
        b = Builder(1)
        program = b.program([b.emit("tanh", [0]), b.emit("sech", [0])])
        kernel = check(program, p, [0.7])
    finally:
        monkeypatch.undo()
        loops.forget()
        rows.row_address.cache_clear()
    assert kernel.notes == (
        "tanh runs in Python: NumPy's inner loop is not where it should be",
        "sech runs in Python: it is not compiled",
    )
    assert ENGINE.compile(program, p).notes == ()


def test_the_type_of_longdouble() -> None:
    assert type_of(np.float32, 24, 4, "any") == "float"
    assert type_of(np.float64, 53, 8, "any") == "double"
    assert type_of(np.longdouble, 53, 8, "arm64") == "double"
    assert type_of(np.longdouble, 64, 16, "x86_64") == "x86_fp80"
    assert type_of(np.longdouble, 64, 12, "i686") == ""
    assert type_of(np.longdouble, 113, 16, "aarch64") == ""
    assert type_of(np.longdouble, 106, 16, "ppc64le") == ""


def test_what_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ENGINE.supports(tg.float64) == ""
    assert ENGINE.supports(tg.float32.strict) == (
        "float32.strict checks every result, and compiled code does not"
    )
    monkeypatch.setattr(tg.longdouble, "bits", 113)
    assert ENGINE.supports(tg.longdouble) == (
        "compiled code has no numbers like longdouble on this machine"
    )


@every_precision
def test_kernels_at_the_same_time(p: Any) -> None:
    programs = [tangled(2000, seed) for seed in (1, 2)]
    kernels = [ENGINE.compile(program, p) for program in programs]
    inputs = [np.linspace(-1, k, 10).astype(p.scalar) for k in range(8)]
    wanted: dict[tuple[int, int], Any] = {}
    for j, program in enumerate(programs):
        for k, x in enumerate(inputs):
            wanted[j, k] = np.zeros(5, p.scalar)
            REFERENCE.compile(program, p).run(x, wanted[j, k])

    def work(job: tuple[int, int, bool]) -> None:
        j, k, bind = job
        for _ in range(20):
            y = np.zeros(5, p.scalar)
            if bind:
                kernels[j].bound(inputs[k], y)()
            else:
                kernels[j].run(inputs[k], y)
            agree(y, wanted[j, k])

    jobs = [(j, k, bind) for k in range(8) for j in range(2) for bind in (False, True)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, jobs))


@every_precision
def test_a_bound_call_keeps_what_it_needs(p: Any) -> None:
    b = Builder(2, ["0.1"])
    program = b.program([b.emit("azdot", [0, 1, 2, 1]), b.emit("polygamma", [2, 1])])
    point = [p.scalar(3), p.scalar(0.5)]

    def bind() -> tuple[Any, Any]:
        y = np.zeros(2, p.scalar)
        return ENGINE.compile(program, p).bound(np.array(point), y), y

    call, y = bind()
    gc.collect()
    np.zeros(10_000, p.scalar).fill(7)
    call()
    wanted = np.zeros(2, p.scalar)
    REFERENCE.compile(program, p).run(point, wanted)
    agree(y, wanted)


def a_kernel() -> Any:
    b = Builder(2)
    return ENGINE.compile(b.program([b.emit("add", [0, 1])]), tg.float64)


GOOD_X, GOOD_Y = np.zeros(2), np.zeros(1)
LOCKED = np.zeros(1)
LOCKED.flags.writeable = False


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ([1.0, 2.0], GOOD_Y, "x in place: it is a list"),
        (np.zeros(2, np.float32), GOOD_Y, "x in place: it holds float32"),
        (np.zeros(3), GOOD_Y, "x in place: its shape is (3,)"),
        (np.zeros((2, 1)), GOOD_Y, "x in place: its shape is (2, 1)"),
        (np.zeros(4)[::2], GOOD_Y, "x in place: its numbers do not lie side by side"),
        (GOOD_X, np.zeros(1, np.int64), "out in place: it holds int64"),
        (GOOD_X, np.zeros(2), "out in place: its shape is (2,)"),
        (GOOD_X, LOCKED, "out in place: it cannot be written to"),
    ],
)
def test_arrays_that_cannot_be_bound(x: Any, y: Any, said: str) -> None:
    with pytest.raises(BadBuffer) as caught:
        a_kernel().bound(x, y)
    size = 2 if said.startswith("x") else 1
    assert str(caught.value) == (
        f"the kernel cannot use {said}\nhelp: give it a NumPy array of its own, "
        f"as np.zeros({size}, np.float64) makes it\n[TG320]"
    )


@pytest.mark.parametrize(("x", "y"), [([1.0], GOOD_Y), ([1.0, 2.0], np.zeros(2))])
def test_the_number_of_inputs_and_outputs(x: Any, y: Any) -> None:
    with pytest.raises(BadBuffer, match="it has"):
        a_kernel().run(x, y)


def test_scalars_in_lists_and_columns() -> None:
    y = np.zeros((2, 1))
    a_kernel().run([np.float64(1), np.float64(2)], y[:, 0][:1])
    assert y[0, 0] == 3


@every_precision
def test_a_kernel_that_nobody_holds_is_gone_at_once(p: Any) -> None:
    builder = Builder(2)
    y = builder.emit("exp", (builder.emit("mul", (0, 1)),))
    program = builder.program([builder.emit("polygamma", (0, y))])
    gc.disable()
    try:
        kernel: Any = LLVMEngine().compile(program, p)
        x, out = np.ones(2, p.scalar), np.zeros(1, p.scalar)
        kernel.run(x, out)
        kernel.bound(x, out)()
        columns, rows = [np.ones(9, p.scalar)] * 2, [np.zeros(9, p.scalar)]
        kernel.sweep(columns, rows, [None], 0)
        kernel.bound_sweep(columns, rows, [None])(0)
        held = ref(kernel)
        del kernel
        assert held() is None
    finally:
        gc.enable()
