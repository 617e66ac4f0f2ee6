"""A recorded function at many points: the bits of single calls, each point on its own path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import typedgrad
from tests.oracle import PRECISIONS
from typedgrad.engines.engine import LANES, total
from typedgrad.engines.sweep import BLOCK
from typedgrad.errors import (
    BadBatch,
    BadResult,
    BranchFlipped,
    TypedgradError,
    WrongDtype,
)

tg: Any = typedgrad
precisions = pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda numbers: numbers.name)


def branching(x: Any, p: Any) -> Any:
    """Three paths, by where x lies."""
    y = tg.dot(list(x), p["w"]) + p["b"]
    if y > 1:
        return tg.log(y)
    return y * y if y > 0 else tg.exp(y) - 1


def drawn(numbers: Any, count: int) -> Any:
    return np.random.default_rng(1).normal(size=(count, 3)).astype(numbers.scalar)


def weights(numbers: Any) -> Any:
    return {"w": [numbers.lift(v) for v in (0.5, -2.0, 1.5)], "b": numbers.lift(0.25)}


def in_order(values: Any, scalar: Any) -> Any:
    """The sum of numbers in the documented order, by plain loops."""
    blocks: list[Any] = []
    for begin in range(0, len(values), BLOCK):
        lanes: list[Any] = [scalar("-0.0")] * LANES
        for k, value in enumerate(values[begin : begin + BLOCK]):
            lanes[k % LANES] = lanes[k % LANES] + value
        blocks.append(total(lanes))
    return total(blocks)


@precisions
@pytest.mark.parametrize("engine", ["auto", "numpy", "python"])
def test_every_point_as_in_a_call_of_its_own(numbers: Any, engine: str) -> None:
    x, p = drawn(numbers, 300), weights(numbers)
    f = tg.record(branching).using(engine=engine)
    value, (dx, dp) = f.batch(x, p, shared=["p"], grad=True)
    assert f.traces == 3
    calls = [tg.record(branching).value_and_grad(row, p) for row in x]
    assert value.dtype == dx.dtype == numbers.scalar
    assert type(dp["b"]) is numbers.scalar
    assert np.array_equal(value, [v for v, _ in calls])
    assert np.array_equal(dx, [d for _, (d, _) in calls])
    assert dp["b"] == in_order([d["b"] for _, (_, d) in calls], numbers.scalar)
    for k in range(3):
        assert dp["w"][k] == in_order([d["w"][k] for _, (_, d) in calls], numbers.scalar)
    assert np.array_equal(f.batch(x, p, shared=[1]), value)


@precisions
def test_totals_do_not_depend_on_paths_engines_or_threads(numbers: Any) -> None:
    x, p = drawn(numbers, 9000), weights(numbers)
    f = tg.record(branching)
    _, (_, wanted) = f.batch(x, p, shared=["p"], grad=True)
    for options in (dict(threads=2), dict(chunk=1000)):
        _, (_, found) = f.batch(x, p, shared=["p"], grad=True, **options)
        assert found["b"] == wanted["b"]
        assert np.array_equal(found["w"], wanted["w"])
    _, (_, found) = f.using(engine="numpy").batch(x, p, shared=["p"], grad=True)
    assert found["b"] == wanted["b"]


@precisions
def test_one_point_is_a_point_and_what_is_shared_is_not(numbers: Any) -> None:
    f = tg.record(lambda x, w: x * w)
    value, (dx, dw) = f.batch(np.array([3], numbers.scalar), 2, grad=True)
    assert value.tolist() == [6]
    assert dx.tolist() == [2]
    assert dw == 3
    assert type(dw) is numbers.scalar


def test_results_of_every_form() -> None:
    f = tg.record(lambda x, y: {"sum": x + y, "both": [x, y * 2], "pair": (x, 1.0)})
    x, y = np.arange(4.0), np.ones((4,))
    found = f.batch(x, y)
    assert found["sum"].tolist() == [1, 2, 3, 4]
    assert found["both"].shape == (4, 2)
    assert found["pair"][0].tolist() == x.tolist()
    assert found["pair"][1].tolist() == [1.0] * 4


def test_arrays_of_arrays_and_strides() -> None:
    f = tg.record(lambda m: m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0])
    grid = np.random.default_rng(0).normal(size=(50, 2, 2))[::2]
    value, slope = f.batch(grid, grad=True)
    assert np.allclose(value, np.linalg.det(grid))
    assert slope.shape == (25, 2, 2)
    assert np.array_equal(slope[:, 0, 0], grid[:, 1, 1])


def test_integers_are_numbers_and_precision_is_kept_apart() -> None:
    f = tg.record(lambda x, y: x / y)
    assert f.batch(np.array([1, 2]), 2).tolist() == [0.5, 1.0]
    assert f.using(tg.float32).batch(np.array([1, 2]), 2).dtype == np.float32
    with pytest.raises(WrongDtype):
        f.using(tg.float32).batch(np.array([1.0]), 2)
    with pytest.raises(TypedgradError, match="float32"):
        f.batch(np.array([1], np.float32), np.float64(2))


def test_a_path_per_point_may_be_forbidden() -> None:
    f = tg.record(lambda x: tg.log(x) if x > 0 else -x, on_branch="raise")
    assert f.batch(np.array([1.0, 2.0])).tolist() == [0.0, np.log(2.0)]
    with pytest.raises(BranchFlipped):
        f.batch(np.array([1.0, -2.0]))


def test_wrong_use() -> None:
    f = tg.record(lambda x, y: x * y)
    with pytest.raises(BadBatch, match="was given no points"):
        f.batch(1.0, 2.0)
    with pytest.raises(BadBatch, match="arrays of length 0"):
        f.batch(np.zeros(0), 2.0)
    with pytest.raises(BadBatch, match="5 points"):
        f.batch(np.zeros(3), np.zeros(5))
    with pytest.raises(BadBatch, match=r"no argument for shared='z'\nhelp: shared names .* x, y"):
        f.batch(np.zeros(3), 1.0, shared=["z"])
    with pytest.raises(BadBatch, match="shared=2"):
        f.batch(np.zeros(3), 1.0, shared=[2])
    with pytest.raises(BadResult, match="2 numbers"):
        tg.record(lambda x: [x, x]).batch(np.ones(3), grad=True)
    shapes = tg.record(lambda x: [x] if x > 0 else [x, x])
    with pytest.raises(BadBatch, match="other shapes"):
        shapes.batch(np.array([1.0, -1.0]))


def test_progress_is_told_and_may_end_it() -> None:
    told: list[tuple[int, int]] = []
    f = tg.record(lambda x: x * x)
    f.batch(np.zeros(1000), chunk=256, progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (1000, 1000)
    assert told == sorted(told)

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        f.batch(np.zeros(1000), chunk=256, progress=stop)
    assert f.batch(np.ones(3)).tolist() == [1, 1, 1]
