"""Recordings: the bits of eager evaluation on every path, and a turn that is never silent."""

# pyright: basic

from __future__ import annotations

import importlib.util
import pickle
import random
import threading
import tracemalloc
import warnings
from collections import namedtuple
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad
from tests.test_errors import FRACTIONS
from tests.test_nodes import Closure
from typedgrad import errors
from typedgrad.operators import WATCHER
from typedgrad.paths import PATHS, with_verdict
from typedgrad.recording import PATIENCE
from typedgrad.transforms import ACTIVE

tg: Any = typedgrad
PRECISIONS = (tg.float32, tg.float64, tg.longdouble)
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def same(a: Any, b: Any) -> bool:
    """Of one type and equal in every bit; NaNs are one."""
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and same(list(a.flat), list(b.flat))
    return type(a) is type(b) and str(a) == str(b) and bool(a == b or (a != a and b != b))


def alike(a: Any, b: Any) -> bool:
    """The same but for the sign of zeros, in which adjoints may differ."""
    if isinstance(a, np.ndarray | tuple | list):
        return len(a) == len(b) and all(map(alike, a, b))
    return same(a + 0 * 0, b + 0 * 0) if a == a and not a else same(a, b)


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def quietly(f: Callable[..., Any], *args: Any) -> Any:
    with np.errstate(all="ignore"):
        return f(*args)


def agrees(p: Any, f: Any, recorded: Any, args: tuple[Any, ...]) -> None:
    """Assert that value and gradient of a recording are those of the function itself."""
    value, slopes = quietly(p.value_and_grad(f), *args)
    twin = recorded.using(p)
    again, partials = quietly(twin.value_and_grad, *args)
    assert same(value, again), (args, value, again)
    assert alike(slopes, partials), (args, slopes, partials)
    assert same(value, quietly(twin.value, *args))


# What is computed.


@each
def test_the_examples(p: Any) -> None:
    black_scholes, kepler = example("black_scholes"), example("kepler")
    scores, roots = example("log_sum_exp"), example("quadratic_root")
    cases: list[tuple[Any, list[Any]]] = [
        (black_scholes.call, [(42, 40, "0.1", "0.2", "0.5"), (42, 80, "0.1", "0.2", "0.25")]),
        (kepler.eccentric_anomaly, [(1, "0.2"), ("0.01", "0.96"), (3, "0.5"), (1, "0.2")]),
        (roots.textbook, [(1, 1000, "0.01"), (2, 5, 1)]),
        (roots.stable, [(1, 1000, "0.01"), (2, 5, 1)]),
    ]
    for f, points in cases:
        recorded = tg.record(f)
        for point in points:
            agrees(p, f, recorded, tuple(map(p.lift, point)))
        assert 1 <= recorded.traces <= len(points)
    for f in (scores.naive, scores.shifted):
        recorded = tg.record(f)
        for row in ([101.5, 99.25, 88.0], [1.0, 2.0, 3.0], [3.0, 1.0, 2.0], [2.0, 2.0, 2.0]):
            agrees(p, f, recorded, (row,))


def points_of(op: Any, p: Any) -> list[list[Any]]:
    draw = random.Random(op.name)
    count = {0: op.arity, 1: 3, 2: 6}[op.sequences]
    low, high = op.samples
    found = [[p.lift(draw.uniform(low, high)) for _ in range(count)] for _ in range(2)]
    found += [[p.lift(x)] * count for x in (0, "-0.0", "inf", "nan", -2)]
    return [sorted(xs) for xs in found if xs[0] == xs[0]] if op.name == "clip" else found


@each
@pytest.mark.parametrize("name", typedgrad.ops.TABLE)
def test_every_row(p: Any, name: str) -> None:
    op = typedgrad.ops.TABLE[name]

    def f(*xs: Any) -> Any:
        if op.sequences == 2:
            return op(list(xs[:3]), list(xs[3:]))
        return op(list(xs)) if op.sequences else op(*xs)

    recorded = tg.record(f).using(engine="python")
    for xs in points_of(op, p):
        value, slopes = quietly(p.value_and_grad(f), *xs)
        again, partials = quietly(recorded.value_and_grad, *xs)
        assert same(value, again)
        assert alike(slopes, partials)
    assert recorded.traces == 1


def test_one_recording_serves_every_precision() -> None:
    f = tg.record(lambda x, y: x / 3 + tg.mul(y, "0.1") + Fraction(1, 7) * x - 0.1)

    def eager(x: Any, y: Any) -> Any:
        return x / 3 + tg.mul(y, "0.1") + Fraction(1, 7) * x - 0.1

    for p in PRECISIONS:
        found = f.value(p.lift("0.7"), 2)
        assert same(found, eager(p("0.7"), p(2)).data)
        assert type(found) is p.scalar
    assert (f.traces, len(f.paths), f.replays) == (1, 1, 2)
    assert f.using(tg.float32).value(1.0, 2.0).dtype == np.float32
    both = f.using(tg.float32).using(engine="python")
    assert (both.numbers, both.engine, both.store) == (tg.float32, "python", f.store)
    third = tg.record(lambda x: x / 3).using(FRACTIONS)
    assert third.value_and_grad(Fraction(2)) == (Fraction(2, 3), Fraction(1, 3))


