"""The NumPy engine: the bits of the reference engine, at one point and at many."""

# pyright: basic

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

import typedgrad
from tests.test_errors import FRACTIONS
from typedgrad.engines import blocks
from typedgrad.engines.arrays import array_rows, same_bits
from typedgrad.engines.engine import LANES
from typedgrad.engines.levels import levels, schedule
from typedgrad.engines.numpy import NumPyEngine, NumPyKernel
from typedgrad.engines.python import PythonEngine
from typedgrad.errors import EmptyInterval
from typedgrad.gradient import value_and_gradient
from typedgrad.op import TABLE, choose, primitive
from typedgrad.program import Builder, Program

tg: Any = typedgrad
precisions = pytest.mark.parametrize("p", [tg.float32, tg.float64, tg.longdouble], ids=str)
TEXTS = (
    *("0", "-0.0", "1", "-1", "inf", "-inf", "nan", "0.3", "-1.75", "2.5", "-3", "30", "-41.5"),
    *("1e-30", "0.7", "5", "0.01", "-0.5", "6", "2"),
)
OWN = [name for name, op in TABLE.items() if op.rule.__module__.startswith("typedgrad.ops")]
# These two refuse some arguments.
PLAIN = [name for name in OWN if name not in ("polygamma", "clip")]
COMMON = (
    *("add", "sub", "mul", "div", "neg", "tanh", "relu", "where", "less", "azmul", "azdiv"),
    *("sum", "dot", "azdot", "max", "logsumexp"),
)


def values_of(p: Any) -> Any:
    """Edges and ordinary numbers, the smallest and the largest among them."""
    return np.array([*map(p.lift, TEXTS), p.tiny / p.lift(2), p.huge, -p.tiny], p.scalar)


def single(name: str, copies: int = 1) -> Program:
    """A program of one row, applied to so many sets of arguments."""
    op = TABLE[name]
    arity = 3 * op.sequences or op.arity
    made = Builder(arity * copies)
    found = [made.emit(name, [k + copies * j for j in range(arity)]) for k in range(copies)]
    return made.program(found)


def arguments(name: str, p: Any, points: int, rng: Any) -> list[Any]:
    """Columns of arguments at which the row refuses nothing."""
    values = values_of(p)
    arity = single(name).inputs
    columns = [rng.choice(values, points) for _ in range(arity)]
    if arity == 1:
        columns = [np.resize(values, points)]
    if name == "clip":
        columns[1:] = [np.minimum(*columns[1:]), np.maximum(*columns[1:])]
    if name == "polygamma":
        columns[0] = rng.integers(0, 5, points).astype(p.scalar)
    return columns


def swept(
    kernel: Any, columns: Sequence[Any], kinds: Sequence[str], start: int = 0
) -> tuple[list[Any], list[Any]]:
    """Outputs and partial sums; a kind is made of o (output) and t (total)."""
    p = kernel.numbers
    points = max(map(len, columns), default=0)
    outs = [np.zeros(2 * points, p.scalar)[::2] if "o" in kind else None for kind in kinds]
    totals = [np.full(LANES, p.lift("0.5"), p.scalar) if "t" in kind else None for kind in kinds]
    with np.errstate(all="ignore"):
        kernel.sweep(columns, outs, totals, start)
    return outs, totals


def assert_same(found: Sequence[Any], wanted: Sequence[Any]) -> None:
    for x, y in zip(found, wanted, strict=True):
        assert (x is None) == (y is None)
        if x is not None:
            assert x.dtype == y.dtype
            assert same_bits(x, y), (x, y)


def kernels(program: Program, p: Any) -> tuple[NumPyKernel, Any]:
    return NumPyEngine().compile(program, p), PythonEngine().compile(program, p)


def ran(kernel: Any, x: Any) -> Any:
    out = np.zeros(len(kernel.program.outputs), kernel.numbers.scalar)
    kernel.run(x, out)
    return out


