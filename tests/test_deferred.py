"""The tape of a recording: what is computed, when, and with which bits."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import typedgrad as tg
from typedgrad import errors
from typedgrad.deferred import DeferredTape, tape_for
from typedgrad.op import TABLE
from typedgrad.source import no_frame
from typedgrad.tracing import Recorder
from typedgrad.trees import numbers_form

PRECISIONS: list[Any] = [tg.float32, tg.float64, tg.longdouble]
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)


def run(f: Any, *x: Any, p: Any = tg.float64) -> Recorder:
    recorder = Recorder(p, "f", False)
    recorder.run(f, numbers_form(len(x)), [p.lift(one) for one in x])
    return recorder


def computed(f: Any, *x: Any) -> int:
    """Return how many numbers of the tape were computed, inputs left out."""
    return len(run(f, *x).tape.arrays.primals) - len(x)


def long(x: Any, y: Any) -> Any:
    return tg.sin(x * y) + x


def test_nothing_is_computed_that_nobody_looks_at() -> None:
    assert computed(long, 2, 3) == 0


def test_a_comparison_computes_what_came_before_it() -> None:
    def f(x: Any, y: Any) -> Any:
        z = x * y
        big = z + 1 > 5
        return tg.sin(z) if big else tg.cos(z)

    assert computed(f, 2, 3) == 2


@each
def test_what_is_looked_at_has_the_bits_of_an_eager_value(p: Any) -> None:
    seen: list[Any] = []

    def f(x: Any, y: Any) -> Any:
        z = tg.dot([x, y], [y, x]) + tg.clip(x, 0, 1) / 3 + tg.exp(-y)
        seen.append(z.primal)
        seen.append(str(z))
        return z

    run(f, "0.7", "1.3", p=p)
    root = f(p("0.7"), p("1.3"))
    assert type(seen[0]) is p.scalar
    assert seen[0] == root.data
    assert seen[:2] == seen[2:]


@each
@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_row_is_computed_late_with_the_same_bits(p: Any, name: str) -> None:
    op: Any = TABLE[name]
    low, high = op.samples
    count = 4 if op.sequences else op.arity
    points = [p.lift(low + (high - low) * (k + 1) / (count + 1)) for k in range(count)]
    seen: list[Any] = []

    def f(*x: Any) -> Any:
        args = [x[k :: op.sequences] for k in range(op.sequences)] if op.sequences else x
        y = op(*args)
        seen.append(y.primal)
        return y

    with np.errstate(all="ignore"):
        run(f, *points, p=p)
        wanted = f(*[p(x) for x in points])
    assert type(seen[0]) is p.scalar
    assert np.array_equal(seen[0], wanted.data, equal_nan=True)


def test_numpy_does_not_warn_while_a_function_is_recorded() -> None:
    f = tg.record(lambda x: 1 / x if x * 1e300 * 1e300 > 1 else x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f.value(2.0) == 0.5


def test_a_value_of_a_tape_of_the_users_is_refused_from_either_side() -> None:
    outside: Any = tg.Tape()(2.0)
    functions: list[Any] = [
        lambda x: x + outside,
        lambda x: outside * x,
        lambda x: tg.dot([x], [outside]),
    ]
    for f in functions:
        with pytest.raises(errors.OtherTape, match="mixes values of two tapes"):
            tg.record(f).value(1.0)


def test_a_value_that_outlives_its_recording_is_refused_in_the_next() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x)
        return x * kept[0] + tg.dot([x, x], [kept[0], x])

    g = tg.record(f)
    assert g.value(3.0) == 27.0
    with pytest.raises(errors.OtherTape, match="mixes values of two tapes"):
        g.value(4.0)
    assert str(kept[0]) == "3.0"


def test_a_long_chain_is_computed_without_recursion() -> None:
    def f(x: Any) -> Any:
        for _ in range(20_000):
            x = x + 1
        return x if x > 0 else -x

    assert computed(f, 1) == 20_000


def test_a_sweep_of_the_tape_computes_what_it_needs() -> None:
    tape = DeferredTape(tg.float64)
    x, y = tape(2.0), tape(3.0)
    z = x * y + tg.sin(x)
    assert len(tape.arrays.primals) == 2 < tape.size
    z.backward()
    assert (x.grad, y.grad) == (3.0 + np.cos(2.0), 2.0)


def test_a_precision_that_refuses_numbers_computes_at_once() -> None:
    assert isinstance(tape_for(tg.float32), DeferredTape)
    assert not isinstance(tape_for(tg.float32.strict), DeferredTape)
    with pytest.raises(errors.DomainError) as caught:
        tg.record(lambda x: tg.log(x - 2)).using(tg.float64.strict).value(1.0)
    lines = [entry.name for entry in caught.traceback]
    assert "<lambda>" in lines


def test_places_are_those_of_the_lines_however_they_are_called() -> None:
    def f(x: Any) -> Any:
        a = 2 / x
        b = tg.dot([a, x], [x, a])
        return (lambda t: -t)(tg.sin(b))

    program = run(f, 2.0).tape.arrays.rows
    assert [row.name for row in program][1:] == ["div", "dot", "sin", "neg"]
    recorded: Any = tg.record(f, sources=True).at(2.0)
    first = f.__code__.co_firstlineno
    lines = [recorded.sources[place][1] - first for place in recorded.places]
    assert lines == [1, 2, 3, 3]


def test_without_frames_there_are_no_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typedgrad.source.frame_above", no_frame)
    program: Any = tg.record(long, sources=True).at(2.0, 3.0)
    assert list(program.places) == [-1, -1, -1] and program.sources == ()