def test_a_typed_constant_keeps_its_precision() -> None:
    f = tg.record(lambda x: x * np.float32(0.1))
    assert f.value(np.float32(2)) == np.float32(2) * np.float32(0.1)
    with pytest.raises(errors.PrecisionMismatch, match="plain Python number"):
        f.value(2.0)


# Branches.


def test_a_flipped_branch_is_recorded_and_kept() -> None:
    f = tg.record(lambda x: x * 2 if x > 0 else -x)
    assert [f.value(x) for x in (3.0, -3.0, 2.0, -2.0)] == [6.0, 3.0, 4.0, 2.0]
    assert (f.traces, f.replays, len(f.paths)) == (2, 2, 2)
    assert repr(f) == "<recorded <lambda>: 2 paths, 2 traces, 2 replays>"
    guard = f.paths[0].guards[0]
    assert (guard.row, guard.outcome) == ("greater", False)
    assert "test_record.py:" in guard.place
    assert f.program.count("greater") == 1


DECISIONS: dict[str, Callable[..., Any]] = {
    "lt": lambda x, y: x if x < y else y * 2,
    "le": lambda x, y: x if x <= y else y * 2,
    "gt": lambda x, y: x if x > 1 else y * 2,
    "ge": lambda x, y: x if x <= 1 else y * 2,
    "eq": lambda x, y: x if x == y else y * 2,
    "ne": lambda x, y: x if x != 0 else y * 2,
    "bool": lambda x, y: x if x else y * 2,
    "not": lambda x, y: x if not x else y * 2,
    "chained": lambda x, y: x * 3 if 0 < x < y else y * 2,
    "and": lambda x, y: x * 3 if x > 0 and y > 1 else y * 2,
    "max": lambda x, y: max(x, y, 1 - x) * x,
    "min": lambda x, y: min([x, y, x * y]) + y,
    "sorted": lambda x, y: sorted([x, y, x * y, y - x])[1] * y,
    "in": lambda x, y: x * 2 if x in [y, 1.0, 0] else y,
    "index": lambda x, y: [y, x, 1].index(1) * x + y,
    "any": lambda x, y: x if any(v > 1 for v in (x, y)) else y * 2,
    "np.less": lambda x, y: x if np.less(x, y) else y * 2,
    "np.greater": lambda x, y: x if np.greater(1.0, x) else y * 2,
    "np.maximum": lambda x, y: np.maximum(x, y) * np.minimum(x, 1.0),
    "np.abs": lambda x, y: np.abs(x) * y if np.abs(y) > 1 else y,
    "np.sort": lambda x, y: np.sort(np.array([x, y, x * y]))[0] * x,
    "argmax": lambda x, y: [x, y * 2, x * y][int(np.argmax(np.array([x, y, x - y])))],
    "isnan": lambda x, y: y if np.isnan(x) else x * 3,
    "isinf": lambda x, y: y if np.isinf(x) else x * 3,
    "isfinite": lambda x, y: y if np.isfinite(x) else x * 3,
    "signbit": lambda x, y: y if np.signbit(x) else x * 3,
    "where": lambda x, y: tg.where(x > y, x * y, y),
    "abs": lambda x, y: abs(x) + y if abs(x - y) < 1 else x - y,
    "elements": lambda x, y: np.array([x, y])[np.array([x, y]) > 0.5].sum() + x,
    "is NaN": lambda x, y: y if x != x else x * 2,
}


@each
@pytest.mark.parametrize("name", DECISIONS)
def test_decisions(p: Any, name: str) -> None:
    """At every pair of edge points, in an order that turns at nearly every step."""
    f = DECISIONS[name]
    recorded = tg.record(f).using(engine="python")
    edges = [p.lift(x) for x in ("0.0", "-0.0", 1, "-1.5", "0.25", 2, "inf", "-inf", "nan")]
    edges.append(-p.lift("nan"))
    pairs = [(x, y) for x in edges for y in edges]
    random.Random(name).shuffle(pairs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tg.BranchWarning)
        for x, y in pairs:
            agrees(p, f, recorded, (x, y))
    assert recorded.replays > recorded.traces


