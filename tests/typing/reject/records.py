"""Recordings that are asked for what they do not have."""

import numpy as np

import typedgrad as tg


def f_of(x: tg.Value[np.float64]) -> tg.Value[np.float64]:
    return x * 2


f = tg.record(f_of)

tg.record(2.0)  # E: arg-type | reportArgumentType
tg.record(f_of, on_branch="never")  # E: arg-type | reportArgumentType
tg.record(f_of, sources="yes")  # E: arg-type | reportArgumentType
f.using(np.float32)  # E: arg-type | reportArgumentType
f.using("float32")  # E: arg-type | reportArgumentType
f.using(tg.float32, engine=1)  # E: arg-type | reportArgumentType
f.bind(1.0, grad="no")  # E: arg-type | reportArgumentType
f.traces = 0  # E: misc | reportAttributeAccessIssue
f.gradient(1.0)  # E: attr-defined | reportAttributeAccessIssue
tg.thaw(f, [tg.Value(1.0)])  # E: arg-type | reportArgumentType
tg.thaw(f.program, [1.0])  # E: type-var | reportArgumentType
