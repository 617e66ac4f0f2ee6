"""Leaks of one precision into a function that is written for all, and wrong containers."""

import math
from collections.abc import Sequence

import numpy as np
from typing_extensions import TypeVar

import typedgrad as tg

T = TypeVar("T", bound=tg.Scalar)
f64 = np.float64(2)
d, f = tg.Value(2.0), tg.float32(2)


def leak_scalar(x: tg.Value[T]) -> tg.Value[T]:
    return x * f64  # E: no-any-return | reportOperatorIssue


def leak_scalar_left(x: tg.Value[T]) -> tg.Value[T]:
    return f64 * x  # E: no-any-return | reportOperatorIssue


def leak_value(x: tg.Value[T]) -> tg.Value[T]:
    return x + d  # E: no-any-return | reportOperatorIssue


def leak_value_left(x: tg.Value[T]) -> tg.Value[T]:
    return d + x  # E: no-any-return | reportOperatorIssue


def leak_new(x: tg.Value[T]) -> tg.Value[T]:
    return tg.Value(2.0)  # E: return-value | reportReturnType


def leak_item(x: tg.Value[T]) -> tg.Value[T]:
    return tg.Value(x.item())  # E: return-value | reportReturnType


def leak_data(x: tg.Value[T]) -> tg.Value[T]:
    return x.data  # E: return-value | reportReturnType


def leak_cast(x: tg.Value[T]) -> tg.Value[T]:
    return x.astype(tg.float64)  # E: arg-type | reportReturnType


def leak_precision(x: tg.Value[T]) -> tg.Value[T]:
    return tg.float64(1.0)  # E: return-value | reportReturnType


def leak_numpy(x: tg.Value[T]) -> tg.Value[T]:
    return np.sin(x)  # E: call-overload | reportCallIssue


def leak_math(x: tg.Value[T]) -> tg.Value[T]:
    return math.sin(x)  # E: arg-type | reportArgumentType


def leak_float(x: tg.Value[T]) -> float:
    return x  # E: return-value | reportReturnType


def leak_function(x: tg.Value[T]) -> tg.Value[T]:
    return tg.hypot(x, f64)  # E: arg-type | reportCallIssue


def leak_function_left(x: tg.Value[T]) -> tg.Value[T]:
    return tg.maximum(f64, x)  # E: arg-type | reportCallIssue


def leak_method(x: tg.Value[T]) -> tg.Value[T]:
    return x.hypot(f64)  # E: arg-type | reportArgumentType


def leak_grad(x: tg.Value[T]) -> tg.Value[T]:
    return tg.grad(tg.exp)(x)  # E: arg-type | reportCallIssue


def leak_dot(xs: Sequence[tg.Value[T]]) -> tg.Value[T]:
    return tg.dot(xs, [f64])  # E: list-item | reportCallIssue


def leak_sum(xs: Sequence[tg.Value[T]]) -> tg.Value[T]:
    return tg.sum([xs[0], d])  # E: list-item | reportCallIssue


def leak_if(x: tg.Value[T]) -> tg.Value[T]:
    return x if x > 0 else 0.0  # E: return-value | reportReturnType


def leak_optional(x: tg.Value[T] | None) -> tg.Value[T]:
    return x * 2  # E: operator | reportOptionalOperand


def two(x: tg.Value[T], y: tg.Value[T]) -> tg.Value[T]:
    return x + y


def many(xs: Sequence[tg.Value[T]]) -> tg.Value[T]:
    return tg.sum(xs)


two(f, d)  # E: misc | reportArgumentType
two(d, f)  # E: misc | reportArgumentType
two(f, 2.0)  # E: arg-type | reportArgumentType
two(f, f64)  # E: arg-type | reportArgumentType
many([f, d])  # E: arg-type | reportArgumentType
many([f, 2.0])  # E: arg-type | reportArgumentType
many(f)  # E: arg-type | reportArgumentType
[x * f64 for x in [f, f]]  # E: operator | reportOperatorIssue
{"a": f}["a"] + d  # E: operator | reportOperatorIssue
[f, d][0] + f  # E: operator | reportOperatorIssue
(f, d)[1] + f  # E: operator | reportOperatorIssue
(lambda x: x + f)(d)  # E: operator | reportOperatorIssue


def wrong_layer(ws: list[tg.Value[T]], xs: Sequence[tg.Value[np.float64] | float]) -> tg.Value[T]:
    return tg.dot(ws, xs)  # E: arg-type | reportArgumentType


def wrong_step(x: tg.Value[T]) -> None:
    x.data = x.data - 0.1 * x.grad  # E: operator | reportOperatorIssue


def start(p: tg.Precision[T]) -> tg.Value[T]:
    return p(0.5)


for precision in (tg.float32, tg.float64):
    start(precision)  # E: misc | reportArgumentType
