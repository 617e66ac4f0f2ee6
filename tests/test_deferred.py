"""The tape of a recording: what is computed, when, and with which bits."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import typedgrad as tg
from typedgrad import errors, tracing
from typedgrad.deferred import DeferredTape, tape_for
from typedgrad.machine import Definition, may_refuse
from typedgrad.op import TABLE, primitive
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


def held(x: Any, lo: Any, hi: Any) -> Any:
    z = tg.clip(x, lo, hi)
    return z if z * 2 > 1 else -z


def test_a_row_that_refuses_numbers_does_so_on_its_own_line() -> None:
    f = tg.record(held)
    for _ in range(2):
        with pytest.raises(errors.EmptyInterval) as caught:
            f.value(5.0, 2.0, 1.0)
        lines = [str(entry.statement).strip() for entry in caught.traceback if entry.name == "held"]
        assert lines == ["z = tg.clip(x, lo, hi)"]
        assert f.value(5.0, 0.0, 1.0) == 1


def test_a_function_may_go_on_after_a_refusal() -> None:
    def f(x: Any, lo: Any, hi: Any) -> Any:
        try:
            y = tg.clip(x, lo, hi)
        except errors.EmptyInterval:
            y = lo * 2
        return y if y > x else x

    assert tg.record(f).value(5.0, 4.0, 1.0) == 8
    assert run(f, 5, 4, 1).tape.size == 3 + 1


def refused(x: Any) -> Any:
    raise ValueError("negative")


def positive(x: Any) -> Any:
    return refused(x) if x < 0 else x


def test_a_long_tape_is_packed_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x: Any, y: Any) -> Any:
        for _ in range(5):
            x = tg.dot([x, 2.5, y], [tg.sin(x), y, x * y]) - 1
        return [x, y, 3]

    whole = run(f, 0.3, 0.7).program(2, [5, 1])
    monkeypatch.setattr(tracing, "PIECE", 3)
    assert run(f, 0.3, 0.7).program(2, [5, 1]) == whole


def test_which_rows_may_refuse_numbers() -> None:
    assert may_refuse(TABLE["clip"])
    assert not any(may_refuse(TABLE[name]) for name in ("sum", "add", "where", "tanh", "div"))
    calls = Definition("f", lambda a, b: positive(a) + b, None, None)
    assert may_refuse(calls)
    assert not may_refuse(Definition("f", even, None, None))


def even(n: Any) -> Any:
    return n == 0 or odd(n - 1)


def odd(n: Any) -> Any:
    return n != 0 and even(n - 1)


@pytest.mark.parametrize("count", [1, 2])
def test_a_row_of_the_users_that_refuses(count: int) -> None:
    forward: Any = positive if count == 1 else lambda a, b: positive(a) + b
    rule: Any = (lambda g, y, x: (g,)) if count == 1 else lambda g, y, a, b: (g, g)
    try:
        row: Any = primitive(f"positive_{count}", forward, rule, doc="Refuses what is negative.")
        f = tg.record(lambda x: row(*[x, 1.0][:count]) * 2)
        with pytest.raises(ValueError, match="negative") as caught:
            f.value(-1.0)
        assert "<lambda>" in [entry.name for entry in caught.traceback[:-2]]
        assert f.value(1.0) == 2 * count
    finally:
        TABLE.pop(f"positive_{count}", None)


@pytest.mark.parametrize("compares", [False, True])
@pytest.mark.parametrize("sources", [False, True])
def test_an_operation_that_was_interrupted_is_told(compares: bool, sources: bool) -> None:
    def f(x: Any) -> Any:
        y = x * 2
        y.era.push_row(y.row)  # as far as an interrupt, which f catches, may let it come
        z = tg.sin(y) + x
        return -z if compares and z > 0 else z

    with pytest.raises(errors.BrokenTape):
        tg.record(f, sources=sources).value(1.0)


@pytest.mark.parametrize("pending", [False, True])
def test_what_a_refusing_row_gave_is_kept_in_its_place(pending: bool) -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        y = x * 2
        other = tg.sin(x) if pending else y  # nobody has looked at the sine when clip is asked
        held = tg.clip(y, 0, 1)
        assert len(held.era.primals) == (2 if pending else 3)
        seen.extend(v.primal for v in (held - other, held, other))
        return held

    run(f, 0.25)
    last = np.sin(0.25) if pending else 0.5
    assert seen == [0.5 - last, 0.5, last]
