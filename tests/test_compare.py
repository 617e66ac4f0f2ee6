"""compare: digits right of values and partials, judged by arithmetic that has settled."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import typedgrad
from typedgrad import errors
from typedgrad.findings import Entry
from typedgrad.judge import judged_study
from typedgrad.numbers import NumberSystem
from typedgrad.precision import NumPyPrecision
from typedgrad.report.text import below, cell_of, painted, split_digits, table
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
    assert found.reference.bits == 256 and found.reference.settled


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


def test_the_cost_of_rounding_is_left_out_for_long_functions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("typedgrad.runs.MOST_PRICED", 3)
    found = tg.compare(lambda x: tg.exp(tg.sin(x)) * x, x="0.1", precisions=("float32",))
    assert found.columns[0].rounding.worst == ""
    assert "Inputs that are rounded: x = 0.1." in str(found)


SPECIAL: list[tuple[Any, str, str, float | None, str]] = [
    (lambda x: x - x, "3", "float32", CAPS["float32"], ""),
    (lambda x: x - x * x / x, "0.1", "float32", 0, "the exact result is 0"),
    (tg.exp, "100", "float32", 0, "overflow: the exact result is 2.69e+43"),
    (tg.exp, "100", "float64", CAPS["float64"], ""),
    (lambda x: tg.exp(-x), "1000", "float64", 0, "underflow: the exact result is 5.08e-435"),
    (lambda x: tg.log(tg.exp(x)), "100", "float32", 0, "infinite, but the exact result is 100"),
    (lambda x: (1 + x) - 1, "1e-30", "float64", 0, "zero, but the exact result is 1.0e-30"),
    (lambda x: 1 / x, "0", "float32", CAPS["float32"], "infinite, and so is the exact result"),
    (tg.log, "-1", "float64", None, "both undefined"),
    (lambda x: tg.exp(x) / tg.exp(x), "100", "float32", 0, "NaN here"),
    (lambda x: x * 2, "1e39", "float32", 0, "overflow: the exact result is 2.0e+39"),
    (lambda x: x * 2, "inf", "float32", CAPS["float32"], "infinite, and so is the exact result"),
    (tg.exp, "-100", "float32", 1.8, "underflow: no float32 number is closer to the exact 3.72e"),
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


def test_a_reference_that_never_settles_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsettled(study: Any, bits: int) -> Any:
        verdict = judged_study(study, bits)
        return replace(verdict, settled=False, stands=dict.fromkeys(verdict.stands, 2.5))

    monkeypatch.setattr("typedgrad.runs.judged_study", unsettled)
    found = tg.compare(tg.exp, x=1, precisions=("float32",))
    assert f"not settled at {found.reference.bits} bits" in str(found)
    assert found.digits["float32"]["value"] == 2.5
    assert "the reference itself stands to 2.5 digits" in str(found)
    assert "float32 has 2.5 digits or more of value; no more can be counted." in str(found)
    assert found.column("float32").loss("value") is None


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
    assert "judged by what the reference chooses" in " ".join(str(found).split())
    assert "on the path" not in str(found) and found.column("float32").loss("value") is None


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
    assert data["version"] == 2 and data["function"] == "loss"
    assert data["digits"] == found.digits
    assert data["point"] == {"x": "1000", "y": "0.001"}
    judge = found.reference
    assert data["reference"] == {
        **{"judge": judge.judge, "bits": 256, "settled": True, "proved": judge.proved},
        "path": "float32, float64, longdouble",
    }
    assert data["conditions"] == pytest.approx({"value": 6, "d/dx": 7, "d/dy": 5}, rel=1e-6)
    assert data["losses"]["float64"]["value"]["problem"] == pytest.approx(math.log10(6))
    assert data["own_paths"] == {} and data["remarks"] == []
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
    assert "(27 more partials are not shown" in str(many)
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
    assert found.reference.bits >= 256 and found.enough("exact113", digits=20)


def test_wrong_use_has_one_clear_error() -> None:
    with pytest.raises(errors.Unreadable, match="choose from float32, float64, longdouble"):
        tg.compare(loss, (1, 2), precisions=("half",))
    with pytest.raises(errors.Unreadable, match="the precisions: none"):
        tg.compare(loss, (1, 2), precisions=())
    with pytest.raises(errors.ParameterMismatch, match="loss takes x, y, but x was given"):
        tg.compare(loss, x=1)
    with pytest.raises(errors.ParameterMismatch, match="but 3 arguments were given"):
        tg.compare(loss, (1, 2, 3))
    with pytest.raises(errors.ParameterMismatch, match="but x, y, z were given"):
        tg.compare(loss, x=1, y=2, z=3)
    with pytest.raises(errors.Unreadable, match="'two'"):
        tg.compare(loss, x=1, y="two")
    with pytest.raises(errors.Unreadable, match=r"'x=1/3'\nhelp: name the numbers in a dict"):
        tg.compare(tg.exp, "x=1/3")
    with pytest.raises(errors.ParameterMismatch, match="takes x, but x, y were given"):
        tg.compare(tg.exp, x=1, y=2)
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


def quiet(f: Any, x: str, name: str = "float64") -> Any:
    return tg.compare(f, x=x, precisions=(name,)).columns[0].entries["value"]


ROWS: dict[str, tuple[Any, str, str, float | None, str]] = {
    "0 is 0": (lambda x: x - x, "3", "float64", CAPS["float64"], ""),
    "0 of the other sign": (lambda x: -x, "0", "float64", CAPS["float64"], ""),
    "0 is not 0": (
        lambda x: x - x * x / x,
        "0.1",
        "float32",
        0,
        "the exact result is 0; the error is 7.45",
    ),
    "not 0 is 0": (lambda x: x * x, "1e-200", "float64", 0, "underflow: the exact result is"),
    "subnormal": (lambda x: x * x, "1e-160", "float64", 3.0, ""),
    "lost to 0": (lambda x: (1 + x) - 1, "1e-30", "float64", 0, "zero, but the exact result"),
    "infinite both": (lambda x: 1 / x, "0", "float64", CAPS["float64"], ""),
    "overflow": (tg.exp, "1000", "float64", 0, "overflow: the exact result is"),
    "infinite early": (lambda x: tg.exp(x) / tg.exp(x - 1), "800", "float64", 0, "NaN here"),
    "infinite alone": (lambda x: tg.log(tg.exp(x)), "800", "float64", 0, "infinite, but the exact"),
    "NaN both": (tg.log, "-1", "float64", None, "both undefined (NaN)"),
    "NaN alone": (lambda x: tg.exp(x) - tg.exp(x), "800", "float64", 0, "NaN here"),
}


@pytest.mark.parametrize("case", ROWS)
def test_the_table_of_special_cases(case: str) -> None:
    f, x, name, digits, note = ROWS[case]
    entry = quiet(f, x, name)
    assert note in entry.note
    if digits == 3.0:
        assert 0 < entry.digits < 6
    else:
        assert entry.digits == digits


def test_a_zero_of_the_other_sign_is_noted() -> None:
    narrow = tg.compare(lambda x: tg.copysign(0, (1 - x) - 1), x="1e-30", precisions=("float64",))
    entry = narrow.columns[0].entries["value"]
    assert (entry.digits, entry.note) == (CAPS["float64"], "zero of the other sign")


def test_a_kink_and_an_unused_input_lose_nothing() -> None:
    found = tg.compare(lambda x, y: abs(x) + 0 * y, x=0, y=2, precisions=("float64",))
    assert all(d == CAPS["float64"] for d in found.digits["float64"].values())
    assert found.reference.conditions["value"] is None  # f = 0 has no relative condition


def test_one_program_serves_all_precisions_of_a_long_function() -> None:
    calls: list[int] = []

    def long(x: Any, y: Any) -> Any:
        calls.append(1)
        a = x
        for _ in range(50_000):
            a = a * y + x
        return a

    found = tg.compare(long, x="0.3", y="0.7")
    assert len(calls) == 1 and found.branches.same
    for numbers in (tg.float32, tg.float64, tg.longdouble):
        own = numbers.value_and_grad(long)("0.3", "0.7")
        texts = [entry.text for entry in found.column(numbers.name).entries.values()]
        assert texts == [str(own[0]), *map(str, own[1])]


@pytest.mark.parametrize("numbers", [tg.float32, tg.float64, tg.longdouble], ids=lambda p: p.name)
def test_the_numbers_have_the_bits_of_eager_evaluation(numbers: Any) -> None:
    f: Any = lambda x, y: tg.exp(x) * tg.hypot(x, y) / (1 + tg.log(y))  # noqa: E731
    found = tg.compare(f, x="0.3", y="0.7", precisions=(numbers,))
    value, partials = numbers.value_and_grad(f)("0.3", "0.7")
    texts = [entry.text for entry in found.columns[0].entries.values()]
    assert type(value) is numbers.scalar and texts == [str(value), *map(str, partials)]


def test_at_a_prompt_a_record_is_one_line() -> None:
    at = dict(x=1000, y="0.001")
    found = tg.compare(loss, at, precisions=("float32", "float64"))
    call = "loss(x=1000, y=0.001)"
    assert repr(found) == f"<comparison of {call}: float32 0.0, float64 3.5 digits right>"
    undefined = tg.compare(tg.log, points=[-1, 2], precisions=("float64",))
    assert repr(undefined) == "<comparison of log at 2 points: float64 undefined digits right>"
    blamed = tg.blame(loss, at, of="d/dx", precision="float64")
    assert repr(blamed) == f"<blame of d/dx in {call}: float64 3.5 digits right>"
    advice = [tg.tune(loss, at, digits=digits) for digits in (3, 15)]
    assert repr(advice[0]) == "<tuning of loss: float32 for x, y, loss(), within the budget>"
    assert repr(advice[1]) == "<tuning of loss: float32 for nothing, beyond the budget>"


def test_a_recorded_function_is_asked_about_like_the_function_itself() -> None:
    at, names = dict(x="1000", y="0.001"), ("float32", "float64", "longdouble")
    recorded = tg.record(tg.record(loss)).using(tg.float32)
    assert tg.compare(recorded, at).to_dict() == tg.compare(loss, at).to_dict()
    for name in names:
        blamed = [str(tg.blame(f, at, precision=name)) for f in (recorded, loss)]
        assert blamed[0] == blamed[1]
    advised = [str(tg.tune(f, at, digits=3)) for f in (recorded, loss)]
    assert advised[0] == advised[1] and recorded.traces == 0
    ranges = {"x": "1:1000:log:5", "y": [1, 2]}
    swept = [tg.sweep(f, ranges).summary("float32") for f in (recorded, loss)]
    assert swept[0] == swept[1]


def test_a_function_that_looks_at_its_precision_is_recorded_in_each() -> None:
    def f(x: Any) -> Any:
        return x + float(x.numbers.eps) * 2**20

    found = tg.compare(f, x=1, precisions=("float32", "float64"))
    assert not found.is_one_truth
    assert found.column("float32").reference.texts["value"] == "1.125"
    assert set(found.to_dict()["own_paths"]) == {"float32"}


def test_a_function_that_cannot_be_recorded_is_run_and_says_so() -> None:
    outside = tg.float64(0.5)
    found = tg.compare(lambda x: tg.exp(x + outside.item()), x=1, precisions=("float64",))
    assert not found.remarks

    def f(x: Any) -> Any:
        made = type(x)(1) if type(x) is tg.Value else x.numbers(1)
        return tg.exp(x) * made

    found = tg.compare(f, x="0.1")
    assert len(found.remarks) == 1 and "was run without being recorded" in str(found)
    assert found.digits["float64"]["value"] > 15 and found.reference.judge == "mpmath"
    assert set(found.reference.conditions) == {"value"}


def near(x: Any) -> Any:
    return x * x if x > 0.1 else x


def test_the_path_that_is_judged_may_be_chosen() -> None:
    at = dict(x="0.10000000000000001")
    run = tg.compare(near, at, precisions=("float32", "longdouble"))
    own = tg.compare(near, at, precisions=("float32", "longdouble"), path="own")
    assert run.digits["float32"]["value"] > 7 and own.digits["float32"]["value"] == 0
    assert str(run).splitlines()[1].endswith("judged on the path of float32")
    assert "judged on the path of the reference" in " ".join(str(own).split())
    assert "digits everywhere on the path of float32" in str(run)
    assert own.is_one_truth and own.reference.path == "the reference"
    assert own.column("float32").loss("value") is None
    with pytest.raises(errors.Unreadable, match="choose from run, own"):
        tg.compare(near, at, path="mine")


def test_the_reference_widens_until_its_own_path_is_known() -> None:
    found = tg.compare(lambda x: x if 1 + x > 1 else -x, x="1e-300", path="own")
    assert [d.there for d in found.branches.differences] == ["True"] * 3
    assert found.reference.texts["value"] == "1.0e-300"


# The condition of sum(w) is sum(abs(w)) / abs(sum(w)), of each partial 0: it is 1 everywhere.
def test_conditions_are_those_of_the_problem() -> None:
    found = tg.compare(tg.sum, xs=[1000, -999, "0.5"], precisions=("float64",))
    conditions = found.reference.conditions
    assert conditions["value"] == pytest.approx(1999.5 / 1.5)
    assert [conditions[f"d/dxs[{k}]"] for k in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("f", "x", "value", "partial"),
    [
        (tg.exp, "3", 3, 3),  # x f'/f = x
        (tg.sqrt, "7", 0.5, 0.5),
        (tg.log, "1.001", 1 / (1.001 * math.log(1.001)) * 1.001, 1),
        (lambda x: x**5, "2", 5, 4),
        (lambda x: 1 / x, "2", 1, 2),
    ],
)
def test_conditions_of_simple_functions(f: Any, x: str, value: float, partial: float) -> None:
    conditions = tg.compare(f, x=x, precisions=("float64",)).reference.conditions
    assert conditions == pytest.approx({"value": value, "d/dx": partial}, rel=1e-9)


def test_the_loss_is_split_between_problem_and_algorithm() -> None:
    found = tg.compare(loss, x=1000, y="0.001")
    split = found.column("float64").loss("value")
    assert split.problem == pytest.approx(math.log10(6))
    assert split.total == pytest.approx(CAPS["float64"] - found.digits["float64"]["value"])
    assert split.problem + split.algorithm == pytest.approx(split.total)
    text = " ".join(str(found).split())
    assert "0.8 are the problem's own (condition 7)" in text and "the algorithm's." in text
    ill = tg.compare(tg.sin, x="1e9", precisions=("float32",))
    assert ill.column("float32").loss("value").algorithm == 0


def test_conditions_of_partials_are_left_out_for_many_inputs_and_said_to_be() -> None:
    found = tg.compare(lambda w: tg.dot(w, w), w=[1] * 17, precisions=("float64",))
    assert set(found.reference.conditions) == {"value"}
    assert "for the value alone: 17 inputs are more than 16." in str(found)


def test_a_rule_that_cannot_be_differentiated_twice_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any) -> Any:
        raise errors.NotTraceable(op="odd", problem="it asks")

    monkeypatch.setattr("typedgrad.conditions.jacobian", refuse)
    found = tg.compare(tg.exp, x=1, precisions=("float64",))
    assert found.reference.left_out == "the rule of odd cannot be traced: it asks"


VALUES = """\
  value  reference   2.499999999998750000000000781249999999453e-19
         float32     |0.0
         float64     2.499|9471232762707e-19"""


def test_values_have_a_bar_behind_their_right_digits() -> None:
    shown = table(tg.compare(loss, x=1000, y="0.001"), values=True)
    assert VALUES in shown
    colours: Any = painted(shown)
    spans = {str(span.style) for span in colours.spans}
    assert {"bold underline", "dim"} <= spans
    exact = table(tg.compare(lambda x: x * 2, x=3, precisions=("float64",)), values=True)
    assert "6.0|\n" in exact


def test_digits_called_right_are_so_on_both_sides_of_a_power_of_ten() -> None:
    seen = set[bool]()
    for k in range(1, 60):
        x = f"1.{'0' * 6}{k}"
        found = tg.compare(lambda x: 1 / (x - 1) ** 2, x=x, precisions=("float64",))
        entry = found.column("float64").entries["value"]
        text, truth = Decimal(entry.text), 1 / (Fraction(x) - 1) ** 2
        assert entry.right is not None
        last = Fraction(Decimal((0, (1,), text.adjusted() - entry.right + 1)))
        assert abs(Fraction(float(entry.text)) - truth) <= last / 2
        seen.add(text.adjusted() < math.floor(math.log10(truth)))
    assert seen == {True, False}


def test_a_digit_count_is_not_rounded_up_to_the_bar_that_it_misses() -> None:
    found = tg.compare(lambda x: (tg.exp(x) - 1) / x, x="0.001027", precisions=("float32",))
    digits = found.digits["float32"]["d/dx"]
    shown = table(found)
    if 0.95 <= digits < 1:
        assert f"{digits:.2f} ✗" in shown
    assert "1.0 ✗" not in shown and cell_of(5.96, 6) == "5.96 !" and cell_of(None, 6) == "NaN –"


def test_the_reference_shows_no_digit_that_cancellation_has_taken() -> None:
    found = tg.compare(lambda x: x**3 - 3 * x**2 + 3 * x - 1, x="1.00001")
    shown = found.to_dict()
    assert shown["values"]["reference"] == "1.0e-15"
    assert Decimal(shown["derivatives"]["reference"]["d/dx"]) == Decimal("3e-10")
    blamed = tg.blame(lambda x: x**3 - 3 * x**2 + 3 * x - 1, x="1.00001", precision="float64")
    assert "exact 1.0e-15, error" in str(blamed)


@pytest.mark.parametrize(
    ("text", "right", "parts"),
    [
        ("0.0047594", 3, ("0.00475", "94")),
        ("-4.99823885e-22", 3, ("-4.99", "823885e-22")),
        ("4.75e10", 9, ("4.75", "e10")),
        ("1234.5", 0, ("", "1234.5")),
        ("10.0", None, ("10.0", "")),
        ("nan", 0, ("", "nan")),
        ("inf", 5, ("", "inf")),
    ],
)
def test_numbers_are_cut_behind_their_right_digits(
    text: str, right: int | None, parts: tuple[str, str]
) -> None:
    assert split_digits(Entry(0, text, right=right)) == parts


def test_without_flint_the_digits_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first = tg.compare(loss, x=1000, y="0.001")
    monkeypatch.setattr("typedgrad.engines.wide._of_flint", lambda *_: None)
    second = tg.compare(loss, x=1000, y="0.001")
    assert second.reference.judge == "mpmath" and not second.reference.proved
    assert first.digits == second.digits
    assert second.reference.conditions == pytest.approx(first.reference.conditions)
    assert "reference: mpmath, 256 bits; digits right" in str(second)


def test_pages_and_fragments(tmp_path: Any) -> None:
    found = tg.compare(loss, x=1000, y="0.001")
    assert "loss(x=1000, y=0.001)" in found._repr_html_()
    found.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(errors.FileNotWritten):
        found.to_html(tmp_path)
    with pytest.raises(errors.FileNotWritten):
        found.to_html(tmp_path / "no" / "page.html")


def horner(coefficients: list[int], x: Any) -> Any:
    y = x * 0 + coefficients[0]
    for c in coefficients[1:]:
        y = y * x + c
    return y


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=6),
    st.fractions(-3, 3, max_denominator=1000),
)
def test_digits_and_conditions_agree_with_rational_arithmetic(
    coefficients: list[int], x: Fraction
) -> None:
    found = tg.compare(lambda x: horner(coefficients, x), x=x, precisions=("float32", "float64"))
    degree = len(coefficients) - 1
    slopes = [c * (degree - k) for k, c in enumerate(coefficients[:-1])]
    truths = {"value": horner(coefficients, x), "d/dx": horner(slopes, x)}
    for name, kind in (("float32", np.float32), ("float64", np.float64)):
        for label, truth in truths.items():
            entry = found.column(name).entries[label]
            got = Fraction(float(kind(entry.text)))
            if got == truth:
                assert entry.digits == CAPS[name]
            elif not truth or not got:
                assert entry.digits == 0
            else:
                digits = -math.log10(abs((got - truth) / truth))
                assert entry.digits == pytest.approx(max(0, min(digits, CAPS[name])), abs=1e-6)
    kappa = found.reference.conditions["value"]
    if truths["value"]:
        assert kappa == pytest.approx(float(abs(x * truths["d/dx"] / truths["value"])), rel=1e-9)
    else:
        assert kappa is None


def wrong_branch(x: Any) -> Any:
    return x * x if x + 0.2 > 0.3 else x + 100


def test_a_wrong_branch_is_not_enough_however_well_it_is_computed() -> None:
    found = tg.compare(wrong_branch, x="0.1", precisions=("float32", "float64"))
    column = found.column("float32")
    assert column.entries["value"].digits > 7 and column.astray["value"] < 0.5
    assert not found.enough("float32", digits=1) and found.enough("float64", digits=15)
    assert column.held["value"].note == "on the path of exact numbers"
    told = "; on the path of exact numbers no digit of value and d/dx is right."
    assert f"on the path of float32{told}" in " ".join(str(found).split())
    assert found.to_dict()["astray"].keys() == {"float32"}
    with pytest.raises(errors.NotEnoughDigits, match=r"value has 0\.0 on the path of exact"):
        tg.assert_digits(wrong_branch, "0.1", precision="float32", digits=1)


def test_another_path_to_the_same_result_is_enough() -> None:
    def root(a: Any) -> Any:
        x = a
        for _ in range(30):
            if abs(x * x - a) < 1e-9:
                break
            x = (x + a / x) / 2
        return x

    found = tg.compare(root, a=3, precisions=("float32",))
    assert found.branches.differences and found.enough("float32", digits=6)
    assert "on the path of exact numbers" in str(found)


def test_a_loop_that_ends_by_underflow_is_judged_and_is_not_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def halved(x: Any) -> Any:
        n = 1
        while x > 0:
            x, n = x / 2, n + 1
        return x + n

    monkeypatch.setattr("typedgrad.runs.MOST_TESTS", 100)
    found = tg.compare(halved, x=1, precisions=("float32",))
    assert found.column("float32").astray == {"value": None, "d/dx": None}
    assert not found.enough("float32", digits=0)
    assert "on the path of exact numbers is not known" in " ".join(str(found).split())
    with pytest.raises(errors.EndlessPath, match="comparisons in exact numbers"):
        tg.compare(halved, x=1, precisions=("float32",), path="own")


def test_a_loop_that_never_ends_in_a_precision_is_one_error() -> None:
    def root(a: Any) -> Any:
        x = a
        while abs(x * x - a) > 1e-9:
            x = (x + a / x) / 2
        return x

    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(errors.EndlessPath, match="more than 50 comparisons in float32"),
    ):
        patch.setattr("typedgrad.study.study.__defaults__", (50,))
        tg.compare(root, a=2)
    assert tg.compare(root, a=2, precisions=("float64",)).enough("float64", digits=15)


def test_what_should_be_0_has_an_error_beside_the_largest_number_on_the_way() -> None:
    found = tg.compare(lambda x: tg.sin(x) ** 2 + tg.cos(x) ** 2 - 1, x="0.3")
    note = found.column("float32").entries["value"].note
    assert note.endswith("1.1920929e-07, 6.9 digits below the largest number on the way (1)")


def test_a_jump_is_the_loss_of_the_rounded_input_and_not_of_the_algorithm() -> None:
    found = tg.compare(lambda x: tg.floor(x) + x, x="2.99999999999999999999")
    loss = found.column("float64").loss("value")
    assert loss.is_measured and loss.problem == loss.total > 15
    assert "(rounding the inputs alone costs as many), none of" in " ".join(str(found).split())


def test_what_overflow_made_of_a_number_is_not_split() -> None:
    def logistic(x: Any, r: Any) -> Any:
        for _ in range(200):
            x = r * x * (1 - x)
        return x

    found = tg.compare(logistic, x="0.3", r="3.9", precisions=("float32",))
    column = found.column("float32")
    assert column.entries["d/dx"].note == "NaN here" and column.loss("d/dx") is None


def test_conditions_and_numbers_of_any_size_can_be_told() -> None:
    found = tg.compare(tg.exp, "1e6", precisions=("float32",))
    assert found.reference.conditions == {"value": 1e6, "d/dx": 1e6}
    found = tg.compare(tg.exp, "1e400", precisions=("float32",))
    assert found.reference.conditions == {"value": None, "d/dx": None}
    assert "the exact result is 10**(4.34294e+399)" in str(found)


def test_the_worst_partial_of_each_precision_is_in_a_long_table() -> None:
    def gaps(w: Any) -> Any:
        return sum(tg.sqrt(v + 1) - tg.sqrt(v) for v in w)

    found = tg.compare(gaps, w=list(range(1, 101)))
    rows = {line.split()[0] for line in str(found).splitlines() if line.startswith("  d/d")}
    assert len(rows) == 23 and {column.worst[0] for column in found.columns} <= rows


def test_a_precision_named_twice_is_one_column() -> None:
    found = tg.compare(tg.exp, 1, precisions=("float32", tg.float32, "float32"))
    assert [column.name for column in found.columns] == ["float32"]


@pytest.mark.parametrize("text", ["1.5", "inf", "nan", 0.5])
def test_a_parameter_annotated_int_takes_whole_numbers_alone(text: Any) -> None:
    def power(x: Any, n: int) -> Any:
        return x**n

    with pytest.raises(errors.Unreadable, match="cannot read the whole number n"):
        tg.compare(power, x=2, n=text)


def test_a_parameter_annotated_bool_is_no_variable() -> None:
    def squared(x: Any, again: bool = True) -> Any:
        return (x * x) ** 2 if again else x * x

    for again in (True, 1, np.True_, "1"):
        found = tg.compare(squared, x=3, again=again)
        assert list(found.digits["float64"]) == ["value", "d/dx"]
        assert found.column("longdouble").reference.texts["value"] == "81"
    assert tg.compare(squared, x=3, again=False).reference.texts["value"] == "9"
    with pytest.raises(errors.Unreadable, match="again is annotated bool"):
        tg.compare(squared, x=3, again=0.5)


def test_a_function_without_named_arguments_is_told_what_to_do() -> None:
    with pytest.raises(errors.ParameterMismatch, match="wrap it in a function whose arguments"):
        tg.compare(lambda *xs: sum(xs), x=1)
    with pytest.raises(errors.NoPoints, match="points=3 is one point"):
        tg.compare(tg.exp, points=3)


def test_digits_below_a_bar_are_shown_as_below_it() -> None:
    found = tg.compare(tg.exp, 0, precisions=("float64",))
    assert below(found.digits["float64"]["value"], 16) == "15.95"
