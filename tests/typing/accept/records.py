"""Recordings: what their types are; trees of arguments and results are Any."""

from collections.abc import Callable
from typing import assert_type

import numpy as np
from typing_extensions import TypeVar

import typedgrad as tg

T = TypeVar("T", bound=tg.Scalar)


def product(x: tg.Value[T], y: tg.Value[T]) -> tg.Value[T]:
    return x * y


def swept(column: np.ndarray[tuple[int], np.dtype[np.float64]]) -> object:
    found: object = f.batch(column, 2.0)
    return found


def total(xs: list[tg.Value[T]]) -> tg.Value[T]:
    return tg.sum(xs)


f = tg.record(product)
assert_type(f, tg.Recorded)
assert_type(tg.record(total), tg.Recorded)
assert_type(tg.record(product, on_branch="raise", sources=True), tg.Recorded)
assert_type(f.using(tg.float32), tg.Recorded)
assert_type(f.using(engine="numpy"), tg.Recorded)
assert_type(f.at(1.0, 2.0), tg.Program)
assert_type(f.program, tg.Program)
pair: tuple[object, object] = f.value_and_grad(1.0, 2.0)
assert_type((f.traces, f.replays, len(f.paths)), tuple[int, int, int])
assert_type(f.paths[0].program, tg.Program)
assert_type([guard.place for guard in f.paths[0].guards], list[str])

x, y = tg.float32(1), tg.float32(2)
assert_type(tg.thaw(f.program, [x, y]), list[tg.Value[np.float32]])
call: Callable[[], None] = f.bind(1.0, 2.0)
saved = tg.save
loaded: Callable[..., tg.Program] = tg.load
assert_type(tg.BranchWarning("it turns"), tg.BranchWarning)
