"""compare: digits right of values and partials, judged by arithmetic that has settled."""

from __future__ import annotations

import io
import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import typedgrad
from typedgrad import errors
from typedgrad.numbers import NumberSystem
from typedgrad.precision import NumPyPrecision
from typedgrad.source import Place

tg: Any = typedgrad
CAPS = {p.name: p.digits for p in (tg.float32, tg.float64, tg.longdouble)}
extended = pytest.mark.skipif(tg.longdouble.bits != 64, reason="longdouble is not 64 bits here")


def loss(x: Any, y: Any) -> Any:
    s = tg.sqrt(x * x + y * y)
    return (s - x) ** 2


def loss_of_numpy(x: Any, y: Any) -> Any:
    s = np.sqrt(x * x + y * y)
    return (s - x) ** 2


def rump(a: Any, b: Any) -> Any:
    mixed = 11 * a * a * b * b - b**6 - 121 * b**4 - 2
    return 333.75 * b**6 + a * a * mixed + 5.5 * b**8 + a / (2 * b)


def rounded(found: Any) -> dict[str, list[float]]:
    return {name: [round(d, 1) for d in row.values()] for name, row in found.digits.items()}


@extended
@pytest.mark.parametrize("f", [loss, loss_of_numpy])
@pytest.mark.parametrize("y", ["0.001", 0.001])
def test_the_measured_anchor(f: Any, y: Any) -> None:
    found = tg.compare(f, x=1000, y=y)
    assert rounded(found)["float32"] == [0.0, 0.0, 0.0]
    value, by_x, by_y = rounded(found)["float64"]
    # Which digit of d/dx is the last right one hangs on the last bit of sqrt's partial.
    assert (value, by_y) == (4.7, 5.0) and 3.4 <= by_x <= 4.3
    assert rounded(found)["longdouble"] == [7.2, 7.5, 7.5] or rounded(found)["longdouble"] == [
        7.2,
        7.5,
        7.6,
    ]
    assert (found.reference.judge, found.reference.bits) == ("mpmath", 256)


def test_rumps_example_is_not_believed() -> None:
    found = tg.compare(rump, at=(77617, 33096))
    assert found.reference.texts["value"].startswith("-0.827396059946821368141165095479816")
    assert all(row["value"] == 0 for row in found.digits.values())
    assert not any(found.enough(name, digits=1) for name in found.digits)


def test_well_conditioned_functions_have_all_digits() -> None:
    found = tg.compare(lambda x: tg.exp(x) / 2, x="0.5")
    for name, row in found.digits.items():
        assert all(d >= CAPS[name] - 0.6 for d in row.values())


def test_the_point_is_given_in_order_or_by_name() -> None:
    ways = [
        tg.compare(loss, (3, 4)),
        tg.compare(loss, at=[3, 4]),
        tg.compare(loss, at={"y": 4, "x": 3}),
        tg.compare(loss, y=4, x=3),
        tg.compare(loss, at=(3,), y=4),
    ]
    assert len({json.dumps(found.to_dict()) for found in ways}) == 1
    assert tg.compare(lambda x: x * x, at=3).point.call == "<lambda>(x=3)"


def test_vectors_have_one_partial_for_each_place() -> None:
    found = tg.compare(lambda w, b: tg.dot(w, w) + b, w=[1, "2", 3.0], b=1)
    assert list(found.digits["float32"]) == ["value", "d/dw[0]", "d/dw[1]", "d/dw[2]", "d/db"]
    assert found.to_dict()["point"] == {"w": ["1", "2", "3.0"], "b": "1"}


def test_defaults_ints_and_keywords() -> None:
    def f(x: Any, power: int, *, scale: Any, shift: Any = 1) -> Any:
        return scale * x**power + shift

    found = tg.compare(f, x=2, power=3, scale=5)
    assert list(found.digits["float64"]) == ["value", "d/dx", "d/dscale"]
    assert found.reference.texts["value"] == "41"


@pytest.mark.parametrize("f", [tg.exp, np.exp])
def test_rows_and_ufuncs_are_functions_too(f: Any) -> None:
    assert tg.compare(f, x=1).reference.texts["value"].startswith("2.71828182845904523536")


@pytest.mark.parametrize(
    ("x", "shown"),
    [
        ("0.001", "0.001"),
        (0.5, "0.5"),
        (np.float32(0.5), "0.5"),
        (np.int64(3), "3"),
        (Fraction(1, 3), "1/3"),
        (Decimal("0.25"), "0.25"),
        (tg.float32(0.5), "0.5"),
        (10**30, "1" + "0" * 30),
    ],
)
def test_every_kind_of_number_is_exact(x: Any, shown: str) -> None:
    assert tg.compare(lambda x: x * 2, x=x).to_dict()["point"] == {"x": shown}


@extended
def test_nothing_passes_through_float64() -> None:
    x = "1.00000000000000000086736173798840354720596224069595336914062"
    found = tg.compare(lambda x: (x - 1) * x, x=x)
    assert found.digits["longdouble"]["value"] > 19 and found.digits["float64"]["value"] == 0