class Draw:
    """A random function with nested decisions, as a tree that is walked when it is called."""

    def __init__(self, seed: int, size: int) -> None:
        self.draw = random.Random(seed)
        self.steps = [self.step(k) for k in range(size)]

    def step(self, depth: int) -> tuple[Any, ...]:
        draw = self.draw
        kinds = ("calculate", "if", "max", "sorted", "while", "any", "pick", "bool", "clip")
        kind = draw.choice(kinds)
        inner = [self.step(depth + 1) for _ in range(2)] if kind == "if" and depth < 6 else []
        numbers = tuple(draw.randrange(100) for _ in range(4))
        return kind, numbers, draw.choice((0, 1, -1, 0.5, 2.0)), inner

    def __call__(self, *xs: Any) -> Any:
        values = list(xs)
        for step in self.steps:
            self.do(step, values)
        total = values[0]
        for value in values[-4:]:
            total = total + value
        return total

    def do(self, step: tuple[Any, ...], values: list[Any]) -> None:
        kind, (i, j, k, m), c, inner = step
        a, b, d = (values[n % len(values)] for n in (i, j, k))
        if kind == "calculate":
            made = [a + b, a * b, a - b * c, tg.tanh(a) * b, a / 2 + c, tg.sin(a * c), -a]
            values.append(made[m % len(made)])
        elif kind == "if":
            tests: list[Callable[[], bool]] = [
                *(lambda: a < b, lambda: a >= c, lambda: c != b, lambda: a == b),
                *(lambda: c < a < b, lambda: bool(a > 0 or b > 0)),
            ]
            yes = tests[m % len(tests)]()
            if inner:
                self.do(inner[not yes], values)
            values.append(a if yes else b)
        elif kind == "max":
            best = (max if m % 2 else min)(a, b, d, c)
            values.append(a.constant(best) if best is c else best)
        elif kind == "sorted":
            values.extend(sorted([a, b, d, a * 0 + c])[1:3])
        elif kind == "while":
            n = 0
            while abs(a) > 0.3 and n < 6:
                a, n = a / 2 - 0.01 * b, n + 1
            values.append(a * n)
        elif kind == "any":
            values.append(a if any(v > c for v in values[-3:]) else b - d)
        elif kind == "pick":
            values.append(values[[a < b, b < d, True].index(True)])
        elif kind == "clip":
            values.append(tg.clip(d, a, b) if a < b else d * c)
        else:
            values.append(d if a else b)


def points_for(seed: int, count: int) -> list[tuple[float, ...]]:
    draw = random.Random(seed)
    special = (0.0, -0.0, 1.0, 0.5, 2.0, -1.0, float("nan"), float("inf"))
    return [
        tuple(draw.choice(special) if draw.random() < 0.15 else draw.gauss(0, 1) for _ in range(3))
        for _ in range(count)
    ]


def fuzz(seed: int, engine: str = "python", calls: int = 12) -> Any:
    """Assert at random points that a random function and its recording agree."""
    f = Draw(seed, 1 + seed % 9)
    recorded = tg.record(f).using(engine=engine)
    p = PRECISIONS[seed % 3]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for point in points_for(seed, calls):
            agrees(p, f, recorded, tuple(map(p.lift, point)))
    assert recorded.traces <= 1 + recorded.store.flips + 1
    return recorded


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_a_turn_is_never_silent(seed: int) -> None:
    fuzz(seed)


@pytest.mark.parametrize("engine", ["auto", "numpy"])
def test_a_turn_is_never_silent_in_other_engines(engine: str) -> None:
    found = [fuzz(seed, engine, calls=8) for seed in range(12)]
    assert sum(recorded.store.flips for recorded in found) > 20


def test_the_verdict_of_many_guards() -> None:
    """One number tells whether all tests come out as they should, for every mix of outcomes."""
    for count in (1, 2, 3):
        recorded = tg.record(lambda *xs: sum(x * 1 if x > 0 else x * 2 for x in xs))
        for signs in np.ndindex(*(2,) * count):
            point = [1.0 if sign else -1.0 for sign in signs]
            program = recorded.at(*point)
            judged = with_verdict(program, 1, np.array(signs, np.bool))
            for others in np.ndindex(*(2,) * count):
                values = [tg.Value(1.0 if other else -1.0) for other in others]
                verdict = tg.thaw(judged, values)[-1].data
                assert (verdict == any(signs)) == (others == signs)


def test_rows_that_raise_off_the_path() -> None:
    """A replay may break down on numbers that the path is not for: the function itself decides."""

    def f(x: Any, lo: Any, hi: Any) -> Any:
        return tg.clip(x, lo, hi) if lo < hi else x

    recorded = tg.record(f)
    assert recorded.value(5.0, 0.0, 1.0) == 1
    assert recorded.value_and_grad(5.0, 2.0, 1.0) == (5.0, (1.0, 0.0, 0.0))
    assert recorded.traces == 2
    call = recorded.bind(5.0, 0.0, 1.0)
    call.x[1] = 2.0
    with pytest.raises((errors.BranchFlipped, errors.EmptyInterval)):
        call()
    bare = tg.record(tg.clip)
    assert bare.value(5.0, 0.0, 1.0) == 1
    with pytest.raises(errors.EmptyInterval):
        bare.value(5.0, 2.0, 1.0)
    strict = tg.record(lambda x: tg.log(x) if x > 0 else x).using(tg.float64.strict)
    assert strict.value(1.0) == 0
    assert strict.value(-1.0) == -1
    raising = tg.record(f, on_branch="raise")
    assert raising.value(5.0, 0.0, 1.0) == 1
    with pytest.raises(errors.BranchFlipped):
        raising.value(5.0, 2.0, 1.0)


