"""Hints: pasted into the user's own source, each one gives the digits that it promised."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

import typedgrad
from typedgrad.judge import judged_study
from typedgrad.points import point_of
from typedgrad.rewriting.advised import Hint
from typedgrad.rewriting.hints import hints
from typedgrad.rewriting.wording import fitted
from typedgrad.study import study

tg: Any = typedgrad
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "conjugate": (
        "s = np.sqrt(x * x + y * y)\n    d = s - x\n    return d**2",
        dict(x=10000, y="0.0009765625"),
        "y * y / (s + x)",
    ),
    "root": (
        "d = x * x - 4 * y\n    return (-x + tg.sqrt(d)) / 2",
        dict(x=100000, y="0.125"),
        "-(4 * y) / (tg.sqrt(d) + x)",
    ),
    "other root": (
        "d = x * x - 4 * y\n    return (-x - tg.sqrt(d)) / 2",
        dict(x=-100000, y="0.125"),
        "-(-(4 * y) / (tg.sqrt(d) - x))",
    ),
    "log1p": ("t = x + 1\n    return tg.log(t) * y", dict(x="3p-24", y=3), "tg.log1p(x)"),
    "expm1": ("return (tg.exp(x) - 1) / y", dict(x="1p-30", y=3), "tg.expm1(x)"),
    "cosine": ("return y * (1 - np.cos(x))", dict(x="1p-9", y=3), "2 * tg.square(tg.sin(x / 2))"),
    "softmax": (
        "a, b, c = tg.exp(x), tg.exp(y), tg.exp(x - y)\n    return a / (a + b + c)",
        dict(x=90000, y=89999),
        "",
    ),
    "logsumexp": (
        "a, b, c = tg.exp(x), tg.exp(y), tg.exp(x - y)\n    return tg.log(a + b + c)",
        dict(x=90000, y=89999),
        "tg.logsumexp([x, y, x - y])",
    ),
    "tanh": (
        "t = tg.tanh(x)\n    return y * (1 - t * t)",
        dict(x=20, y=3),
        "tg.square(tg.sech(x))",
    ),
    "among others": ("return x + y - tg.sqrt(x * x - 1)", dict(x=1 << 26, y="1p-30"), ""),
}


def loaded(body: str, folder: Path, name: str) -> Any:
    """The function f(x, y) of a body, from a file of its own."""
    path = folder / f"{name}.py"
    path.write_text(f"import numpy as np\nimport typedgrad as tg\ndef f(x, y):\n    {body}\n")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


def found_in(f: Any, given: dict[str, Any], numbers: Any) -> tuple[Hint, ...]:
    at = study(f, point_of(f, None, given), numbers)
    return hints(at, judged_study(at, numbers.bits))


@pytest.mark.parametrize("numbers", PRECISIONS, ids=lambda p: p.name)
@pytest.mark.parametrize("name", CASES)
def test_a_hint_pasted_into_the_source_keeps_its_promise(
    name: str, numbers: Any, tmp_path: Path
) -> None:
    body, given, new = CASES[name]
    f = loaded(body, tmp_path, "old")
    made = found_in(f, given, numbers)
    assert made or numbers is not tg.float32
    for hint in made:
        assert hint.after >= hint.before + 0.5 and hint.cap == numbers.digits
        old = tg.compare(f, **given, precisions=(numbers,)).digits[numbers.name]
        assert old[hint.label] == pytest.approx(hint.before, abs=1e-6)
        assert body.count(hint.old) == 1
        g = loaded(body.replace(hint.old, f"({hint.new})"), tmp_path, "new")
        better = tg.compare(g, **given, precisions=(numbers,)).digits[numbers.name]
        assert better[hint.label] == pytest.approx(hint.after, abs=0.7)
    if new and numbers is tg.float32:
        assert made[0].new == new


def test_a_function_without_loss_gets_no_hint() -> None:
    for f, given in (
        (lambda x, y: tg.sin(x) + y * y - 1, dict(x="0.5", y=3)),
        (lambda x, y: tg.log(1 + x) * y, dict(x=5, y=3)),
        (lambda x, y: tg.sqrt(x * x + y) - x, dict(x=-5, y=3)),
        (lambda x, y: x * y, dict(x=0, y=0)),
        (lambda x, y: tg.log(x - 1) + y, dict(x=1, y=0)),
    ):
        for numbers in PRECISIONS:
            assert found_in(f, given, numbers) == ()


def test_the_lines_of_a_loop_are_rewritten_together(tmp_path: Path) -> None:
    loop = "for k in range(5):\n        t = t + (tg.exp(x / (k + 1)) - 1)"
    body = f"t = x * 0\n    {loop}\n    return t * y"
    f = loaded(body, tmp_path, "loop")
    (hint,) = found_in(f, dict(x="1e-6", y=1), tg.float32)
    assert hint.times == 5 and hint.line == 6 and hint.after > 6.5
    assert (hint.old, hint.new) == ("tg.exp(x / (k + 1)) - 1", "tg.expm1(x / (k + 1))")
    assert str(hint).startswith("rewrite  tg.exp(x / (k + 1)) - 1  as  tg.expm1(x / (k + 1)): ")
    assert hint.to_dict()["line"] == 6


def test_tune_prints_what_was_run_and_won(tmp_path: Path) -> None:
    f, given = loaded(CASES["conjugate"][0], tmp_path, "tuned"), dict(x=1000, y="0.001")
    found = tg.tune(f, given, digits=3)
    assert found.hints[0].precision == "float32" and found.hints[0].new == "y * y / (s + x)"
    report = " ".join(line.strip() for line in str(found).splitlines())
    assert "help: rewrite s - x as y * y / (s + x), for x > 0: " in report.replace("  ", " ")
    assert found.to_dict()["hints"][0]["line"] == 5
    missed = tg.tune(f, given, digits=12)
    assert not missed.passed and {hint.precision for hint in missed.hints} == {"float64"}
    plain = loaded("return x * y + 1", tmp_path, "plain")
    assert tg.tune(plain, dict(x=3, y=2), digits=3).hints == ()


NUMPY: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "NumPy's own name": ("return np.log(1 + x) * y", dict(x="3p-24", y=3), "np.log1p(x)", ""),
    "no such name there": (
        "t = np.tanh(x)\n    return y * (1 - t * t)",
        dict(x=20, y=3),
        "np.square(tg.sech(x))",
        "import typedgrad as tg",
    ),
    "a looser form in brackets": (
        "return y / np.log((1 + x) / (1 - x))",
        dict(x="1e-7", y=3),
        "(2 * np.arctanh(x))",
        "",
    ),
    "a half as power": (
        "return (x * x + y * y) ** 0.5",
        dict(x="1e30", y="1e30"),
        "np.hypot(x, y)",
        "",
    ),
    "the logistic function": (
        "return y * (1 / (1 + np.exp(-x)))",
        dict(x=-60, y=1),
        "tg.sigmoid(x)",
        "import typedgrad as tg",
    ),
    "cosh": (
        "return y * (np.cosh(x) - 1)",
        dict(x="1p-14", y=3),
        "2 * np.square(np.sinh(x / 2))",
        "",
    ),
}


@pytest.mark.parametrize("name", NUMPY)
def test_a_hint_can_be_pasted_into_a_file_that_has_numpy_alone(name: str, tmp_path: Path) -> None:
    body, given, new, needs = NUMPY[name]
    path = tmp_path / "old.py"
    path.write_text(f"import numpy as np\ndef f(x, y):\n    {body}\n")
    hint = found_in(imported(path), given, tg.float32)[0]
    assert (hint.new, hint.needs) == (new, needs)
    assert (f", after {needs}: " in str(hint)) is bool(needs)
    better = path.with_name("new.py")
    better.write_text(f"{needs}\n{path.read_text().replace(hint.old, hint.new)}")
    digits = tg.compare(imported(better), **given, precisions=("float32",)).digits["float32"]
    assert digits[hint.label] == pytest.approx(hint.after, abs=0.7)


def imported(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


@pytest.mark.parametrize(
    "loop", ["s += v", "s = s + v", "s = v + s"], ids=["in place", "again", "turned round"]
)
def test_a_sum_in_a_loop_is_called_by_what_it_adds(loop: str, tmp_path: Path) -> None:
    path = tmp_path / "loop.py"
    path.write_text(f"def f(x):\n    s = 0\n    for v in x:\n        {loop}\n    return s\n")
    (hint,) = found_in(imported(path), dict(x=[1e10, 1, 1, -1e10]), tg.float32)
    assert (hint.old, hint.new) == ("the sum of x", "tg.sum_compensated(x)")
    assert hint.needs == "import typedgrad as tg"


def test_products_in_a_loop_are_not_listed_by_one_text(tmp_path: Path) -> None:
    lines = "for a, b in zip(x, y):\n        s = s + a * b"
    path = tmp_path / "dot.py"
    path.write_text(f"def f(x, y):\n    s = 0\n    {lines}\n    return s\n")
    given = dict(x=[1e10, 1, 1, -1e10], y=[1, 1, 1, 1])
    for hint in found_in(imported(path), given, tg.float32):
        assert hint.old == "the sum of all terms added here"
        assert hint.new == "tg.sum_compensated(terms)"


@pytest.mark.parametrize("p", [tg.float32, tg.float64, tg.longdouble], ids=str)
def test_a_state_that_is_used_at_every_step_is_no_sum(p: Any) -> None:
    def midpoint(x: Any, a: Any) -> Any:
        for _ in range(200):
            x = x + 0.01 * a * (x + 0.005 * a * x)
        return x

    assert found_in(midpoint, {"x": "1.1", "a": "0.7"}, p) == ()


def test_a_number_added_in_a_loop_is_not_called_a_list(tmp_path: Path) -> None:
    path = tmp_path / "steps.py"
    path.write_text(
        "def f(x):\n    s = 0\n    for _ in range(1000):\n        s += x\n    return s\n"
    )
    (hint,) = found_in(imported(path), dict(x="0.1"), tg.float32)
    assert (hint.old, hint.new) == ("the sum of all terms added here", "tg.sum_compensated(terms)")
    assert hint.needs == "import typedgrad as tg"
    terms = [tg.float32(0.1)] * 1000
    assert tg.sum_compensated(terms).data == tg.float32(100).data


def test_a_hint_tells_of_the_result_that_the_budget_is_for(tmp_path: Path) -> None:
    path = tmp_path / "ratio.py"
    text = "import typedgrad as tg\n\n\ndef f(x):\n    return (tg.exp(x) - 1) / x\n"
    path.write_text(text)
    f = imported(path)
    (hint,) = tg.tune(f, x="1e-9", digits=10).hints
    assert hint.label == "value" and hint.after > 15 > 8 > hint.before
    (hint,) = tg.tune(f, x="1e-9", digits=10, of="all").hints  # the partial gains more
    assert hint.label == "d/dx" and hint.after > 9 > 1 > hint.before


def test_a_hint_says_at_which_of_several_points_it_gains(tmp_path: Path) -> None:
    f = loaded(CASES["log1p"][0], tmp_path, "many")
    found = tg.tune(f, points=[dict(x=1, y=3), dict(x="3p-24", y=3)], digits=5)
    (hint,) = found.hints
    assert hint.at == found.points[1] and f": at {hint.at} {hint.label} then has" in str(hint)
    (alone,) = tg.tune(f, x="3p-24", y=3, digits=5).hints
    assert alone.at == ""


@pytest.mark.parametrize(
    ("new", "old", "shown"),
    [
        ("2 * y", "log(x)", "(2 * y)"),
        ("2 * y", "a - b", "2 * y"),
        ("a + b", "c / d", "(a + b)"),
        ("f(x)", "x ** 2", "f(x)"),
        ("-x", "y ** 2", "(-x)"),
    ],
)
def test_a_new_form_stands_where_the_old_one_stood(new: str, old: str, shown: str) -> None:
    assert fitted(new, old) == shown
