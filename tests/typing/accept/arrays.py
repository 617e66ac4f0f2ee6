"""Arrays: what the transforms take and give, and reductions over arrays."""

from collections.abc import Sequence
from typing import assert_type

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

import typedgrad as tg

T = TypeVar("T", bound=tg.Scalar)


def norm(xs: Sequence[tg.Value[T]]) -> tg.Value[T]:
    return tg.norm(xs)


def first(xs: list[tg.Value[T]]) -> tg.Value[T]:
    return xs[0]


def f2(x: tg.Value[T], y: tg.Value[T]) -> tg.Value[T]:
    return x * x * y


def polar(r: tg.Value[T], t: tg.Value[T]) -> tuple[tg.Value[T], tg.Value[T]]:
    return r * tg.cos(t), r * tg.sin(t)


def rows(xs: Sequence[tg.Value[T]]) -> list[tg.Value[T]]:
    return [xs[0] * xs[1], xs[1]]


d, f = tg.Value(2.0), tg.float32(2)
a32 = np.ones(3, dtype=np.float32)
a64 = np.ones(3, dtype=np.float64)

assert_type(tg.grad(norm)([1.0, 2.0]), NDArray[np.float64])
assert_type(tg.grad(norm)((1, 2.0)), NDArray[np.float64])
assert_type(tg.grad(norm)(a64), NDArray[np.float64])
assert_type(tg.grad(first)([1.0, 2.0]), NDArray[np.float64])
assert_type(tg.grad(norm)([d, d]), list[tg.Value[np.float64]])
assert_type(tg.grad(norm)([d, 1.0]), list[tg.Value[np.float64]])
assert_type(tg.float32.grad(norm)([1.0, 2.0]), NDArray[np.float32])
assert_type(tg.float32.grad(norm)(a32), NDArray[np.float32])
assert_type(tg.float32.grad(norm)([f, f]), list[tg.Value[np.float32]])
assert_type(tg.longdouble.grad(norm)([1, 2]), NDArray[np.longdouble])
assert_type(tg.value_and_grad(norm)([1.0, 2.0]), tuple[np.float64, NDArray[np.float64]])
assert_type(tg.float32.value_and_grad(norm)(a32), tuple[np.float32, NDArray[np.float32]])
assert_type(tg.hessian(f2)(1.0, 2.0), NDArray[np.float64])
assert_type(tg.float32.hessian(f2)(1.0, 2.0), NDArray[np.float32])
assert_type(tg.hessian(norm)([1.0, 2.0]), NDArray[np.float64])
assert_type(tg.jacobian(polar)(1.0, 2.0), NDArray[np.float64])
assert_type(tg.float32.jacobian(polar)(1.0, 2.0), NDArray[np.float32])
assert_type(tg.jacobian(polar)(d, d), list[list[tg.Value[np.float64]]])
assert_type(tg.jacobian(rows)([1.0, 2.0]), NDArray[np.float64])
assert_type(tg.float32.jacobian(rows)(a32), NDArray[np.float32])
assert_type(tg.jvp(norm, ([1.0, 2.0],), ([1.0, 0.0],)), tuple[np.float64, np.float64])
assert_type(tg.jvp(norm, (a64,), (a64,)), tuple[np.float64, np.float64])
assert_type(tg.jvp(norm, ([d, d],), ([d, 0.0],)), tuple[tg.Value[np.float64], tg.Value[np.float64]])
assert_type(tg.jvp(polar, (1.0, 2.0), (1, 0)), tuple[NDArray[np.float64], NDArray[np.float64]])
assert_type(tg.hvp(norm, ([1.0, 2.0],), ([1.0, 0.0],)), NDArray[np.float64])
assert_type(tg.float32.hvp(norm, (a32,), (a32,)), NDArray[np.float32])

size, pull = tg.vjp(norm, ([1.0, 2.0],))
assert_type(size, np.float64)
assert_type(pull(1.0), NDArray[np.float64])
point, pull_point = tg.float32.vjp(polar, (1.0, 2.0))
assert_type(point, NDArray[np.float32])
assert_type(pull_point([1.0, 0.0]), tuple[np.float32, np.float32])
both, pull_both = tg.vjp(rows, (a64,))
assert_type(both, NDArray[np.float64])
assert_type(pull_both(np.ones(2)), NDArray[np.float64])

assert_type(tg.sum(a32), np.float32)
assert_type(tg.dot(a32, a32), np.float32)
assert_type(tg.dot([f, f, f], a32), tg.Value[np.float32])
assert_type(tg.dot(a64, [d, d, d]), tg.Value[np.float64])