def steps(x: Any) -> Any:
    while x > 1:
        x = x / 2
    return x


def test_one_warning_after_the_eighth_re_recording() -> None:
    f = tg.record(steps)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for k in range(PATIENCE):
            f.value(2.0**k - 0.5)
        assert not seen
        for k in range(PATIENCE, 15):
            f.value(2.0**k - 0.5)
    assert f.traces == 15
    (only,) = seen
    line = steps.__code__.co_firstlineno + 1
    text = str(only.message)
    assert only.category is tg.BranchWarning
    assert text.startswith("steps has been recorded again 8 times: greater, `x > 1`, at ")
    assert f"test_record.py:{line} " in text
    assert only.filename == __file__
    assert text.endswith("tg.where(tg.greater(x, y), a, b) makes no branch")


@pytest.mark.parametrize("p", PRECISIONS, ids=str)
def test_a_choice_by_a_row_makes_no_branch_and_one_by_a_comparison_does(p: Any) -> None:
    chosen = tg.record(lambda x: tg.where(tg.greater(x, 0), x * x, -x)).using(p)
    compared = tg.record(lambda x: tg.where(x > 0, x * x, -x)).using(p)
    for x in (3.0, -2.0):
        assert chosen.value_and_grad(x) == compared.value_and_grad(x)
    assert (chosen.traces, compared.traces) == (1, 2)


def test_the_oldest_paths_are_forgotten() -> None:
    f = tg.record(lambda n, x: steps(x) * n).using(engine="python")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(PATHS + 10):
            f.value(1.0, 2.0**k - 0.25)
            f.value(1.0, 0.5)
        assert len(f.paths) == PATHS
        before = f.traces
        assert f.value(1.0, 0.25) == 0.25
        assert f.traces == before
        f.value(1.0, 2.0 - 0.25)
        assert f.traces == before + 1


def test_branches_can_be_forbidden() -> None:
    f = tg.record(lambda x: x if x > 0 else -x, on_branch="raise")
    assert f.value(1.0) == 1
    with pytest.raises(errors.BranchFlipped, match=r"greater, `x > 0`, at .*test_record.py:\d+ is"):
        f.value(-1.0)
    assert f.value(2.0) == 2
    assert (f.traces, f.replays, len(f.paths)) == (1, 1, 1)


def test_what_f_raises_leaves_the_paths_alone() -> None:
    def f(x: Any) -> Any:
        if x > 1:
            raise KeyError("too large")
        return x * 2

    recorded = tg.record(f)
    assert recorded.value(0.5) == 1
    for _ in range(2):
        with pytest.raises(KeyError):
            recorded.value(3.0)
    assert WATCHER.get() is None
    assert (ACTIVE.home, ACTIVE.runs) == (None, [])
    assert recorded.value(0.25) == 0.5
    assert (recorded.traces, len(recorded.paths)) == (1, 1)


# What cannot be recorded.


READS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "data": (lambda x: x * 2 if x.data > 0 else x, ".data"),
    "item": (lambda x: x * x.item(), ".item()"),
    "float": (lambda x: x * float(x), "float()"),
    "array": (lambda x: x * np.array([x], float)[0], "float()"),
    "detach": (lambda x: x * x.detach(), "detach()"),
    "astype": (lambda x: x.astype(tg.float32), "astype()"),
    "grad": (lambda x: x * x.grad, ".grad"),
}


@pytest.mark.parametrize("name", READS)
def test_numbers_read_off_the_graph(name: str) -> None:
    f, what = READS[name]
    with pytest.raises(errors.NotRecordable) as caught:
        tg.record(f).value(1.0)
    assert str(caught.value).startswith(f"<lambda> cannot be recorded: {what} of a value")


def test_comparisons_in_other_threads_are_refused() -> None:
    def f(x: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: x if x > 0 else -x).result()

    with pytest.raises(errors.NotRecordable, match=r"^f cannot be recorded: a comparison in"):
        tg.record(f).value(1.0)


def test_values_from_outside_are_refused() -> None:
    w = tg.Value(2.0)
    for f in (lambda x: x * w, lambda x: x if w > 1 else -x, lambda x: x if x > w else -x):
        with pytest.raises(errors.OtherTape):
            tg.record(f).value(1.0)
    outer = tg.record(lambda x: tg.record(lambda y: y if x > 0 else -y).value(1.0) * x)
    with pytest.raises(errors.OtherTape, match="from outside"):
        outer.value(1.0)


