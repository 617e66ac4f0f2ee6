"""What the type checkers cannot see, and how it is refused when it runs.

Every expression here passes mypy and pyright, since this file does; docs/typing.md lists them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import TypeVar

import typedgrad as tg
from typedgrad.errors import BadArguments, PrecisionMismatch

T = TypeVar("T", bound=tg.Scalar)

f, d = tg.float32(2), tg.Value(2.0)
some_float: "np.floating[Any]" = np.float64(1)
untyped: Any = np.float64(1)
f64 = np.float64(1)
literal = [1.0, f64]  # mypy and pyright: list[float]
array: NDArray[Any] = np.ones(2)
array_of_floats = np.array([1.0, 2.0])


def norm(xs: Sequence[tg.Value[T]]) -> tg.Value[T]:
    return tg.norm(xs)


def pair(x: tg.Value[T], y: tg.Value[T]) -> list[tg.Value[T]]:
    return [x, y]


HOLES: dict[str, Callable[[], object]] = {
    "floating[Any] on the right": lambda: f + some_float,
    "floating[Any] on the left": lambda: some_float * f,
    "floating[Any] in a function": lambda: tg.hypot(f, some_float),
    "floating[Any] in a constructor": lambda: tg.float32(some_float),
    "Any": lambda: f + untyped,
    "Any on the left": lambda: untyped - f,
    "Any in a transform": lambda: tg.float32.grad(norm)([1.0, untyped]),
    "the result of a ufunc": lambda: f * np.sin(f64),
    "the result of a ufunc on the left": lambda: np.sin(f64) / f,
    "NDArray[Any]": lambda: f * array,
    "NDArray[Any] on the left": lambda: array + f,
    "NDArray[Any] in a transform": lambda: tg.float32.grad(norm)(array),
    "np.array of plain floats": lambda: tg.float32.grad(norm)(array_of_floats.astype(float)),
    "a list that widened to float": lambda: tg.dot([f, f], literal),
    "a comparison with a NumPy scalar": lambda: f < f64,
    "a comparison from a NumPy scalar": lambda: f64 >= f,
    "equality across precisions": lambda: f == d,
    "inequality with a NumPy scalar": lambda: f != f64,
    "max across precisions": lambda: max(f, d),
    "Python's sum across precisions": lambda: sum([f, f], d),
    "lift, which takes anything": lambda: tg.float32.lift(f64),
    "what a recording takes": lambda: tg.record(pair).value(np.float32(1), f64),
}


@pytest.mark.parametrize("hole", HOLES.values(), ids=HOLES.keys())
def test_the_hole_is_closed_when_it_runs(hole: Callable[[], object]) -> None:
    with pytest.raises(PrecisionMismatch):
        hole()


def test_the_size_of_a_direction_for_several_results() -> None:
    with pytest.raises(BadArguments):
        tg.jvp(pair, (1.0, 2.0), (1.0,))


@pytest.mark.parametrize("whole", [np.int64(3), np.uint8(3), np.bool(True)])
def test_numpy_integers_are_refused_by_the_checkers_only(whole: Any) -> None:
    assert type((f * whole).data) is np.float32
    assert type((whole * f).data) is np.float32


def test_a_vector_lambda_is_seen_by_mypy_only() -> None:
    length: Any = lambda xs: tg.sum([x * x for x in xs])  # noqa: E731
    assert tg.grad(length)([1.0, 2.0]).tolist() == [2.0, 4.0]
