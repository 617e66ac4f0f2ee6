"""Reductions against mpmath: values, gradients, edges, second derivatives, types, wrong use."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import typedgrad
from tests.oracle import ulps
from typedgrad import errors
from typedgrad.machine import machine_of
from typedgrad.node import FIRST

tg: Any = typedgrad
MP: Any = mpmath.MPContext()
PRECISIONS = (tg.float32, tg.float64, tg.longdouble)
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)
inf, nan = float("inf"), float("nan")
ONE_SEQUENCE = ("sum", "sum_compensated", "mean", "var", "prod", "norm", "max", "min", "logsumexp")
TWO_SEQUENCES = ("dot", "dot_compensated")
LISTS = ("softmax", "log_softmax")


def vectors(p: Any, seed: int = 0, places: int = 1) -> list[list[Any]]:
    """Vectors of several lengths and scales, with cancellation, ties, zeros and tiny terms."""
    rng = random.Random(seed)
    small, large = (1e-30, 1e15) if p is tg.float32 else (1e-200, 1e100)
    texts = [
        [1.0, 2.0, 3.5],
        [-0.75],
        [2.0, 2.0, 2.0, -2.0],
        [0.0, -3.0, 0.5],
        [1.0, 1e-8, -1.0, 1e-16],
        [small, 2 * small, -3.3 * small],
        [large, -large, 1.0],
        [-30.1, 20.3, 1.7, -4.0],
        [rng.uniform(-5, 5) for _ in range(5 + places)],
        [rng.uniform(-1, 1) * 10 ** rng.uniform(-6, 6) for _ in range(40)],
        [rng.uniform(0.5, 1) for _ in range(200)],
    ]
    return [[p.scalar(x) for x in text] for text in texts]


def to_exact(p: Any, x: Any) -> Any:
    top, bottom = p.to_ratio(x)
    return MP.ldexp(MP.mpf(top), 1 - bottom.bit_length())


def exactly(p: Any, xs: Any) -> list[Fraction]:
    return [Fraction(*p.to_ratio(x)) for x in xs]


def leaves(p: Any, xs: Any) -> list[Any]:
    return [p(x) for x in xs]


def gradient(p: Any, name: str, xs: Any, *more: Any) -> tuple[Any, list[Any]]:
    """The value of a row at fresh leaves and what arrives at each of them, all of type T."""
    values = [leaves(p, part) for part in (xs, *more)]
    y = getattr(tg, name)(*values)
    y.backward()
    found = [x.grad for part in values for x in part]
    assert type(y.data) is p.scalar and {type(x) for x in found} == {p.scalar}
    return y.data, found


@each
def test_sums_go_from_left_to_right_and_round_each_step(p: Any) -> None:
    for xs, ys in zip(vectors(p), vectors(p, 1), strict=True):
        total, product = xs[0], xs[0] * ys[0]
        for x, y in zip(xs[1:], ys[1:], strict=True):
            total = total + x
            product = product + x * y
        assert tg.sum(leaves(p, xs)).data == total
        assert tg.dot(leaves(p, xs), leaves(p, ys)).data == product


@each
def test_gradients_of_sums_are_exact(p: Any) -> None:
    for xs, ys in zip(vectors(p), vectors(p, 1), strict=True):
        for name in ("sum", "sum_compensated"):
            assert gradient(p, name, xs)[1] == [1] * len(xs)
        for name in TWO_SEQUENCES:
            assert gradient(p, name, xs, ys)[1] == ys + xs


@each
def test_sums_keep_their_error_bounds(p: Any) -> None:
    unit = Fraction(1, 2**p.bits)
    for xs, ys in zip(vectors(p), vectors(p, 1), strict=True):
        a, b, n = exactly(p, xs), exactly(p, ys), len(xs)
        pairs = [u * v for u, v in zip(a, b, strict=True)]
        tiny = n * Fraction(*p.to_ratio(np.nextafter(p.scalar(0), p.scalar(1))))
        for terms, args, plain in (
            (a, (xs,), "sum"),
            (pairs, (xs, ys), "dot"),
        ):
            truth: Any = sum(terms)
            size: Any = sum(map(abs, terms))
            found = Fraction(*p.to_ratio(gradient(p, plain, *args)[0]))
            assert abs(found - truth) <= n * unit * size * 2 + tiny
            better = Fraction(*p.to_ratio(gradient(p, plain + "_compensated", *args)[0]))
            assert abs(better - truth) <= unit * abs(truth) + 2 * (n * unit) ** 2 * size + tiny


@each
def test_compensated_sums_find_what_plain_ones_lose(p: Any) -> None:
    large = 2.0 ** (p.bits + 3)
    xs = leaves(p, [p.scalar(x) for x in (1.0, large, 1.0, -large)])
    assert tg.sum(xs).data == 0 and tg.sum_compensated(xs).data == 2
    root = p.scalar(2.0) ** (p.bits - 4) + 1
    assert tg.dot_compensated([p(root), p(-root)], [p(root), p(root - 2)]).data == 2 * root


MEANINGS: dict[str, Callable[[Any], Any]] = {
    "mean": lambda xs: sum(xs) / len(xs),
    "var": lambda xs: sum((x - sum(xs) / len(xs)) ** 2 for x in xs) / len(xs),
    "prod": MP.fprod,
    "norm": lambda xs: MP.sqrt(sum(x * x for x in xs)),
    "max": max,
    "min": min,
    "logsumexp": lambda xs: MP.log(sum(MP.exp(x) for x in xs)),
}
# The terms whose sizes bound the error of the value: rounding happens to them.
TERMS: dict[str, Callable[[Any], Any]] = {
    "mean": lambda xs: sum(map(abs, xs)) / len(xs),
    "logsumexp": lambda xs: abs(max(xs)) + MP.log(len(xs)) + 1,
}
SLOPES: dict[str, Callable[[Any, int], Any]] = {
    "mean": lambda xs, k: MP.mpf(1) / len(xs),
    "var": lambda xs, k: 2 * (xs[k] - sum(xs) / len(xs)) / len(xs),
    "prod": lambda xs, k: MP.fprod(xs[:k] + xs[k + 1 :]),
    "norm": lambda xs, k: xs[k] / MEANINGS["norm"](xs),
    "max": lambda xs, k: MP.mpf(xs[k] == max(xs)) / xs.count(max(xs)),
    "min": lambda xs, k: MP.mpf(xs[k] == min(xs)) / xs.count(min(xs)),
    "logsumexp": lambda xs, k: MP.exp(xs[k] - MEANINGS["logsumexp"](xs)),
}


@each
@pytest.mark.parametrize("name", MEANINGS)
def test_values_agree_with_mpmath(p: Any, name: str) -> None:
    with MP.workprec(900):
        for xs in vectors(p):
            exact = [to_exact(p, x) for x in xs]
            truth = MEANINGS[name](exact)
            found = gradient(p, name, xs)[0]
            if name in TERMS and truth:
                error = abs(to_exact(p, found) - truth)
                assert error <= MP.ldexp(len(xs) + 3, -p.bits) * TERMS[name](exact), xs
            else:
                assert ulps(p, found, truth) <= len(xs) + 3, xs


@each
@pytest.mark.parametrize("name", SLOPES)
def test_gradients_agree_with_mpmath(p: Any, name: str) -> None:
    with MP.workprec(900):
        for xs in vectors(p):
            exact = [to_exact(p, x) for x in xs]
            found = gradient(p, name, xs)[1]
            truths: list[Any] = [SLOPES[name](exact, k) for k in range(len(xs))]
            # Next to the mean a distance from it has an error of its neighbours' size.
            floor = MP.ldexp(max([abs(x) for x in truths]), 1 - p.bits) if name == "var" else 0
            for slope, truth in zip(found, truths, strict=True):
                near = abs(to_exact(p, slope) - truth) <= floor
                assert near or ulps(p, slope, truth) <= len(xs) + 4, xs


@each
def test_single_terms_are_within_four_ulp(p: Any) -> None:
    rng = random.Random(5)
    with MP.workprec(900):
        for _ in range(60):
            xs = [p.scalar(rng.uniform(-40, 40)) for _ in range(3)]
            exact = [to_exact(p, x) for x in xs]
            for name in ("mean", "prod", "norm", "logsumexp"):
                found = gradient(p, name, xs)[1]
                assert all(ulps(p, s, SLOPES[name](exact, k)) <= 4 for k, s in enumerate(found))


def softmax_jacobian(p: Any, xs: Any, name: str) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for k in range(len(xs)):
        values = leaves(p, xs)
        getattr(tg, name)(values)[k].backward()
        rows.append([x.grad for x in values])
    return rows


@each
@pytest.mark.parametrize("name", LISTS)
def test_softmax_and_its_jacobian_keep_their_digits(p: Any, name: str) -> None:
    far = 80.0 if p is tg.float32 else 700.0
    points: list[list[float]] = [
        [0.5],
        [1, 2, 3],
        [0, far],
        [far, 0, -1],
        [-1000, -1001, -1002.5],
        [3, 3, 3, 3],
    ]
    points += [[30, 1e-3, -5, 0.1], [1e-30, -1e-30]]
    with MP.workprec(2400):
        for xs in [[p.scalar(x) for x in point] for point in points]:
            e = [MP.exp(to_exact(p, x)) for x in xs]
            shares = [x / sum(e) for x in e]
            values = getattr(tg, name)(leaves(p, xs))
            assert {type(y.data) for y in values} == {p.scalar}
            for k, row in enumerate(softmax_jacobian(p, xs, name)):
                scale = shares[k] if name == "softmax" else 1
                truth = shares[k] if name == "softmax" else MP.log(shares[k])
                assert ulps(p, values[k].data, truth) <= 6, xs
                for j, slope in enumerate(row):
                    others = sum(e[:j] + e[j + 1 :]) / sum(e)
                    assert ulps(p, slope, scale * (others if j == k else -shares[j])) <= 8, xs


EDGES: list[tuple[str, list[float], float, list[float]]] = [
    ("logsumexp", [inf, 1, 2], inf, [1, 0, 0]),
    ("logsumexp", [inf, inf, 1], inf, [nan, nan, 0]),
    ("logsumexp", [-inf, -inf], -inf, [nan, nan]),
    ("logsumexp", [-inf, 3], 3, [0, 1]),
    ("logsumexp", [nan, 3], nan, [nan, nan]),
    ("norm", [0, 0], 0, [0, 0]),
    ("norm", [0, -2], 2, [0, -1]),
    ("norm", [inf, 1], inf, [1, 0]),
    ("norm", [-inf, 1], inf, [-1, 0]),
    ("norm", [inf, -inf, 1], inf, [nan, nan, 0]),
    ("norm", [inf, nan], nan, [nan, nan]),
    ("max", [1, 3, 3], 3, [0, 0.5, 0.5]),
    ("max", [1, nan], nan, [nan, nan]),
    ("max", [-inf, 1], 1, [0, 1]),
    ("min", [2, 2, 2, 2], 2, [0.25, 0.25, 0.25, 0.25]),
    ("min", [nan, 1], nan, [nan, nan]),
    ("prod", [0, 2, 3], 0, [6, 0, 0]),
    ("prod", [0, 2, 0], 0, [0, 0, 0]),
    ("prod", [5], 5, [1]),
    ("var", [7], 0, [0]),
    ("var", [1, nan], nan, [nan, nan]),
    ("sum", [inf, -inf], nan, [1, 1]),
    ("sum", [-0.0], -0.0, [1]),
    ("sum_compensated", [-0.0], -0.0, [1]),
    ("sum_compensated", [inf, 1], inf, [1, 1]),
    ("mean", [nan, 1], nan, [0.5, 0.5]),
]


@each
@pytest.mark.parametrize(("name", "xs", "value", "partials"), EDGES)
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_edges(p: Any, name: str, xs: Any, value: float, partials: Any) -> None:
    found, slopes = gradient(p, name, [p.scalar(x) for x in xs])
    np.testing.assert_array_equal(found, p.scalar(str(value)))
    np.testing.assert_array_equal(slopes, [p.scalar(str(x)) for x in partials])
    assert np.signbit(found) == np.signbit(p.scalar(value)) or np.isnan(found)


@each
def test_norm_has_no_overflow_or_underflow_inside(p: Any) -> None:
    for size in (p.tiny, p.huge / 8, p.tiny * p.eps * 64):
        value, slopes = gradient(p, "norm", [3 * size, -4 * size])
        assert value == 5 * size
        assert all(
            ulps(p, x, MP.fdiv(k, 5, prec=200)) <= 2 for k, x in zip((3, -4), slopes, strict=True)
        )
    assert gradient(p, "norm", [p.huge, p.huge])[0] == inf
    slopes = gradient(p, "norm", [p.huge, p.huge])[1]
    assert all(abs(float(x) - 0.5**0.5) < 1e-6 for x in slopes)


@each
def test_softmax_at_infinity(p: Any) -> None:
    for xs, shares in (
        ([inf, 1], [1, 0]),
        ([-inf, 1], [0, 1]),
        ([-inf, -inf], [nan, nan]),
        ([inf, inf, 0], [nan, nan, 0]),
        ([nan, 0], [nan, nan]),
    ):
        found = [y.data for y in tg.softmax(leaves(p, xs))]
        np.testing.assert_array_equal(found, shares)
    assert softmax_jacobian(p, [inf, 1.0], "softmax") == [[0, 0], [0, 0]]


HESSIANS: dict[str, Callable[[Any, int, int], Any]] = {
    "sum": lambda xs, j, k: 0,
    "mean": lambda xs, j, k: 0,
    "var": lambda xs, j, k: MP.mpf(2) / len(xs) * ((j == k) - MP.mpf(1) / len(xs)),
    "prod": lambda xs, j, k: (
        0 if j == k else MP.fprod(x for i, x in enumerate(xs) if i not in (j, k))
    ),
    "norm": lambda xs, j, k: (
        ((j == k) - xs[j] * xs[k] / MEANINGS["norm"](xs) ** 2) / MEANINGS["norm"](xs)
    ),
    "logsumexp": lambda xs, j, k: (
        SLOPES["logsumexp"](xs, j) * ((j == k) - SLOPES["logsumexp"](xs, k))
    ),
    "max": lambda xs, j, k: 0,
    "sum_compensated": lambda xs, j, k: 0,
}


@each
@pytest.mark.parametrize("name", HESSIANS)
def test_second_derivatives(p: Any, name: str) -> None:
    xs = [p.scalar(x) for x in (0.5, -1.25, 30.0)]
    exact = [to_exact(p, x) for x in xs]
    found = p.hessian(getattr(tg, name))(xs)
    with MP.workprec(400):
        # 1 - u*u next to 1, in the norm's, is as exact as the other second derivatives are large.
        floor = MP.ldexp(1, 1 - p.bits) if name == "norm" else 0
        for j, k in itertools.product(range(3), repeat=2):
            assert type(found[j][k]) is p.scalar
            truth = MP.mpf(HESSIANS[name](exact, j, k))
            near = abs(to_exact(p, found[j][k]) - truth) <= floor
            assert near or ulps(p, found[j][k], truth) <= 20, (j, k)


def halved(f: Any) -> Callable[[Any], Any]:
    return lambda v: f(v[:2], v[2:])


@each
def test_second_derivatives_of_dot(p: Any) -> None:
    for name in TWO_SEQUENCES:
        found = p.hessian(halved(getattr(tg, name)))([1, 2, 3, 4])
        assert [list(row) for row in found] == [
            [0, 0, 1, 0],
            [0, 0, 0, 1],
            [1, 0, 0, 0],
            [0, 1, 0, 0],
        ]


def every(found: Any) -> list[Any]:
    return [*found] if type(found) is list else [found]


@each
@pytest.mark.parametrize("name", (*ONE_SEQUENCE, *LISTS))
def test_constants_may_stand_in_every_place(p: Any, name: str) -> None:
    f, numbers = getattr(tg, name), [0.5, -1.25, 2.0]
    pure = f(leaves(p, numbers))
    for which in itertools.product((False, True), repeat=3):
        mixed = [p(x) if leaf else x for leaf, x in zip(which, numbers, strict=True)]
        for number in (float, p.scalar):
            given: list[Any] = [
                x if leaf else number(x) for leaf, x in zip(which, mixed, strict=True)
            ]
            if not any(which) and number is float:
                continue
            found: Any = f(given)
            for y, reference in zip(every(found), every(pure), strict=True):
                assert (y.data if isinstance(y, tg.Value) else y) == reference.data
            if any(which):
                first = every(found)[0]
                first.backward()
                assert all(
                    isinstance(x, float | p.scalar) or type(x.grad) is p.scalar for x in given
                )


@each
def test_constants_in_dot(p: Any) -> None:
    x = p(3.0)
    y = tg.dot([x, 2, p.scalar(0.5)], [0.25, x, 4])
    y.backward()
    assert (y.data, x.grad) == (8.75, 2.25) and type(x.grad) is p.scalar
    assert type(tg.dot([p.scalar(1)], [p.scalar(2)])) is p.scalar


@each
def test_arrays_and_iterators_are_sequences(p: Any) -> None:
    array = np.array([1, 2, 4], dtype=p.scalar)
    values = leaves(p, array)
    objects = np.array(values, dtype=object)
    assert tg.dot(array, values).data == tg.dot(objects, array).data == 21
    assert tg.sum(objects).data == tg.sum(iter(values)).data == 7
    assert [y.data for y in tg.softmax(objects)] == [y.data for y in tg.softmax(values)]
    assert tg.sum(array) == 7 and type(tg.sum(array)) is p.scalar
    assert {type(y) for y in tg.softmax(array)} == {p.scalar}


@each
def test_one_value_may_fill_every_place(p: Any) -> None:
    x = p(2.0)
    y = tg.dot([x, x], [x, x])
    y.backward()
    assert (y.data, x.grad) == (8, 8)
    z = p(1.5)
    tg.sum(tg.softmax([z, z, 0.0])).backward()
    assert abs(z.grad) <= 4 * p.eps


@pytest.mark.parametrize("name", (*ONE_SEQUENCE, *LISTS))
def test_wrong_use_of_one_sequence(name: str) -> None:
    f = getattr(tg, name)
    with pytest.raises(errors.BadCall, match=rf"{name} takes .*sequence.* length above 0"):
        f([])
    with pytest.raises(errors.BadCall, match=rf"{name} takes sequences, not single numbers"):
        f(tg.Value(1.0))
    with pytest.raises(errors.NotANumber, match="is not a number"):
        f([tg.Value(1.0), np.ones(2)])
    with pytest.raises(errors.Unreadable, match="'two'"):
        f([tg.Value(1.0), "two"])
    with pytest.raises(errors.PrecisionMismatch, match="mixes precisions"):
        f([tg.float32(1.0), tg.Value(1.0)])
    with pytest.raises(errors.PrecisionMismatch):
        f([tg.Value(1.0), np.float32(1.0)])


@pytest.mark.parametrize("name", TWO_SEQUENCES)
def test_wrong_use_of_two_sequences(name: str) -> None:
    f, x = getattr(tg, name), tg.Value(1.0)
    with pytest.raises(errors.BadCall, match=rf"{name} takes sequences of one length above 0"):
        f([x, x], [x])
    with pytest.raises(errors.BadCall, match="length above 0"):
        f([], [])
    with pytest.raises(errors.BadCall, match=rf"{name} takes 2 sequence\(s\); 1 were given"):
        f([x])
    with pytest.raises(errors.BadCall, match="takes sequences, not single numbers"):
        f(x, [x])
    with pytest.raises(errors.PrecisionMismatch):
        f([x], [tg.float32(1.0)])


@each
def test_a_long_dot_is_one_node(p: Any) -> None:
    n = 20_000
    xs = leaves(p, [0.5] * n)
    y = tg.dot(xs, [2.0] * n)
    assert y.data == n and y.op == "dot" and len(y.parents) == 2 * n
    y.backward()
    assert all(x.grad == 2 for x in xs)


SCATTERING = [op for op in tg.ops.TABLE.values() if op.scatter is not None]
GATHERING = [op for op in tg.ops.TABLE.values() if op.gather is not None]


def random_nodes(p: Any, rng: random.Random) -> list[Any]:
    """An even number of leaves and constants, some of them twice, of all sizes and adjoints."""
    numbers = [
        0.0,
        -0.0,
        inf,
        -inf,
        nan,
        1.0,
        *(rng.gauss(0, 10.0 ** rng.randint(-9, 9)) for _ in "abcdefgh"),
    ]
    pool = [p(rng.choice(numbers)) for _ in range(rng.randint(1, 12))]
    pool += [pool[0].constant(3), pool[0].constant(rng.choice(numbers))]
    for node in pool:
        if node.serial:
            node.adjoint = p.scalar(rng.choice(numbers)) if rng.random() < 0.6 else None
    return [rng.choice(pool) for _ in range(2 * rng.randint(1, 12))]


def bits(x: Any) -> Any:
    return None if x is None else (type(x), str(x), np.signbit(x))


def test_dot_and_sum_have_a_short_way_and_its_test() -> None:
    assert {op.name for op in SCATTERING} >= {"dot", "sum"}
    assert {op.name for op in GATHERING} >= {"dot"}


@each
@pytest.mark.parametrize("op", SCATTERING, ids=lambda op: op.name)
def test_scatter_is_the_rule(p: Any, op: Any) -> None:
    rng = random.Random(op.name)
    row = machine_of(p).row(op)
    assert row.scatter is op.scatter
    for _ in range(200):
        nodes = random_nodes(p, rng)
        serials = sorted({node.serial for node in nodes} - {0}) or [FIRST]
        g = p.scalar(rng.gauss(0, 10.0 ** rng.randint(-9, 9)))
        since = rng.choice([FIRST, FIRST, rng.choice(serials), serials[-1] + 1])
        before = [node.adjoint for node in nodes]
        with np.errstate(all="ignore"):
            primals = [node.primal for node in nodes]
            for node, term in zip(nodes, row.rule(g, row.forward(*primals), *primals), strict=True):
                if node.serial >= since:
                    node.adjoint = term if node.adjoint is None else node.adjoint + term
            expected = [bits(node.adjoint) for node in nodes]
            for node, old in zip(nodes, before, strict=True):
                node.adjoint = old
            row.scatter(g, nodes, since)
        assert [bits(node.adjoint) for node in nodes] == expected


@each
@pytest.mark.parametrize("op", GATHERING, ids=lambda op: op.name)
def test_gather_is_the_forward(p: Any, op: Any) -> None:
    rng = random.Random(op.name)
    row = machine_of(p).row(op)
    assert row.gather is op.gather
    assert machine_of(p.strict).row(op).gather is None
    for _ in range(200):
        nodes = random_nodes(p, rng)
        with np.errstate(all="ignore"):
            expected = row.forward(*[node.primal for node in nodes])
            assert bits(row.gather(nodes)) == bits(expected)
            n = len(nodes) // 2
            assert bits(op(nodes[:n], nodes[n:]).data) == bits(expected)


@each
def test_the_short_way_takes_no_other_class(p: Any) -> None:
    xs = [p(1), p(2)]
    assert tg.dot(xs, xs).data == 5
    assert tg.dot(xs, [3, p.scalar(4)]).data == 11
    for q in PRECISIONS:
        if q is not p:
            with pytest.raises(errors.PrecisionMismatch):
                tg.dot(xs, [p(1), q(1)])
            with pytest.raises(errors.PrecisionMismatch):
                tg.sum([p(1), q(1)])
    with pytest.raises(errors.NotANumber):
        tg.dot(xs, [p(1), object()])
    with pytest.raises(errors.BadCall):
        tg.dot(xs, xs, out=xs)


@each
def test_a_dot_warns_where_the_operators_would(p: Any) -> None:
    x = p(p.huge)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        tg.dot([x, x], [x, x])


@each
def test_a_strict_dot_refuses_to_make_nan(p: Any) -> None:
    zero, infinite = p.strict(0), p.strict("inf")
    with pytest.raises(errors.DomainError):
        tg.dot([zero], [infinite])
