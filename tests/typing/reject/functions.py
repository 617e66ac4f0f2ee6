"""Functions of the table with mixed precisions, or with what is no number."""

import numpy as np

import typedgrad as tg

d, f, g = tg.Value(2.0), tg.float32(2), tg.longdouble(2)
f16, f32, f64, ld, i64 = np.float16(1), np.float32(1), np.float64(1), np.longdouble(1), np.int64(1)
a32, a64 = np.ones(2, dtype=np.float32), np.ones(2)
ds, fs, gs = [d, d], [f, f], [g, g]

tg.tanh("1")  # E: call-overload | reportCallIssue
tg.tanh(1j)  # E: call-overload | reportCallIssue
tg.tanh(None)  # E: call-overload | reportCallIssue
tg.tanh([f])  # E: call-overload | reportCallIssue
tg.tanh(f16)  # E: type-var | reportCallIssue
tg.tanh(i64)  # E: call-overload | reportCallIssue
tg.tanh(a64)  # E: call-overload | reportCallIssue
tg.tanh()  # E: call-overload | reportCallIssue
tg.tanh(f, f)  # E: call-overload | reportCallIssue
tg.tanh(y=f)  # E: call-overload | reportCallIssue
tg.exp(f) + d  # E: operator | reportOperatorIssue
tg.exp(f) * tg.exp(d)  # E: operator | reportOperatorIssue
tg.hypot(f, d)  # E: misc | reportCallIssue
tg.hypot(d, f)  # E: misc | reportCallIssue
tg.hypot(g, d)  # E: misc | reportCallIssue
tg.hypot(d, g)  # E: misc | reportCallIssue
tg.hypot(f, f64)  # E: misc | reportCallIssue
tg.hypot(f64, f)  # E: misc | reportCallIssue
tg.hypot(f, ld)  # E: misc | reportCallIssue
tg.hypot(ld, f)  # E: misc | reportCallIssue
tg.hypot(d, f32)  # E: misc | reportCallIssue
tg.hypot(f32, d)  # E: misc | reportCallIssue
tg.hypot(f32, f64)  # E: type-var | reportCallIssue
tg.hypot(f64, f32)  # E: type-var | reportCallIssue
tg.hypot(ld, f64)  # E: type-var | reportCallIssue
tg.hypot(f, i64)  # E: call-overload | reportCallIssue
tg.hypot(f, "1")  # E: call-overload | reportCallIssue
tg.hypot("1", f)  # E: call-overload | reportCallIssue
tg.hypot(f, 1j)  # E: call-overload | reportCallIssue
tg.hypot(f, None)  # E: call-overload | reportCallIssue
tg.hypot(f, a32)  # E: call-overload | reportCallIssue
tg.hypot(a32, f)  # E: call-overload | reportCallIssue
tg.hypot(f)  # E: call-overload | reportCallIssue
tg.hypot(f, f, f)  # E: call-overload | reportCallIssue
tg.hypot(f, c=f)  # E: call-overload | reportCallIssue
tg.maximum(f, f64)  # E: misc | reportCallIssue
tg.maximum(f64, f)  # E: misc | reportCallIssue
tg.maximum(f, d)  # E: misc | reportCallIssue
tg.minimum(d, f)  # E: misc | reportCallIssue
tg.pow(f, d)  # E: misc | reportCallIssue
tg.pow(f, f64)  # E: misc | reportCallIssue
tg.pow(f64, f)  # E: misc | reportCallIssue
tg.add(f, d)  # E: misc | reportCallIssue
tg.mul(d, f)  # E: misc | reportCallIssue
tg.div(f, f64)  # E: misc | reportCallIssue
tg.sub(f64, f)  # E: misc | reportCallIssue
tg.atan2(f, d)  # E: misc | reportCallIssue
tg.logaddexp(f, d)  # E: misc | reportCallIssue
tg.leaky_relu(f, f64)  # E: misc | reportCallIssue
tg.leaky_relu(f, d)  # E: misc | reportCallIssue
tg.leaky_relu(f, slope=0.1)  # E: call-overload | reportCallIssue
tg.where(True, f, d)  # E: misc | reportCallIssue
tg.where(True, d, f)  # E: misc | reportCallIssue
tg.where(d, f, f)  # E: misc | reportCallIssue
tg.where(f > 0, f, f64)  # E: misc | reportCallIssue
tg.where(f > 0, f64, f)  # E: misc | reportCallIssue
tg.where("1", f, f)  # E: call-overload | reportCallIssue
tg.where(True, f)  # E: call-overload | reportCallIssue
tg.clip(f, d, 1)  # E: misc | reportCallIssue
tg.clip(f, 0, f64)  # E: misc | reportCallIssue
tg.clip(0.5, f, d)  # E: misc | reportCallIssue
tg.clip(f64, f, f)  # E: misc | reportCallIssue
tg.fma(f, f, d)  # E: misc | reportCallIssue
tg.fma(f32, f, d)  # E: misc | reportCallIssue
tg.fma(2.0, f32, f64)  # E: type-var | reportCallIssue
f.hypot(d)  # E: arg-type | reportArgumentType
f.hypot(f64)  # E: arg-type | reportArgumentType
f.hypot("1")  # E: arg-type | reportArgumentType
f.maximum(f64)  # E: arg-type | reportArgumentType
d.maximum(f32)  # E: arg-type | reportArgumentType
f.clip(0, d)  # E: arg-type | reportArgumentType
f.pow(f64)  # E: arg-type | reportArgumentType
f.tanh(1)  # E: call-arg | reportCallIssue
f.tanhh()  # E: attr-defined | reportAttributeAccessIssue
f.arcsin()  # E: attr-defined | reportAttributeAccessIssue
f.sum()  # E: attr-defined | reportAttributeAccessIssue
tg.sum([f, d])  # E: arg-type | reportCallIssue
tg.sum([d, f])  # E: arg-type | reportCallIssue
tg.sum([f, f64])  # E: arg-type | reportCallIssue
tg.sum([f32, f64])  # E: arg-type | reportCallIssue
tg.sum([f, "1"])  # E: arg-type | reportCallIssue
tg.sum([f, 1j])  # E: arg-type | reportCallIssue
tg.sum([f, None])  # E: arg-type | reportCallIssue
tg.sum(f)  # E: call-overload | reportCallIssue
tg.sum(f, f)  # E: call-overload | reportCallIssue
tg.sum(fs + ds)  # E: misc | reportCallIssue
tg.sum()  # E: call-overload | reportCallIssue
tg.prod([f, d])  # E: arg-type | reportCallIssue
tg.mean([f, f64])  # E: arg-type | reportCallIssue
tg.dot([f], [d])  # E: misc | reportCallIssue
tg.dot([d], [f])  # E: misc | reportCallIssue
tg.dot(fs, ds)  # E: misc | reportCallIssue
tg.dot(ds, gs)  # E: misc | reportCallIssue
tg.dot(fs, [f64, f64])  # E: list-item | reportCallIssue
tg.dot([f64], fs)  # E: list-item | reportCallIssue
tg.dot(fs, a64)  # E: type-var | reportCallIssue
tg.dot(a64, fs)  # E: type-var | reportCallIssue
tg.dot(a32, a64)  # E: type-var | reportCallIssue
tg.dot([f32], [f64])  # E: arg-type | reportCallIssue
tg.dot(fs)  # E: call-overload | reportCallIssue
tg.dot(f, f)  # E: call-overload | reportCallIssue
tg.softmax([f, d])  # E: arg-type | reportCallIssue
tg.softmax(f)  # E: call-overload | reportCallIssue
tg.logsumexp([f, f64])  # E: arg-type | reportCallIssue
y1: tg.Value[np.float64] = tg.exp(f)  # E: arg-type | reportAssignmentType
y2: tg.Value[np.float32] = tg.sum(ds)  # E: assignment | reportAssignmentType
y3: np.float64 = tg.tanh(f32)  # E: assignment | reportAssignmentType
y4: tg.Value[np.float32] = tg.hypot(1.0, 2.0)  # E: assignment | reportAssignmentType
