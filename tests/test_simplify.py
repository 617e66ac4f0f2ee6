"""Merging, on whole arrays, finds what Sharing finds instruction by instruction."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import typedgrad as tg
from typedgrad import merging, simplify
from typedgrad.gradient import hessian, value_and_gradient
from typedgrad.merging import Merging
from typedgrad.program import Builder, Program
from typedgrad.simplify import Sharing, without_dead
from typedgrad.symbolic import NOTHING

ROWS = {"add": 2, "mul": 2, "azmul": 2, "div": 2, "azdiv": 2, "neg": 1, "sin": 1, "where": 3}
FOLDS = {"sum": 1, "dot": 2, "azdot": 2, "prod": 1}


def random_program(seed: int, size: int = 300) -> Program:
    """Return a program in which much is equal and much is one, nothing, or negated."""
    some = np.random.default_rng(seed)
    builder = Builder(4, [1, NOTHING, 1, 2.5, 1.0])
    rows = [*ROWS, *FOLDS]
    values = 9
    for _ in range(size):
        op = rows[some.integers(len(rows))]
        count = ROWS.get(op) or FOLDS[op] * int(some.integers(1, 4))
        low = 0 if some.random() < 0.5 else max(0, values - 12)
        args = some.integers(low, values, count).tolist()
        if op == "azdot" and some.random() < 0.5:
            args[count // 2 :] = [4] * (count // 2)
        values = builder.emit(op, args) + 1
    return builder.program([values - 1, *some.integers(0, values, 5).tolist()])


def both(program: Program) -> tuple[Program, Program | None]:
    """Return what is left of a program, found in both ways."""
    sharing = Sharing(program)
    quick = Merging(program, sharing.ones, sharing.nothing).program()
    return without_dead(sharing.program()), None if quick is None else without_dead(quick)


@pytest.mark.parametrize("seed", range(60))
def test_both_ways_find_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "ROUNDS", 1000)
    program = random_program(seed)
    slow, quick = both(program)
    assert len(slow) < len(program)
    assert quick == slow
    assert type(quick) is Program


def rosenbrock(x: list[Any]) -> Any:
    return tg.sum([100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x)])


@pytest.mark.parametrize("derive", [value_and_gradient, hessian])
def test_both_ways_find_the_same_in_derivatives(derive: Any) -> None:
    slow, quick = both(derive(tg.record(rosenbrock).at([0.1 * k for k in range(12)])))
    assert quick == slow


def test_places_stay_with_their_instructions() -> None:
    program = tg.record(rosenbrock, sources=True).at([0.1 * k for k in range(9)])
    slow, quick = both(value_and_gradient(program))
    assert quick is not None
    assert slow.places is not None
    np.testing.assert_array_equal(quick.places, slow.places)


def test_long_stretches_that_come_twice_are_left_to_the_loop() -> None:
    def twice(x: Any) -> Any:
        return chain(x) * chain(x)

    def chain(x: Any) -> Any:
        for _ in range(1000):
            x = tg.sin(x) + x
        return x

    program = tg.record(twice).at(0.5)
    slow, quick = both(program)
    assert quick is None
    assert len(program) >= simplify.LONG
    assert simplify.simplify(program) == slow
    assert len(slow) == 2001


def test_what_has_nothing_to_share_stays_as_it_is() -> None:
    builder = Builder(2)
    value = 0
    for _ in range(simplify.LONG):
        value = builder.emit("sub", [value, 1])
    program = builder.program([value])
    assert simplify.simplify(program) == program


def test_keys_that_collide_merge_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "mixed", lambda x: np.zeros(np.shape(x), np.uint64))
    builder = Builder(2)
    ends = [builder.emit("sub", [0, 1]), builder.emit("div", [0, 1]), builder.emit("sub", [1, 0])]
    program = builder.program([*ends, builder.emit("sub", [0, 1])])
    quick = Merging(program, set(), set()).program()
    assert quick is not None
    assert quick.outputs.tolist() == [2, 3, 4, 2]
