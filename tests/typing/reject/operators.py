"""Operators that mix precisions, or take what is no number; each bad line names its errors."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

import typedgrad as tg

d, f, g = tg.Value(2.0), tg.float32(2), tg.longdouble(2)
f16, f32, f64, ld = np.float16(1), np.float32(1), np.float64(1), np.longdouble(1)
i64, c64 = np.int64(1), np.complex64(1)
a32: NDArray[np.float32] = np.ones(2, dtype=np.float32)
a64: NDArray[np.float64] = np.ones(2)
text, none, frac, dec = "1", None, Fraction(1), Decimal(1)
maybe: tg.Value[np.float32] | None = f if f > 0 else None
either: np.float32 | np.float64 = f32 if f > 0 else f64

f + d  # E: operator | reportOperatorIssue
d + f  # E: operator | reportOperatorIssue
g + d  # E: operator | reportOperatorIssue
d + g  # E: operator | reportOperatorIssue
g + f  # E: operator | reportOperatorIssue
f - d  # E: operator | reportOperatorIssue
f * d  # E: operator | reportOperatorIssue
d * f  # E: operator | reportOperatorIssue
f / d  # E: operator | reportOperatorIssue
d / f  # E: operator | reportOperatorIssue
f % d  # E: operator | reportOperatorIssue
f**d  # E: operator | reportOperatorIssue
d**f  # E: operator | reportOperatorIssue
f < d  # E: operator | reportOperatorIssue
f <= d  # E: operator | reportOperatorIssue
d > f  # E: operator | reportOperatorIssue
d >= g  # E: operator | reportOperatorIssue
f + f64  # E: operator | reportOperatorIssue
f64 + f  # E: operator | reportOperatorIssue
f - f64  # E: operator | reportOperatorIssue
f64 - f  # E: operator | reportOperatorIssue
f * f64  # E: operator | reportOperatorIssue
f64 * f  # E: operator | reportOperatorIssue
f / f64  # E: operator | reportOperatorIssue
f64 / f  # E: operator | reportOperatorIssue
f % f64  # E: operator | reportOperatorIssue
f**f64  # E: operator | reportOperatorIssue
f64**f  # E: operator | reportOperatorIssue
f + ld  # E: operator | reportOperatorIssue
ld + f  # E: operator/call-overload | reportOperatorIssue
f + f16  # E: operator | reportOperatorIssue
f16 + f  # E: operator/call-overload | reportOperatorIssue
d + f32  # E: operator | reportOperatorIssue
f32 + d  # E: operator/call-overload | reportOperatorIssue
d * f32  # E: operator | reportOperatorIssue
f32 * d  # E: operator/call-overload | reportOperatorIssue
d + ld  # E: operator | reportOperatorIssue
ld + d  # E: operator/call-overload | reportOperatorIssue
g + f64  # E: operator | reportOperatorIssue
f64 + g  # E: operator | reportOperatorIssue
g * f32  # E: operator | reportOperatorIssue
f32 * g  # E: operator/call-overload | reportOperatorIssue
f + i64  # E: operator | reportOperatorIssue
i64 + f  # E: operator/call-overload | reportOperatorIssue
f * i64  # E: operator | reportOperatorIssue
d + i64  # E: operator | reportOperatorIssue
f + c64  # E: operator | reportOperatorIssue
f + 1j  # E: operator | reportOperatorIssue
1j + f  # E: operator | reportOperatorIssue
d * 1j  # E: operator | reportOperatorIssue
f + text  # E: operator | reportOperatorIssue
text + f  # E: operator | reportOperatorIssue
f * none  # E: operator | reportOperatorIssue
none * f  # E: operator | reportOperatorIssue
f + frac  # E: operator | reportOperatorIssue
frac + f  # E: operator | reportOperatorIssue
f + dec  # E: operator | reportOperatorIssue
dec + f  # E: operator | reportOperatorIssue
f + a32  # E: operator | reportOperatorIssue
a32 + f  # E: operator | reportOperatorIssue
d * a64  # E: operator | reportOperatorIssue
a64 * d  # E: operator | reportOperatorIssue
d + a32  # E: operator | reportOperatorIssue
a32 + d  # E: operator | reportOperatorIssue
f + {1.0}  # E: operator | reportOperatorIssue
f < text  # E: operator | reportOperatorIssue
f < none  # E: operator | reportOperatorIssue
f + maybe  # E: operator | reportOperatorIssue
maybe + f  # E: operator | reportOptionalOperand
f + either  # E: operator | reportOperatorIssue
either + f  # E: operator | reportOperatorIssue
d + either  # E: operator | reportOperatorIssue
f // 2  # E: operator | reportOperatorIssue
divmod(f, 2)  # E: operator | reportCallIssue
f @ f  # E: operator | reportOperatorIssue
f & f  # E: operator | reportOperatorIssue
~f  # E: operator | reportOperatorIssue
f += d  # E: operator | reportOperatorIssue
g -= f64  # E: operator | reportOperatorIssue
d *= f32  # E: operator | reportOperatorIssue