def test_inputs_that_are_rounded_are_listed_with_their_cost() -> None:
    found = tg.compare(lambda x, y: x - y, x="0.1", y="0.5", precisions=("float32",))
    rounding = found.columns[0].rounding
    assert (rounding.names, rounding.shown) == (("x",), ("0.1",)) and 7 < rounding.digits < 7.3
    assert "Inputs that are rounded: x = 0.1" in str(found)
    assert tg.compare(lambda x: x * x, x=0.5).columns[0].rounding is None


def test_the_cost_of_rounding_is_left_out_for_long_functions() -> None:
    def long(x: Any) -> Any:
        for _ in range(10_001):
            x = -x
        return x

    found = tg.compare(long, x="0.1", precisions=("float32",))
    assert found.columns[0].rounding.worst == "" and "Inputs that are rounded: x = 0.1." in str(
        found
    )


SPECIAL: list[tuple[Any, str, str, float | None, str]] = [
    (lambda x: x - x, "3", "float32", CAPS["float32"], ""),
    (lambda x: x - x * x / x, "0.1", "float32", 0, "the exact result is 0"),
    (tg.exp, "100", "float32", 0, "overflow: the exact result is 2.69e+43"),
    (tg.exp, "100", "float64", CAPS["float64"], ""),
    (lambda x: tg.exp(-x), "1000", "float64", 0, "underflow: the exact result is 5.08e-435"),
    (lambda x: tg.log(tg.exp(x)), "100", "float32", 0, "infinite, but the exact result is 100"),
    (lambda x: (1 + x) - 1, "1e-30", "float64", 0, "zero, but the exact result is 1.0e-30"),
    (lambda x: 1 / x, "0", "float32", CAPS["float32"], ""),
    (tg.log, "-1", "float64", None, "both undefined"),
    (lambda x: tg.exp(x) / tg.exp(x), "100", "float32", 0, "NaN here"),
    (lambda x: x * 2, "1e39", "float32", 0, "overflow: the exact result is 2.0e+39"),
    (lambda x: x * 2, "inf", "float32", CAPS["float32"], ""),
    (lambda x: x * 2, "nan", "float32", None, "both undefined"),
]


@pytest.mark.parametrize(("f", "x", "name", "digits", "note"), SPECIAL)
def test_special_cases(f: Any, x: str, name: str, digits: float | None, note: str) -> None:
    found = tg.compare(f, x=x, precisions=(name,))
    entry = found.columns[0].entries["value"]
    assert entry.digits == digits or (digits and entry.digits > digits - 0.5)
    assert note in entry.note and (note or not entry.note)
    assert entry.note in str(found).replace("\n    ", " ")


def test_undefined_is_not_enough() -> None:
    assert not tg.compare(tg.log, x=-1).enough("float64", digits=0)


def test_noise_around_zero_is_called_zero() -> None:
    found = tg.compare(lambda x: tg.sin(x) ** 2 + tg.cos(x) ** 2 - 1, x=1)
    assert found.reference.texts["value"] == "0" and found.reference.settled


@pytest.mark.parametrize("tiny", ["1e-30", "1e-60", "1e-200"])
def test_the_reference_is_widened_until_it_stands(tiny: str) -> None:
    found = tg.compare(lambda x: (1 + x) - 1, x=tiny)
    assert found.reference.settled
    assert Fraction(found.reference.texts["value"]) == Fraction(tiny)


def test_a_reference_that_never_settles_says_so() -> None:
    turn: list[int] = []

    def f(x: Any) -> Any:
        turn.append(1)
        return x + len(turn)

    found = tg.compare(f, x=1, precisions=("float32",))
    assert not found.reference.settled and found.reference.bits == 2**14
    assert "not settled at 16384 bits" in str(found)
    assert found.digits["float32"]["value"] < 3


def branching(x: Any) -> Any:
    if x > 0.1:
        return x * x
    return x


def test_a_branch_that_differs_is_the_first_line() -> None:
    found = tg.compare(branching, x="0.10000000000000001", precisions=("float32", "float64"))
    first, second = found.branches.differences
    assert not found.branches and not found.branches.same
    assert (first.precision, second.precision) == ("float32", "float64")
    assert (first.test, first.here, first.there) == ("x > 0.1", "False", "True")
    report = str(found)
    assert report.startswith("float32 takes another path than the reference: ")
    assert f"test_compare.py:{branching.__code__.co_firstlineno + 1}" in report.replace("\n", " ")


def test_equal_paths_are_counted() -> None:
    found = tg.compare(branching, x=3)
    assert found.branches and found.branches.tests == 1


def test_loops_of_different_length_part_at_the_first_difference() -> None:
    def halved(x: Any) -> Any:
        while 1 + x > 1:
            x = x / 2
        return x

    found = tg.compare(halved, x=1, precisions=("float32", "float64"))
    assert [d.number for d in found.branches.differences] == [25, 54]
    assert {d.test for d in found.branches.differences} == {"1 + x > 1"}