def test_what_is_not_repeatable() -> None:
    draw, calls = random.Random(1), list[float]()

    def counting(x: Any) -> Any:
        calls.append(0)
        for _ in calls:
            x = x * 2
        return x

    def turning(x: Any) -> Any:
        return x + 1 if draw.random() > 0.5 or x > 1 else x * 2

    def swapping(x: Any) -> Any:
        calls.append(0)
        return {"a": x} if len(calls) % 2 else [x]

    cases = [
        (lambda x: x * draw.random(), "used the number"),
        (counting, r"made \d+ instructions and then \d+"),
        (swapping, "returned a result of another form"),
    ]
    for f, text in cases:
        recorded = tg.record(f)
        recorded.value(1.0)
        with pytest.raises(errors.NotRepeatable, match=text):
            recorded.value(1.0)
    found = 0
    for _ in range(10):
        recorded = tg.record(turning)
        try:
            recorded.value(0.5)
            recorded.value(0.5)
        except errors.NotRepeatable:
            found += 1
    assert found


def test_a_large_function_that_decides_otherwise_later() -> None:
    """It is not run twice, but a path that does not turn where it should is noticed."""
    state = [0]

    def f(x: Any) -> Any:
        state[0] += 1
        y = x
        for _ in range(50_001):
            y = y + 1
        return y if state[0] > 1 or x > 0 else -y

    recorded = tg.record(f).using(engine="python")
    assert recorded.value(1.0) == 50_002
    assert recorded.traces == 1
    state[0] = 0
    again = tg.record(f).using(engine="python")
    assert again.value(-1.0) == -50_000
    with pytest.raises(errors.NotRepeatable, match="in two ways"):
        again.value(1.0)


# Arguments and results.


Pair = namedtuple("Pair", "left right")


@each
def test_forms_of_arguments(p: Any) -> None:
    one, two = p.scalar(1.5), p.scalar(2.5)

    def tree(a: Any, b: Any, c: Any, mode: Any) -> Any:
        scale = {"double": 2, "same": 1}[mode]
        return (a["w"][0] * b[1] + a["b"][1][0] * c.left - c.right) * scale

    f = tg.record(tree).using(p)
    args: Any = ({"w": [1.0, 2.0], "b": (3.0, [one])}, np.array([1.0, 2.0], p.scalar), Pair(2, two))
    assert f.value(*args, "double") == (1.0 * 2 + 1.5 * 2 - 2.5) * 2
    value, (a, b, c, mode) = f.value_and_grad(*args, "double")
    assert type(value) is p.scalar
    assert mode is None
    assert same(a["w"], np.array([4.0, 0.0], p.scalar))
    assert same(a["b"][0], p.scalar(0))
    assert same(a["b"][1], np.array([4.0], p.scalar))
    assert same(b, np.array([0.0, 2.0], p.scalar))
    assert type(c) is Pair
    assert c == Pair(3.0, -2.0)
    assert f.traces == 1
    assert f.value(*args, "same") == 1.0 * 2 + 1.5 * 2 - 2.5
    assert f.traces == 2
    assert f.value(*args, "double") == (1.0 * 2 + 1.5 * 2 - 2.5) * 2
    assert f.traces == 2


@dataclass(frozen=True)
class Weights:
    left: float
    right: float


@each
def test_an_object_is_a_tree_by_its_vars(p: Any) -> None:
    f = tg.record(lambda pair: pair["left"] ** 2 * pair["right"]).using(p)
    assert f.grad(vars(Weights(2.0, 3.0))) == {"left": 12.0, "right": 4.0}
    with pytest.raises(
        errors.BadArguments, match=r"named tuples of them; of an object p, vars\(p\)"
    ):
        f.grad(Weights(2.0, 3.0))


@each
def test_a_method_is_recorded_bound(p: Any) -> None:
    class Model:
        def __init__(self, scale: float) -> None:
            self.scale = scale
            self.loss = tg.record(self.loss_of)

        def loss_of(self, x: Any) -> Any:
            return x * x * self.scale

    assert [Model(scale).loss.using(p).grad(3.0) for scale in (1.0, 0.5)] == [6.0, 3.0]


@each
def test_arrays(p: Any) -> None:
    def f(m: Any, v: Any) -> Any:
        return (m @ v * 2 + v[:2]).sum() + (m[:, 1:] * m[0, :1]).sum() + (m.T + v[:, None]).sum()

    m = np.arange(6.0).reshape(2, 3).astype(p.scalar)
    v = np.array([0.5, 1.5, -1.0], p.scalar)
    recorded = tg.record(f)
    value, (dm, dv) = recorded.value_and_grad(m, v)

    def flat(xs: Any) -> Any:
        array = np.array(xs, object)
        return f(array[:6].reshape(2, 3), array[6:])

    wanted, slopes = p.value_and_grad(flat)(np.concatenate([m.ravel(), v]))
    assert same(value, wanted)
    assert same(dm, slopes[:6].reshape(2, 3))
    assert same(dv, slopes[6:])
    assert recorded.hessian(m, v).shape == (9, 9)
    assert same(recorded.hessian(m, v), p.hessian(flat)(np.concatenate([m.ravel(), v])))
    other = np.zeros(3, np.float32 if p is not tg.float32 else np.float64)
    with pytest.raises(errors.PrecisionMismatch):
        recorded.value(m, other)
    assert recorded.traces == 1


