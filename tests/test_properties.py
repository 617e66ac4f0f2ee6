"""Properties of random programs: seeds, sums, both modes, types, and widths."""

# pyright: basic

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import typedgrad
from typedgrad.node import history
from typedgrad.op import Op

tg: Any = typedgrad
PRECISIONS: tuple[Any, ...] = (tg.float32, tg.float64, tg.longdouble)
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
modest = settings(max_examples=40, deadline=None, suppress_health_check=SLOW)

TAME = (
    "add",
    "sub",
    "mul",
    "neg",
    "tanh",
    "sin",
    "cos",
    "sigmoid",
    "atan",
    "square",
    "fma",
    "hypot",
)
# clip refuses bounds in the wrong order; the order of polygamma is a small constant.
TABLE = {n: op for n, op in typedgrad.ops.TABLE.items() if n not in ("clip", "polygamma")}
WHOLE = tuple(TABLE)
LEAVES = 3

# One step: a row, the places of its arguments counted from the newest node, a literal.
Step = tuple[str, tuple[int, ...], float]


def steps(names: Sequence[str], size: int = 12) -> st.SearchStrategy[list[Step]]:
    places = st.tuples(*[st.integers(0, 30)] * 6)
    literal = st.floats(-2, 2, width=32)
    return st.lists(st.tuples(st.sampled_from(names), places, literal), min_size=1, max_size=size)


points = st.tuples(*[st.floats(-2, 2, width=32)] * LEAVES)


def made(op: Op, nodes: list[Any], places: tuple[int, ...], literal: float) -> Any:
    chosen = [nodes[-1 - place % len(nodes)] for place in places]
    if op.sequences:
        return op(*[chosen[3 * k : 3 * k + 3] for k in range(op.sequences)])
    args = chosen[: op.arity]
    if op.arity > 1 and places[5] % 3 == 0:
        args[places[4] % op.arity] = literal  # a constant in any one place
    return op(*args)


def run(program: list[Step], leaves: Sequence[Any]) -> Any:
    nodes = list(leaves)
    for name, places, literal in program:
        nodes.append(made(TABLE[name], nodes, places, literal))
    root = nodes[-1]
    for node in nodes[LEAVES:-1]:
        root = root + node * 0.5
    return root


@each
@modest
@given(steps(WHOLE), points)
def test_every_program_keeps_its_type(p: Any, program: list[Step], at: tuple[float, ...]) -> None:
    with np.errstate(all="ignore"):
        leaves = [p(x) for x in at]
        root = run(program, leaves)
        root.backward()
        for node in [*history([root]), *leaves]:
            assert type(node.primal) is p.scalar
            assert type(node.grad) is p.scalar
        second = p.grad(lambda *xs: p.grad(lambda *ys: run(program, ys))(*xs)[0])(*at)
        assert [type(g) for g in second] == [p.scalar] * LEAVES
        value, tangent = p.jvp(lambda *xs: run(program, xs), at, (1, 0, -1))
        assert (type(value), type(tangent)) == (p.scalar, p.scalar)


@each
@modest
@given(steps(TAME), points, st.integers(-8, 8))
def test_backward_is_linear_in_its_seed(
    p: Any, program: list[Step], at: tuple[float, ...], power: int
) -> None:
    """By a power of two without any error; and by a sum up to rounding."""
    found: list[list[Any]] = []
    with np.errstate(all="ignore"):
        for seed in (1, p.scalar(2) ** power, 3):
            leaves = [p(x) for x in at]
            run(program, leaves).backward(seed)
            found.append([leaf.grad for leaf in leaves])
        ones, scaled, threes = found
        slack = bound(p, program, at)
        for one, big, three in zip(ones, scaled, threes, strict=True):
            if np.isfinite(slack):
                assert abs(three - one * 3) <= slack * 3
            if 1e-10 < abs(one) < 1e10:
                assert big == one * p.scalar(2) ** power or size_of(ones) > 1e10


def size_of(numbers: list[Any]) -> Any:
    return max(abs(x) for x in numbers)


