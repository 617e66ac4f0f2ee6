"""Nodes: the walks, the sweep and the rows, on Value, on a tape and on a node of closures."""

# pyright: basic

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pytest

import typedgrad
from typedgrad.errors import PrecisionMismatch
from typedgrad.forward import tangents
from typedgrad.machine import Definition, Row, machine_of
from typedgrad.node import CONSTANT, LEAF, MANY, Node, arguments, depth_first, history, levels, tick
from typedgrad.numbers import NumberSystem
from typedgrad.op import Op
from typedgrad.operators import Operators
from typedgrad.reverse import accumulate, adjoints

tg: Any = typedgrad


class Closure(Operators[np.float64]):
    """A node as micrograd has it: its children, and a closure that knows how to go back."""

    numbers: NumberSystem[np.float64] = typedgrad.float64

    def __init__(self, x: Any, children: tuple[Self, ...] = (), op: Definition = LEAF) -> None:
        self.primal: np.float64 = self.numbers.lift(x)
        self.adjoint: Any = None
        self.children = children
        self.many = len(children) > 2 or bool(op.sequences)
        row = machine_of(self.numbers).row(op)
        numbers = [child.primal for child in children]
        self.back: Callable[[Any], Any] = lambda g: row.rule(g, self.primal, *numbers)
        self.definition = op
        self.serial = tick()

    @property
    def row(self) -> Row:
        machine = machine_of(self.numbers)
        return Row(self.definition, machine, None, lambda g, y, *xs: self.back(g))

    @property
    def left(self) -> Any:
        return self.children if self.many else next(iter(self.children), None)

    @property
    def right(self) -> Any:
        return MANY if self.many else (self.children[1] if len(self.children) == 2 else None)

    def constant(self, x: object, /) -> Self:
        return type(self)(x, (), CONSTANT)

    def operand(self, x: object, op: str, /) -> Self:
        if isinstance(x, type(self)):
            return x
        return self.constant(self.numbers.lift(x, op))

    def apply(self, op: Op, args: tuple[Any, ...], /) -> Self:
        if op.constant_form is not None and not isinstance(args[-1], Closure):
            op = op.constant_form
        children = tuple(self.operand(x, op.name) for x in args)
        row = machine_of(self.numbers).row(op)
        return type(self)(row.forward(*[child.primal for child in children]), children, op)


