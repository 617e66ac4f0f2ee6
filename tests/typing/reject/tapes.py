"""Tapes that mix precisions, or take what is not theirs."""

import numpy as np

import typedgrad as tg

wide, tape = tg.Tape(tg.float64), tg.Tape(tg.float32)
d, f, v = wide(2.0), tape(2), tg.Value(2.0)
f32, f64 = np.float32(1), np.float64(1)

tg.Tape("float32")  # E: call-overload | reportArgumentType
tg.Tape(np.float32)  # E: call-overload | reportArgumentType
tape(f64)  # E: arg-type | reportArgumentType
tape(d)  # E: arg-type | reportArgumentType
tape(None)  # E: arg-type | reportArgumentType
f + d  # E: operator | reportOperatorIssue
d * f  # E: operator | reportOperatorIssue
f + f64  # E: operator | reportOperatorIssue
f64 * f  # E: operator | reportOperatorIssue
f + v  # E: operator | reportOperatorIssue
f + "1"  # E: operator | reportOperatorIssue
f.data = f64  # E: assignment | reportAttributeAccessIssue
f.backward(f64)  # E: arg-type | reportArgumentType
tg.hypot(f, d)  # E: misc | reportCallIssue
np.exp(f)  # E: call-overload | reportCallIssue
tape.backward(d)  # E: arg-type | reportArgumentType
tape.backward(v)  # E: arg-type | reportArgumentType
tape.backward(f, f64)  # E: arg-type | reportArgumentType
tape.rewind(3)  # E: arg-type | reportArgumentType
tape.size = 3  # E: misc | reportAttributeAccessIssue
values: tg.TapeValue[np.float64] = f  # E: assignment | reportAssignmentType
leaf: tg.TapeValue[np.float64] = v  # E: assignment | reportAssignmentType
other: tg.Tape[np.float64] = tape  # E: assignment | reportAssignmentType
