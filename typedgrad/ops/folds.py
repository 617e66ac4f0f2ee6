"""Forwards, rules and meanings of the sums, products and extremes of reductions.py."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from functools import reduce
from itertools import accumulate
from operator import add as add_exactly
from operator import mul as multiply_exactly
from operator import ne
from typing import Any

from typedgrad.node import FIRST
from typedgrad.op import choose, select
from typedgrad.ops.arithmetic import add, azmul, mul, square, two_product_error, two_sum_error
from typedgrad.ops.piecewise import equal

largest: Any = builtins.max
smallest: Any = builtins.min


def sum_forward(*xs: Any) -> Any:
    """Return the sum, left to right."""
    return reduce(add, xs)


def sum_rule(g: Any, y: Any, *xs: Any) -> Any:
    """Return g for each."""
    return (g,) * len(xs)


def exact_sum(mp: Any, *xs: Any) -> Any:
    """Return the sum of real numbers."""
    return reduce(add_exactly, xs)


def with_error(s: Any, c: Any) -> Any:
    """Return s + c; s alone where c has no say or an overflow has spoilt it."""
    r = s + c
    return select(c == 0, s, select(r == r, r, s))


def sum_compensated_forward(*xs: Any) -> Any:
    """Return the sum with the rounding errors of all steps added at the end."""
    s, c = xs[0], 0
    for x in xs[1:]:
        t = s + x
        c = c + two_sum_error(s, x, t)
        s = t
    return with_error(s, c)


def mean_forward(*xs: Any) -> Any:
    """Return the sum over the number of terms."""
    return reduce(add, xs) / len(xs)


def mean_rule(g: Any, y: Any, *xs: Any) -> Any:
    """Return g over the number of terms for each."""
    return (g / len(xs),) * len(xs)


def exact_mean(mp: Any, *xs: Any) -> Any:
    """Return the mean of real numbers."""
    return reduce(add_exactly, xs) / len(xs)


def deviations(xs: Sequence[Any]) -> list[Any]:
    """Return the distances from the mean, corrected by their own mean."""
    n = len(xs)
    m = reduce(add, xs) / n
    near = [x - m for x in xs]
    rest = reduce(add, near) / n
    return [d - rest for d in near]


def var_forward(*xs: Any) -> Any:
    """Return the mean square of the distances from the mean."""
    return reduce(add, map(square, deviations(xs))) / len(xs)


def var_rule(g: Any, y: Any, *xs: Any) -> Any:
    """Return twice each distance from the mean over the number of terms."""
    return tuple(g * (2 * d / len(xs)) for d in deviations(xs))


def exact_variance(mp: Any, *xs: Any) -> Any:
    """Return the variance of real numbers."""
    m = reduce(add_exactly, xs) / len(xs)
    return reduce(add_exactly, [(x - m) ** 2 for x in xs]) / len(xs)


def prod_forward(*xs: Any) -> Any:
    """Return the product, left to right."""
    return reduce(mul, xs)


def prod_rule(g: Any, y: Any, *xs: Any) -> Any:
    """Return g times the product of the others, as what is before times what is behind."""
    before = (1, *accumulate(xs[:-1], mul))
    behind = (1, *accumulate(xs[:0:-1], mul))
    return tuple(g * (a * b) for a, b in zip(before, behind[::-1], strict=True))


def exact_product(mp: Any, *xs: Any) -> Any:
    """Return the product of real numbers."""
    return reduce(multiply_exactly, xs)


def halves(args: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the two sequences that were put behind each other."""
    n = len(args) // 2
    return args[:n], args[n:]


def dot_forward(*args: Any) -> Any:
    """Return the sum of products, left to right."""
    n = len(args) // 2
    y = args[0] * args[n]
    for i in range(1, n):
        y = y + args[i] * args[n + i]
    return y


def dot_rule(g: Any, y: Any, *args: Any) -> Any:
    """Return g times the other factor for each factor."""
    n = len(args) // 2
    return [g * b for b in args[n:]] + [g * a for a in args[:n]]


def azdot_forward(*args: Any) -> Any:
    """Return the sum of absolute products, left to right."""
    return reduce(add, map(azmul, *halves(args)))


def azdot_rule(g: Any, y: Any, *args: Any) -> Any:
    """Return the terms of azmul for each pair."""
    heads, tails = halves(args)
    return [g * b for b in tails] + [azmul(a, g) for a in heads]


def gather_products(nodes: Sequence[Any]) -> Any:
    """Return `dot_forward` of the numbers of the nodes, in one loop."""
    n = len(nodes) // 2
    y = nodes[0].primal * nodes[n].primal
    for i in range(1, n):
        y = y + nodes[i].primal * nodes[n + i].primal
    return y


def scatter_sum(g: Any, nodes: Sequence[Any], since: int) -> None:
    """Add the terms of `sum_rule` to the adjoints of the nodes, in one loop."""
    partly = since > FIRST
    for node in nodes:
        h = node.adjoint
        if h is not None and not partly:
            node.adjoint = h + g
        elif node.serial >= since:
            node.adjoint = g if h is None else h + g


def scatter_products(g: Any, nodes: Sequence[Any], since: int) -> None:
    """Add the terms of `dot_rule` to the adjoints of the nodes, in one loop for each half."""
    left, right = halves(nodes)
    add_products(g, left, right, since)
    add_products(g, right, left, since)


def add_products(g: Any, nodes: Sequence[Any], others: Sequence[Any], since: int) -> None:
    """Add g times the number of each of the others to the adjoint of the node in its place."""
    partly = since > FIRST
    for node, other in zip(nodes, others, strict=True):
        h = node.adjoint
        if h is not None and not partly:
            node.adjoint = h + g * other.primal
        elif node.serial >= since:
            node.adjoint = g * other.primal if h is None else h + g * other.primal


def dot_compensated_forward(*args: Any) -> Any:
    """Return the sum of products with the errors of all products and sums added at the end."""
    s, c = 0, 0
    for a, b in zip(*halves(args), strict=True):
        p = a * b
        t = s + p
        c = c + (two_sum_error(s, p, t) + two_product_error(a, b, p))
        s = t
    return with_error(s, c)


def exact_dot(mp: Any, *args: Any) -> Any:
    """Return the dot product of real numbers."""
    return reduce(add_exactly, map(multiply_exactly, *halves(args)))


def max_forward(*xs: Any) -> Any:
    """Return the largest; NaN if one is NaN, which the plain max would overlook."""
    return choose(any(map(ne, xs, xs)), lambda: reduce(add, xs), lambda: largest(xs))


def min_forward(*xs: Any) -> Any:
    """Return the smallest; NaN if one is NaN."""
    return choose(any(map(ne, xs, xs)), lambda: reduce(add, xs), lambda: smallest(xs))


def extreme_rule(g: Any, y: Any, *xs: Any) -> Any:
    """Return equal shares of g to all that tie for the extreme."""
    ties = reduce(add, [equal(x, y) for x in xs])
    return choose(
        y == y,
        lambda: tuple(choose(x == y, lambda: g / ties, lambda: None) for x in xs),
        lambda: (g * y,) * len(xs),
    )


def exact_largest(mp: Any, *xs: Any) -> Any:
    """Return the largest of real numbers."""
    return largest(xs)


def exact_smallest(mp: Any, *xs: Any) -> Any:
    """Return the smallest of real numbers."""
    return smallest(xs)
