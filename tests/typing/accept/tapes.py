"""Tapes and their values: what their types are."""

from fractions import Fraction
from typing import assert_type

import numpy as np
from typing_extensions import TypeVar

import typedgrad as tg

T = TypeVar("T", bound=tg.Scalar)

wide = tg.Tape(tg.float64)
tape = tg.Tape(tg.float32)

assert_type(tg.Tape(), tg.Tape[np.float64])
assert_type(wide, tg.Tape[np.float64])
assert_type(tape, tg.Tape[np.float32])
assert_type(tg.Tape(tg.longdouble), tg.Tape[np.longdouble])
assert_type(tg.Tape(tg.float32.strict), tg.Tape[np.float32])

d = wide(2.0)
f = tape(2)
assert_type(d, tg.TapeValue[np.float64])
assert_type(f, tg.TapeValue[np.float32])
assert_type(tape("0.1"), tg.TapeValue[np.float32])
assert_type(tape(Fraction(1, 3)), tg.TapeValue[np.float32])
assert_type(tape(np.float32(1)), tg.TapeValue[np.float32])

assert_type(f + f, tg.TapeValue[np.float32])
assert_type(f * 2, tg.TapeValue[np.float32])
assert_type(2.5 - f, tg.TapeValue[np.float32])
assert_type(f / np.float32(2), tg.TapeValue[np.float32])
assert_type(f**2, tg.TapeValue[np.float32])
assert_type(-abs(f), tg.TapeValue[np.float32])
assert_type(f.exp().atan2(f), tg.TapeValue[np.float32])
assert_type(f < 2, bool)
assert_type(f == f, bool)
assert_type(f.data, np.float32)
assert_type(f.grad, np.float32)
assert_type(f.op, str)
assert_type(f.item(), float)
assert_type(f.parents, tuple[tg.TapeValue[np.float32], ...])
assert_type(f.detach(), tg.TapeValue[np.float32])
assert_type(f.constant(2), tg.TapeValue[np.float32])
assert_type(tape.size, int)
assert_type(tape.leaves, tuple[int, ...])
assert_type(tape.guarded, bool)

value: tg.Value[np.float32] = f
node: tg.Node[np.float32] = f
assert_type(tg.exp(f), tg.TapeValue[np.float32])
assert_type(tg.hypot(f, 2), tg.Value[np.float32])
assert_type(tg.sum([f, f]), tg.Value[np.float32])
assert_type(tg.precision_of(f), tg.Precision[np.float32])


def norm(x: tg.Value[T], y: tg.Value[T]) -> tg.Value[T]:
    return tg.sqrt(x * x + y * y)


def twice(tape: tg.Tape[T]) -> tg.TapeValue[T]:
    x = tape("1.5")
    return x + x


assert_type(norm(f, f), tg.Value[np.float32])
assert_type(twice(tape), tg.TapeValue[np.float32])
assert_type(tg.float32.grad(norm)(f, f), tuple[tg.Value[np.float32], tg.Value[np.float32]])

mark = tape.mark()
f.data = 3
f.grad = np.float32(0)
tape.backward(f * f)
tape.backward(f, 2.0)
f.backward(np.float32(1))
tape.zero_grad()
tape.rewind(mark)
tape.guarded = False
tape.reset()
