"""The NumPy engine at many points: where it looks for zeros, and what it does in fewer passes."""

# pyright: basic

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad
from tests.test_engine_numpy import (
    assert_same,
    assert_sweeps_alike,
    chain,
    kernels,
    swept,
    values_of,
    weighted,
)
from typedgrad.engines import blocks
from typedgrad.engines.arrays import array_rows, same_bits
from typedgrad.engines.lean import lean
from typedgrad.engines.numpy import NumPyEngine
from typedgrad.engines.recipes import follow, recipe
from typedgrad.engines.slots import layout
from typedgrad.engines.zeros import zero_tests
from typedgrad.op import TABLE
from typedgrad.program import Builder, Program

tg: Any = typedgrad
precisions = pytest.mark.parametrize("p", [tg.float32, tg.float64, tg.longdouble], ids=str)


def adjoints(draw: Any) -> Program:
    """A random program of the rows that carry adjoints, and a few that do not."""
    made = Builder(4, ["0.5", "-2", 1, "inf", 0])
    last = 8
    for _ in range(draw(st.integers(1, 25))):
        name = draw(st.sampled_from(ADJOINT))
        op = TABLE[name]
        arity = op.sequences * draw(st.integers(1, 3)) or op.arity
        near = st.integers(max(last - 5, 0), last)
        last = made.emit(name, [draw(st.one_of(near, st.integers(0, last))) for _ in range(arity)])
    outputs = [last, *(draw(st.integers(0, last)) for _ in range(draw(st.integers(0, 2))))]
    return made.program(outputs)


ADJOINT = (
    *("azmul", "azmul", "azdiv", "azdot", "add", "sub", "neg", "where", "mul", "div"),
    *("sum", "dot", "abs", "square", "sqrt", "exp", "less", "equal", "azprod", "relu"),
)


@settings(max_examples=80, deadline=None)
@given(program=st.composite(adjoints)(), seed=st.integers(0, 2**31), turn=st.integers(0, 2))
def test_no_zero_is_missed_at_the_end_of_a_chain(program: Program, seed: int, turn: int) -> None:
    p = (tg.float32, tg.float64, tg.longdouble)[turn]
    rng = np.random.default_rng(seed)
    columns = [rng.normal(size=140).astype(p.scalar) for _ in range(4)]
    edges = [p.lift(x) for x in ("0", "-0.0", "inf", "-inf", "nan", "1")]
    for column in columns:
        column[rng.integers(0, 140, 3)] = rng.choice(edges, 3)
    if seed % 3 == 0:
        columns[seed % 4] = np.full(1, rng.choice(edges), p.scalar)
    assert_sweeps_alike(program, p, columns, ["o", "ot", "t"][: len(program.outputs)])


def looked_at(made: Builder, outputs: list[int]) -> dict[int, bool]:
    """The values of a program that are looked at for zeros."""
    program = made.program(outputs)
    marks = [True] * len(outputs)
    plan = layout(program, [True] * program.inputs, marks, marks)
    constants = dict(enumerate(map(np.float64, program.constants), program.inputs))
    return zero_tests(program, plan, constants)


def test_zeros_are_looked_for_where_a_chain_ends() -> None:
    made = Builder(2)
    last = 0
    for name in ("azmul", "neg", "azdiv", "add", "sub", "mul"):
        last = made.emit(name, [last, 1][: TABLE[name].arity])
    assert looked_at(made, [last]) == {last: True}
    made = Builder(2)
    inner = made.emit("azmul", [0, 1])
    raised = made.emit("exp", [inner])
    below = made.emit("azmul", [0, 1])
    assert looked_at(made, [raised]) == {inner: True}
    last = made.emit("div", [1, below])
    assert looked_at(made, [last]) == {below: True}


def test_a_factor_of_several_products_is_looked_at_itself() -> None:
    made = Builder(4)
    products = [made.emit("azmul", [0, k]) for k in (1, 2, 3)]
    assert looked_at(made, products) == {0: False}
    assert looked_at(made, products[:1]) == {products[0]: True}


def test_a_positive_constant_keeps_the_zeros_of_its_factor() -> None:
    made = Builder(1, [2, -2])
    assert looked_at(made, [made.emit("azmul", [0, 1]), made.emit("azdiv", [0, 1])]) == {}
    last = made.emit("azmul", [0, 2])
    assert looked_at(made, [last]) == {last: True}


def test_compositions_without_choices_are_recipes() -> None:
    for p in (tg.float32, tg.float64, tg.longdouble):
        rows = array_rows(p)
        steps = rows.recipe("sech")
        assert steps[0].ufunc is np.absolute
        assert steps[-1].ufunc is np.divide
        x = values_of(p)
        with np.errstate(all="ignore"):
            assert same_bits(follow(steps, x), rows.forward("sech")(x))
        for name in ("relu", "clip", "polygamma", "logsumexp", "pow", "less"):
            assert rows.recipe(name) == []


