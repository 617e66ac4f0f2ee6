"""The reference arithmetic: IEEE conventions without a range, and every row by its meaning."""

from __future__ import annotations

import random
import subprocess
import sys
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import typedgrad
from typedgrad.engines.exact import ExactPrecision, exact_precision
from typedgrad.errors import BadRow, PrecisionMismatch
from typedgrad.machine import machine_of
from typedgrad.op import BY_UFUNC, TABLE, Op, constant, primitive

tg: Any = typedgrad
WIDE: Any = exact_precision(256)
ROWS = [op for op in TABLE.values() if not op.sequences]


def special(text: str) -> Any:
    return WIDE.parse(text)


def test_import_of_the_package_loads_neither_mpmath_nor_the_command() -> None:
    heavy = ("mpmath", "click", "rich", "jinja2", "dataclasses", "typedgrad.trial")
    code = f"import sys, typedgrad; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_prompt_completes_what_is_not_loaded_yet() -> None:
    code = "import sys, typedgrad; print(*dir(typedgrad), *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert set(typedgrad.__all__) <= set(names) and "typedgrad.recording" not in names


def test_the_global_context_of_mpmath_is_left_alone() -> None:
    before = mpmath.mp.prec
    tg.compare(tg.exp, x=1)
    assert mpmath.mp.prec == before and mpmath.mp is not WIDE.mp


def test_a_width_is_made_once() -> None:
    assert exact_precision(256) is WIDE
    assert repr(WIDE) == "exact256 (256 bits, 77.1 digits)"


def test_ratios_are_rounded_once() -> None:
    p = ExactPrecision(24)
    draw = random.Random(1)
    for _ in range(3000):
        top, bottom = (draw.getrandbits(draw.randint(1, 90)) + 1 for _ in range(2))
        ours = Fraction(*p.to_ratio(p.from_ratio(-top, bottom)))
        assert ours == Fraction(*tg.float32.to_ratio(tg.float32.from_ratio(-top, bottom)))


@pytest.mark.parametrize(
    ("got", "text"),
    [
        (lambda x: x("1") / x("0"), "inf"),
        (lambda x: x("1") / x("-0.0"), "-inf"),
        (lambda x: x("-1") / 0, "-inf"),
        (lambda x: 1 / x("-0.0"), "-inf"),
        (lambda x: x("0") / x("0"), "nan"),
        (lambda x: x("inf") - x("inf"), "nan"),
        (lambda x: x("inf") * 0, "nan"),
        (lambda x: x("-0.0") + x("-0.0"), "-0.0"),
        (lambda x: x("-0.0") + 0, "0.0"),
        (lambda x: x("-0.0") - 0, "-0.0"),
        (lambda x: 0 - x("0"), "0.0"),
        (lambda x: -x("0"), "-0.0"),
        (lambda x: abs(x("-0.0")), "0.0"),
        (lambda x: x("0") * -3, "-0.0"),
        (lambda x: x("3") / x("-inf"), "-0.0"),
        (lambda x: x("-7") % 4, "1.0"),
        (lambda x: x("7") % 0, "nan"),
        (lambda x: x("2") ** -2, "0.25"),
        (lambda x: x("0") ** -1, "inf"),
    ],
)
def test_arithmetic_follows_ieee(got: Any, text: str) -> None:
    assert str(got(special)) == text


def test_nan_compares_as_nan_and_numbers_with_ints() -> None:
    nan, two = special("nan"), special("2")
    assert nan != nan and not nan < 1 and not nan >= 1
    assert two > 1 and two >= 2 and two < 3 and two <= 2 and two == 2 and two != 3
    assert bool(nan) and not special("-0.0") and hash(two) == hash(WIDE.lift(2))


def test_numbers_go_in_and_out_exactly() -> None:
    assert WIDE.to_ratio(WIDE.lift(0.1)) == (0.1).as_integer_ratio()
    assert WIDE.to_ratio(WIDE.lift(np.float32(0.1))) == np.float32(0.1).as_integer_ratio()
    x = np.longdouble(1) + np.finfo(np.longdouble).eps
    assert tg.longdouble.convert(WIDE.convert(x, tg.longdouble), WIDE) == x
    assert float(special("-0.0")) == 0 and int(special("-3.5")) == -3
    assert WIDE.ulp(1) == WIDE.eps


def test_a_real_of_another_width_is_refused() -> None:
    with pytest.raises(PrecisionMismatch, match="exact256 and exact128"):
        WIDE(1) * exact_precision(128).lift(1)


@pytest.mark.parametrize(
    ("formula", "truth"),
    [
        ("2/sqrt(pi)", lambda mp: 2 / mp.sqrt(mp.pi)),
        ("1/3", lambda mp: mp.mpf(1) / 3),
        ("-(0.1 + 2**-3)*e", lambda mp: -(mp.mpf("0.1") + mp.mpf("0.125")) * mp.e),
    ],
)
def test_constants_have_their_formula_at_full_width(formula: str, truth: Any) -> None:
    got = WIDE.lift(constant("1", formula))
    assert abs(got.x - truth(WIDE.mp)) < WIDE.mp.mpf(2) ** -250


