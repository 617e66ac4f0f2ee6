"""Rows: adding a primitive is one row, and a row that does not hold together is refused."""

# pyright: basic

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest

import typedgrad
from typedgrad.errors import BadCall, BadRow, PrecisionMismatch
from typedgrad.op import (
    BY_UFUNC,
    TABLE,
    RowMethods,
    choose,
    constant,
    constants,
    machine,
    polynomial,
)

tg: Any = typedgrad
mp: Any = mpmath
primitive: Any = typedgrad.primitive
exp, log1p, square, sqrt, dot = tg.exp, tg.log1p, tg.square, tg.sqrt, tg.dot
PRECISIONS = (tg.float32, tg.float64, tg.longdouble)
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)
third = constant("0." + "3" * 60, "1/3")
series = constants("1", "1", "0.5")
two_eps = machine(lambda numbers: numbers.eps * 2)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Take away the rows that a test defines."""
    table, ufuncs, methods = dict(TABLE), dict(BY_UFUNC), set(vars(RowMethods))
    yield
    for kept, now in ((table, TABLE), (ufuncs, BY_UFUNC)):
        now.clear()
        now.update(kept)
    for name in set(vars(RowMethods)) - methods:
        delattr(RowMethods, name)


def bell() -> Any:
    """exp(-x*x), one row."""
    return primitive(
        "bell",
        lambda x: exp(-square(x)),
        lambda g, y, x: (-2 * g * x * y,),
        exact=lambda mp, x: mp.exp(-x * x),
        samples=(-3, 3),
        doc="exp(-x*x).",
    )


def truth(p: Any, x: Any, order: int) -> Any:
    with mp.workdps(60):
        point = mp.mpf(p.to_ratio(x)[0]) / p.to_ratio(x)[1]
        found = mp.diff(lambda t: mp.exp(-t * t), point, order) if order else mp.exp(-point * point)
        return p.lift(mp.nstr(found, 40))


@each
def test_one_row_is_everything(p: Any) -> None:
    row = bell()
    assert TABLE["bell"] is row
    assert row.args == ("x",)
    assert row.__name__ == "bell"
    assert row.__doc__ == "exp(-x*x)."
    assert repr(row) == "<row bell(x)>"
    assert pickle.loads(pickle.dumps(row)) is row
    x = p("0.7")
    for y in (row(x), x.bell()):
        assert type(y.data) is p.scalar
        assert y.op == "bell"
        assert abs(y.data - truth(p, x.data, 0)) <= 4 * p.ulp(y.data)
    bare = row(x.data)
    assert type(bare) is p.scalar
    assert bare == row(x).data
    for order in (1, 2, 3):
        f = row
        for _ in range(order):
            f = p.grad(f)
        found, expected = f("0.7"), truth(p, x.data, order)
        assert type(found) is p.scalar
        assert abs(found - expected) <= 32 * p.ulp(expected)
    assert p.jvp(row, (x.data,), (1,))[1] == p.grad(row)(x.data)


def test_a_new_row_works_in_arrays_and_is_checked() -> None:
    row = bell()
    x = tg.Value(0.5)
    assert [y.op for y in row.forward and np.array([x.bell()])] == ["bell"]
    tg.check_grad(row, 0.5)


@each
def test_rows_of_two_and_three_arguments_and_defaults(p: Any) -> None:
    row = primitive(
        "scaled_sum",
        lambda a, b, c: a * b + c,
        lambda g, y, a, b, c: (g * b, g * a, g),
        defaults=(2, constant("0.5")),
        aliases=("ssum",),
        doc="a*b + c.",
    )
    a, b = p(3), p(5)
    assert row(a).data == 6.5
    assert row(a, b).data == 15.5
    assert row(a, c=1).data == 7
    assert row(a, c=b, b=4).data == 17
    assert a.scaled_sum(b).data == 15.5
    assert a.ssum(b, 1).data == 16
    row(a, b).backward()
    assert (a.grad, b.grad) == (5, 3)
    assert row(1, a).parents[1] is a
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]]
    calls = [((), {}), ((a,), {"d": 1}), ((a, b, 1, 2), {}), ((a,), {"a": 1})]
    for args, named in calls:
        with pytest.raises(BadCall):
            row(*args, **named)
    for q in PRECISIONS:
        if q is not p:
            with pytest.raises(PrecisionMismatch, match="scaled_sum"):
                row(a, q(1))


@each
def test_constants_and_tables_are_rounded_in_each_precision(p: Any) -> None:
    row = primitive(
        "in_the_making",
        lambda x: polynomial(x, series) * third + two_eps * 0,
        lambda g, y, x: (g * third * (1 + x),),
        doc="A cut series.",
    )
    x = p("0.5")
    y = row(x)
    assert type(y.data) is p.scalar
    assert y.data == p.lift("1.625") * p.lift("1/3")
    y.backward()
    assert x.grad == p.lift("1/3") * p.lift("1.5")
    assert type(p.grad(p.grad(row))("0.5")) is p.scalar


@each
def test_choice_runs_one_side_only(p: Any) -> None:
    row = primitive(
        "careful",
        lambda x: choose(x > 0, lambda: sqrt(x), lambda: 0 * x),
        lambda g, y, x: (choose(x > 0, lambda: g / (y + y), lambda: None),),
        doc="Root of x, 0 below.",
    )
    with np.errstate(all="raise"):
        assert row(p(-4)).data == 0
        assert p.grad(row)(4) == 0.25
        assert p.grad(row)(-4) == 0
        assert p.grad(p.grad(row))(-4) == 0
        assert p.grad(p.grad(row))(4) == -1 / 32


@each
def test_a_row_over_sequences(p: Any) -> None:
    row = primitive(
        "add_all",
        lambda *xs: choose(len(xs) > 1, lambda: xs[0] + xs[-1], lambda: xs[0]),
        lambda g, y, *xs: (g, *(None for _ in xs[1:-1]), *(g for _ in xs[1:][-1:])),
        sequences=1,
        doc="First plus last.",
    )
    xs = [p(k) for k in (1, 2, 3)]
    y = row(xs)
    y.backward()
    assert y.data == 4
    assert [x.grad for x in xs] == [1, 0, 1]
    assert row(x for x in xs).data == 4
    assert row([xs[0], 5]).data == 6
    assert row([1, 2.5]) == 3.5
    assert p.grad(row)([1, 2, 3]).tolist() == [1, 0, 1]
    assert not hasattr(xs[0], "add_all")
    one = row([xs[0]])
    assert [parent is xs[0] for parent in one.parents] == [True]
    calls: list[tuple[Any, ...]] = [(), (xs, xs), (xs[0],), ([],)]
    for args in calls:
        with pytest.raises(BadCall):
            row(*args)


def test_new_rows_reach_precisions_that_exist_already() -> None:
    x = tg.float32(2)
    row = primitive("late", lambda x: x + x, lambda g, y, x: (g + g,), doc="Twice.")
    assert x.late().data == row(x).data == 4


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "no name": (
        lambda: primitive("two words", lambda x: x, lambda g, y, x: (g,), doc="Hm."),
        "row 'two words': is not a Python name",
    ),
    "twice": (
        lambda: primitive("exp", lambda x: x, lambda g, y, x: (g,), doc="Hm."),
        "row exp: is defined already",
    ),
    "no doc": (
        lambda: primitive("mute", lambda x: x, lambda g, y, x: (g,)),
        "row mute: has no doc",
    ),
    "no adjoint": (
        lambda: primitive("bare", lambda x: x, lambda x: (x,), doc="Hm."),
        "row bare: the rule takes x",
    ),
    "wrong letters": (
        lambda: primitive("odd", lambda x: x, lambda y, g, x: (g,), doc="Hm."),
        "row odd: the rule takes y, g, x",
    ),
    "too few": (
        lambda: primitive("few", np.hypot, lambda g, y, x: (g,), doc="Hm."),
        "row few: forward takes 2 arguments and the rule 1",
    ),
    "foreign rule": (
        lambda: primitive("far", lambda x: x, lambda g, y, x: (g * np.exp(x),), doc="Hm."),
        "row far: speaks a foreign language: np",
    ),
    "foreign forward": (
        lambda: primitive("cut", lambda x: float(x) + x, lambda g, y, x: (g,), doc="Hm."),
        "row cut: speaks a foreign language: float",
    ),
    "foreign inside": (
        lambda: primitive(
            "deep",
            lambda x: choose(x > 0, lambda: np.exp(x), lambda: x),
            lambda g, y, x: (g,),
            doc="Hm.",
        ),
        "row deep: speaks a foreign language: np",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_refused(name: str) -> None:
    act, text = BAD[name]
    before = dict(TABLE)
    with pytest.raises(BadRow) as caught:
        act()
    assert str(caught.value).startswith(text)
    assert before == TABLE


def test_a_rule_with_too_few_terms_is_found_out() -> None:
    row = primitive("short", lambda a, b: a + b, lambda g, y, a, b: (g,), doc="Hm.")
    with pytest.raises(ValueError, match="unpack"):
        row(tg.Value(1.0), 2).backward()


@pytest.mark.parametrize("name", TABLE)
def test_every_row_of_the_table_holds_together(name: str) -> None:
    op: Any = TABLE[name]
    assert op.doc.endswith(".")
    assert op.name == name
    assert getattr(tg.ops, name) is op
    assert op.samples[0] < op.samples[1]
    for label in (name, *op.aliases):
        if not op.sequences and not op.companion:
            assert hasattr(tg.Value, label)


def test_arguments_have_the_names_of_pytorch() -> None:
    names = {
        "leaky_relu": ("x", "negative_slope"),
        "elu": ("x", "alpha"),
        "clip": ("x", "lo", "hi"),
    }
    for name, args in names.items():
        op: Any = TABLE[name]
        assert op.args == args
    x = tg.Value(-2.0)
    assert tg.leaky_relu(x).data == -0.02
    assert tg.leaky_relu(x, negative_slope=0.5).data == x.leaky_relu(negative_slope=0.5).data == -1
    assert tg.elu(x, alpha=2).data == 2 * np.expm1(-2.0)
    assert tg.clip(x, hi=1, lo=-1).data == -1
