"""Mixed precision: the compiled way has the bits of the reference loop, for rows and programs."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad
from typedgrad import errors
from typedgrad.engines.mix import Mix
from typedgrad.engines.mixed import PythonMixed, mixed_kernel
from typedgrad.engines.python import PythonEngine
from typedgrad.op import TABLE
from typedgrad.program import Builder, Program

tg: Any = typedgrad
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]
PAIRS = [*itertools.combinations(PRECISIONS[::-1], 2), *itertools.combinations(PRECISIONS, 2)]
POINTS = [0.0, -0.0, 1, -1, 2, 0.5, -0.5, 3, 1.7, -2.3, 40, 1e-3, 1e30, 1e-30]
POINTS += [float("inf"), float("-inf"), float("nan"), 0.1, -1e300, 1e-310]
PLAIN = ["add", "sub", "mul", "div", "exp", "sqrt", "sin", "hypot", "pow", "azmul", "where"]
PLAIN += ["sum", "dot", "logsumexp", "azdot", "tanh", "abs", "less"]

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda p: f"{p[0].name}-{p[1].name}")


def same(found: list[Any], wanted: list[Any]) -> None:
    for got, want in zip(found, wanted, strict=True):
        assert type(got) is type(want)
        assert np.array_equal(got, want, equal_nan=True), (got, want)
        assert np.isnan(want) or np.signbit(got) == np.signbit(want)


def choices(program: Program, draw: np.random.Generator) -> Mix:
    runs = draw.integers(0, 2, len(program)).astype(np.int8)
    return Mix(runs, draw.integers(0, 2, program.values).astype(np.int8))


def grid(name: str, draw: np.random.Generator) -> tuple[int, list[tuple[Any, ...]]]:
    """The number of arguments of a row, and points for it."""
    op = TABLE[name]
    count = 6 if op.sequences else op.arity
    if count == 1:
        return 1, [(x,) for x in POINTS]
    rough = [tuple(draw.choice(POINTS, count)) for _ in range(40)]
    points = rough + [tuple(draw.normal(0, 2, count)) for _ in range(20)]
    return count, [(p[0], *sorted(p[1:])) for p in points] if name == "clip" else points


@pytest.mark.parametrize("pair", PAIRS[:3], ids=lambda p: f"{p[0].name}-{p[1].name}")
@pytest.mark.parametrize("name", TABLE)
def test_every_row_has_the_bits_of_the_reference(name: str, pair: Any) -> None:
    draw = np.random.default_rng(3)
    count, points = grid(name, draw)
    b = Builder(count * len(points))
    made = [b.emit(name, range(k * count, k * count + count)) for k in range(len(points))]
    program = b.program(made)
    with np.errstate(all="ignore"):
        x = [pair[0].scalar(v) for point in points for v in point]
    wanted, found = PythonMixed(program, pair), mixed_kernel(program, pair)
    for _ in range(2):
        mix = choices(program, draw)
        same(found.run(mix, x), wanted.run(mix, x))


@st.composite
def programs(draw: Any) -> tuple[Program, int]:
    b = Builder(3, ["0.1", 2, 1e300, np.float64(0.7)])
    for _ in range(draw(st.integers(1, 25))):
        name = draw(st.sampled_from(PLAIN))
        op = TABLE[name]
        count = op.arity if not op.sequences else op.sequences * draw(st.integers(1, 4))
        values = 3 + 4 + len(b.codes)
        b.emit(name, [draw(st.integers(0, values - 1)) for _ in range(count)])
    outputs = range(3 + 4 + len(b.codes))
    return b.program(outputs), draw(st.integers(0, 2**32))


@every_pair
@given(made=programs())
@settings(max_examples=25, deadline=None)
def test_random_programs_have_the_bits_of_the_reference(made: Any, pair: Any) -> None:
    program, seed = made
    draw = np.random.default_rng(seed)
    inputs = [pair[0].scalar(x) for x in draw.normal(0, 2, 3)]
    mix = choices(program, draw)
    wanted = PythonMixed(program, pair).run(mix, inputs)
    same(mixed_kernel(program, pair).run(mix, inputs), wanted)


@pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)
def test_one_format_everywhere_is_the_plain_engine(p: Any) -> None:
    b = Builder(2, ["0.3"])
    x = b.emit("mul", [0, 2])
    program = b.program([b.emit("exp", [b.emit("div", [x, 1])]), x])
    inputs = [p.scalar(1.7), p.scalar(3)]
    wanted: list[Any] = [None, None]
    PythonEngine().compile(program, p).run(inputs, wanted)
    other = tg.float32 if p is not tg.float32 else tg.float64
    for kernel in (mixed_kernel(program, [p, other]), PythonMixed(program, [p, other])):
        same(kernel.run(Mix.uniform(program), inputs), wanted)


def kept_and_computed(engine: str) -> tuple[Any, Any]:
    b = Builder(1, ["0.1"])
    program = b.program([b.emit("mul", [0, 1])])
    kernel = mixed_kernel(program, [tg.float64, tg.float32], engine)
    whole = Mix.uniform(program)
    x = [np.float64(0.1)]
    return kernel.run(whole.demoted([2]), x)[0], kernel.run(whole.demoted([2], 1, True), x)[0]


def test_a_value_is_kept_or_computed_in_the_narrow_format() -> None:
    for engine in ("auto", "python"):
        kept, computed = kept_and_computed(engine)
        assert kept == np.float32(0.1 * 0.1) and type(kept) is np.float32
        assert computed == np.float32(0.1) * np.float32(0.1) and type(computed) is np.float32
        assert kept != computed


def test_an_input_is_rounded_where_it_is_kept() -> None:
    b = Builder(1)
    program = b.program([b.emit("add", [0, 0]), 0])
    mix = Mix.uniform(program).demoted([0])
    for engine in ("auto", "python"):
        found = mixed_kernel(program, [tg.float64, tg.float32], engine).run(mix, [np.float64(0.1)])
        assert found == [np.float64(np.float32(0.1)) * 2, np.float32(0.1)]
        assert [*map(type, found)] == [np.float64, np.float32]


def test_a_choice_that_does_not_fit_is_refused() -> None:
    b = Builder(1)
    program = b.program([b.emit("exp", [0])])
    whole = Mix.uniform(program)
    for engine in ("auto", "python"):
        kernel = mixed_kernel(program, [tg.float64, tg.float32], engine)
        with pytest.raises(errors.BadMix, match="1 entries for 2 values"):
            kernel.run(Mix(whole.runs, whole.kept[:1]), [np.float64(1)])
        with pytest.raises(errors.BadMix, match="there is no format 2"):
            kernel.run(whole.demoted([1], 2), [np.float64(1)])


def test_engines_are_named_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    b = Builder(2)
    program = b.program([b.emit("polygamma", [0, 1])])
    pair = [tg.float64, tg.float32]
    with pytest.raises(errors.NoEngine, match="does not mix"):
        mixed_kernel(program, pair, "numpy")
    with pytest.raises(errors.NoEngine, match="no engine of this name"):
        mixed_kernel(program, pair, "gpu")
    assert type(mixed_kernel(program, pair)) is PythonMixed
    pytest.importorskip("llvmlite")
    with pytest.raises(errors.NoEngine, match="polygamma is not compiled"):
        mixed_kernel(program, pair, "llvm")
    monkeypatch.setitem(__import__("sys").modules, "llvmlite.binding", None)
    monkeypatch.setitem(__import__("sys").modules, "llvmlite", None)
    assert type(mixed_kernel(program, pair)) is PythonMixed


def test_bounds_in_the_wrong_order_are_refused_as_ever() -> None:
    b = Builder(3)
    program = b.program([b.emit("clip", [0, 1, 2])])
    kernel = mixed_kernel(program, [tg.float64, tg.float32])
    with pytest.raises(errors.EmptyInterval):
        kernel.run(Mix.uniform(program), [np.float64(1), np.float64(2), np.float64(1)])