def test_kinds_of_numbers() -> None:
    f = tg.record(lambda x: x * 2 + 1)
    third = Fraction(1, 3)
    for x in (3, 3.0, np.float64(3), np.array(3.0), np.int8(3), Fraction(3), np.array(3)):
        assert same(f.value(x), np.float64(7))
        assert same(f.grad(x), np.float64(2))
    assert f.traces == 1
    assert f.value(np.float32(3)).dtype == np.float32
    assert f.value(third) == np.float64(1 / 3) * 2 + 1
    assert f.value(np.longdouble("0.1")) == np.longdouble("0.1") * 2 + 1
    assert (
        tg.record(lambda xs: xs[0] + xs[1]).value([np.longdouble("0.1"), 1])
        == np.longdouble("0.1") + 1
    )
    vector = tg.record(lambda xs: xs[0] * xs[1])
    for xs in ([2, 3], np.array([2, 3]), np.array([2.0, 3.0])):
        assert same(vector.grad(xs), np.array([3.0, 2.0]))
    with pytest.raises(errors.OutOfRange):
        f.using(tg.float32).value(1e300)
    with pytest.raises(errors.PrecisionMismatch):
        tg.record(lambda x, y: x * y).value(np.float32(1), np.float64(1))


def test_results() -> None:
    x, y = 2.0, 3.0

    def everything(x: Any, y: Any) -> Any:
        return {
            "in": x,
            "list": [x * y, 1, y],
            "mixed": (2.5, [x, {"y": y}]),
            "array": np.array([x]),
        }

    found = tg.record(everything).value(x, y)
    assert found["in"] == 2
    assert same(found["list"], np.array([6.0, 1.0, 3.0]))
    assert found["mixed"][0] == 2.5
    assert found["mixed"][1][1] == {"y": 3.0}
    assert same(found["array"], np.array([2.0]))
    assert tg.record(lambda x: 3).value_and_grad(2.0) == (3.0, 0.0)
    assert tg.record(lambda x: x).value_and_grad(2.0) == (2.0, 1.0)
    assert tg.record(lambda x, xs: x * 2 + len(xs)).grad(2.0, [])[0] == 2
    assert tg.record(lambda x: [[], x]).value(2.0)[0] == []
    for bad in (
        lambda x: None,
        lambda x: x > 0,
        lambda x: [x, "a"],
        lambda x: [],
        lambda x: {1, 2},
    ):
        with pytest.raises(errors.BadResult):
            tg.record(bad).value(1.0)


def test_static_arguments() -> None:
    def f(x: Any, power: Any, flag: Any, function: Any, nothing: Any) -> Any:
        assert nothing is None
        y = function(x) if flag else x
        return y * 2 if power == "twice" else y

    recorded = tg.record(f)
    assert recorded.value(1.0, "twice", True, tg.exp, None) == 2 * np.exp(1.0)
    assert recorded.value(1.0, "once", True, tg.exp, None) == np.exp(1.0)
    assert recorded.value(1.0, "once", False, tg.exp, None) == 1
    assert recorded.value(1.0, "once", True, tg.sin, None) == np.sin(1.0)
    assert recorded.value(2.0, "once", np.True_, tg.sin, None) == np.sin(2.0)
    assert (recorded.traces, recorded.replays) == (4, 1)


def test_wrong_use() -> None:
    f = tg.record(lambda x: [x, x * 2])
    with pytest.raises(errors.BadCall, match="is not recorded yet"):
        _ = f.program
    for ask in (f.grad, f.value_and_grad, f.hessian, f.bind):
        with pytest.raises(errors.BadResult, match="returned 2 numbers of type list, not one"):
            ask(1.0)
    assert same(f.value(1.0), np.array([1.0, 2.0]))
    with pytest.raises(errors.BadCall, match="has no on_branch='never'"):
        tg.record(lambda x: x, on_branch="never")
    with pytest.raises(errors.BadCall, match="takes a precision"):
        f.using("float32")
    with pytest.raises(errors.NoEngine):
        f.using(engine="cuda").value(1.0)
    nothing: list[tuple[Any, ...]] = [(), ("text",), ([],), (None, {})]
    for args in nothing:
        with pytest.raises(errors.BadArguments, match="named tuples of them"):
            f.value(*args)
    for bad in ({1.0}, np.array([True]), np.array(["a"]), np.array([1j])):
        with pytest.raises(errors.BadArguments):
            f.value(1.0, bad)


def test_the_result_of_the_path_that_is_taken_counts() -> None:
    f = tg.record(lambda x: [x, x] if x > 0 else x * 3)
    assert same(f.value(1.0), np.array([1.0, 1.0]))
    assert f.grad(-1.0) == 3
    with pytest.raises(errors.BadResult):
        f.grad(1.0)
    assert f.hessian(-1.0) == 0