def test_a_constant_without_a_formula_is_its_decimal() -> None:
    assert WIDE.to_ratio(WIDE.lift(constant("0.375"))) == (3, 8)
    with pytest.raises(BadRow, match="not arithmetic"):
        WIDE.lift(constant("1", "[1]"))


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_each_row_means_what_its_machine_column_computes(op: Op) -> None:
    """Not a test of accuracy: that the two columns are the same function."""
    draw = random.Random(op.name)
    low, high = op.samples
    exact, machine = machine_of(WIDE).row(op).forward, machine_of(tg.longdouble).row(op).forward
    for _ in range(5):
        args = [np.longdouble(draw.uniform(low, high)) for _ in range(op.arity)]
        if op.name == "clip":
            args = sorted(args)
        with np.errstate(all="ignore"):
            got = machine(*args)
        truth = tg.longdouble.convert(exact(*[WIDE.convert(x, tg.longdouble) for x in args]), WIDE)
        assert got == truth or (got != got and truth != truth) or abs(got / truth - 1) < 1e-9


EDGES = ("0", "-0.0", "inf", "-inf", "nan", "1", "-1")
UNARY = [op for op in ROWS if op.arity == 1]


@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.name)
def test_at_edges_the_reference_keeps_the_conventions_of_the_row(op: Op) -> None:
    exact, machine = machine_of(WIDE).row(op).forward, machine_of(tg.longdouble).row(op).forward
    for text in EDGES:
        with np.errstate(all="ignore"):
            got = machine(tg.longdouble.parse(text))
        truth = tg.longdouble.convert(exact(WIDE.parse(text)), WIDE)
        same = str(got) == str(truth) or abs(got / truth - 1) < 1e-15
        assert same, f"{op.name}({text}) is {got} in longdouble, {truth} in the reference"


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: tg.tanh(x) * tg.sqrt(x) + tg.log(x) / x, "2.5"),
        (lambda x: tg.erfc(x) + tg.sigmoid(x) * tg.atan(x), "1.25"),
        (lambda x: tg.lgamma(x) + tg.gelu(x) ** 3 + tg.hypot(x, 2), "3.5"),
        (lambda x: tg.maximum(x, 2) * tg.relu(x) + abs(-x) + tg.cbrt(x) + x**x, "1.5"),
    ],
)
def test_rules_run_unchanged_and_are_right_to_the_last_digits(f: Any, x: str) -> None:
    def value(at: Any) -> Any:
        return f(narrow(narrow.scalar(at))).primal.x

    narrow = WIDE
    got = WIDE.grad(f)(x).x
    second = WIDE.grad(WIDE.grad(f))(x).x
    step = WIDE.mp.mpf(2) ** -80
    here = WIDE.parse(x).x
    slope = (value(here + step) - value(here - step)) / (2 * step)
    bend = (value(here + step) - 2 * value(here) + value(here - step)) / step**2
    assert abs(got / slope - 1) < 1e-40
    assert abs(second / bend - 1) < 1e-25


def test_the_sweep_adds_up_as_in_any_precision() -> None:
    x, y = WIDE(2), WIDE("0.5")
    z = (x + y) * x
    z.backward()
    assert (z.primal, x.grad, y.grad) == (5, WIDE.parse("4.5"), 2)


def test_numpy_functions_work_on_it() -> None:
    assert abs(np.exp(WIDE(1)).primal.x - WIDE.mp.e) < 1e-70


def test_a_ufunc_without_a_meaning_is_named() -> None:
    op = primitive("spacing_in_test", np.spacing, lambda g, y, x: (0 * g,), doc="No meaning.")
    try:
        with pytest.raises(BadRow, match="spacing_in_test: has no exact meaning"):
            op(WIDE(1))
        wrong = primitive(
            "unknown_in_test", np.spacing, lambda g, y, x: (0 * g,), exact="no_such", doc="Wrong."
        )
        with pytest.raises(BadRow, match="mpmath has no function no_such"):
            wrong(WIDE(1))
    finally:
        for name in ("spacing_in_test", "unknown_in_test"):
            TABLE.pop(name, None)
        BY_UFUNC.pop("spacing", None)


@pytest.mark.parametrize("name", ["exp", "sin", "gamma", "cosh", "sigmoid", "tanh", "lgamma"])
def test_astronomic_arguments_come_back_at_once(name: str) -> None:
    x = tg.exp(tg.exp(WIDE(100)))
    y = TABLE[name](tg.exp(x))
    assert type(y.primal) is WIDE.scalar
    tg.float64.convert(y.primal, WIDE)
