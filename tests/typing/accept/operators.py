"""Operators between Values, scalars of their precision and plain numbers."""

from typing import assert_type

import numpy as np

import typedgrad as tg

d = tg.Value(2.0)
f = tg.float32(2)
g = tg.longdouble(2)
f32, f64, ld = np.float32(3), np.float64(3), np.longdouble(3)
i, x, b = 2, 0.5, True

assert_type(d + d, tg.Value[np.float64])
assert_type(f + f, tg.Value[np.float32])
assert_type(g + g, tg.Value[np.longdouble])
assert_type(f - f, tg.Value[np.float32])
assert_type(f * f, tg.Value[np.float32])
assert_type(f / f, tg.Value[np.float32])
assert_type(f % f, tg.Value[np.float32])
assert_type(f**f, tg.Value[np.float32])
assert_type(-f, tg.Value[np.float32])
assert_type(+f, tg.Value[np.float32])
assert_type(abs(f), tg.Value[np.float32])

assert_type(f + 1, tg.Value[np.float32])
assert_type(1 + f, tg.Value[np.float32])
assert_type(f + i, tg.Value[np.float32])
assert_type(i + f, tg.Value[np.float32])
assert_type(f + 0.5, tg.Value[np.float32])
assert_type(0.5 + f, tg.Value[np.float32])
assert_type(f * x, tg.Value[np.float32])
assert_type(x * f, tg.Value[np.float32])
assert_type(f - x, tg.Value[np.float32])
assert_type(x - f, tg.Value[np.float32])
assert_type(f / x, tg.Value[np.float32])
assert_type(x / f, tg.Value[np.float32])
assert_type(f % x, tg.Value[np.float32])
assert_type(x % f, tg.Value[np.float32])
assert_type(f**2, tg.Value[np.float32])
assert_type(2**f, tg.Value[np.float32])
assert_type(f**x, tg.Value[np.float32])
assert_type(x**f, tg.Value[np.float32])
assert_type(f * b, tg.Value[np.float32])

assert_type(f + f32, tg.Value[np.float32])
assert_type(f32 + f, tg.Value[np.float32])
assert_type(f - f32, tg.Value[np.float32])
assert_type(f32 - f, tg.Value[np.float32])
assert_type(f * f32, tg.Value[np.float32])
assert_type(f32 * f, tg.Value[np.float32])
assert_type(f / f32, tg.Value[np.float32])
assert_type(f32 / f, tg.Value[np.float32])
assert_type(d + f64, tg.Value[np.float64])
assert_type(f64 + d, tg.Value[np.float64])
assert_type(d * f64, tg.Value[np.float64])
assert_type(f64 * d, tg.Value[np.float64])
assert_type(g * ld, tg.Value[np.longdouble])
assert_type(ld * g, tg.Value[np.longdouble])
assert_type(g + 0.1, tg.Value[np.longdouble])

assert_type(f < f, bool)
assert_type(f <= 1, bool)
assert_type(f > 0.5, bool)
assert_type(0 < f, bool)  # noqa: SIM300
assert_type(f >= f32, bool)
assert_type(f == f, bool)
assert_type(f != 1, bool)
assert_type(f == None, bool)  # noqa: E711
assert_type(max(f, f * 2), tg.Value[np.float32])
assert_type(sorted([f, f]), list[tg.Value[np.float32]])
if f:
    assert_type(not f, bool)

f += 1
f *= f
f -= f32
f /= 2.0
f **= 2
assert_type(f, tg.Value[np.float32])
assert_type((d + 1) * d / 2 - f64, tg.Value[np.float64])
assert_type(d.astype(tg.float32) * f, tg.Value[np.float32])
