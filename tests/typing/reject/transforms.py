"""Transforms of functions of the wrong precision, number of arguments or result."""

from collections.abc import Sequence

import numpy as np
from typing_extensions import TypeVar

import typedgrad as tg

T = TypeVar("T", bound=tg.Scalar)


def f1(x: tg.Value[T]) -> tg.Value[T]:
    return x * x


def f2(x: tg.Value[T], y: tg.Value[T]) -> tg.Value[T]:
    return x * y


def f9(
    a: tg.Value[T],
    b: tg.Value[T],
    c: tg.Value[T],
    d: tg.Value[T],
    e: tg.Value[T],
    f: tg.Value[T],
    g: tg.Value[T],
    h: tg.Value[T],
    i: tg.Value[T],
) -> tg.Value[T]:
    return a + b + c + d + e + f + g + h + i


def norm(xs: Sequence[tg.Value[T]]) -> tg.Value[T]:
    return tg.norm(xs)


def pair(x: tg.Value[T], y: tg.Value[T]) -> tuple[tg.Value[T], tg.Value[T]]:
    return x, y


def only32(x: tg.Value[np.float32]) -> tg.Value[np.float32]:
    return x


def only64(x: tg.Value[np.float64]) -> tg.Value[np.float64]:
    return x


def plain(x: tg.Value[T]) -> float:
    return x.item()


def number(x: tg.Value[T]) -> T:
    return x.data


def floats(x: float) -> float:
    return x


def cast(x: tg.Value[np.float64]) -> tg.Value[np.float32]:
    return x.astype(tg.float32)


d, f = tg.Value(2.0), tg.float32(2)
f32, f64 = np.float32(1), np.float64(1)
a32, a64 = np.ones(2, dtype=np.float32), np.ones(2)

