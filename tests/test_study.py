"""Study: one run at a point as programs, with the bits of eager evaluation and the user's lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad import errors
from typedgrad.engines.exact import exact_precision
from typedgrad.points import point_of
from typedgrad.study import every_value, study
from typedgrad.trial import trial

tg: Any = typedgrad
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]
WIDE = exact_precision(200)


def loss(x: Any, y: Any) -> Any:
    s = np.sqrt(x * x + y * y)
    if s > 3:
        s = s - x
    return s**2


def mixed(w: Any, n: int, *, scale: Any = 1) -> Any:
    return scale * tg.dot(w, w) ** n


@pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda p: p.name)
@pytest.mark.parametrize(
    ("f", "given"),
    [
        (loss, dict(x=1000, y="0.001")),
        (loss, dict(x=1, y=2)),
        (mixed, dict(w=["0.1", 2, 3], n=3, scale="1.5")),
        (tg.tanh, dict(x="0.3")),
    ],
)
def test_the_programs_have_the_bits_of_a_trial(f: Any, given: Any, numbers: Any) -> None:
    point = point_of(f, None, given)
    found = study(f, point, numbers)
    eager = trial(f, point, numbers).results
    assert list(found.labels) == list(eager)
    for got, wanted in zip(found.run(found.full, numbers), eager.values(), strict=True):
        assert type(got) is numbers.scalar
        assert np.array_equal(got, wanted)


def test_every_instruction_of_the_gradient_has_the_line_that_it_serves() -> None:
    found = study(loss, point_of(loss, None, dict(x=1000, y="0.001")), tg.float64)
    start = loss.__code__.co_firstlineno
    owners, places = found.sweep.owners, found.full.places
    assert len(owners) == len(found.full) and places is not None
    assert list(owners[: len(found.value)]) == list(range(len(found.value)))
    lines = {found.full.sources[k][1] - start for k in places[len(found.value) :] if k >= 0}
    assert lines == {1, 3, 4}


def test_all_values_come_in_their_order() -> None:
    found = study(loss, point_of(loss, None, dict(x=3, y=4)), tg.float32)
    values = every_value(found.value, found.inputs(tg.float32), tg.float32)
    assert [float(v) for v in values[found.value.first :]] == [9, 16, 25, 5, 2, 4]
    assert {type(v) for v in values} == {np.float32}


def test_a_study_in_the_reference_takes_the_path_of_the_reference() -> None:
    def f(x: Any) -> Any:
        return x * x if x > 0.1 else x

    point = point_of(f, None, dict(x="0.10000000000000001"))
    narrow, wide = study(f, point, tg.float32), study(f, point, WIDE)
    assert [g.outcome for g in narrow.guards] == [False] and not narrow.keeps_path(WIDE)
    assert [g.outcome for g in wide.guards] == [True] and wide.keeps_path(WIDE)
    assert narrow.outcomes(WIDE) == [True]


def test_a_value_that_f_makes_itself_is_refused() -> None:
    def f(n: int) -> Any:
        return tg.float64(2.0) ** n

    with pytest.raises(errors.OtherTape):  # a Value made inside has no place in a program
        study(f, point_of(f, None, dict(n=3)), tg.float64)


def test_wrong_functions_are_refused_with_the_line() -> None:
    point = point_of(loss, None, dict(x=1, y=2))
    with pytest.raises(errors.FunctionRaised, match=r"test_study.py:\d+"):
        study(lambda x, y: x * (1 // 0), point, tg.float64)
    with pytest.raises(errors.BadResult):
        study(lambda x, y: 3.0, point, tg.float64)
    with pytest.raises(errors.BadResult, match="tuple"):
        study(lambda x, y: (x, y), point, tg.float64)
