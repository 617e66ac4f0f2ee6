"""Constructors, conversions and attributes that are used wrongly."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np

import typedgrad as tg

d, f, g = tg.Value(2.0), tg.float32(2), tg.longdouble(2)
f16, f32, f64, ld, i64 = np.float16(1), np.float32(1), np.float64(1), np.longdouble(1), np.int64(1)
a64 = np.ones(2)
frac, dec = Fraction(1), Decimal(1)

tg.Value("1")  # E: call-overload | reportCallIssue
tg.Value(1j)  # E: call-overload | reportCallIssue
tg.Value(None)  # E: call-overload | reportCallIssue
tg.Value(i64)  # E: call-overload | reportCallIssue
tg.Value([1.0])  # E: call-overload | reportCallIssue
tg.Value(a64)  # E: call-overload | reportCallIssue
tg.Value(d)  # E: call-overload | reportCallIssue
tg.Value()  # E: call-overload | reportCallIssue
tg.Value(1.0, 2.0)  # E: call-overload | reportCallIssue
tg.Value(data=1.0)  # E: call-overload | reportCallIssue
tg.float32(f64)  # E: arg-type | reportArgumentType
tg.float32(ld)  # E: arg-type | reportArgumentType
tg.float32(f16)  # E: arg-type | reportArgumentType
tg.float64(f32)  # E: arg-type | reportArgumentType
tg.longdouble(f64)  # E: arg-type | reportArgumentType
tg.float32(i64)  # E: arg-type | reportArgumentType
tg.float32(1j)  # E: arg-type | reportArgumentType
tg.float32(None)  # E: arg-type | reportArgumentType
tg.float32(f)  # E: arg-type | reportArgumentType
tg.float32([1.0])  # E: arg-type | reportArgumentType
tg.float32()  # E: call-arg | reportCallIssue
tg.float32.strict(f64)  # E: arg-type | reportArgumentType
tg.precision_of("1")  # E: arg-type | reportArgumentType
tg.precision_of(1j)  # E: arg-type | reportArgumentType
tg.precision_of(None)  # E: arg-type | reportArgumentType
tg.precision_of(f)(f64)  # E: arg-type | reportArgumentType

float(d)  # E: arg-type | reportArgumentType
int(d)  # E: call-overload | reportArgumentType
complex(d)  # E: call-overload | reportCallIssue
round(d)  # E: call-overload | reportArgumentType
math.sin(d)  # E: arg-type | reportArgumentType
math.exp(f)  # E: arg-type | reportArgumentType
range(d)  # E: call-overload | reportArgumentType
[1, 2][d]  # E: call-overload | reportCallIssue
math.floor(d)  # E: call-overload | reportCallIssue
len(d)  # E: arg-type | reportArgumentType
d[0]  # E: index | reportIndexIssue
d()  # E: operator | reportCallIssue
np.sin(d)  # E: call-overload | reportCallIssue
np.exp(f)  # E: call-overload | reportCallIssue
np.hypot(d, d)  # E: call-overload | reportCallIssue
np.add(d, d)  # E: call-overload | reportCallIssue
np.maximum(d, 0)  # E: call-overload | reportCallIssue
np.sqrt(g)  # E: call-overload | reportCallIssue
np.float32(f)  # E: arg-type | reportArgumentType
np.float64(d)  # E: arg-type | reportArgumentType

d.data = f32  # E: assignment | reportAttributeAccessIssue
f.data = f64  # E: assignment | reportAttributeAccessIssue
f.data = "1"  # E: assignment | reportAttributeAccessIssue
f.data = f  # E: assignment | reportAttributeAccessIssue
f.grad = f64  # E: assignment | reportAttributeAccessIssue
f.op = "add"  # E: misc | reportAttributeAccessIssue
f.parents = ()  # E: misc | reportAttributeAccessIssue
f.colour = 1  # E: attr-defined | reportAttributeAccessIssue
f.backward(f64)  # E: arg-type | reportArgumentType
d.backward(f32)  # E: arg-type | reportArgumentType
d.backward("1")  # E: arg-type | reportArgumentType
d.backward(d)  # E: arg-type | reportArgumentType
d.zero_grad(1)  # E: call-arg | reportCallIssue
f.astype(np.float64)  # E: arg-type | reportArgumentType
f.astype("float64")  # E: arg-type | reportArgumentType
f.astype()  # E: call-arg | reportCallIssue
tg.Precision[np.complex128]  # E: type-var | reportInvalidTypeArguments
x1: tg.Value[np.complex128]  # E: type-var | reportInvalidTypeArguments
x2: tg.Value[int]  # E: type-var | reportInvalidTypeArguments
x3: tg.Value[str]  # E: type-var | reportInvalidTypeArguments
x4: tg.Value[np.int64]  # E: type-var | reportInvalidTypeArguments
y1: tg.Value[np.float32] = d  # E: assignment | reportAssignmentType
y2: tg.Value[np.float64] = f  # E: assignment | reportAssignmentType
y3: tg.Value[np.longdouble] = d  # E: assignment | reportAssignmentType
y4: tg.Precision[np.float32] = tg.float64  # E: assignment | reportAssignmentType
y5: np.float32 = d.data  # E: assignment | reportAssignmentType
y6: float = d  # E: assignment | reportAssignmentType
y7: tg.Scalar = d  # E: assignment | reportAssignmentType
y8: tg.Scalar = 1j  # E: assignment | reportAssignmentType
y9: tg.Scalar = "1"  # E: assignment | reportAssignmentType
y10: tg.Scalar = a64  # E: assignment | reportAssignmentType
y11: tg.Scalar = np.complex128(1)  # E: assignment | reportAssignmentType
y12: tg.Node[np.float32] = d  # E: assignment | reportAssignmentType
y13: tg.Node[np.float32] = f32  # E: assignment | reportAssignmentType
y14: list[tg.Value[np.float32]] = [d]  # E: list-item | reportAssignmentType
y15: dict[str, tg.Value[np.float32]] = {"a": d}  # E: dict-item | reportAssignmentType
tg.no_such_name  # E: attr-defined | reportAttributeAccessIssue
tg.floot32(1)  # E: attr-defined | reportAttributeAccessIssue
tg.float32.parse(1.0)  # E: arg-type | reportArgumentType
tg.float32.digits = "3"  # E: assignment | reportAttributeAccessIssue
of_float: tg.Value[float] = d  # E: assignment | reportAssignmentType
of_precision: tg.Value[tg.float32] = f  # E: valid-type | reportInvalidTypeForm
