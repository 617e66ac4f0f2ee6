"""check_grad: a wrong rule is found in every precision, and nothing else is called wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad.errors import BadResult, FunctionRaised, WrongGradient
from typedgrad.op import BY_UFUNC, TABLE, Op, primitive

tg: Any = typedgrad
PRECISIONS = (tg.float32, tg.float64, tg.longdouble)
each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)


@pytest.fixture
def made() -> Iterator[list[str]]:
    """The names of rows that a test defines, removed when it ends."""
    names: list[str] = []
    yield names
    for name in names:
        TABLE.pop(name, None)
        BY_UFUNC.pop(name, None)


@each
def test_a_wrong_rule_is_found(p: Any, made: list[str]) -> None:
    made.append("wrong_square")
    wrong = primitive("wrong_square", lambda x: x * x, lambda g, y, x: (g * x,), doc="Wrong.")
    with pytest.raises(WrongGradient) as caught:
        tg.check_grad(lambda x, y: wrong(x) + y, (3.0, 1.0), precision=p)
    text = str(caught.value)
    assert "d/dx is 3.0 in" in text and "the reference says 6.0" in text
    assert p.name in text and "0.3 digits agree" in text and "[TG205]" in text
    assert isinstance(caught.value, AssertionError)


@each
def test_a_rule_wrong_in_the_ninth_digit_is_found_where_it_shows(p: Any, made: list[str]) -> None:
    made.append("nearly_square")
    nearly = primitive(
        "nearly_square",
        lambda x: x * x,
        lambda g, y, x: (g * (x + x) * 1000000001 / 1000000000,),
        doc="Wrong by 1e-9.",
    )
    if p is tg.longdouble and p.bits > 53:
        with pytest.raises(WrongGradient):
            tg.check_grad(nearly, (3.0,), precision=p)
    else:
        assert tg.check_grad(nearly, (3.0,), precision=p).digits["x"] >= 7
    with pytest.raises(WrongGradient):
        tg.check_grad(nearly, (3.0,), precision=tg.float64, digits=12)


@each
def test_right_rules_pass_with_nearly_all_digits(p: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        return tg.exp(x) * tg.sin(y) / x + tg.hypot(x, y) ** 3 - tg.logaddexp(x, y)

    found = tg.check_grad(f, (2.0, "0.7"), precision=p)
    assert set(found.digits) == {"x", "y"} and found.reference == "mpmath, 384 bits"
    assert all(digits > p.digits - 1.5 for digits in found.digits.values())


def test_vectors_and_dicts() -> None:
    found = tg.check_grad(lambda w, b: tg.dot(w, w) * b, {"w": [1, 2], "b": 3})
    assert list(found.digits) == ["w[0]", "w[1]", "b"]


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (abs, 0),
        (lambda x: tg.relu(x) + x * x, 0),
        (lambda x: tg.maximum(x, 1), 1),
        (lambda x: tg.floor(x) + x, "0.5"),
        (lambda x: x * x * x, 0),
        (lambda x: x * x, 0),
        (lambda x: x - x, 3),
        (lambda x: tg.sin(x) * tg.exp(-x), 40),
        (lambda x: x * 0 + 5, 2),
    ],
)
def test_kinks_zeros_and_flat_places_are_not_called_wrong(f: Any, x: Any) -> None:
    assert tg.check_grad(f, (x,)).digits["x"] > 15


@pytest.mark.parametrize(
    ("f", "x"),
    [(tg.sqrt, 0), (lambda x: 1 / x, 0), (tg.log, -1), (tg.exp, "inf")],
)
def test_where_nothing_can_be_measured_nothing_is_claimed(f: Any, x: Any) -> None:
    assert list(tg.check_grad(f, (x,)).digits.values()) == [None]


def test_rounding_is_not_called_a_wrong_rule_unless_digits_are_asked_for() -> None:
    def f(x: Any, y: Any) -> Any:
        return tg.sqrt(x * x + y * y) - x

    assert tg.check_grad(f, (1000, "0.001"), precision=tg.float32).digits["x"] < 1
    with pytest.raises(WrongGradient, match=r"5\.0 digits were asked for"):
        tg.check_grad(f, (1000, "0.001"), precision=tg.float32, digits=5)


# The partial by a constant is 0 by definition, and that row is only taken for constants.
ROWS = [op for op in TABLE.values() if op.name != "pow_constant"]


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_the_rule_of_every_row_is_the_slope_of_its_meaning(op: Op) -> None:
    draw = random.Random(op.name)
    size = 3 if op.sequences else 1
    count = op.sequences or op.arity
    numbers = [[draw.uniform(*op.samples) for _ in range(size)] for _ in range(count)]
    if op.name == "clip":
        lo, x, hi = sorted(numbers)
        numbers = [x, lo, hi]
    args = numbers if op.sequences else [x for (x,) in numbers]
    names = [f"x{i}" for i in range(count)]
    f = eval(f"lambda {', '.join(names)}: op({', '.join(names)})", {"op": op})
    found = tg.check_grad(f, dict(zip(names, args, strict=True)), precision=tg.longdouble)
    assert found.reference == "mpmath, 384 bits"
    assert all(digits > tg.longdouble.digits - 2.5 for digits in found.digits.values())


@each
def test_without_an_exact_meaning_numpys_widest_is_the_reference(p: Any, made: list[str]) -> None:
    made += ["spacing_here", "spacing"]
    odd = primitive("spacing_here", np.spacing, lambda g, y, x: (0 * g,), doc="No meaning.")
    found = tg.check_grad(lambda x: odd(x) + x * x * x, (3.0,), precision=p)
    assert found.reference == "differences in longdouble" and found.digits["x"] > 5
    made.append("wrong_cube")
    wrong = primitive("wrong_cube", lambda x: x**3, lambda g, y, x: (g * x * x,), doc="Wrong.")
    with pytest.raises(WrongGradient, match=r"27|26\.99"):
        tg.check_grad(lambda x: odd(x) + wrong(x), (3.0,), precision=p)


def test_a_function_that_is_tied_to_its_precision_is_its_own_reference() -> None:
    found = tg.check_grad(lambda x: x.astype(tg.float32) * 2, (1.5,), precision=tg.float32)
    assert found.reference == "differences in float32" and found.digits["x"] > 3


def test_errors_of_the_function_come_through() -> None:
    with pytest.raises(BadResult):
        tg.check_grad(lambda x: 3.0, (1.0,))
    with pytest.raises(FunctionRaised):
        tg.check_grad(lambda x: x / (1 // 0), (1.0,))


def test_every_error_of_a_user_is_an_assertion_for_pytest() -> None:
    assert issubclass(WrongGradient, AssertionError)
