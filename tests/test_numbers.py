"""Numbers: what may become a number of a precision, rounded once, and what is refused by name."""

# pyright: basic

from __future__ import annotations

import copy
import pickle
import random
import warnings
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad import errors
from typedgrad.precision import NumPyPrecision

tg: Any = typedgrad
PRECISIONS = (tg.float32, tg.float64, tg.longdouble)
SCALARS: dict[str, Any] = {
    "float32": np.float32,
    "float64": np.float64,
    "longdouble": np.longdouble,
}

each = pytest.mark.parametrize("p", PRECISIONS, ids=lambda p: p.name)


def exactly(x: Any) -> Fraction:
    top, bottom = x.as_integer_ratio()
    return Fraction(int(top), int(bottom))


def assert_nearest(p: Any, x: Any, truth: Fraction) -> None:
    """No other number of the precision is nearer to truth, and a tie went to the even one."""
    assert type(x) is p.scalar
    off = abs(exactly(x) - truth)
    for towards in ("-inf", "inf"):
        with np.errstate(over="ignore"):
            other = np.nextafter(x, p.scalar(towards))
        if not np.isfinite(other):
            continue
        assert off <= abs(exactly(other) - truth)
        if off == abs(exactly(other) - truth):
            unit = min(exactly(abs(np.spacing(x))), exactly(abs(np.spacing(other))))
            assert (exactly(x) / unit) % 2 == 0


@each
@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (3, "3"),
        (True, "1"),
        (False, "0"),
        (np.int8(-3), "-3"),
        (np.int64(7), "7"),
        (np.uint16(65535), "65535"),
        (np.True_, "1"),
        (0.5, "0.5"),
        (-0.0, "-0.0"),
        ("0.5", "0.5"),
        (" 2.5 ", "2.5"),
        ("-1.5e-3", "-1.5e-3"),
        ("1_000", "1000"),
        (".5", "0.5"),
        ("5.", "5"),
        ("5p-3", "0.625"),
        ("-3p2", "-12"),
        ("-0", "-0.0"),
        ("-0.0", "-0.0"),
        ("1/4", "0.25"),
        ("1/-4", "-0.25"),
        ("inf", "inf"),
        ("+inf", "inf"),
        ("-inf", "-inf"),
        ("Infinity", "inf"),
        ("-infinity", "-inf"),
        ("nan", "nan"),
        ("NaN", "nan"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (float("nan"), "nan"),
        (Fraction(3, 8), "0.375"),
        (Decimal("0.375"), "0.375"),
        (Decimal("-0"), "-0.0"),
        (Decimal("Infinity"), "inf"),
        (Decimal("-Infinity"), "-inf"),
        (Decimal("NaN"), "nan"),
    ],
    ids=repr,
)
def test_lift_takes_every_real_number(p: Any, given: Any, meant: str) -> None:
    found = p.lift(given)
    wanted = p.scalar(meant)
    assert type(found) is p.scalar
    assert str(found) == str(wanted)
    assert np.signbit(found) == np.signbit(wanted)


@each
def test_a_scalar_of_the_precision_is_itself(p: Any) -> None:
    x = p.scalar("0.1")
    assert p.lift(x) is x


TRAPS = [
    Fraction(1) + Fraction(1, 2**53) + Fraction(1, 2**64),
    Fraction(1) + Fraction(1, 2**53) + Fraction(1, 2**65),
    Fraction(1) + Fraction(1, 2**53) - Fraction(1, 2**64),
    Fraction(1) + Fraction(1, 2**24) + Fraction(1, 2**53),
    Fraction(1) + Fraction(1, 2**24) + Fraction(1, 2**54),
    Fraction(1) + Fraction(1, 2**24) - Fraction(1, 2**54),
    Fraction(1) + Fraction(3, 2**24),
    Fraction(1) + Fraction(3, 2**53),
    Fraction(1) + Fraction(3, 2**64),
    Fraction(2) - Fraction(1, 2**25),
    Fraction(2) - Fraction(1, 2**54),
    Fraction(2) - Fraction(1, 2**65),
    Fraction(2**53 + 1),
    Fraction(2**64 + 2**11),
    Fraction(2**64 + 2**11 + 1),
    Fraction(2**64 + 2**40),
    Fraction(2**64 + 2**40 + 1),
    Fraction(2**100 + 2**46 + 1),
    Fraction(10**23),
    Fraction(1, 10),
    Fraction(1, 3),
    Fraction(-2, 3),
]