def test_selections_count_as_branches() -> None:
    def f(x: Any) -> Any:
        return tg.where(tg.greater(x, 0.1), x * x, x)

    found = tg.compare(f, x="0.10000000000000001", precisions=("float32",))
    assert [d.test for d in found.branches.differences] == ["greater"]


def test_isnan_is_a_branch() -> None:
    found = tg.compare(lambda x: x if np.isfinite(tg.exp(x)) else x * 0, x=100)
    assert [d.precision for d in found.branches.differences] == ["float32"]


def test_watching_ends_when_the_function_raises() -> None:
    from typedgrad.operators import WATCHER

    with pytest.raises(errors.FunctionRaised):
        tg.compare(lambda x: 1 // 0, x=1)
    assert WATCHER.get() is None


def test_a_place_is_found_in_code_without_source() -> None:
    space: dict[str, Any] = {}
    exec(compile("def f(x):\n    return x if x > 0.1 else -x\n", "<string>", "exec"), space)
    found = tg.compare(space["f"], x="0.10000000000000001", precisions=("float32",))
    assert found.branches.differences[0].where == "<string>:2"
    assert Place(space["f"].__code__, 0).carets().startswith("<string>:")


def test_the_record_is_plain_data() -> None:
    found = tg.compare(loss, x=1000, y="0.001")
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["version"] == 1 and data["function"] == "loss"
    assert data["digits"] == found.digits
    assert data["point"] == {"x": "1000", "y": "0.001"}
    assert data["reference"] == {"judge": "mpmath", "bits": 256, "settled": True}
    assert data["values"]["float32"] == "0.0" and data["values"]["reference"].startswith("2.49999")
    assert set(data["derivatives"]["float64"]) == {"d/dx", "d/dy"}
    assert data["rounded_inputs"]["float32"]["names"] == ["y"]
    assert data["branches"] == {"same": True, "tests": 0, "differences": []}
    json.dumps(tg.compare(tg.log, x=-1).to_dict(), allow_nan=False)


def test_it_prints_as_a_table_of_at_most_100_columns() -> None:
    from rich.console import Console

    many = tg.compare(lambda w: tg.dot(w, w), w=[i / 7 for i in range(50)])
    for found in (many, tg.compare(loss, x=1000, y="0.001")):
        assert max(map(len, str(found).splitlines())) <= 100
    assert "(27 more partials have no fewer digits than these)" in str(many)
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(found)
    assert console.export_text().strip() == str(found).strip()


def test_a_longdouble_that_is_float64_is_said_to_be() -> None:
    narrow: NumberSystem[Any] = NumPyPrecision("longdouble", np.float64)
    found = tg.compare(loss, x=1000, y="0.001", precisions=("float32", "float64", narrow))
    assert found.digits["longdouble"] == found.digits["float64"]
    assert "longdouble is float64 on this machine (53 bits)" in str(found)


def test_precisions_may_be_objects_and_wide() -> None:
    from typedgrad.engines.exact import exact_precision

    found = tg.compare(loss, x=1000, y="0.001", precisions=(tg.float64, exact_precision(113)))
    assert found.reference.bits == 512 and found.enough("exact113", digits=20)


def test_wrong_use_has_one_clear_error() -> None:
    with pytest.raises(errors.Unreadable, match="choose from float32, float64, longdouble"):
        tg.compare(loss, (1, 2), precisions=("half",))
    with pytest.raises(errors.ParameterMismatch, match="loss takes x, y, but x was given"):
        tg.compare(loss, x=1)
    with pytest.raises(errors.ParameterMismatch, match="3 arguments"):
        tg.compare(loss, (1, 2, 3))
    with pytest.raises(errors.ParameterMismatch, match="but x, y, z was given"):
        tg.compare(loss, x=1, y=2, z=3)
    with pytest.raises(errors.Unreadable, match="'two'"):
        tg.compare(loss, x=1, y="two")
    with pytest.raises(errors.NotANumber):
        tg.compare(loss, x=1, y=1j)
    with pytest.raises(errors.BadResult, match=r"returned 3\.0 of type float"):
        tg.compare(lambda x: 3.0, x=1)
    with pytest.raises(errors.BadResult, match="returned"):
        tg.compare(lambda x: x.astype(tg.float64), x=1)
    with pytest.raises(errors.PrecisionMismatch):
        tg.compare(lambda x: x * np.float64(2), x=1)
    with pytest.raises(errors.FunctionRaised, match=r"run in float32, raised ZeroDivisionError"):
        tg.compare(lambda x: x * (1 // 0), x=1)
    with pytest.raises(errors.Unreadable, match="compared were: float32"):
        tg.compare(loss, (1, 2), precisions=("float32",)).enough("float64")


def test_a_scalar_of_the_only_precision_may_be_a_literal() -> None:
    found = tg.compare(lambda x: x * np.float64(0.1), x=1, precisions=("float64",))
    assert found.digits["float64"]["value"] == CAPS["float64"]


def test_results_do_not_depend_on_the_callers_errstate() -> None:
    with np.errstate(all="raise"):
        found = tg.compare(tg.exp, x=1000)
    assert found.digits["float64"]["value"] == 0 and math.isfinite(CAPS["float64"])
