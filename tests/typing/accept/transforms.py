"""The transforms: precision, number of arguments, and nesting."""

from typing import assert_type

import numpy as np
from typing_extensions import TypeVar

import typedgrad as tg

T = TypeVar("T", bound=tg.Scalar)


def f1(x: tg.Value[T]) -> tg.Value[T]:
    return x * tg.sin(x)


def f2(x: tg.Value[T], y: tg.Value[T]) -> tg.Value[T]:
    return x * y + tg.exp(x)


def f3(x: tg.Value[T], y: tg.Value[T], z: tg.Value[T]) -> tg.Value[T]:
    return x * y * z


def f8(
    a: tg.Value[T],
    b: tg.Value[T],
    c: tg.Value[T],
    d: tg.Value[T],
    e: tg.Value[T],
    f: tg.Value[T],
    g: tg.Value[T],
    h: tg.Value[T],
) -> tg.Value[T]:
    return a * b + c * d + e * f + g * h


def only32(x: tg.Value[np.float32]) -> tg.Value[np.float32]:
    return x * np.float32(2)


d, f = tg.Value(2.0), tg.float32(2)
f32, f64 = np.float32(1), np.float64(1)
D = tg.Value[np.float64]
F = tg.Value[np.float32]

assert_type(tg.grad(f1)(1.0), np.float64)
assert_type(tg.grad(f1)(1), np.float64)
assert_type(tg.grad(f1)(f64), np.float64)
assert_type(tg.grad(f2)(1.0, 2.0), tuple[np.float64, np.float64])
assert_type(tg.grad(f2)(1, f64), tuple[np.float64, np.float64])
assert_type(tg.grad(f3)(1, 2, 3.0), tuple[np.float64, np.float64, np.float64])
assert_type(len(tg.grad(f8)(1, 2, 3, 4, 5, 6, 7, 8)), int)
assert_type(tg.grad(f8)(1, 2, 3, 4, 5, 6, 7, 8)[7], np.float64)
assert_type(tg.float32.grad(f1)(1.0), np.float32)
assert_type(tg.float32.grad(f2)(1.0, 2.0), tuple[np.float32, np.float32])
assert_type(tg.float32.grad(f2)(f32, 2), tuple[np.float32, np.float32])
assert_type(tg.longdouble.grad(f1)(1.0), np.longdouble)
assert_type(tg.float32.strict.grad(f1)(1.0), np.float32)
assert_type(tg.float32.grad(only32)(1.0), np.float32)
assert_type(tg.precision_of(f).grad(f1)(1.0), np.float32)

assert_type(tg.grad(f1)(d), D)
assert_type(tg.grad(f2)(d, d), tuple[D, D])
assert_type(tg.grad(f2)(d, 2.0), tuple[D, D])
assert_type(tg.grad(f2)(2.0, d), tuple[D, D])
assert_type(tg.float32.grad(f2)(f, f32), tuple[F, F])
assert_type(tg.grad(tg.grad(f1))(1.0), np.float64)
assert_type(tg.grad(tg.grad(tg.grad(f1)))(1.0), np.float64)
assert_type(tg.grad(tg.grad(f1))(d), D)
assert_type(tg.float32.grad(tg.float32.grad(f1))(1.0), np.float32)

assert_type(tg.value_and_grad(f1)(1.0), tuple[np.float64, np.float64])
assert_type(tg.value_and_grad(f2)(1.0, 2.0), tuple[np.float64, tuple[np.float64, np.float64]])
assert_type(tg.float32.value_and_grad(f1)(1.0), tuple[np.float32, np.float32])
assert_type(tg.value_and_grad(f2)(d, 1), tuple[D, tuple[D, D]])

assert_type(tg.jvp(f1, (1.0,), (1.0,)), tuple[np.float64, np.float64])
assert_type(tg.jvp(f2, (1.0, 2.0), (1, 0)), tuple[np.float64, np.float64])
assert_type(tg.float32.jvp(f2, (1.0, f32), (1, 0)), tuple[np.float32, np.float32])
assert_type(tg.jvp(f2, (d, d), (1, 0)), tuple[D, D])
assert_type(tg.float32.jvp(f2, (f, f), (f, 0)), tuple[F, F])

value, pull = tg.vjp(f2, (1.0, 2.0))
assert_type(value, np.float64)
assert_type(pull(1.0), tuple[np.float64, np.float64])
value32, pull32 = tg.float32.vjp(f1, (1.0,))
assert_type(value32, np.float32)
assert_type(pull32(f32), np.float32)
node, pull_nodes = tg.vjp(f2, (d, d))
assert_type(node, D)
assert_type(pull_nodes(d), tuple[D, D])

assert_type(tg.hessian(f1)(1.0), np.float64)
assert_type(tg.float32.hessian(f1)(1.0), np.float32)
assert_type(tg.hessian(f1)(d), D)
assert_type(tg.hessian(f2)(d, d), list[list[D]])
assert_type(tg.hvp(f1, (1.0,), (2.0,)), np.float64)
assert_type(tg.hvp(f2, (1.0, 2.0), (1, 0)), tuple[np.float64, np.float64])
assert_type(tg.float32.hvp(f2, (1.0, 2.0), (1, 0)), tuple[np.float32, np.float32])
assert_type(tg.hvp(f2, (d, d), (d, 0)), tuple[D, D])
