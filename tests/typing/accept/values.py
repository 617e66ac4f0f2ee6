"""Values and precisions: what their types are."""

from decimal import Decimal
from fractions import Fraction
from typing import assert_type

import numpy as np

import typedgrad as tg

d = tg.Value(2.0)
f = tg.Value(np.float32(2))
g = tg.Value(np.longdouble(2))

assert_type(d, tg.Value[np.float64])
assert_type(f, tg.Value[np.float32])
assert_type(g, tg.Value[np.longdouble])
assert_type(tg.Value(2), tg.Value[np.float64])
assert_type(tg.Value(True), tg.Value[np.float64])
assert_type(tg.Value(np.float64(2)), tg.Value[np.float64])

assert_type(tg.float32(0.5), tg.Value[np.float32])
assert_type(tg.float32(1), tg.Value[np.float32])
assert_type(tg.float32("0.1"), tg.Value[np.float32])
assert_type(tg.float32(Fraction(1, 3)), tg.Value[np.float32])
assert_type(tg.float32(Decimal("0.1")), tg.Value[np.float32])
assert_type(tg.float32(np.float32(1)), tg.Value[np.float32])
assert_type(tg.float64(0.5), tg.Value[np.float64])
assert_type(tg.float64(np.float64(1)), tg.Value[np.float64])
assert_type(tg.longdouble("0.1"), tg.Value[np.longdouble])
assert_type(tg.float32.strict(0.5), tg.Value[np.float32])
assert_type(tg.float32.strict.strict(0.5), tg.Value[np.float32])

assert_type(tg.precision_of(d), tg.Precision[np.float64])
assert_type(tg.precision_of(f), tg.Precision[np.float32])
assert_type(tg.precision_of(np.longdouble(1)), tg.Precision[np.longdouble])
assert_type(tg.precision_of(f)(1.5), tg.Value[np.float32])

assert_type(d.data, np.float64)
assert_type(f.data, np.float32)
assert_type(g.data, np.longdouble)
assert_type(d.grad, np.float64)
assert_type(f.grad, np.float32)
assert_type(d.op, str)
assert_type(f.parents, tuple[tg.Value[np.float32], ...])
assert_type(f.item(), float)
assert_type(f.detach(), tg.Value[np.float32])
assert_type(f.alias(), tg.Value[np.float32])
assert_type(f.constant(2), tg.Value[np.float32])
assert_type(f.astype(tg.float64), tg.Value[np.float64])
assert_type(d.astype(tg.float32), tg.Value[np.float32])
assert_type(d.astype(tg.precision_of(f)), tg.Value[np.float32])
assert_type(f"{d:.3f} {d}", str)
assert_type(hash(d), int)
d.backward()
d.backward(2)
d.backward(2.0)
d.backward(np.float64(2))
f.backward(np.float32(2))
d.zero_grad()
d.data = 3.0
d.data = 3
d.data = np.float64(3)
f.data = f.data - np.float32(0.5) * f.grad
f.grad = 0

assert_type(tg.float32.lift(2), np.float32)
assert_type(tg.float32.lift(2.5), np.float32)
assert_type(tg.float64.parse("0.1"), np.float64)
assert_type(tg.longdouble.ulp(1), np.longdouble)
assert_type(tg.float32.eps, np.float32)
assert_type(tg.float32.name, str)
assert_type(tg.float32.digits, float)
assert_type(tg.float32.scalar, type[np.float32])

p: tg.Precision[np.float32] = tg.float32
s: tg.Scalar = np.float32(1)
s = np.longdouble(1)
s = Fraction(1, 2)
n: tg.Node[np.float32] = f
assert_type(n.primal, np.float32)