tg.grad(only32)  # E: arg-type | reportCallIssue
tg.float32.grad(only64)  # E: arg-type | reportCallIssue
tg.longdouble.grad(only64)  # E: arg-type | reportCallIssue
tg.float32.strict.grad(only64)  # E: arg-type | reportCallIssue
tg.grad(plain)  # E: arg-type | reportCallIssue
tg.grad(number)  # E: arg-type | reportCallIssue
tg.grad(floats)  # E: arg-type | reportCallIssue
tg.grad(cast)  # E: arg-type | reportCallIssue
tg.grad(f9)  # E: arg-type | reportCallIssue
tg.grad(pair)  # E: arg-type | reportCallIssue
tg.grad(2)  # E: call-overload | reportCallIssue
tg.grad(None)  # E: call-overload | reportCallIssue
tg.grad()  # E: call-overload | reportCallIssue
tg.grad(f1, f1)  # E: call-overload | reportCallIssue
tg.grad(lambda x: 2.0)  # E: arg-type | reportCallIssue
tg.grad(lambda x: x.data)  # E: arg-type | reportAttributeAccessIssue
tg.grad(lambda x: x * f32)  # E: operator | reportOperatorIssue
tg.float32.grad(lambda x: x * f64)  # E: operator | reportOperatorIssue
tg.grad(lambda x, y: x * y)(1.0)  # E: call-overload | reportCallIssue
tg.grad(f1)()  # E: call-overload | reportCallIssue
tg.grad(f1)(1.0, 2.0)  # E: call-overload | reportCallIssue
tg.grad(f2)(1.0)  # E: call-overload | reportCallIssue
tg.grad(f2)(1.0, 2.0, 3.0)  # E: call-overload | reportCallIssue
tg.grad(f1)("1")  # E: call-overload | reportCallIssue
tg.grad(f1)(1j)  # E: call-overload | reportCallIssue
tg.grad(f1)(None)  # E: call-overload | reportCallIssue
tg.grad(f1)([1.0])  # E: call-overload | reportCallIssue
tg.grad(f1)(a64)  # E: call-overload | reportCallIssue
tg.grad(f1)(f32)  # E: call-overload | reportCallIssue
tg.grad(f2)(1.0, f32)  # E: call-overload | reportCallIssue
tg.grad(f2)(f32, 1.0)  # E: call-overload | reportCallIssue
tg.grad(f1)(f)  # E: arg-type | reportCallIssue
tg.grad(f2)(d, f)  # E: arg-type | reportCallIssue
tg.float32.grad(f1)(f64)  # E: arg-type | reportCallIssue
tg.float32.grad(f2)(1.0, f64)  # E: arg-type | reportCallIssue
tg.float32.grad(f2)(f64, f32)  # E: arg-type | reportCallIssue
tg.float32.grad(f1)(d)  # E: arg-type | reportCallIssue
tg.float32.grad(f2)(f, f64)  # E: arg-type | reportCallIssue
tg.float32.grad(f2)(f, d)  # E: arg-type | reportCallIssue
tg.longdouble.grad(f1)(f64)  # E: arg-type | reportCallIssue
tg.grad(norm)(1.0)  # E: call-overload | reportCallIssue
tg.grad(norm)(a32)  # E: arg-type | reportCallIssue
tg.float32.grad(norm)(a64)  # E: arg-type | reportCallIssue
tg.float32.grad(norm)([f, d])  # E: list-item | reportCallIssue
tg.grad(norm)([f])  # E: list-item | reportCallIssue
tg.grad(norm)("12")  # E: arg-type | reportCallIssue
tg.grad(tg.float32.grad(f1))  # E: arg-type | reportCallIssue
tg.float32.grad(tg.grad(f1))  # E: arg-type | reportCallIssue
tg.grad(tg.grad(f2))  # E: arg-type | reportCallIssue
tg.grad(tg.grad(f1))(1.0, 2.0)  # E: call-overload | reportCallIssue
tg.value_and_grad(only32)  # E: arg-type | reportCallIssue
tg.value_and_grad(f2)(1.0)  # E: call-overload | reportCallIssue
tg.float32.value_and_grad(f1)(f64)  # E: arg-type | reportCallIssue
tg.value_and_grad(plain)  # E: arg-type | reportCallIssue
tg.jvp(only32, (1.0,), (1.0,))  # E: arg-type | reportCallIssue
tg.jvp(f1, (1.0, 2.0), (1.0, 2.0))  # E: arg-type | reportCallIssue
tg.jvp(f2, (1.0,), (1.0,))  # E: arg-type | reportCallIssue
tg.jvp(f2, (1.0, 2.0), (1.0,))  # E: arg-type | reportCallIssue
tg.jvp(f1, 1.0, 1.0)  # E: call-overload | reportCallIssue
tg.jvp(f1, (f32,), (1.0,))  # E: arg-type | reportCallIssue
tg.float32.jvp(f1, (1.0,), (f64,))  # E: arg-type | reportCallIssue
tg.float32.jvp(f1, (d,), (1.0,))  # E: arg-type | reportCallIssue
tg.jvp(f1, (1.0,))  # E: call-overload | reportCallIssue
tg.vjp(only32, (1.0,))  # E: arg-type | reportCallIssue
tg.vjp(f1, (1.0, 2.0))  # E: arg-type | reportCallIssue
tg.vjp(f2, (f32, 1.0))  # E: arg-type | reportCallIssue
tg.vjp(f1, 1.0)  # E: call-overload | reportCallIssue
tg.vjp(f1, (1.0,))[1](f32)  # E: arg-type | reportArgumentType
tg.float32.vjp(f1, (1.0,))[1](f64)  # E: arg-type | reportArgumentType
tg.vjp(f1, (1.0,))[1](1.0, 2.0)  # E: call-arg | reportCallIssue
tg.jacobian(f1)  # E: arg-type | reportCallIssue
tg.jacobian(pair)(1.0)  # E: call-overload | reportCallIssue
tg.float32.jacobian(pair)(1.0, f64)  # E: arg-type | reportCallIssue
tg.jacobian(lambda x: [1.0])  # E: list-item | reportCallIssue
tg.hessian(only32)  # E: arg-type | reportCallIssue
tg.hessian(pair)  # E: arg-type | reportCallIssue
tg.hessian(f2)(1.0)  # E: call-overload | reportCallIssue
tg.float32.hessian(f1)(f64)  # E: arg-type | reportCallIssue
tg.float32.hessian(norm)(a64)  # E: arg-type | reportCallIssue
tg.hvp(only32, (1.0,), (1.0,))  # E: arg-type | reportCallIssue
tg.hvp(f2, (1.0,), (1.0,))  # E: arg-type | reportCallIssue
tg.float32.hvp(f2, (1.0, 2.0), (1.0, f64))  # E: arg-type | reportCallIssue
y1: np.float32 = tg.grad(f1)(1.0)  # E: assignment | reportAssignmentType
y2: np.float64 = tg.float32.grad(f1)(1.0)  # E: assignment | reportAssignmentType
y3: np.float64 = tg.grad(f2)(1.0, 2.0)  # E: assignment | reportAssignmentType
y4: tuple[np.float64, np.float64] = tg.grad(f1)(1.0)  # E: assignment | reportAssignmentType
y5: tg.Value[np.float64] = tg.grad(f1)(1.0)  # E: assignment | reportAssignmentType