def bound(p: Any, program: list[Step], at: tuple[float, ...]) -> Any:
    """A size for the rounding errors of a gradient: the sum of |terms|, from the same sweep."""
    total = p.scalar(1)
    leaves = [p(x) for x in at]
    root = run(program, leaves)
    root.backward()
    for node in history([root]):
        total = total + abs(node.grad) * (1 + abs(node.primal))
    return total * p.eps * 64 * (len(program) + 4)


@each
@modest
@given(steps(TAME), steps(TAME), points)
def test_the_gradient_of_a_sum_is_the_sum_of_gradients(
    p: Any, left: list[Step], right: list[Step], at: tuple[float, ...]
) -> None:
    with np.errstate(all="ignore"):
        both = p.grad(lambda *xs: run(left, xs) + run(right, xs))(*at)
        one, two = p.grad(lambda *xs: run(left, xs))(*at), p.grad(lambda *xs: run(right, xs))(*at)
        slack = bound(p, left, at) + bound(p, right, at)
        for total, a, b in zip(both, one, two, strict=True):
            if np.isfinite(slack):
                assert abs(total - (a + b)) <= slack


@each
@modest
@given(steps(TAME), points, st.tuples(*[st.integers(-3, 3)] * LEAVES))
def test_forward_and_reverse_agree(
    p: Any, program: list[Step], at: tuple[float, ...], along: tuple[int, ...]
) -> None:
    with np.errstate(all="ignore"):
        gradient = p.grad(lambda *xs: run(program, xs))(*at)
        _, tangent = p.jvp(lambda *xs: run(program, xs), at, along)
        expected = sum((g * p.scalar(k) for g, k in zip(gradient, along, strict=True)), p.scalar(0))
        slack = bound(p, program, at) * 10
        if np.isfinite(slack):
            assert abs(tangent - expected) <= slack


@modest
@given(steps(TAME), points)
def test_second_derivatives_are_symmetric(program: list[Step], at: tuple[float, ...]) -> None:
    with np.errstate(all="ignore"):
        rows = tg.longdouble.hessian(lambda *xs: run(program, xs))(*at)
        narrow = tg.float64.hessian(lambda *xs: run(program, xs))(*at)
    if np.all(np.isfinite(rows)) and np.abs(rows).max() < 1e6:
        assert np.allclose(rows, rows.T, rtol=1e-9, atol=1e-9)
        assert np.allclose(rows.astype(float), narrow, rtol=1e-6, atol=1e-6)


@modest
@given(steps(TAME), points)
def test_float32_stays_within_its_bounds_of_the_truth(
    program: list[Step], at: tuple[float, ...]
) -> None:
    with np.errstate(all="ignore"):
        narrow = tg.float32.grad(lambda *xs: run(program, xs))(*at)
        wide = tg.longdouble.grad(lambda *xs: run(program, xs))(*at)
        slack = 1000 * float(bound(tg.float32, program, at))
        for a, b in zip(narrow, wide, strict=True):
            if np.isfinite(slack) and slack < 1:
                assert abs(float(a) - float(b)) <= slack


@each
@modest
@given(steps(TAME), points)
def test_the_same_program_gives_the_same_bits(
    p: Any, program: list[Step], at: tuple[float, ...]
) -> None:
    with np.errstate(all="ignore"):
        found: list[list[str]] = []
        for _ in range(2):
            leaves = [p(x) for x in at]
            root = run(program, leaves)
            root.backward()
            found.append([str(root), *(str(leaf.grad) for leaf in leaves)])
        assert found[0] == found[1]
        assert [str(g) for g in p.grad(lambda *xs: run(program, xs))(*at)] == found[0][1:]


@each
@modest
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_survive_text_and_pickle(p: Any, x: float) -> None:
    import pickle

    try:
        v = p(x)
    except OverflowError:
        assert p is tg.float32
        return
    again = pickle.loads(pickle.dumps(v))
    assert again.data == v.data
    assert np.signbit(again.data) == np.signbit(v.data)
    assert p.parse(str(v)) == v.data