def assert_sweeps_alike(
    program: Program, p: Any, columns: Sequence[Any], kinds: Sequence[str], start: int = 0
) -> None:
    kernel, reference = kernels(program, p)
    found, wanted = (swept(k, columns, kinds, start) for k in (kernel, reference))
    assert_same(found[0], wanted[0])
    assert_same(found[1], wanted[1])


@precisions
@pytest.mark.parametrize("name", OWN)
def test_every_row_has_the_bits_of_the_reference(name: str, p: Any) -> None:
    rng = np.random.default_rng(len(name))
    columns = arguments(name, p, 450, rng)
    assert_sweeps_alike(single(name), p, columns, ["ot"], 3)
    kernel, reference = kernels(single(name), p)
    for k in range(12):
        x = [column[k] for column in columns]
        assert_same([ran(kernel, x)], [ran(reference, x)])
    kernel, reference = kernels(single(name, 20), p)
    packed = np.concatenate([column[:20] for column in columns])
    assert_same([ran(kernel, packed)], [ran(reference, packed)])


def written(draw: Any) -> Program:
    """A random program with constants, n-ary rows and arbitrary outputs."""
    inputs = draw(st.integers(1, 12))
    constants = draw(st.lists(st.sampled_from(["0.5", "-0.0", 0, 1, 2, "inf"]), max_size=4))
    made = Builder(inputs, constants)
    last = inputs + len(constants) - 1
    for _ in range(draw(st.integers(0, 40))):
        name = draw(st.one_of(st.sampled_from(COMMON), st.sampled_from(PLAIN)))
        op = TABLE[name]
        arity = op.sequences * draw(st.integers(1, 4)) or op.arity
        last = made.emit(name, [draw(st.integers(0, last)) for _ in range(arity)])
    return made.program([draw(st.integers(0, last)) for _ in range(draw(st.integers(1, 4)))])


programs = st.composite(written)()


@settings(max_examples=60, deadline=None)
@given(program=programs, seed=st.integers(0, 2**31), turn=st.integers(0, 2))
def test_random_programs_and_their_gradients(program: Program, seed: int, turn: int) -> None:
    p = (tg.float32, tg.float64, tg.longdouble)[turn]
    rng = np.random.default_rng(seed)
    for each in (program, value_and_gradient(program)):
        kernel, reference = kernels(each, p)
        for drawn in (rng.normal(size=each.inputs), rng.choice(values_of(p), each.inputs)):
            x = drawn.astype(p.scalar)
            assert_same([ran(kernel, x)], [ran(reference, x)])


@settings(max_examples=60, deadline=None)
@given(
    program=programs,
    points=st.sampled_from([0, 1, 2, 7, 8, 9, 40]),
    seed=st.integers(0, 2**31),
    turn=st.integers(0, 2),
)
def test_random_sweeps(program: Program, points: int, seed: int, turn: int) -> None:
    p = (tg.float32, tg.float64, tg.longdouble)[turn]
    rng = np.random.default_rng(seed)
    full = value_and_gradient(program)
    pool = (rng.normal(size=50).astype(p.scalar), values_of(p))
    sizes = [points if k == 0 or rng.random() < 0.6 else min(points, 1) for k in range(full.inputs)]
    columns = [rng.choice(pool[int(rng.integers(0, 2))], size) for size in sizes]
    kinds = [str(rng.choice(["o", "t", "ot", ""])) for _ in full.outputs]
    kernel, reference = kernels(full, p)
    kernel.cost = 1 << 40  # never point by point
    start = int(rng.integers(0, 20))
    found, wanted = (swept(k, columns, kinds, start) for k in (kernel, reference))
    assert_same(found[0], wanted[0])
    assert_same(found[1], wanted[1])


def chain(length: int) -> Program:
    """Each instruction needs the one before it."""
    made = Builder(2)
    last = 0
    for k in range(length):
        last = made.emit("mul" if k % 2 else "add", [last, 1])
    return made.program([last, 0])


@precisions
@pytest.mark.parametrize("points", [1, 3, 7, 8, 9, 1025, 2050])
def test_totals_are_added_in_lanes(points: int, p: Any) -> None:
    rng = np.random.default_rng(points)
    columns = [rng.normal(size=points).astype(p.scalar), np.ones(1, p.scalar)]
    for start in (0, 5, 8):
        assert_sweeps_alike(chain(3), p, columns, ["ot", "t"], start)