MAKERS: dict[str, Callable[[Any], Any]] = {
    "Value": tg.float64,
    "Closure": Closure,
    "Tape": tg.Tape(tg.float64),
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return MAKERS[request.param]


Make = Callable[[Any], Any]


def test_all_are_nodes_to_the_type_checker() -> None:
    nodes: list[Node[np.float64]] = [
        typedgrad.float64(1.0),
        Closure(1.0),
        typedgrad.Tape(typedgrad.float64)(1.0),
    ]
    assert [type(node.primal) for node in nodes] == [np.float64] * 3


def backward(root: Any, seed: float = 1.0) -> None:
    accumulate(root, np.float64(seed))


def graph(make: Make, size: int = 60, seed: int = 1) -> tuple[list[Any], Any]:
    """A random graph with shared nodes, and its leaves."""
    draw = random.Random(seed)
    leaves = [make(draw.uniform(-1, 1)) for _ in range(4)]
    nodes = list(leaves)
    for _ in range(size):
        a, b, c = (draw.choice(nodes) for _ in range(3))
        made = [a + b, a * b, a - b, tg.tanh(a), tg.fma(a, b, c), a * 0.5, -a, tg.sin(a), a**2]
        nodes.append(draw.choice(made))
    root = nodes[-1]
    for node in nodes[-6:-1]:
        root = root + node
    return leaves, root


def test_orders_agree(make: Make) -> None:
    _, root = graph(make)
    newest, deep, flat = (
        history([root]),
        depth_first(root),
        [x for row in levels(root) for x in row],
    )
    assert set(newest) == set(deep) == set(flat)
    assert len(newest) == len(deep) == len(flat) == len(set(flat))
    for order in (newest[::-1], deep, flat):
        place = {node: i for i, node in enumerate(order)}
        for node in order:
            assert all(place[parent] < place[node] for parent in arguments(node))
    assert newest[0] is root
    assert deep[-1] is root
    assert flat[-1] is root


def test_levels_are_the_longest_ways_from_the_leaves(make: Make) -> None:
    _, root = graph(make)
    depth: dict[Any, int] = {}
    for node in depth_first(root):
        depth[node] = max((depth[p] + 1 for p in arguments(node)), default=0)
    for number, level in enumerate(levels(root)):
        assert {depth[node] for node in level} == {number}


def test_history_leaves_out_what_is_older(make: Make) -> None:
    x = make(1)
    old = x * 2
    y = make(3)
    root = (old + y) * y
    since = y.serial
    assert set(history([root], since)) == {root, root.left, y}
    assert [hash(n) for n in history([root, root, y], since)].count(hash(root)) == 1


def test_the_walks_do_not_touch_the_graph(make: Make) -> None:
    leaves, root = graph(make)
    _ = depth_first(root), levels(root), history([root])
    assert all(node.adjoint is None for node in [*leaves, root])


def test_all_nodes_give_the_same_bits() -> None:
    for seed in range(10):
        found: list[list[str]] = []
        for make in MAKERS.values():
            leaves, root = graph(make, seed=seed)
            backward(root)
            found.append([str(root.primal), *(str(leaf.adjoint) for leaf in leaves)])
        assert found[0] == found[1] == found[2]


def arguments_for(op: Op, make: Make) -> list[Any]:
    draw = random.Random(op.name)
    low, high = op.samples
    near = max(low, -2.0), min(high, 2.0)
    return [make(draw.uniform(*(near if near[0] < near[1] else op.samples))) for _ in op.args]


def call(op: Op, xs: list[Any]) -> Any:
    if not op.sequences:
        return op(*xs)
    three = xs[:1] * 3 if len(xs) < 3 else xs[:3]
    return op(*[[x * 1.5 for x in three] for _ in range(op.sequences)])


@pytest.mark.parametrize("name", typedgrad.ops.TABLE)
def test_every_row_runs_through_the_protocol_alone(name: str) -> None:
    op = typedgrad.ops.TABLE[name]
    if op.name in ("clip",):
        return  # bounds in random order are refused
    found: list[list[str]] = []
    with np.errstate(all="ignore"):
        for make in MAKERS.values():
            xs = arguments_for(op, make) or [make(0.5)]
            y = call(op, xs)
            backward(y)
            firsts = [x.adjoint for x in xs]
            seconds = second(op, xs)
            pushed = tangents(y, xs, [np.float64(1)] * len(xs))
            found.append([str(x) for x in (y.primal, *firsts, *seconds, pushed)])
    assert found[0] == found[1] == found[2]


def second(op: Op, xs: list[Any]) -> list[Any]:
    y = call(op, xs)
    slopes = adjoints(y, xs, xs[0].constant(1), lifted=True)
    found: list[Any] = []
    for slope in slopes:
        if slope is not None:
            found += adjoints(slope, xs, np.float64(1))
    return found


def test_both_slots_accumulate(make: Make) -> None:
    cases: list[tuple[Callable[[Any], Any], float]] = [
        (lambda x: x * x, 6.0),
        (lambda x: x - x, 0.0),
        (lambda x: x + x, 2.0),
        (lambda x: x / x, 0.0),
        (lambda x: tg.maximum(x, x), 1.0),
        (lambda x: tg.hypot(x, x), np.sqrt(2.0)),
        (lambda x: tg.fma(x, x, x), 7.0),
    ]
    for build, expected in cases:
        x = make(3)
        backward(build(x))
        assert x.adjoint == pytest.approx(expected, rel=1e-15)


def test_diamonds_of_many_paths_are_linear_work_and_exact(make: Make) -> None:
    x = make(1)
    y = x
    for _ in range(60):
        y = y + y
    backward(y)
    assert x.adjoint == 2.0**60
    assert y.primal == 2.0**60
    assert [g.primal for g in adjoints(y, [x], x.constant(1), lifted=True)] == [2.0**60]
    assert tangents(y, [x], [np.float64(1)]) == 2.0**60


def test_a_sweep_starts_where_it_is_told(make: Make) -> None:
    x = make(3)
    y = x * x
    z = y * 2
    backward(y, 2.0)
    assert x.adjoint == 12.0
    assert y.adjoint == 2.0
    assert z.adjoint is None


def test_adjoints_leave_nothing_behind(make: Make) -> None:
    leaves, root = graph(make)
    backward(root)
    before = [leaf.adjoint for leaf in leaves]
    copies = [leaf * 1 for leaf in leaves]
    y = copies[0] * copies[1] + root * copies[2]
    assert [g is None for g in adjoints(y, copies, np.float64(1))] == [False, False, False, True]
    assert [leaf.adjoint for leaf in leaves] == before
    assert all(node.adjoint is None for node in [*copies, y])


def test_kinds_of_nodes_do_not_mix() -> None:
    with pytest.raises(TypeError):
        _ = tg.Value(1.0) * Closure(1.0)
    with pytest.raises(TypeError):
        _ = Closure(1.0) * tg.Value(1.0)
    with pytest.raises(PrecisionMismatch):
        tg.mul(Closure(1.0), np.float32(1))


def test_operators_of_the_closure_node() -> None:
    x = Closure(3)
    y: Any = (2 + x) * (x - 1) / (4 - x) ** 2 + 2**x - x % 2
    backward(y)
    assert y.primal == 5 * 2 / 1 + 8 - 1
    assert x.adjoint == pytest.approx(7 + 20 + 8 * np.log(2) - 1)
    assert x > 2
    assert x == 3
    assert bool(x)
    both: Any = tg.exp(x)
    assert both.primal == np.exp(3.0)