# Recordings among other things.


@each
def test_recorded_functions_nest(p: Any) -> None:
    inner = tg.record(lambda x: x * x if x > 1 else x * 3)
    outer = tg.record(lambda x, y: inner(x) * y + inner(y))

    def eager(x: Any, y: Any) -> Any:
        def f(v: Any) -> Any:
            return v * v if v > 1 else v * 3

        return f(x) * y + f(y)

    for point in ((2.0, 3.0), (0.5, 3.0), (2.0, 0.5), (0.25, 0.5), (4.0, 5.0)):
        agrees(p, eager, outer, tuple(map(p.lift, point)))
        value, slopes = p.value_and_grad(outer)(*point)
        assert alike((value, *slopes), (lambda v, g: (v, *g))(*p.value_and_grad(eager)(*point)))
    assert len(outer.paths) == 4


@each
def test_transforms_in_and_around(p: Any) -> None:
    def newton(x: Any) -> Any:
        slope = p.grad(lambda v: v * v * x + v)(2)
        return x - slope * tg.hessian(lambda a, b: a * a * b * x)(x, 3)[0][1]

    agrees(p, newton, tg.record(newton), (p.lift(3),))
    plain = tg.record(lambda x: tg.grad(lambda v: v * v * x)(2.0) + tg.grad(tg.sin)(0.5))
    assert same(plain.using(p).grad(3), p.lift(4))
    f = tg.record(lambda x, y: tg.sin(x) * y if x > y else x * y * y)

    def g(x: Any, y: Any) -> Any:
        return tg.sin(x) * y if x > y else x * y * y

    for point in ((2.0, 1.0), (1.0, 2.0)):
        at = tuple(map(p.lift, point))
        assert same(p.hessian(f)(*at), p.hessian(g)(*at))
        assert same(f.hessian(*at), p.hessian(g)(*at))
        assert same(p.jacobian(f.grad)(*at), p.hessian(g)(*at))
        slopes = p.grad(lambda x, y: f.value_and_grad(x, y)[1][0])(*at)
        assert same(slopes, tuple(p.hessian(g)(*at)[0]))
        nodes = f.hessian(p(at[0]), at[1])
        assert [[x.data for x in row] for row in nodes] == p.hessian(g)(*at).tolist()


def test_branches_inside_a_gradient_of_a_recording() -> None:
    inner = tg.record(lambda x: x * x if x > 0 else -x)
    outer = tg.record(lambda x: inner.grad(x) * x)
    for x in (1.0, -2.0, 3.0, -4.0):
        assert outer.value(x) == (2 * x * x if x > 0 else -x)
    assert outer.traces == 2


def factorial(n: Any) -> Any:
    return n * recorded_factorial(n - 1) if n > 1 else n * 1


recorded_factorial = tg.record(factorial)


def test_recursion() -> None:
    assert recorded_factorial.value_and_grad(5.0) == (120.0, 274.0)
    assert recorded_factorial.value(3.0) == 6
    assert recorded_factorial.value(5.0) == 120