@each
@pytest.mark.parametrize("truth", TRAPS, ids=str)
def test_one_rounding_where_two_would_go_wrong(p: Any, truth: Fraction) -> None:
    assert_nearest(p, p.lift(truth), truth)
    assert_nearest(p, p.from_ratio(truth.numerator, truth.denominator), truth)
    if truth.denominator == 1:
        assert_nearest(p, p.lift(int(truth)), truth)
        assert_nearest(p, p.lift(str(truth)), truth)


@each
def test_random_ratios_round_to_the_nearest(p: Any) -> None:
    draw = random.Random(5)
    for _ in range(300):
        size = draw.choice([8, 30, 60, 120])
        truth = Fraction(draw.randrange(-(2**size), 2**size), draw.randrange(1, 2**size))
        assert_nearest(p, p.lift(truth), truth)


@each
def test_random_ties_go_to_even(p: Any) -> None:
    draw = random.Random(6)
    for _ in range(200):
        mantissa = draw.randrange(2 ** (p.bits - 1), 2**p.bits)
        shift = draw.randrange(-100, 60)
        for nudge in (0, 1, -1):
            top = (2 * mantissa + 1) * 2**300 + nudge
            truth = Fraction(top) * Fraction(2) ** (shift - 301)
            assert_nearest(p, p.lift(truth), truth)


@each
def test_decimal_texts_round_once(p: Any) -> None:
    draw = random.Random(7)
    for _ in range(300):
        digits = draw.choice([5, 20, 40])
        text = f"{draw.randrange(10**digits)}e{draw.randrange(-37 - digits, 38 - digits)}"
        assert_nearest(p, p.lift(text), Fraction(text))
        assert_nearest(p, p.lift(Decimal(text)), Fraction(text))


@each
def test_python_floats_are_taken_by_their_exact_value(p: Any) -> None:
    draw = random.Random(8)
    for x in [
        0.1,
        1 / 3,
        1 + 2**-52,
        1e-30,
        5e-324,
        *(draw.uniform(-1e6, 1e6) for _ in range(200)),
    ]:
        assert_nearest(p, p.lift(x), Fraction(x))


def test_a_float_is_not_its_decimal_text() -> None:
    if tg.longdouble.bits > 53:
        assert tg.longdouble.lift(0.1) != tg.longdouble.lift("0.1")
    assert tg.longdouble.lift(0.1) == np.float64(0.1)


@each
def test_subnormals(p: Any) -> None:
    least = Fraction(2) ** (p.min_exponent - p.bits + 1)
    for k in (1, 2, 3, 2 ** (p.bits - 1) - 1):
        for extra in (Fraction(0), Fraction(1, 2), Fraction(1, 3), -Fraction(1, 2)):
            truth = (k + extra) * least
            assert_nearest(p, p.lift(truth), truth)
            assert_nearest(p, p.lift(-truth), -truth)
    assert p.lift(least) > 0
    assert p.lift(least / 2) == 0
    assert p.lift(least / 2 + least / 1000) == p.lift(least)


@each
def test_the_largest_number_and_what_lies_beyond(p: Any) -> None:
    largest = exactly(p.huge)
    half_step = Fraction(2) ** (p.max_exponent - p.bits - 1)
    assert p.lift(largest) == p.huge
    assert p.lift(largest + half_step - 1) == p.huge
    for beyond in (largest + half_step, 2 * largest, largest + half_step + 1):
        for x in (beyond, -beyond):
            with pytest.raises(errors.OutOfRange):
                p.lift(x)
    with pytest.raises(errors.OutOfRange):
        p.lift(10**5000)
    with pytest.raises(errors.OutOfRange):
        p.lift(Fraction(10**9000, 3))
    with pytest.raises(errors.OutOfRange):
        p.lift(Decimal("1e9000"))


def test_a_float_beyond_float32_is_refused_without_a_warning() -> None:
    for x in (1e39, -1e39, 3.4028236e38, 1.7e308):
        with pytest.raises(errors.OutOfRange):
            tg.float32.lift(x)
    assert tg.float32.lift(3.4028235e38) == np.finfo(np.float32).max


