"""The functions of the table on Values, scalars, plain numbers and sequences."""

from collections.abc import Iterator, Sequence
from typing import assert_type

import numpy as np

import typedgrad as tg

d = tg.Value(2.0)
f = tg.float32(2)
g = tg.longdouble(2)
f32, f64, ld = np.float32(3), np.float64(3), np.longdouble(3)
x = 0.5

assert_type(tg.tanh(d), tg.Value[np.float64])
assert_type(tg.tanh(f), tg.Value[np.float32])
assert_type(tg.tanh(g), tg.Value[np.longdouble])
assert_type(tg.tanh(f32), np.float32)
assert_type(tg.tanh(f64), np.float64)
assert_type(tg.tanh(ld), np.longdouble)
assert_type(tg.tanh(0.5), np.float64)
assert_type(tg.tanh(1), np.float64)
assert_type(tg.exp(f * 2), tg.Value[np.float32])
assert_type(tg.log(x=f), tg.Value[np.float32])
assert_type(tg.abs(f), tg.Value[np.float32])
assert_type(tg.sqrt(tg.exp(f)), tg.Value[np.float32])
assert_type(tg.relu(f), tg.Value[np.float32])
assert_type(tg.lgamma(f), tg.Value[np.float32])
assert_type(tg.erf(f32), np.float32)

assert_type(tg.hypot(f, f), tg.Value[np.float32])
assert_type(tg.hypot(f, 2), tg.Value[np.float32])
assert_type(tg.hypot(2, f), tg.Value[np.float32])
assert_type(tg.hypot(f, 2.0), tg.Value[np.float32])
assert_type(tg.hypot(2.0, f), tg.Value[np.float32])
assert_type(tg.hypot(f, x), tg.Value[np.float32])
assert_type(tg.hypot(x, f), tg.Value[np.float32])
assert_type(tg.hypot(f, f32), tg.Value[np.float32])
assert_type(tg.hypot(f32, f), tg.Value[np.float32])
assert_type(tg.hypot(f32, f32), np.float32)
assert_type(tg.hypot(f32, 2.0), np.float32)
assert_type(tg.hypot(2.0, f32), np.float32)
assert_type(tg.hypot(1, 2.0), np.float64)
assert_type(tg.maximum(d, 0), tg.Value[np.float64])
assert_type(tg.maximum(0, d), tg.Value[np.float64])
assert_type(tg.pow(f, 3), tg.Value[np.float32])
assert_type(tg.add(f, 1), tg.Value[np.float32])
assert_type(tg.atan2(g, ld), tg.Value[np.longdouble])
assert_type(tg.leaky_relu(f), tg.Value[np.float32])
assert_type(tg.leaky_relu(f, 0.1), tg.Value[np.float32])
assert_type(tg.leaky_relu(f, negative_slope=0.1), tg.Value[np.float32])
assert_type(tg.leaky_relu(f32), np.float32)
assert_type(tg.leaky_relu(0.5), np.float64)
assert_type(tg.leaky_relu(1.0, f), tg.Value[np.float32])

assert_type(tg.where(f > 0, f, 0.0), tg.Value[np.float32])
assert_type(tg.where(f > 0, 0.0, f), tg.Value[np.float32])
assert_type(tg.where(True, f, f), tg.Value[np.float32])
assert_type(tg.where(f, f, 1), tg.Value[np.float32])
assert_type(tg.where(f > 0, f32, f), tg.Value[np.float32])
assert_type(tg.where(True, f32, 2), np.float32)
assert_type(tg.clip(f, 0, 1), tg.Value[np.float32])
assert_type(tg.clip(0.5, f, f), tg.Value[np.float32])
assert_type(tg.clip(f, f32, 5.0), tg.Value[np.float32])
assert_type(tg.clip(x, 0, f), tg.Value[np.float32])
assert_type(tg.fma(f, 2.0, f), tg.Value[np.float32])
assert_type(tg.fma(2.0, 3.0, f), tg.Value[np.float32])

assert_type(f.tanh(), tg.Value[np.float32])
assert_type(f.hypot(2), tg.Value[np.float32])
assert_type(f.hypot(f), tg.Value[np.float32])
assert_type(f.maximum(f32), tg.Value[np.float32])
assert_type(f.clip(0, 1), tg.Value[np.float32])
assert_type(f.leaky_relu(), tg.Value[np.float32])
assert_type(f.leaky_relu(0.2), tg.Value[np.float32])
assert_type(f.pow(2), tg.Value[np.float32])
assert_type(f.exp().log().sin(), tg.Value[np.float32])
assert_type(f.abs(), tg.Value[np.float32])

fs = [f, f]
pair: tuple[tg.Value[np.float32], ...] = (f, f)
mixed: Sequence[tg.Value[np.float32] | np.float32 | int] = [f, f32, 1]


def some() -> Iterator[tg.Value[np.float32]]:
    yield f


assert_type(tg.sum(fs), tg.Value[np.float32])
assert_type(tg.sum([f, f]), tg.Value[np.float32])
assert_type(tg.sum((f, f)), tg.Value[np.float32])
assert_type(tg.sum(pair), tg.Value[np.float32])
assert_type(tg.sum(some()), tg.Value[np.float32])
assert_type(tg.sum(x * x for x in fs), tg.Value[np.float32])
assert_type(tg.sum([f, 2.0]), tg.Value[np.float32])
assert_type(tg.sum([2, f]), tg.Value[np.float32])
assert_type(tg.sum([f, f32]), tg.Value[np.float32])
assert_type(tg.sum(mixed), tg.Value[np.float32])
assert_type(tg.sum([f32, f32]), np.float32)
assert_type(tg.sum([1.0, 2]), np.float64)
assert_type(tg.sum([d, 2.0, f64]), tg.Value[np.float64])
assert_type(tg.sum([g, ld]), tg.Value[np.longdouble])
assert_type(tg.prod(fs), tg.Value[np.float32])
assert_type(tg.mean(fs), tg.Value[np.float32])
assert_type(tg.logsumexp(fs), tg.Value[np.float32])
assert_type(tg.dot(fs, fs), tg.Value[np.float32])
assert_type(tg.dot(fs, [1.0, 2.0]), tg.Value[np.float32])
assert_type(tg.dot([1.0, 2.0], fs), tg.Value[np.float32])
assert_type(tg.dot([f, 1.0], fs), tg.Value[np.float32])
assert_type(tg.dot(fs, [f32, f32]), tg.Value[np.float32])
assert_type(tg.dot([f32], [f32]), np.float32)
assert_type(tg.dot([1.0], [2.0]), np.float64)
assert_type(tg.softmax(fs), list[tg.Value[np.float32]])
assert_type(tg.log_softmax([d, 1.0]), list[tg.Value[np.float64]])