def test_threads() -> None:
    f = tg.record(lambda x, y: x * y if x > 0 else tg.sin(y) * x)
    wanted = {
        k: tg.value_and_grad(lambda x, y: x * y if x > 0 else tg.sin(y) * x)(k - 50.0, 2.0)
        for k in range(100)
    }
    wrong: list[Any] = []
    start = threading.Barrier(4)

    def work(offset: int) -> None:
        start.wait()
        for k in range(400):
            i = (k * 7 + offset) % 100
            found = f.value_and_grad(i - 50.0, 2.0)
            if not (same(found[0], wanted[i][0]) and alike(found[1], wanted[i][1])):
                wrong.append((i, found))

    threads = [threading.Thread(target=work, args=(13 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert f.traces + f.replays == 1600


@typedgrad.record
def polar(r: Any, t: Any) -> Any:
    """The first coordinate."""
    return r * tg.cos(t)


def test_it_looks_like_the_function() -> None:
    assert (polar.__name__, polar.__doc__) == ("polar", "The first coordinate.")
    assert polar.__module__ == __name__
    assert polar.__wrapped__.__code__.co_argcount == 2
    assert pickle.loads(pickle.dumps(polar)) is polar
    assert polar(2.0, 0.0) == 2
    copy = pickle.loads(pickle.dumps(tg.record(steps, on_branch="raise").using(tg.float32)))
    assert copy.value(0.5).dtype == np.float32
    assert (copy.on_branch, copy.traces, copy.name) == ("raise", 1, "steps")


def test_the_front_door_is_a_function() -> None:
    import typedgrad.recording as recording
    import typedgrad.thawing as thawing

    assert tg.record is recording.record
    assert tg.thaw is thawing.thaw


# Bound calls.


@each
def test_bound_calls(p: Any) -> None:
    f = tg.record(lambda x, y: x * y + tg.sin(x))
    call = f.bind(p.scalar(3), 2)
    for x, y in ((3.0, 2.0), (0.5, -1.0)):
        call.x[:] = x, y
        call()
        value, slopes = f.using(p).value_and_grad(x, y)
        assert same(call.out, np.array([value, *slopes], p.scalar))
    out = np.full(3, 7, p.scalar)
    into = f.bind(p.scalar(3), 2, out=out)
    assert into.out is out
    into.x[:] = 1, 1
    into()
    assert same(out, np.array([np.sin(p.scalar(1)) + 1, 1 + np.cos(p.scalar(1)), 1], p.scalar))
    assert f.bind(p.scalar(3), 2, grad=False).out.shape == (1,)
    several = tg.record(lambda x: [x * 2, x if x > 0 else -x]).bind(p.scalar(3), grad=False)
    several.x[0] = 5
    several()
    assert several.out.tolist() == [10, 5]


@each
def test_bound_calls_check_their_guards(p: Any) -> None:
    f = tg.record(lambda x, y: x * y if x > 0 and y < 2 else x)
    out = np.zeros(3, p.scalar)
    for call in (f.bind(p.scalar(1), 1), f.bind(p.scalar(1), 1, out=out)):
        call.x[:] = 3, 1
        call()
        assert call.out.tolist() == [3, 1, 3]
        call.x[1] = 2
        with pytest.raises(errors.BranchFlipped, match=r"less, `y < 2`, at .* is False"):
            call()
        call.x[1] = 0.5
        call()
        assert call.out.tolist() == [1.5, 0.5, 3]
    call = f.bind(p.scalar(1), 1, out=out)
    before = out.copy()
    call.x[0] = -1
    with pytest.raises(errors.BranchFlipped, match="bind <lambda> anew"):
        call()
    assert same(out, before)


def test_buffers_that_do_not_fit() -> None:
    f = tg.record(lambda x: x * 2 if x > 0 else x)
    shut = np.zeros(2)
    shut.flags.writeable = False
    bad = (
        [0.0, 0.0],
        np.zeros(3),
        np.zeros(2, np.float32),
        np.zeros(4)[::2],
        shut,
        np.zeros((2, 1)),
    )
    for engine in ("auto", "python", "numpy"):
        for out in bad:
            with pytest.raises(errors.BadBuffer, match=r"use out in place: .*\n.*np.zeros\(2, "):
                f.using(engine=engine).bind(1.0, out=out)
    with pytest.raises(errors.BadCall, match="given Values"):
        f.bind(tg.Value(1.0))


def test_bound_calls_keep_nothing() -> None:
    call = tg.record(lambda x, y: tg.exp(x) * y if x > 0 else y).bind(1.0, 2.0)
    for _ in range(100):
        call()
    tracemalloc.start()
    try:
        call()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            call()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 1000


# Back to nodes, and where it came from.


@each
def test_thaw_has_the_bits_of_eager(p: Any) -> None:
    for seed in range(30):
        f = Draw(seed, 8)
        point = [p.lift(x) for x in points_for(seed, 1)[0]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = tg.record(f).using(p, engine="python").at(*point)
            for make in (p, tg.Tape(p)):
                leaves = [make(x) for x in point]
                roots = tg.thaw(program, leaves)
                eager = [make(x) for x in point]
                wanted = f(*eager)
                assert same(roots[0].data, wanted.data)
                roots[0].backward()
                wanted.backward()
                assert all(alike(x.grad, y.grad) for x, y in zip(leaves, eager, strict=True))


def test_thaw_makes_any_node() -> None:
    program = tg.record(lambda x, y: tg.dot([x, y], [y, 2.0]) + x**2).at(2.0, 3.0)
    (root,) = tg.thaw(program, [Closure(2.0), Closure(3.0)])
    assert type(root) is Closure
    assert root.primal == 16
    for inputs in ([], [tg.Value(1.0)]):
        with pytest.raises(errors.BadArguments, match="nodes for 2 inputs"):
            tg.thaw(program, inputs)


def placed(x: Any, y: Any) -> Any:
    first = x * y + tg.sin(x)
    return first.exp() if first > 0 else -first


def test_sources_of_every_instruction() -> None:
    program = tg.record(placed, sources=True).at(1.0, 2.0)
    assert program.places is not None
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    found = []
    for (row, _), place in zip(program.instructions(), program.places.tolist(), strict=True):
        file, line, left, right = program.sources[place]
        assert Path(file).name == "test_record.py"
        found.append((row, lines[line - 1].encode()[left:right].decode()))
    assert found == [
        ("mul", "x * y"),
        ("sin", "tg.sin(x)"),
        ("add", "x * y + tg.sin(x)"),
        ("exp", "first.exp()"),
        ("greater", "first > 0"),
    ]
    assert tg.record(placed).at(1.0, 2.0).places is None
    assert tg.record(placed).at(1.0, 2.0) == program
