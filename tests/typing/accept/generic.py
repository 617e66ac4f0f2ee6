"""Functions written once for every precision, lambdas, unions and containers."""

from collections.abc import Callable, Sequence
from typing import assert_type

import numpy as np
from typing_extensions import TypeVar

import typedgrad as tg

T = TypeVar("T", bound=tg.Scalar)
N = TypeVar("N", float, tg.Value[np.float32], tg.Value[np.float64])


def softplus(x: tg.Value[T]) -> tg.Value[T]:
    return tg.log1p(tg.exp(x))


def logadd(x: tg.Value[T], y: tg.Value[T]) -> tg.Value[T]:
    top = tg.maximum(x, y)
    return top + tg.log(tg.exp(x - top) + tg.exp(y - top))


def scaled(x: tg.Value[T], c: T) -> tg.Value[T]:
    return c * x + x * c + tg.hypot(c, x) + tg.hypot(2.0, x) + 0.5


def norm(xs: Sequence[tg.Value[T]]) -> tg.Value[T]:
    return tg.sqrt(tg.sum([x * x for x in xs]) + tg.dot(xs, xs) + tg.dot(xs, [1.0] * len(xs)))


def total(xs: Sequence[tg.Value[T]]) -> tg.Value[T]:
    found = xs[0] * 0
    for x in xs:
        found += x if x > 0 else -x
    return found


def fresh(x: tg.Value[T]) -> tg.Value[T]:
    return tg.precision_of(x)(1.5) + x.constant(2) + x.detach()


def inner(x: tg.Value[T]) -> tg.Value[T]:
    return tg.precision_of(x).grad(softplus)(x) * x


def rounded(x: tg.Value[T], p: tg.Precision[np.float32]) -> tg.Value[np.float32]:
    return x.astype(p)


d, f, g = tg.Value(2.0), tg.float32(2), tg.longdouble(2)
assert_type(softplus(d), tg.Value[np.float64])
assert_type(softplus(f), tg.Value[np.float32])
assert_type(softplus(g), tg.Value[np.longdouble])
assert_type(logadd(f, f), tg.Value[np.float32])
assert_type(scaled(f, np.float32(2)), tg.Value[np.float32])
assert_type(norm([f, f]), tg.Value[np.float32])
assert_type(total((d, d)), tg.Value[np.float64])
assert_type(fresh(g), tg.Value[np.longdouble])
assert_type(inner(f), tg.Value[np.float32])
assert_type(rounded(d, tg.float32), tg.Value[np.float32])

square: Callable[[tg.Value[np.float32]], tg.Value[np.float32]] = lambda x: x * x  # noqa: E731
assert_type(square(f), tg.Value[np.float32])
assert_type([square(x) for x in (f, f)], list[tg.Value[np.float32]])
assert_type({"a": f, "b": f * 2}, dict[str, tg.Value[np.float32]])
assert_type(sum([f, f], f), tg.Value[np.float32])
weights: dict[str, tg.Value] = {"w": d}
assert_type(weights["w"], tg.Value[np.float64])
table: dict[tg.Value[np.float32], int] = {f: 1}
assert_type(table[f], int)
assert_type({f, f}, set[tg.Value[np.float32]])
nested = [[f, f], [f]]
assert_type([tg.sum(row) for row in nested], list[tg.Value[np.float32]])


def either(x: tg.Value[np.float32] | float) -> tg.Value[np.float32]:
    return f * x if isinstance(x, tg.Value) else f + 1


def maybe(x: tg.Value[np.float32] | None) -> tg.Value[np.float32]:
    return f if x is None else x * f


def plain(x: tg.Value[np.float32] | int) -> tg.Value[np.float32]:
    return f * x + tg.hypot(f, x) + f.maximum(x)


assert_type(either(f), tg.Value[np.float32])
assert_type(maybe(None), tg.Value[np.float32])
assert_type(plain(2), tg.Value[np.float32])


def layer(ws: list[tg.Value[T]], xs: Sequence[tg.Value[T] | float]) -> tg.Value[T]:
    return tg.tanh(tg.dot(ws, xs) + tg.dot(xs, ws))


def step(x: tg.Value[T], rate: float) -> None:
    x.data = (x.detach() - rate * x.constant(x.grad)).data


def scaled_step(x: tg.Value[T], rate: T) -> None:
    x.data = x.data - rate * x.grad


def start(p: tg.Precision[T]) -> tg.Value[T]:
    return p(0.5)


assert_type(layer([f], [1.0]), tg.Value[np.float32])
assert_type(layer([d], [d]), tg.Value[np.float64])
step(f, 0.5)
scaled_step(f, np.float32(0.5))
assert_type(start(tg.float32), tg.Value[np.float32])


def horner(x: N) -> N:
    return (x * 3.0 + 2.0) * x + tg.exp(x)


assert_type(horner(2.0), float)
assert_type(horner(f), tg.Value[np.float32])
assert_type(horner(d), tg.Value[np.float64])
assert_type(tg.float32.grad(horner)(2.0), np.float32)
