"""Gradients of programs: the bits of the eager sweep, in every precision, and any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import oracle
from tests.edges import EDGES, LARGE_EDGES
from tests.oracle import PRECISIONS
from typedgrad.engines.python import PythonEngine
from typedgrad.errors import NotTraceable, TypedgradError
from typedgrad.forward import tangents
from typedgrad.gradient import gradient, hessian, jacobian, value_and_gradient
from typedgrad.numbers import decimal_ratio
from typedgrad.op import TABLE, Op, primitive
from typedgrad.program import Builder, Program
from typedgrad.pushforward import hvp, jvp
from typedgrad.reverse import adjoints
from typedgrad.simplify import simplify, without_dead
from typedgrad.templates import PLAIN, by_tracing, template
from typedgrad.value import leaf

rows = pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
precisions = pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda numbers: numbers.name)
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
STEPS = ("add", "sub", "mul", "div", "tanh", "exp", "sqrt", "sin", "relu", "maximum", "sum", "dot")


def evaluated(program: Program, numbers: Any, x: Sequence[Any]) -> list[Any]:
    out = np.empty(len(program.outputs), numbers.scalar)
    PythonEngine().compile(program, numbers).run(x, out)
    return list(out)


def one_row(op: Op, arity: int) -> Program:
    builder = Builder(arity)
    return builder.program([builder.emit(op.name, range(arity))])


def nodes_of(program: Program, leaves: list[Any], numbers: Any) -> list[Any]:
    """The values of a program as eager nodes."""
    nodes = [*leaves, *(leaves[0].constant(x) for x in program.constants)]
    for name, args in program.instructions():
        nodes.append(leaves[0].apply(TABLE[name], tuple(nodes[k] for k in args)))
    return nodes


def eager(program: Program, numbers: Any, x: Sequence[Any]) -> list[Any]:
    """The value and the partials of the first output by the eager sweep."""
    leaves = [leaf(numbers, value) for value in x]
    root = nodes_of(program, leaves, numbers)[int(program.outputs[0])]
    zero = numbers.scalar(0)
    found = adjoints(root, leaves, numbers.scalar(1))
    return [root.primal, *(zero if g is None else g for g in found)]


def assert_same_bits(found: Sequence[Any], wanted: Sequence[Any], about: object) -> None:
    """Values agree in every bit; an adjoint that is zero may have either sign."""
    assert type(found[0]) is type(wanted[0])
    assert np.isnan(found[0]) or np.signbit(found[0]) == np.signbit(wanted[0]), about
    assert np.array_equal(found, wanted, equal_nan=True), (about, found, wanted)


@precisions
@rows
def test_every_row_at_nasty_points(op: Op, numbers: Any) -> None:
    for args in oracle.nasty_points(op, numbers, 40):
        program = one_row(op, len(args))
        try:
            wanted = eager(program, numbers, args)
        except TypedgradError:
            continue
        full = value_and_gradient(program)
        assert_same_bits(evaluated(full, numbers, args), wanted, (op, args))
        assert_same_bits(evaluated(simplify(full), numbers, args), wanted, (op, args))


@precisions
@pytest.mark.parametrize(("name", "args", "_"), EDGES + LARGE_EDGES)
def test_every_row_at_its_edges(numbers: Any, name: str, args: str, _: str) -> None:
    try:
        x = [numbers.parse(text) for text in args.split()]
        program = one_row(TABLE[name], len(x))
        wanted = eager(program, numbers, x)
    except TypedgradError:
        return
    assert_same_bits(evaluated(value_and_gradient(program), numbers, x), wanted, (name, args))


@rows
def test_no_rule_asks_or_computes_on_its_own(op: Op) -> None:
    arity = 3 * op.sequences or op.arity
    for forward in (False, True):
        laid = template(op, arity, (), forward)
        assert all(name in TABLE for name in laid.ops)
        assert len(laid.terms) <= arity


@st.composite
def programs(draw: Callable[..., Any]) -> Program:
    inputs = draw(st.integers(1, 4))
    builder = Builder(inputs, [2, 0.5, "0.1"])
    values = inputs + 3
    for _ in range(draw(st.integers(1, 25))):
        name = draw(st.sampled_from(STEPS))
        sequences = TABLE[name].sequences
        size = sequences * draw(st.integers(1, 4)) if sequences else TABLE[name].arity
        args = [draw(st.integers(0, values - 1)) for _ in range(size)]
        if min(args) >= inputs and max(args) < inputs + 3:
            args[0] = 0
        values = builder.emit(name, args) + 1
    return builder.program([values - 1])


NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, -3.25, 1e-3, 40.0])


@settings(max_examples=300, deadline=None)
@given(program=programs(), data=st.data())
def test_random_programs(program: Program, data: Any) -> None:
    for numbers in PRECISIONS:
        x = [numbers.lift(data.draw(NUMBERS)) for _ in range(program.inputs)]
        wanted = eager(program, numbers, x)
        full = value_and_gradient(program)
        assert_same_bits(evaluated(full, numbers, x), wanted, program)
        assert_same_bits(evaluated(simplify(full), numbers, x), wanted, program)
        partials = evaluated(gradient(program), numbers, x)
        assert np.array_equal(partials, wanted[1:], equal_nan=True)


@settings(max_examples=200, deadline=None)
@given(program=programs(), data=st.data())
def test_random_tangents(program: Program, data: Any) -> None:
    for numbers in PRECISIONS:
        x = [numbers.lift(data.draw(NUMBERS)) for _ in range(program.inputs)]
        along = [numbers.lift(data.draw(NUMBERS)) for _ in x]
        leaves = [leaf(numbers, value) for value in x]
        root = nodes_of(program, leaves, numbers)[int(program.outputs[0])]
        moving = tangents(root, leaves, along)
        wanted = [root.primal, numbers.scalar(0) if moving is None else moving]
        assert_same_bits(evaluated(jvp(program), numbers, [*x, *along]), wanted, program)


@precisions
@rows
def test_second_derivatives(op: Op, numbers: Any) -> None:
    from tests.test_table import differentiable_places

    for args in oracle.nasty_points(op, numbers, 3, tame=True):
        program = hessian(one_row(op, len(args)))
        table = evaluated(program, numbers, args)
        again = evaluated(simplify(program), numbers, args)
        assert np.array_equal(table, again, equal_nan=True)
        for i in differentiable_places(op, args):
            for j in differentiable_places(op, args):
                truth, scale = oracle.true_second(op, numbers, args, i, j)
                if truth is None:
                    continue
                found = table[i * len(args) + j]
                miss = oracle.distance(numbers, found, truth)
                unit = oracle.to_exact(numbers, numbers.eps) * scale
                assert miss <= 64 * unit, (op.name, args, i, j)


def test_a_zero_adjoint_that_varies_is_differentiated() -> None:
    """d/dy of sqrt(x) * y by x is 1/(2 sqrt(x)), also where y is zero."""
    builder = Builder(2)
    root = builder.emit("mul", [builder.emit("sqrt", [0]), 1])
    program = hessian(builder.program([root]))
    for numbers in PRECISIONS:
        table = evaluated(program, numbers, [numbers.lift(4), numbers.lift(0)])
        assert table == [0, 0.25, 0.25, 0]


def test_a_branch_that_was_not_taken_spoils_nothing() -> None:
    builder = Builder(1, [0, 1])
    test = builder.emit("greater", [0, 1])
    root = builder.emit("where", [test, builder.emit("log", [0]), builder.emit("mul", [0, 2])])
    program = builder.program([root])
    for numbers in PRECISIONS:
        assert evaluated(gradient(program), numbers, [numbers.lift(-1)]) == [1]
        assert evaluated(hessian(program), numbers, [numbers.lift(-1)]) == [0]
        assert evaluated(jvp(program), numbers, [numbers.lift(-1), numbers.lift(1)]) == [-1, 1]


def test_hessian_times_a_direction() -> None:
    builder = Builder(2)
    square = builder.emit("mul", [0, 0])
    program = builder.program([builder.emit("mul", [square, 1])], ["x", "y"])
    pushed = hvp(program)
    assert pushed.input_names() == ["x", "y", "dx", "dy"]
    for numbers in PRECISIONS:
        x = [numbers.lift(v) for v in (3, 2, 1, 0)]
        assert evaluated(pushed, numbers, x) == [4, 6]


def test_outputs_of_every_kind() -> None:
    builder = Builder(2, [7])
    product = builder.emit("mul", [0, 1])
    program = builder.program([product, 0, 2, product])
    for numbers in PRECISIONS:
        x = [numbers.lift(3), numbers.lift(5)]
        assert evaluated(jacobian(program), numbers, x) == [5, 3, 1, 0, 0, 0, 5, 3]
        full = value_and_gradient(program, 2)
        assert evaluated(full, numbers, x) == [15, 3, 7, 15, 0, 0]
        assert evaluated(simplify(full), numbers, x) == [15, 3, 7, 15, 0, 0]


def test_simplify_keeps_every_bit_and_drops_the_rest() -> None:
    builder = Builder(2, [1, 0, "-0.0"])
    kept = builder.emit("add", [0, 1])
    same = builder.emit("add", [1, 0])
    one = builder.emit("mul", [same, 2])
    zero = builder.emit("add", [one, 3])
    nothing = builder.emit("add", [zero, 4])
    twice = builder.emit("neg", [builder.emit("neg", [nothing])])
    builder.emit("exp", [kept])
    program = simplify(builder.program([twice]))
    assert [name for name, _ in program.instructions()] == ["add", "add"]  # x + 0 is not x
    assert program.constants == (0,)
    assert simplify(program) == program


def test_a_long_chain_that_nothing_uses_is_dropped() -> None:
    builder = Builder(2)
    used = builder.emit("mul", [0, 1])
    chain = used
    for _ in range(20_000):
        chain = builder.emit("sin", [chain])
    for _ in range(50):
        builder.emit("exp", [chain])
    program = builder.program([used])
    assert [name for name, _ in without_dead(program).instructions()] == ["mul"]
    for numbers in PRECISIONS:
        x = [numbers.lift(3), numbers.lift(5)]
        assert evaluated(without_dead(gradient(program)), numbers, x) == [5, 3]
    assert len(without_dead(gradient(program))) == 2


def test_gradients_cost_a_few_instructions_an_operation() -> None:
    for name, most in {"mul": 3, "add": 1, "tanh": 5, "exp": 3, "sqrt": 5}.items():
        arity = TABLE[name].arity
        assert len(simplify(value_and_gradient(one_row(TABLE[name], arity)))) <= most


def test_a_rule_that_asks_is_refused_by_name() -> None:
    def asking(g: Any, y: Any, x: Any) -> Any:
        return (g if x > 0 else -g,)

    op = primitive("asking_rule", np.absolute, asking, doc="Absolute value, written wrongly.")
    try:
        with pytest.raises(NotTraceable, match="asking_rule cannot be traced: it asks whether"):
            gradient(one_row(op, 1))
    finally:
        del TABLE["asking_rule"]


def test_constants_are_rounded_once_by_each_precision() -> None:
    builder = Builder(1, ["0.1"])
    program = builder.program([builder.emit("mul", [0, 1])])
    for numbers in PRECISIONS:
        assert evaluated(gradient(program), numbers, [numbers.lift(2)]) == [numbers.parse("0.1")]
    assert decimal_ratio("0.1") == (1, 10)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("forward", [False, True])
def test_a_template_by_formula_is_the_one_by_tracing(name: str, forward: bool) -> None:
    for arity in (18, 40):
        found = template(TABLE[name], arity, (), forward)
        assert found == by_tracing(TABLE[name], arity, (), forward)