@each
@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
def test_lifting_does_not_depend_on_errstate(p: Any, setting: Any) -> None:
    with np.errstate(all=setting), warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (1e-50, "1e-45", 0.1, Fraction(1, 3), 5e-324, float("inf"), float("nan"), 2**70):
            p.lift(x)
        with pytest.raises(errors.OutOfRange):
            p.lift("1e6000")
        assert p.ulp(1) == p.eps


@each
@pytest.mark.parametrize(
    "x",
    [1j, None, [1.0], (1.0,), np.array(1.0), np.array([1.0]), object(), b"1", np.complex64(1)],
    ids=lambda x: type(x).__name__,
)
def test_what_is_no_real_number_is_refused(p: Any, x: Any) -> None:
    with pytest.raises(errors.NotANumber, match=type(x).__name__):
        p.lift(x)
    with pytest.raises(errors.NotANumber, match=p.name):
        p(x)


@each
@pytest.mark.parametrize("text", ["", "two", "1,5", "0x10", "1/0", "--1", "1e", ".", "1/2/3x", "j"])
def test_garbage_text_is_refused(p: Any, text: str) -> None:
    with pytest.raises(errors.Unreadable):
        p.lift(text)


def test_text_of_too_many_digits_is_refused_and_its_fraction_taken() -> None:
    with pytest.raises(errors.Unreadable, match="fewer than 4000 digits"):
        tg.float64.lift("0." + "1" * 5000)
    assert tg.float64.lift(Fraction(10**5000 // 9, 10**5000)) == np.float64(1 / 9)


@each
def test_scalars_of_other_precisions_are_refused_by_name(p: Any) -> None:
    for name, scalar in SCALARS.items():
        if scalar is p.scalar:
            continue
        with pytest.raises(errors.PrecisionMismatch, match=f"{p.name} and {name}"):
            p.lift(scalar(0.5))
    with pytest.raises(errors.PrecisionMismatch, match="float16"):
        p.lift(np.float16(0.5))


def test_float64_is_a_float_and_is_refused_all_the_same() -> None:
    assert isinstance(np.float64(0.5), float)
    with pytest.raises(errors.PrecisionMismatch):
        tg.float32(np.float64(0.5))


def test_time_spans_are_no_integers() -> None:
    with pytest.raises(errors.NotANumber):
        tg.float64.lift(np.timedelta64(3, "s"))


@each
def test_ulp(p: Any) -> None:
    assert p.ulp(1) == p.eps
    assert type(p.ulp(1)) is p.scalar
    assert p.ulp(-1) == p.eps
    assert p.ulp("1.5") == p.eps
    assert p.ulp(2) == 2 * p.eps
    least = exactly(p.ulp(0))
    assert least == Fraction(2) ** (p.min_exponent - p.bits + 1)
    assert exactly(p.ulp(p.tiny)) == least
    assert exactly(p.ulp(p.huge)) == Fraction(2) ** (p.max_exponent - p.bits)


@each
def test_to_ratio_and_text_are_exact(p: Any) -> None:
    draw = random.Random(9)
    least = p.lift(Fraction(2) ** (p.min_exponent - p.bits + 1))
    xs = [p.scalar(0), p.scalar("-0.0"), p.huge, -p.huge, p.tiny, least, p.eps, p.scalar("0.1")]
    xs += [
        p.lift(Fraction(draw.randrange(1, 10**30), draw.randrange(1, 10**30))) for _ in range(50)
    ]
    for x in xs:
        assert Fraction(*p.to_ratio(x)) == exactly(x)
        back = p.parse(p.to_text(x))
        assert back == x
        assert np.signbit(back) == np.signbit(x)
        assert len(p.to_text(x)) < 40
    for name in ("inf", "-inf", "nan"):
        assert str(p.parse(p.to_text(p.scalar(name)))) == name


@each
def test_convert_rounds_once_and_overflows_to_infinity(p: Any) -> None:
    for q in PRECISIONS:
        for text in ("0.1", "-2/3", "1e-40", "-0.0", "0", "123456789.123456789"):
            x = q.lift(text)
            y = p.convert(x, q)
            assert_nearest(p, y, exactly(x))
            assert np.signbit(y) == np.signbit(x)
        assert str(p.convert(q.scalar("-inf"), q)) == "-inf"
        assert str(p.convert(q.scalar("nan"), q)) == "nan"
    with np.errstate(over="ignore"):
        assert tg.float32.convert(np.float64(1e300), tg.float64) == np.inf


SPECS = [
    ".0f",
    ".3f",
    ".25f",
    "12.4f",
    "012.3f",
    "+.3f",
    "-.2f",
    "<12.3f",
    "^14.2e",
    ">10.2f",
    "*^15.1f",
    "=+10.2f",
    ",.2f",
    "_.3f",
    ".3e",
    ".0e",
    ".10E",
    "g",
    ".3g",
    ".10g",
    ".17g",
    "#.5g",
    "G",
    ".2%",
    "%",
    "10",
    ".3",
    ".5",
    ".12",
    "e",
    "f",
    "n",
    "20.10g",
    "",
    ".1f",
]


@each
@pytest.mark.parametrize("spec", [s for s in SPECS if s] + [" .1f"])
def test_format_agrees_with_floats(p: Any, spec: str) -> None:
    for x in (0.0, -0.0, 0.5, -1.5, 1234567.875, 1e-7, 100000000.0, 12.0, 0.0001, 99999.5, 1e22):
        if x > 1e9 and spec.endswith("%"):
            continue  # a float multiplies by 100 and rounds
        y = p.lift(x)
        if "." not in spec and spec[-1].isdigit():
            assert p.format(y, spec).strip() == str(y)
        else:
            assert p.format(y, spec) == format(float(y), spec)
    for name in ("inf", "-inf", "nan"):
        assert p.format(p.scalar(name), spec) == format(float(name), spec)


@each
def test_format_shows_every_digit(p: Any) -> None:
    x = p.lift("0.1")
    top, bottom = p.to_ratio(x)
    assert p.format(x, ".25f") == f"0.{round(Fraction(top, bottom) * 10**25):025d}"
    assert p.format(x, "") == str(x)


@each
def test_format_refuses_what_floats_refuse(p: Any) -> None:
    with pytest.raises(ValueError, match="format"):
        p.format(p.lift("0.1"), "d")


def test_precisions_show_their_size() -> None:
    assert repr(tg.float32) == "float32 (24 bits, 7.2 digits)"
    assert repr(tg.float64) == "float64 (53 bits, 16.0 digits)"
    bits = int(np.finfo(np.longdouble).nmant) + 1
    assert repr(tg.longdouble) == f"longdouble ({bits} bits, {bits * 0.30103:.1f} digits)"


@each
def test_precisions_are_one_of_a_kind(p: Any) -> None:
    for twin in (p, p.strict):
        assert pickle.loads(pickle.dumps(twin)) is twin
        assert copy.copy(twin) is twin
        assert copy.deepcopy(twin) is twin
    assert p.strict is p.strict
    assert p.strict.strict is p.strict
    assert p.strict.name == f"{p.name}.strict"


@each
def test_precision_of(p: Any) -> None:
    assert tg.precision_of(p(0.5)) is p
    assert tg.precision_of(p.scalar(0.5)) is p
    assert tg.precision_of(p.strict(0.5)) is p.strict
    for x in (0.5, 1, "1", None, np.float16(1)):
        with pytest.raises(errors.NotANumber):
            tg.precision_of(x)


def test_a_longdouble_that_is_a_double() -> None:
    """As on Windows and macOS arm64, where longdouble has 53 bits."""
    narrow: Any = NumPyPrecision("longdouble", np.float64)
    assert repr(narrow) == "longdouble (53 bits, 16.0 digits)"
    x, y = narrow(0.5), narrow("0.1")
    z = (x + y) * tg.sin(x)
    z.backward()
    assert (type(z.data), type(x.grad)) == (np.float64, np.float64)
    assert narrow.grad(lambda x, y: x * y)(2.0, 3.0) == (3.0, 2.0)
    assert f"{y:.25f}" == f"{0.1:.25f}"
    with pytest.raises(errors.PrecisionMismatch, match="mixes precisions: longdouble and float64"):
        _ = x * tg.float64(2.0)