@precisions
def test_blocks_are_joined_without_a_seam(p: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LONGEST", 64)
    rng = np.random.default_rng(0)
    full = value_and_gradient(single("logsumexp"))
    columns = [rng.normal(size=203)[::-1].astype(p.scalar) for _ in range(full.inputs)]
    assert_sweeps_alike(full, p, columns, ["ot", "o", "t", "ot"], 6)


def weighted() -> Program:
    """Products with absolute zeros, one of which hides an infinity."""
    made = Builder(3)
    first = made.emit("azmul", [0, 1])
    last = made.emit("azdot", [first, 2, 1, made.emit("div", [1, 2])])
    return made.program([first, last, made.emit("azdiv", [last, 2])])


@precisions
@pytest.mark.parametrize("zeros", [0, 1, 40, 900])
@pytest.mark.parametrize("kinds", [["o"] * 3, ["ot", "t", "o"]])
def test_zeros_among_many_points_are_absolute(
    kinds: list[str], zeros: int, p: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "LONGEST", 384)
    rng = np.random.default_rng(zeros)
    columns = [rng.normal(size=1000).astype(p.scalar) for _ in range(3)]
    for column in columns:
        column[rng.permutation(1000)[:zeros]] = p.lift(0)
    columns[1][::7] = p.lift("inf")
    assert_sweeps_alike(weighted(), p, columns, kinds)
    for shared in (0, 2):
        columns[shared] = np.full(1, shared, p.scalar)
        assert_sweeps_alike(weighted(), p, columns, kinds)
        columns[shared] = np.resize(columns[1], 1000)


def nested_choice() -> Program:
    """A where inside a side of another one, whose condition is also read elsewhere."""
    made = Builder(2, [0, 1])
    below, above = made.emit("less", [0, 2]), made.emit("greater", [1, 3])
    inner = made.emit("where", [above, made.emit("exp", [1]), made.emit("tanh", [0])])
    outer = made.emit("where", [below, made.emit("square", [inner]), made.emit("sqrt", [0])])
    return made.program([outer, made.emit("where", [above, 0, 1]), above])


@precisions
@pytest.mark.parametrize("shift", [-9, -1, 0, 1, 9])
def test_sides_of_a_choice_that_no_point_takes(shift: int, p: Any) -> None:
    rng = np.random.default_rng(1)
    columns = [rng.normal(size=100).astype(p.scalar) + p.lift(s) for s in (shift, -shift)]
    for program in (nested_choice(), value_and_gradient(nested_choice())):
        assert_sweeps_alike(program, p, columns, ["ot"] * len(program.outputs))


@precisions
def test_outputs_that_are_inputs_or_constants_or_repeated(p: Any) -> None:
    made = Builder(3, ["0.1"])
    y = made.emit("mul", [0, 3])
    program = made.program([y, 1, 3, y, 2, made.emit("exp", [2])])
    columns = [np.arange(5).astype(p.scalar), np.ones(5, p.scalar), np.full(1, 2, p.scalar)]
    assert_sweeps_alike(program, p, columns, ["ot"] * 6)
    kernel, reference = kernels(program, p)
    x = np.arange(3).astype(p.scalar)
    assert_same([ran(kernel, x)], [ran(reference, x)])


@precisions
def test_outputs_may_lie_in_the_memory_of_inputs(p: Any) -> None:
    made = Builder(2)
    program = made.program([made.emit("sub", [0, 1]), made.emit("mul", [0, 1])])
    x, y = np.arange(1, 21).astype(p.scalar), np.arange(20).astype(p.scalar)
    wanted = [x - y, x * y]
    NumPyEngine().compile(program, p).sweep([x, y], [x, y], [None, None], 0)
    assert_same([x, y], wanted)
    table = np.arange(80).reshape(20, 4).astype(p.scalar)
    wanted = [table[:, 0] - table[:, 1], table[:, 0] * table[:, 1]]
    before = table[:, :2].copy()
    columns, outs = [table[:, 0], table[:, 1]], [table[:, 2], table[:, 3]]
    NumPyEngine().compile(program, p).sweep(columns, outs, [None, None], 0)
    assert_same(outs, wanted)
    assert_same([table[:, :2]], [before])
    NumPyEngine().compile(program, p).sweep(columns, [columns[1], None], [None, None], 0)
    assert_same([table[:, 1]], wanted[:1])


@precisions
def test_a_run_reads_and_writes_lists_and_any_arrays(p: Any) -> None:
    kernel, reference = kernels(chain(30), p)
    x = np.array([2, 1, 7], p.scalar)[::2]
    wanted = ran(reference, x)
    found = np.zeros(4, p.scalar)[::2]
    kernel.run(list(x), found)
    assert_same([found], [wanted])
    call = kernel.bound(x, found)
    x[0] = 3
    call()
    assert_same([found], [ran(reference, x)])
    out: list[Any] = [None, None]
    kernel.run(x, out)
    assert [type(y) for y in out] == [p.scalar, p.scalar]


@precisions
def test_a_copy_has_registers_of_its_own(p: Any) -> None:
    kernel = NumPyEngine().compile(chain(40), p)
    other = kernel.copy()
    x = np.array([1, 2], p.scalar)
    assert other.plan is kernel.plan
    assert_same([ran(other, x)], [ran(kernel, x)])
    assert not np.may_share_memory(other.registers, kernel.registers)


def test_what_runs_an_element_at_a_time_is_noted() -> None:
    kernel = NumPyEngine().compile(single("polygamma"), tg.float64)
    assert len(kernel.notes) == 1
    assert kernel.notes[0].startswith("polygamma runs an element at a time (TypeError")
    assert NumPyEngine().compile(single("erf"), tg.float64).notes == ()
    for p in (tg.float32, tg.float64, tg.longdouble):
        rows = array_rows(p)
        for name in OWN:
            rows.forward(name)
        assert [name for name in OWN if name in rows.notes] == ["polygamma"]


def test_a_row_of_ones_own_that_arrays_cannot_run() -> None:
    primitive(
        "own_if",
        lambda x: x if x > 1 else -x,
        lambda g, y, x: (choose(x > 1, lambda: g, lambda: -g),),
        doc="A test row.",
    )
    try:
        column = np.array([3.0, -1.0, 0.5])
        assert_sweeps_alike(single("own_if"), tg.float64, [column], ["o"])
        kernel = NumPyEngine().compile(single("own_if"), tg.float64)
        assert "own_if runs an element at a time (ValueError" in kernel.notes[0]
    finally:
        del TABLE["own_if"]


@precisions
def test_a_refused_point_is_named(p: Any) -> None:
    kernel = NumPyEngine().compile(single("clip"), p)
    columns = [np.zeros(3, p.scalar), np.array([0, 2, 0], p.scalar), np.ones(3, p.scalar)]
    with pytest.raises(EmptyInterval, match="lo = 2"):
        kernel.sweep(columns, [np.zeros(3, p.scalar)], [None], 0)


def test_a_kernel_is_as_it_was_after_an_error() -> None:
    kernel = NumPyEngine().compile(single("clip", 10), tg.float64)
    x = np.repeat([0.5, 0.0, 1.0], 10)
    wanted = ran(kernel, x)
    with pytest.raises(EmptyInterval):
        ran(kernel, np.repeat([0.5, 1.0, 0.0], 10))
    assert_same([ran(kernel, x)], [wanted])


def test_precisions_that_arrays_cannot_hold() -> None:
    engine = NumPyEngine()
    assert engine.supports(tg.float32) == ""
    assert "stops at the first NaN" in engine.supports(tg.float64.strict)
    assert "no arrays of the scalars of fraction" in engine.supports(FRACTIONS)


def test_levels_and_runs() -> None:
    made = Builder(2)
    firsts = [made.emit("add", [0, 1]) for _ in range(30)]
    seconds = [made.emit("mul", [x, 0]) for x in firsts]
    last = made.emit("sum", seconds[:9])
    program = made.program([made.emit("exp", [last])])
    assert levels(program).tolist() == [0] * 30 + [1] * 30 + [2, 3]
    runs = schedule(program).runs
    assert [(run.op, run.size) for run in runs] == [("add", 30), ("mul", 30), ("", 2)]
    assert [run.size for run in schedule(chain(1000)).runs] == [1000]


def test_wide_sums_are_cut_and_still_in_order() -> None:
    rng = np.random.default_rng(2)
    made = Builder(600)
    rows = [made.emit("azdot", rng.integers(0, 600, 600).tolist()) for _ in range(120)]
    rows += [made.emit("sum", rng.integers(0, 600, n).tolist()) for n in (1, 2, 3, 40, 700)]
    program = made.program(rows)
    assert len(schedule(program).runs) > 1
    for p in (tg.float32, tg.float64, tg.longdouble):
        kernel, reference = kernels(program, p)
        x = rng.normal(size=600).astype(p.scalar)
        assert_same([ran(kernel, x)], [ran(reference, x)])


class Quads(typedgrad.Precision[Any]):
    """A precision of one's own whose scalars are another NumPy dtype."""

    @override
    def from_ratio(self, top: int, bottom: int = 1) -> Any:
        return self.scalar(top) / self.scalar(bottom)

    @override
    def from_special(self, name: str) -> Any:
        return self.scalar(name)

    @override
    def to_ratio(self, x: Any) -> tuple[int, int]:
        exact = Fraction(float(x))
        return exact.numerator, exact.denominator

    @override
    def ulp(self, x: Any) -> Any:
        return self.scalar(2) ** -112

    @override
    def is_finite(self, x: Any) -> bool:
        return bool(np.isfinite(x))


@precisions
@pytest.mark.parametrize(("vectors", "swapped"), [(1, False), (6, False), (6, True)])
def test_the_rows_of_a_matrix_meet_vectors(p: Any, vectors: int, swapped: bool) -> None:
    rng, rows, terms = np.random.default_rng(2), 32, 48
    made, found = Builder((rows + vectors) * terms), []
    lists = [list(range(k * terms, (k + 1) * terms)) for k in range(rows + vectors)]
    for vector in lists[rows:]:
        for row in lists[:rows]:
            name = "azdot" if vector is lists[-1] else "dot"
            found.append(made.emit(name, vector + row if swapped else row + vector))
    kernel, reference = kernels(made.program(found), p)
    for special in ("1", "0", "-0.0", "inf", "nan"):
        x = rng.normal(size=made.inputs).astype(p.scalar)
        x[rng.integers(0, made.inputs, 9)] = p.lift(special)
        x[rng.integers(0, made.inputs, 9)] = p.lift("0")
        got, wanted = np.empty((2, len(found)), p.scalar)
        kernel.run(x, got)
        reference.run(x, wanted)
        assert same_bits(got, wanted)


def test_another_dtype_of_numpy() -> None:
    quad = pytest.importorskip("numpy_quaddtype")
    p: Any = Quads("quad", quad.QuadPrecision, 113)
    engine = NumPyEngine()
    assert engine.supports(p) == ""
    made = Builder(4, ["0.1"])
    y = made.emit("mul", [made.emit("dot", [0, 1, 2, 3]), 4])
    full = value_and_gradient(made.program([made.emit("tanh", [y])]))
    kernel, reference = kernels(full, p)
    x = [p.lift(text) for text in ("0.3", "1", "-2", "5")]
    found, wanted = [p.lift(0)] * 5, [p.lift(0)] * 5
    kernel.run(x, found)
    reference.run(x, wanted)
    assert [str(a) for a in found] == [str(a) for a in wanted]
    points = [np.array([a, a + a, a * a]) for a in x]
    outs, totals = swept(kernel, points, ["ot"] * 5)
    for k in range(3):
        reference.run([column[k] for column in points], wanted)
        assert [str(out[k]) for out in outs] == [str(a) for a in wanted]
    assert str(totals[0][1]) == str(p.lift("0.5") + outs[0][1])