def refused(function: Any, arity: int = 1) -> None:
    with pytest.raises(TypeError):
        recipe(function, arity, np.dtype(np.float32))


def test_a_recipe_is_a_list_of_ufuncs_of_one_precision() -> None:
    refused(lambda x: x if x else -x)
    refused(lambda x: x)
    refused(lambda x: -x and x)
    refused(lambda x: x**2)
    refused(lambda x: x > 1)
    refused(lambda x: x + np.float64(0.1))
    refused(np.add.reduce)
    refused(lambda x: np.add(x, 1, dtype=np.float64))
    refused(lambda x, y: (x + y, x)[1], 2)
    steps = recipe(lambda x: 0.1 * x, 1, np.dtype(np.float32))
    assert same_bits(follow(steps, np.ones(2, np.float32)), np.full(2, 0.1, np.float32))


def test_lean_programs_subtract_and_repeat_no_product() -> None:
    made = Builder(3, [1])
    product = made.emit("azmul", [0, 1])
    minus = made.emit("neg", [product])
    first = made.emit("add", [minus, 2])
    second = made.emit("sub", [2, minus])
    third = made.emit("azdot", [0, 2, minus, 1, 1, 3])
    program = lean(made.program([first, second, third]), [3])
    assert [(op, *args) for op, args in program.instructions()] == [
        ("azmul", 0, 1),
        ("neg", 4),
        ("sub", 2, 4),
        ("add", 2, 4),
        ("azdot", 4, 2, 3, 1),
        ("sub", 8, 4),
    ]
    assert len(lean(made.program([third]), [])) == 5


@precisions
@pytest.mark.parametrize("repeats", [2, 3])
def test_terms_that_are_repeated(repeats: int, p: Any) -> None:
    made = Builder(3, [1])
    rng = np.random.default_rng(3)
    columns = [rng.normal(size=150).astype(p.scalar) for _ in range(3)]
    terms = [(0, 1)] * repeats + [(2, 3)] + [(1, 2)] * repeats + [(1, 3), (1, 2)]
    args = [a for a, _ in terms] + [b for _, b in terms]
    program = made.program([made.emit("azdot", args), made.emit("dot", args)])
    assert_sweeps_alike(program, p, columns, ["o", "ot"])


@precisions
def test_bound_sweeps_see_the_arrays_as_they_are(p: Any) -> None:
    kernel, reference = kernels(weighted(), p)
    rng = np.random.default_rng(4)
    table = rng.normal(size=(300, 3)).astype(p.scalar)
    columns = [table[:, 0], table[:, 1], table[:1, 2].copy()]
    outs = [np.zeros(300, p.scalar) for _ in range(3)]
    for rows in (outs, [columns[0], *outs[1:]]):
        call = kernel.bound_sweep(columns, rows, [None] * 3)
        for _ in range(2):
            table[:] = rng.normal(size=(300, 3))
            table[7, 0] = 0
            wanted, _ = swept(reference, columns, ["o"] * 3)
            for begin, count in ((0, 200), (200, 99), (299, 1)):
                call(0, begin, count)
            assert_same(rows, wanted)


def test_blocks_and_layouts_do_not_pile_up() -> None:
    kernel = NumPyEngine().compile(chain(3), tg.float64)
    for points in range(20, 60):
        swept(kernel, [np.ones(points), np.ones(1)], ["o", "o"])
    sweeper: Any = kernel._sweeper
    assert 0 < len(sweeper._blocks) <= blocks.KEPT


@precisions
def test_what_a_zero_with_the_wrong_sign_would_lead_to(p: Any) -> None:
    made = Builder(2, [1])
    product = made.emit("azmul", [0, 1])
    program = made.program(
        [made.emit(name, [2, product]) for name in ("div", "azdiv", "pow", "sub")]
    )
    columns = [np.ones(200, p.scalar), np.full(200, -1, p.scalar)]
    columns[0][[3, 90]] = p.lift("0"), p.lift("-0.0")
    columns[1][90] = p.lift("inf")
    assert_sweeps_alike(program, p, columns, ["o"] * 4)


@precisions
@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("edge", ["1", "nan", "-8"])
def test_a_choice_may_stay_where_one_side_is(edge: str, same: bool, p: Any) -> None:
    made = Builder(2, [-5])
    test = made.emit("equal", [0, 0]) if same else made.emit("less", [0, 2])
    sides = [made.emit("exp", [1]), made.emit("tanh", [1])]
    last = made.emit("where", [test, *sides])
    program = made.program([made.emit("square", [last])])
    plan = layout(program, [True, True], [True], [False])
    assert plan.places[last] == plan.places[sides[0 if same else 1]]
    rng = np.random.default_rng(5)
    for count in (0, 1, 70, 140):
        columns = [rng.normal(size=140).astype(p.scalar) for _ in range(2)]
        columns[0][:count] = p.lift(edge)
        assert_sweeps_alike(program, p, columns, ["o"])
