"""The gates: types checked by mypy in our words, digits required by a project or a test."""

# pyright: basic

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath
import pytest

import typedgrad as tg
from typedgrad.errors import (
    BadProject,
    BadRequirement,
    BlindCheck,
    FileMissing,
    MissingExtra,
    NotCheckable,
    NotEnoughDigits,
    RequirementStopped,
    TypedgradError,
    Unreadable,
)
from typedgrad.gates import cures, digits, shown, spots, types
from typedgrad.gates.requirements import SAMPLES, Range, Requirement, requirements

pytest.importorskip("mypy", reason="the extra gate")

ROOT = Path(__file__).resolve().parent.parent
MP: Any = mpmath.mp
PAGE = (ROOT / "docs" / "gates.md").read_text(encoding="utf-8")

# Each line of WRONG has an error, with its code; each line of RIGHT is its cure, taken at its word.
HEAD = """\
import math
from typing import TypeVar

import numpy as np

import typedgrad as tg

T = TypeVar("T", bound=tg.Scalar)
f, d, g = tg.float32(2), tg.Value(2.0), tg.longdouble(2)
h = tg.float32(3)
f32, f64, ld = np.float32(1), np.float64(1), np.longdouble(1)


def only32(x: tg.Value[np.float32]) -> tg.Value[np.float32]:
    return x * x


def of_float(x: tg.Value[float]) -> tg.Value[float]:
    return x * x


def two(x: tg.Value[T], y: tg.Value[T]) -> tg.Value[T]:
    return x * y


"""
CURES: list[tuple[str, str, str, str]] = [
    (
        "a1 = f * np.float64(0.5)",
        "TG101",
        "Value[float32] * float64 mixes precisions",
        "a1 = f * 0.5",
    ),
    ("a2 = f - f64", "TG101", "Value[float32] - float64 mixes precisions", "a2 = f - float(f64)"),
    (
        "a3 = f64 / f",
        "TG101",
        "float64 / Value[float32] mixes precisions",
        "a3 = f64 / f.astype(tg.float64)",
    ),
    (
        "a4 = f32 * d",
        "TG101",
        "a NumPy scalar of another precision * Value[float64] mixes precisions",
        "a4 = float(f32) * d",
    ),
    (
        "a5 = f + d",
        "TG101",
        "Value[float32] + Value[float64] mixes precisions",
        "a5 = f.astype(tg.float64) + d",
    ),
    (
        "a6 = (d - 1) * g",
        "TG101",
        "Value[float64] * Value[longdouble] mixes precisions",
        "a6 = (d - 1).astype(tg.longdouble) * g",
    ),
    (
        "a7 = d > g",
        "TG101",
        "Value[float64] > Value[longdouble] mixes precisions",
        "a7 = d > g.astype(tg.float64)",
    ),
    (
        "h += d",
        "TG101",
        "Value[float32] + Value[float64] mixes precisions",
        "h += d.astype(tg.float32)",
    ),
    (
        "a8 = tg.hypot(f, d)",
        "TG101",
        "the arguments of hypot mix precisions",
        "a8 = tg.hypot(f, d.astype(tg.float32))",
    ),
    (
        "a9 = two(f, d)",
        "TG101",
        "the arguments of two mix precisions",
        "a9 = two(f, d.astype(tg.float32))",
    ),
    (
        "b1 = f.hypot(f64)",
        "TG101",
        "hypot mixes precisions: float64 where float32 is needed",
        "b1 = f.hypot(float(f64))",
    ),
    (
        "b2 = f.maximum(d)",
        "TG101",
        "maximum mixes precisions: Value[float64] where float32 is needed",
        "b2 = f.maximum(d.astype(tg.float32))",
    ),
    (
        "b3 = tg.float32(f64)",
        "TG101",
        "a float64 is no float32: that conversion mixes precisions",
        "b3 = tg.Value(f64).astype(tg.float32)",
    ),
    (
        "b4 = math.sin(f)",
        "TG104",
        "sin() of a Value would drop its gradient",
        "b4 = tg.sin(f)",
    ),
    (
        "b5 = float(d)",
        "TG104",
        "float() of a Value would drop its gradient",
        "b5 = d.item()",
    ),
    ("b6 = np.exp(f)", "call-overload", "np.exp of a Value[float32] has no type", "b6 = tg.exp(f)"),
    (
        "b7 = np.arctan2(d, d)",
        "call-overload",
        "np.arctan2 of a Value[float64] has no type",
        "b7 = tg.atan2(d, d)",
    ),
    (
        "b8 = tg.grad(only32)",
        "arg-type",
        "grad of float64 is given a function of float32",
        "b8 = tg.float32.grad(only32)",
    ),
    (
        "b9: tg.Value[np.float32] = d",
        "assignment",
        "this is a Value[float64] where a Value[float32] is needed",
        "b9: tg.Value[np.float32] = d.astype(tg.float32)",
    ),
    (
        "c1 = tg.sum([f, d])",
        "arg-type",
        "the elements given to sum are of several types",
        "c1 = tg.sum([f, d.astype(tg.float32)])",
    ),
    (
        "b10: tg.Value[float] = d",
        "assignment",
        "Value[float] belongs to no precision of NumPy",
        "b10: tg.Value[np.float64] = d",
    ),
    (
        "b11 = tg.grad(of_float)",
        "arg-type",
        "Value[float] belongs to no precision of NumPy",
        "b11: tg.Value[np.float64] = d",
    ),
    (
        "b12 = of_float(d)",
        "arg-type",
        "Value[float] belongs to no precision of NumPy",
        "b12: tg.Value[np.float64] = d",
    ),
    (
        "b13: tg.Value[tg.float32] = f",
        "valid-type",
        "tg.float32 is a precision and no type",
        "b13: tg.Value[np.float32] = f",
    ),
    (
        'c2 = d + "1"',
        "operator",
        'Unsupported operand types for + ("Value[float64]" and "str")',
        "c2 = d + 1",
    ),
    (
        "c3: int = f32",
        "assignment",
        'Incompatible types in assignment (expression has type "float32", variable has type "int")',
        "c3: int = int(f32)",
    ),
]
GENERIC = """\


def scaled(x: tg.Value[T], y: tg.Value[np.float64]) -> tg.Value[T]:
    return {}
"""
OPEN = [
    ("x * np.float64(3)", "x * 3", "Value[T] * float64 mixes precisions"),
    ("x * y", "x * y.astype(tg.precision_of(x))", "Value[T] * Value[float64] mixes precisions"),
]


def command(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this source's command in a folder, as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "typedgrad", *args],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache of mypy's for all runs: NumPy is read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPY_CACHE_DIR", str(tmp_path_factory.mktemp("mypy")))
        yield


def page_files() -> dict[str, str]:
    """The files that the page shows, by name."""
    return dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A throw-away project with the page's files, mistakes, and their cures."""
    folder = tmp_path_factory.mktemp("project")
    for name, text in page_files().items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, column in (("wrong.py", 0), ("right.py", 3)):
        lines = [row[column] for row in CURES]
        functions = [GENERIC.format(row[column and 1]) for row in OPEN]
        text = HEAD + "\n".join(lines) + "".join(functions).replace("scaled", "scaled2", 1) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def checked(project: Path) -> tuple[int, dict[str, Any]]:
    """The JSON of one check of the mistakes and of their cures, and its exit status."""
    run = command("check", "wrong.py", "right.py", "--format", "json", cwd=project)
    assert not run.stderr
    return run.returncode, json.loads(run.stdout)


def at_line(found: dict[str, Any], file: str, line: int) -> list[dict[str, Any]]:
    return [x for x in found["mistakes"] if x["file"] == file and x["line"] == line]


@pytest.mark.parametrize("row", range(len(CURES)), ids=lambda i: CURES[i][0])
def test_each_mistake_is_said_in_our_words(row: int, checked: Any) -> None:
    status, found = checked
    line, code, message, _ = CURES[row]
    said = at_line(found, "wrong.py", HEAD.count("\n") + 1 + row)
    assert status == 1 and not found["passed"] and found["version"] == 1
    assert (code, message) in [(x["code"], x["message"]) for x in said]
    assert all(x["source"] == line for x in said)


@pytest.mark.parametrize("row", range(len(CURES) - 2), ids=lambda i: CURES[i][0])
def test_the_cure_stands_in_the_help_line(row: int, checked: Any) -> None:
    """Each call that the cure needs is written out, unless only the user can know it."""
    line, _, _, right = CURES[row]
    cures_said = [x["cure"] for x in at_line(checked[1], "wrong.py", HEAD.count("\n") + 1 + row)]
    call = (
        r"(?:\w+|\([^()]+\))\.astype\(tg\.\w+\)|float\(\w+\)|tg\.\w+\(\w+(?:, \w+)*\)|\w+\.item\(\)"
    )
    pieces = re.findall(call, right)
    if "tg.hypot" in line or "two(" in line or "tg.sum" in line:
        pieces = [".astype(tg.float32)"]
    pieces = pieces or re.findall(r"tg\.Value\[np\.\w+\]", right)
    pieces = pieces or ["0.5" if row == 0 else "tg.float32.grad(only32)"]
    assert any(all(piece in cure for piece in pieces) for cure in cures_said)


def test_the_cures_are_accepted_by_mypy(checked: Any) -> None:
    assert [x for x in checked[1]["mistakes"] if x["file"] == "right.py"] == []


@pytest.mark.parametrize(("row", "wrong", "cure", "message"), [(i, *x) for i, x in enumerate(OPEN)])
def test_a_function_for_every_precision(
    row: int, wrong: str, cure: str, message: str, checked: Any
) -> None:
    said = [x for x in checked[1]["mistakes"] if x["message"] == message]
    assert len(said) == 1 and said[0]["code"] == "TG101"
    assert said[0]["source"] == f"    return {wrong}"
    needed = "write 3" if row == 0 else "y.astype(tg.precision_of(x))"
    assert needed in said[0]["cure"] and ".astype(tg.T)" not in said[0]["cure"]


def test_carets_stand_under_the_whole_operation(checked: Any) -> None:
    for row, under in ((0, "f * np.float64(0.5)"), (5, "(d - 1) * g"), (7, "h += d")):
        (said,) = at_line(checked[1], "wrong.py", HEAD.count("\n") + 1 + row)
        assert said["source"][said["column"] - 1 : said["end"] - 1] == under
        assert said["severity"] == "error"


BLOCKS = re.findall(r"```console\n\$ typedgrad (.*)\n((?:.*\n)*?)```", PAGE)


@pytest.mark.parametrize(("line", "text"), BLOCKS, ids=lambda x: x.split("\n")[0][:30])
def test_the_page_shows_what_is_printed(line: str, text: str, project: Path) -> None:
    """Digits may differ by one, and then the worst point too: NumPy's loops differ."""
    run = command(*shlex.split(line), cwd=project)
    number = re.compile(r"\d+\.\d(?= digits)")
    ours, page = (list(map(float, number.findall(x))) for x in (run.stdout, text))
    assert run.returncode == 1 and not run.stderr
    assert page == pytest.approx(ours, abs=1.0)
    assert page != ours or run.stdout == text
    assert max(map(len, run.stdout.splitlines())) <= 100


def test_the_page_has_both_commands() -> None:
    assert [line.split()[0] for line, _ in BLOCKS] == ["check", "gate"]


def annotated(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^::error ([^:]*)::(.*)$", text, re.MULTILINE)


def test_annotations_of_a_check(project: Path) -> None:
    run = command("check", "train.py", "--format", "github", cwd=project)
    found = annotated(run.stdout)
    assert run.returncode == 1 and len(found) == 3
    assert found[0] == (
        "file=train.py,line=9,col=12,endColumn=31,title=typedgrad TG101",
        "Value[float32] * float64 mixes precisions%0Ahelp: write 0.5: a plain number takes the"
        " precision of its partner; or cast: w.astype(tg.float64)",
    )


def test_annotations_of_a_gate(project: Path) -> None:
    run = command("gate", "--format", "github", cwd=project)
    found = annotated(run.stdout)
    assert run.returncode == 1 and len(found) == 1
    assert found[0][0] == "file=loss.py,line=4,title=typedgrad TG435"
    assert found[0][1].startswith("loss.py:naive  float64     ")


def test_annotations_escape_what_the_runner_reads() -> None:
    text = shown.annotation("100 %\r\nx", title="a:b,c%", file="C:\\a,b.py", line=2, col=3)
    assert text == "::error file=C%3A\\a%2Cb.py,line=2,col=3,title=a%3Ab%2Cc%25::100 %25%0D%0Ax"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    text = "import typedgrad as tg\n\nx = tg.float32(2)\nreveal_type(x * 2)\n"
    (folder / "fine.py").write_text(text)
    (folder / "empty").mkdir()
    return folder


def test_a_clean_file_passes_and_notes_are_shown(clean: Path) -> None:
    run = command("check", "fine.py", cwd=clean)
    assert run.returncode == 0 and not run.stderr
    assert 'fine.py:4:13: note: Revealed type is "typedgrad.value.Value[float32]"' in run.stdout
    assert run.stdout.endswith("✓ mypy finds no mixed precision and no other error\n")
    assert {x.name for x in clean.iterdir()} <= {"fine.py", "empty", ".mypy_cache"}


def test_a_check_that_went_well_hides_no_blindness(tmp_path: Path) -> None:
    """The cache of one run is no answer in the next, where NumPy is not visible any more."""
    (tmp_path / "bad.py").write_text(types.CANARY)
    for _ in range(2):
        assert command("check", "bad.py", cwd=tmp_path).returncode == 1
    settings = '[[tool.mypy.overrides]]\nmodule = ["numpy", "numpy.*"]\nfollow_imports = "skip"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    assert command("check", "bad.py", cwd=tmp_path).returncode == 2


BLIND = {
    "numpy": (
        '[[tool.mypy.overrides]]\nmodule = ["numpy", "numpy.*"]\nfollow_imports = "skip"\n',
        "numpy is not visible to mypy here",
        "additional_dependencies",
    ),
    "typedgrad": (
        '[[tool.mypy.overrides]]\nmodule = ["typedgrad"]\nfollow_imports = "skip"\n',
        "typedgrad is not visible to mypy here",
        "python -m pip install typedgrad",
    ),
    "quiet": ("[tool.mypy]\nignore_errors = true\n", "mypy is told to keep quiet", "ignore_errors"),
}


@pytest.mark.parametrize("case", BLIND)
def test_a_check_that_sees_nothing_fails(case: str, tmp_path: Path) -> None:
    """As the usual hook does in an environment of its own."""
    settings, what, cure = BLIND[case]
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "bad.py").write_text(types.CANARY)
    run = command("check", "bad.py", cwd=tmp_path)
    assert run.returncode == 2 and not run.stdout
    text = run.stderr.replace("\n    ", " ")
    assert what in text and cure in text and text.endswith("[TG431]\n")


def test_without_site_packages_numpy_is_not_visible(tmp_path: Path) -> None:
    settings = "[tool.mypy]\nno_site_packages = true\nignore_missing_imports = true\n"
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "bad.py").write_text(types.CANARY)
    run = command("check", "bad.py", cwd=tmp_path)
    assert run.returncode == 2 and "numpy is not visible to mypy here" in run.stderr


@pytest.mark.parametrize("line", ["f32 * d", "f32 ** d", "f32 < d", "x /= d"])
def test_operators_of_numpy_before_2_4_are_protocols(line: str) -> None:
    found = 'No overload variant of "__call__" of "_FloatOp" matches argument type "Value[float64]"'
    node: Any = ast.parse(line).body[0]
    spot = cures.Spot(spots.source_of("none"), node.value if type(node) is ast.Expr else node)
    words = cures.told(found, spot)
    sign = line.split()[1].removesuffix("=")
    what = f"a NumPy scalar of another precision {sign} Value[float64] mixes precisions"
    assert words is not None and (words.code, words.message) == ("TG101", what)
    assert words.cure.startswith("write float(")
    assert cures.told(found, cures.Spot(spot.source, None)) is None


def test_a_file_that_is_no_python_is_an_error_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(x:\n    return x\n")
    run = command("check", "broken.py", cwd=tmp_path)
    assert run.returncode == 1 and "broken.py:" in run.stdout and "[syntax]" in run.stdout
    assert re.search(r"✗ \d errors? in 1 file\n$", run.stdout)


def test_check_needs_mypy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mypy", None)
    with pytest.raises(MissingExtra, match=r"typedgrad\[gate\]"):
        types.check_types(["."])


@pytest.mark.parametrize("path", ["none.py", "no/folder", "\0"])
def test_a_path_that_is_not_there(path: str) -> None:
    with pytest.raises(NotCheckable, match="no such file"):
        types.check_types([path])


def test_a_folder_without_python(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clean)
    with pytest.raises(NotCheckable, match=r"cannot check empty: .*\.py"):
        types.check_types(["empty"])


@pytest.mark.parametrize("line", ["check", "check --format xml .", "gate --forma text"])
def test_wrong_options_have_status_2(line: str, clean: Path) -> None:
    run = command(*line.split(), cwd=clean)
    assert run.returncode == 2 and not run.stdout
    assert "Error: " in run.stderr and "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('"floating[_32Bit]"', '"float32"'),
        ("Value[floating[_64Bit | _96Bit | _128Bit]]", "Value[longdouble]"),
        ("Value[numpy.float64]", "Value[float64]"),
        ("complexfloating[_64Bit | _96Bit | _128Bit, _64Bit | _96Bit | _128Bit]", "clongdouble"),
        ("complexfloating[_32Bit, _32Bit]", "complex64"),
        ("unsignedinteger[_8Bit] | signedinteger[_64Bit]", "uint8 | int64"),
        ("int | PyFloat", "int | plain float"),
        ("myfloating[_32Bit]", "myfloating[_32Bit]"),
    ],
)
def test_names_are_rewritten(text: str, name: str) -> None:
    assert cures.renamed(text) == name


def test_a_line_that_is_not_ascii_is_shown_whole(tmp_path: Path) -> None:
    """mypy's columns of such a line count neither bytes nor characters."""
    path = tmp_path / "é.py"
    path.write_text('if True:\n    é = "é"; k = f * d\n', encoding="utf-8")
    message = 'Unsupported operand types for * ("Value[floating[_32Bit]]" and "Value[float64]")'
    said = dict(file=str(path), line=2, column=15, end_line=2, end_column=16)
    found = types.mistake(said | dict(message=message, code="operator", severity="error"))
    assert found.source[found.column - 1 : found.end - 1] == 'é = "é"; k = f * d'
    assert found.code == "TG101" and found.cure == (
        "cast one of them: v.astype(tg.float64) or v.astype(tg.float32)"
    )


def test_a_source_that_cannot_be_read_is_no_error(tmp_path: Path) -> None:
    assert spots.source_of(str(tmp_path / "none.py")).line(1) == ""
    (tmp_path / "bytes.py").write_bytes(b"x = '\xff'\n")
    assert spots.source_of(str(tmp_path / "bytes.py")).line(1).startswith("x = '")
    assert spots.source_of(str(tmp_path / "bytes.py")).line(9) == ""


# Requirements


def table(text: str, folder: Path) -> Requirement:
    """The one requirement that a text of keys describes."""
    path = folder / "pyproject.toml"
    path.write_text(f'[[tool.typedgrad.require]]\ntarget = "loss.py:f"\n{text}\n')
    (found,) = requirements(path)
    return found


def test_a_requirement_is_read(tmp_path: Path) -> None:
    found = table('at = {x = 0.001, w = [1, 2.5, "1/3"]}\ndigits = 4.5\nof = "value"', tmp_path)
    assert found.precisions == ("float64",) and found.digits == 4.5 and found.of == ("value",)
    assert found.places() == ({"x": "0.001", "w": [1, "2.5", "1/3"]},)
    assert all(type(x) is str for x in (found.at["x"], found.at["w"][1]))


def test_texts_and_tables_are_the_same_point(tmp_path: Path) -> None:
    found = table('at = "y=2"\npoints = ["x=1,w=1;2", {x = "3", w = ["1"]}]\ndigits = 5', tmp_path)
    assert found.places() == (
        {"y": "2", "x": "1", "w": ["1", "2"]},
        {"y": "2", "x": "3", "w": ["1"]},
    )


@pytest.mark.parametrize("precision", ["float32", "float64", "longdouble"])
def test_drawn_points(precision: str, tmp_path: Path) -> None:
    text = f'ranges = {{x = "1e-3:1e3:log", y = "-1:1"}}\nprecision = "{precision}"\ndigits = 5'
    found = table(text, tmp_path)
    places = found.places()
    assert len(places) == SAMPLES and places == found.places()
    xs = sorted(float(point["x"]) for point in places)
    assert xs[0] >= 1e-3 and xs[-1] <= 1e3
    for i, x in enumerate(xs):  # one from each part of the range, by the logarithm
        assert i - 1e-4 <= (MP.log10(x) + 3) / 6 * SAMPLES <= i + 1 + 1e-4
    narrow = all(float(tg.float32(x).data) == x for x in xs)
    assert narrow is (precision == "float32")
    other = table(f"{text}\nseed = 1\nsamples = 7", tmp_path).places()
    assert len(other) == 7 and other[0] != places[0]


def test_a_range_without_float32_numbers_stays_inside(tmp_path: Path) -> None:
    text = 'ranges = {x = "1e-60:2e-60", y = "1e60:2e60", z = "5:5"}\nprecision = "float32"'
    found = table(f"{text}\ndigits = 5\nsamples = 20", tmp_path)
    for point in found.places():
        assert 1e-60 <= point["x"] <= 2e-60 and 1e60 <= point["y"] <= 2e60 and point["z"] == 5


def test_ends_of_ranges() -> None:
    assert Range(2.0, 8.0, True).at(0.5) == pytest.approx(4.0)
    assert Range(2.0, 8.0, False).at(0.5) == 5.0


BAD_TABLES: dict[str, tuple[str, str]] = {
    'at = "x=1"\ndigit = 5': ("there is no key 'digit'", "did you mean digits?"),
    'at = "x=1"': ("digits is missing", "write digits = 5"),
    'at = "x=1"\ndigits = "5"': ("digits = '5'", "write digits = 5"),
    "digits = true": ("digits = True", "write digits = 5"),
    "digits = -1": ("digits = -1", "between 0 and 1000"),
    "digits = nan": ("digits = nan", "between 0 and 1000"),
    "digits = 8\nprecision = 'float32'": ("float32 holds 7.22 digits here", "require fewer"),
    "digits = 5\nprecision = 'floot32'": ("no precision 'floot32'", "did you mean float32?"),
    "digits = 5\nprecision = 'double'": ("no precision 'double'", "did you mean float64?"),
    "digits = 5\nprecision = 'half'": ("no precision 'half'", "choose from float32, float64"),
    "digits = 5\nprecision = 32": ("precision = 32", "a text, or a list of texts"),
    "digits = 5\nprecision = []": ("precision = []", "a text, or a list of texts"),
    "digits = 5\nof = [1]": ("of = [1]", "a text, or a list of texts"),
    "digits = 5\nat = 'x'": ("at = 'x'", 'write at = "x=1,y=2"'),
    "digits = 5\nat = 'x=1,x=2'": ("at = 'x=1,x=2'", 'write at = "x=1,y=2"'),
    "digits = 5\nat = 'x y=1'": ("which is no parameter", "write at"),
    "digits = 5\nat = 3": ("at = 3", "write at"),
    "digits = 5\nat = {x = true}": ("at.x = True", "write numbers as"),
    "digits = 5\nat = {x = 1979-05-27}": ("at.x = datetime.date(1979, 5, 27)", "write numbers as"),
    "digits = 5\nat = {x = {y = 1}}": ("at.x = {'y': 1}", "write numbers as"),
    "digits = 5\nat = {x = [[1]]}": ("at holds a list in a list", "write numbers as"),
    "digits = 5\nat = {x = []}": ("at.x is empty", "at least one number"),
    "digits = 5\nat = {x = 'one'}": ("at.x = 'one'", "write numbers as"),
    "digits = 5\nat = {x = '1/0'}": ("at.x = '1/0'", "write numbers as"),
    f"digits = 5\nat = {{x = '{'9' * 30000}'}}": ("at.x = '9999", "write numbers as"),
    "digits = 5\nat = {'a b' = 1}": ("at names 'a b'", "write at"),
    "digits = 5\npoints = []": ("points = []", "write points ="),
    "digits = 5\npoints = {x = 1}": ("points = {'x': 1}", "write points ="),
    f"digits = 5\npoints = [{'0,' * 10001}]": ("10001 points", "at most 10000"),
    "digits = 5\nranges = {}": ("ranges = {}", "write ranges ="),
    "digits = 5\nranges = 'x=1:2'": ("ranges = 'x=1:2'", "write ranges ="),
    "digits = 5\nranges = {x = '1'}": ("ranges.x = '1'", '"LOW:HIGH:log"'),
    "digits = 5\nranges = {x = '1:2:cubic'}": ("ranges.x = '1:2:cubic'", '"LOW:HIGH:log"'),
    "digits = 5\nranges = {x = '1:b'}": ("ranges.x = '1:b'", '"LOW:HIGH:log"'),
    "digits = 5\nranges = {x = '2:1'}": ("its first end is above the second", "LOW:HIGH"),
    "digits = 5\nranges = {x = '0:1:log'}": ("a logarithm needs ends above 0", "LOW:HIGH"),
    "digits = 5\nranges = {x = '0:inf'}": ("its ends are too far apart", "LOW:HIGH"),
    "digits = 5\nranges = {x = '0:1'}\nat = 'x=1'": ("x has a range and a number", "one of them"),
    "digits = 5\nranges = {x = '0:1'}\nsamples = 0": ("samples = 0", "from 1 to 10000"),
    "digits = 5\nranges = {x = '0:1'}\nsamples = 10001": ("samples = 10001", "from 1 to 10000"),
    "digits = 5\nranges = {x = '0:1'}\nseed = 0.5": ("seed = 0.5", "a whole number"),
    "digits = 5\nat = 'x=1'\nsamples = 5": ("samples without ranges", "add ranges"),
}


@pytest.mark.parametrize("text", BAD_TABLES, ids=lambda text: text[:60])
def test_a_wrong_table_is_one_clear_error(text: str, tmp_path: Path) -> None:
    what, cure = BAD_TABLES[text]
    with pytest.raises(BadRequirement) as caught:
        table(text, tmp_path)
    said = str(caught.value)
    assert "pyproject.toml, require table 1: " in said and len(said) < 400 + len(str(tmp_path))
    assert what in said.partition("\nhelp: ")[0] and cure in said.partition("\nhelp: ")[2]


@pytest.mark.parametrize("target", ["3", "'loss'", "['loss.py:f']", "''"])
def test_a_wrong_target(target: str, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(f"[[tool.typedgrad.require]]\ntarget = {target}\ndigits = 5\n")
    with pytest.raises(BadRequirement, match="target = "):
        requirements(path)
    path.write_text("[[tool.typedgrad.require]]\ndigits = 5\n")
    with pytest.raises(BadRequirement, match="target is missing"):
        requirements(path)


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "broken": (b"[[tool.typedgrad.require]\n", "it is no TOML"),
    "twice": (b"a = 1\na = 2\n", "it is no TOML"),
    "binary": (bytes(range(256)), "it is no TOML"),
    "nested": (b"a = " + b"[" * 200_000, "it is no TOML"),
    "digits": (b"a = " + b"9" * 9000, "it is no TOML"),
    "huge": (b"#" * (1 << 21), "it is larger than"),
    "empty": (b"", "it has no [[tool.typedgrad.require]] table"),
    "near": (b"[[tool.typedgrad.requires]]\n", "it has no [[tool.typedgrad.require]] table"),
    "single": (b"[tool.typedgrad.require]\ndigits = 5\n", "is no list of tables"),
    "numbers": (b"tool.typedgrad.require = [1]\n", "is no list of tables"),
    "none": (b"tool.typedgrad.require = []\n", "is empty"),
    "text": (b"tool.typedgrad = 3\n", "typedgrad is no table"),
    "tool": (b"tool = 3\n", "tool is no table"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_hostile_file_is_one_clear_error(case: str, tmp_path: Path) -> None:
    raw, why = BAD_FILES[case]
    path = tmp_path / "pyproject.toml"
    path.write_bytes(raw)
    with pytest.raises(BadProject) as caught:
        requirements(path)
    said = str(caught.value)
    assert why in said and len(said) < 500 + len(str(path)) and said.endswith("[TG432]")
    assert ("did you mean" in said) is (case == "near")


@pytest.mark.parametrize("name", ["none.toml", "folder", "\0"])
def test_a_file_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadProject, match="cannot be read"):
        requirements(tmp_path / name)


# Judging


def naive(x: Any, y: Any) -> Any:
    s = tg.sqrt(x * x + y * y)
    return (s - x) ** 2


def required(**facts: Any) -> Requirement:
    given: dict[str, Any] = dict(
        table=1, target="loss.py:f", precisions=("float64",), digits=4.0, of=(), at={}
    )
    given |= dict(points=(), ranges={}, samples=SAMPLES, seed=0)
    return Requirement(**given | facts)


@pytest.mark.parametrize("precision", ["float32", "float64", "longdouble"])
def test_the_worst_point_is_what_wide_arithmetic_says(precision: str) -> None:
    """Against mpmath alone: the digits of the value at each point."""
    points = ({"x": 3, "y": 4}, {"x": 1000, "y": "0.001"}, {"x": 10, "y": 1})
    asked = required(points=points, precisions=(precision,), of=("value",))
    (found,) = digits.judge(asked, naive, Path("pyproject.toml"))
    numbers: Any = getattr(tg, precision)
    with MP.workprec(500):
        held: list[float] = []
        for point in points:
            x, y = MP.mpf(point["x"]), MP.mpf(point["y"])
            truth = (MP.sqrt(x * x + y * y) - x) ** 2
            got = naive(numbers(point["x"]), numbers(point["y"])).data
            top, bottom = got.as_integer_ratio()
            error = abs(MP.mpf(top) / bottom - truth) / truth
            held.append(numbers.digits if not error else float(-MP.log10(error)))
    worst = min(max(x, 0.0) for x in held)
    assert isinstance(found.digits, float) and found.digits == pytest.approx(worst, abs=1e-6)
    assert found.at == "x=1000, y=0.001" and found.entry == "value" and found.points == 3
    assert found.enough is (worst >= 4.0)


def test_outcomes_name_the_users_line_and_a_command() -> None:
    asked = required(at={"x": 1000, "y": "0.001"}, precisions=("float32", "float64"))
    found = digits.judge(asked, naive, Path("sub") / "pyproject.toml")
    assert [x.precision for x in found] == ["float32", "float64"]
    assert found[1].line == naive.__code__.co_firstlineno
    assert found[1].file == os.path.join("sub", "loss.py")
    at = "--at x=1000,y=0.001 --precisions float64 --fail-under 4"
    assert found[1].command == f"typedgrad compare {shlex.quote(found[1].file)}:f {at}"


@pytest.mark.parametrize(
    ("ranges", "at", "cure"),
    [
        ("x", {}, 'help: write at = "y=2"\n'),
        ("xz", {"y": 1}, "help: leave out the range of z\n"),
        ("xy", {"z": 1}, "help: give no number beside the ranges\n"),
    ],
)
def test_the_cure_of_a_missing_argument_leaves_ranges_alone(
    ranges: str, at: Any, cure: str
) -> None:
    asked = required(ranges={name: Range(1.0, 2.0, False) for name in ranges}, at=at, samples=1)
    with pytest.raises(RequirementStopped) as caught:
        digits.judge(asked, naive, Path("pyproject.toml"))
    assert cure in str(caught.value)


def test_a_wrong_branch_does_not_meet_a_requirement() -> None:
    def wrong_branch(x: Any) -> Any:
        return x * x if x + 0.2 > 0.3 else x + 100

    asked = required(at={"x": "0.1"}, precisions=("float32", "float64"))
    first, second = digits.judge(asked, wrong_branch, Path("pyproject.toml"))
    assert not first.enough and first.note == "on the path of exact numbers" and second.enough


@pytest.mark.parametrize("bar", [float("nan"), -1])
def test_a_bar_that_is_no_number_of_digits_is_refused(bar: float) -> None:
    with pytest.raises(Unreadable, match="cannot read digits"):
        tg.assert_digits(tg.exp, 1, digits=bar)


def test_several_precisions_are_no_precision() -> None:
    wrong: Any = ["float32", "float64"]
    questions: list[Callable[[], object]] = [
        lambda: tg.assert_digits(tg.exp, 1, precision=wrong),
        lambda: tg.blame(tg.exp, 1, precision=wrong),
        lambda: tg.tune(tg.exp, 1, digits=3, to=wrong),
        lambda: tg.compare(tg.exp, 1, precisions=[wrong]),
    ]
    for question in questions:
        with pytest.raises(Unreadable, match="choose from float32, float64, longdouble"):
            question()


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_drawn_point_is_the_same_in_the_command(precision: str) -> None:
    asked = required(ranges={"x": Range(1.0, 2.0, False)}, precisions=(precision,), samples=1)
    (found,) = digits.judge(asked, tg.exp, Path("pyproject.toml"))
    (place,) = asked.places()
    text = found.command.split("--at x=")[1].split()[0]
    from typedgrad.numbers import decimal_ratio

    assert decimal_ratio(text) == place["x"].as_integer_ratio()


def test_an_undefined_entry_is_not_enough() -> None:
    (found,) = digits.judge(required(at={"x": -1}), tg.log, Path("pyproject.toml"))
    assert found.digits is None and not found.enough
    text = shown.outcomes_text((found,))
    assert "✗ loss.py:f  float64     undefined, 4 required" in text and "NaN" in text


def test_entries_of_a_vector_are_named_together() -> None:
    def f(w: Any, b: Any) -> Any:
        return tg.dot(w, w) * b

    found = tg.compare(f, w=[1, 2], b=3).columns[0]
    assert list(digits.chosen(found.entries, ["d/dw"])) == ["d/dw[0]", "d/dw[1]"]
    assert list(digits.chosen(found.entries, ["value", "d/db"])) == ["value", "d/db"]
    with pytest.raises(Unreadable, match=r"did you mean value\?"):
        digits.chosen(found.entries, ["valu"])
    with pytest.raises(Unreadable, match="its entries are value, d/dw"):
        digits.chosen(found.entries, ["everything"])


STOPS: dict[str, tuple[str, str, str]] = {
    "lost.py:f": ("cannot read lost.py", "from the folder of this file", ""),
    "loss.py:stabl": ("loss.py has no function stabl", "did you mean stable?", ""),
    "loss.py:naive": ("naive takes x, y, but x was given", 'write at = "x=1,y=2"', ""),
    "bad.py:raises": ("raised NameError", "--traceback", "return x + undefined"),
    "bad.py:mixes": ("mul mixes precisions", "cast a Value", "return x * np.float32(2)"),
    "worse.py:f": ("loading worse.py raised ZeroDivisionError", "python worse.py", "1 / 0"),
}


@pytest.mark.parametrize("target", STOPS)
def test_a_target_that_stops_is_one_clear_error(target: str, project: Path, tmp_path: Path) -> None:
    what, cure, where = STOPS[target]
    (tmp_path / "loss.py").write_text((project / "loss.py").read_text())
    bad = "import numpy as np\n\n\ndef raises(x):\n    return x + undefined\n\n\n"
    (tmp_path / "bad.py").write_text(f"{bad}def mixes(x):\n    return x * np.float32(2)\n")
    (tmp_path / "worse.py").write_text("print('loading')\nvalue = 1 / 0\n")
    good = '[[tool.typedgrad.require]]\ntarget = "loss.py:stable"\nat = "x=3,y=4"\ndigits = 5\n'
    last = f'[[tool.typedgrad.require]]\ntarget = "{target}"\nat = "x=1"\ndigits = 5\n'
    (tmp_path / "pyproject.toml").write_text(good + last)
    run = command("gate", cwd=tmp_path)
    text = run.stderr.removeprefix("loading\n").replace("\n    ", " ")
    assert run.returncode == 2 and not run.stdout and "Traceback" not in text
    assert text.startswith("pyproject.toml, require table 2: ") and text.endswith("[TG434]\n")
    assert what in text and cure in text.partition("help: ")[2] and where in text
    assert text.count("help: ") == 1


def test_a_gate_that_is_met(tmp_path: Path, project: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "loss.py").write_text('print("loaded")\n' + page_files()["loss.py"])
    text = '[[tool.typedgrad.require]]\ntarget = "loss.py:stable"\nat = "x=3,y=4"\ndigits = 15\n'
    (tmp_path / "sub" / "pyproject.toml").write_text(text)
    run = command("gate", "sub", cwd=tmp_path)
    assert run.returncode == 0 and run.stderr == "loaded\n"
    assert run.stdout.splitlines()[-1] == "✓ 1 requirement is met"
    told = command("gate", "sub/pyproject.toml", "--format", "json", cwd=tmp_path)
    data = json.loads(told.stdout)
    assert data["passed"] and data["version"] == 1 and told.returncode == 0
    (only,) = data["requirements"]
    assert only["target"] == "loss.py:stable" and only["enough"] and only["required"] == 15.0
    assert isinstance(only["digits"], float) and only["line"] == 10


def test_naming_keeps_other_errors() -> None:
    with pytest.raises(KeyError), digits.naming(required(), Path("p.toml")):
        raise KeyError("x")
    with (
        pytest.raises(RequirementStopped, match=r"p\.toml, require table 1: cannot read a\.py"),
        digits.naming(required(), Path("p.toml")),
    ):
        raise FileMissing(path="a.py", why="there is no such file")


# assert_digits


@pytest.mark.parametrize("precision", ["float32", "float64", "longdouble"])
def test_assert_digits_passes_and_fails(precision: str) -> None:
    numbers: Any = getattr(tg, precision)
    tg.assert_digits(tg.exp, at=1, digits=numbers.digits - 1, precision=precision)
    tg.assert_digits(tg.exp, at=1, digits=numbers.digits - 1, precision=numbers)
    big = f"1e{int(numbers.digits) + 3}"
    with pytest.raises(AssertionError) as caught:
        tg.assert_digits(lambda x: (x + 1) - x, at={"x": big}, digits=5, precision=precision)
    assert type(caught.value) is NotEnoughDigits and isinstance(caught.value, TypedgradError)
    text = str(caught.value)
    assert f"fewer than 5 digits in {precision}: value has 0.0\nhelp: " in text
    assert f"<lambda>(x={big})" in text and "d/dx" in text and text.endswith("[TG435]")


def test_points_are_a_list() -> None:
    with pytest.raises(TypedgradError, match="is one point and no list of points"):
        tg.assert_digits(tg.exp, points="1e-9", digits=6)


def test_of_narrows_what_is_asserted() -> None:
    def f(x: Any) -> Any:
        return (x + 1) - x

    tg.assert_digits(f, at="1e20", digits=6, of="d/dx")
    with pytest.raises(NotEnoughDigits, match=r"digits in float64: value has 0\.0$"[:-1]):
        tg.assert_digits(f, at="1e20", digits=6, of=("value", "d/dx"))
    with pytest.raises(Unreadable, match="cannot read of: 'd/dy'"):
        tg.assert_digits(f, at="1e20", digits=6, of="d/dy")


def test_each_of_several_points_is_asserted() -> None:
    tg.assert_digits(naive, points=[(3, 4), {"x": 5, "y": 12}], digits=14)
    with pytest.raises(NotEnoughDigits, match=r"naive\(x=1000, y=0\.001\)"):
        tg.assert_digits(naive, points=[(3, 4), (1000, "0.001"), (5, 12)], digits=14)
    with pytest.raises(NotEnoughDigits, match=r"naive\(x=1000, y=0\.001\)"):
        tg.assert_digits(naive, (1000, "0.001"), points=[(3, 4)], digits=14)


def test_the_help_names_what_was_run() -> None:
    def helped(at: str, bar: float, precision: str) -> str:
        with pytest.raises(NotEnoughDigits) as caught:
            tg.assert_digits(lambda x: (x + 1) - x, at=at, digits=bar, precision=precision)
        return str(caught.value).splitlines()[-2].removeprefix("help: ")

    assert helped("1e9", 6, "float32") == 'precision="float64" has 16.0 digits here'
    assert helped("1e40", 6, "float64") == (
        "compute it another way: no precision here has enough digits at this point"
    )


def test_the_digits_that_the_help_offers_are_there() -> None:
    def f(x: Any) -> Any:
        return tg.sin(x) - tg.sin(x * (1 - 2**-20))

    widest = "longdouble"  # no wider one can be offered
    with pytest.raises(NotEnoughDigits) as caught:
        tg.assert_digits(f, at="1.1", digits=15.5, precision=widest)
    floor = re.search(r"ask for ([\d.]+) digits", str(caught.value))
    assert floor is not None
    tg.assert_digits(f, at="1.1", digits=float(floor[1]), precision=widest)


def test_more_digits_than_a_precision_holds_are_refused() -> None:
    with pytest.raises(Unreadable, match=r"float32 holds 7\.22 digits here"):
        tg.assert_digits(tg.exp, at=1, digits=8, precision="float32")
    with pytest.raises(Unreadable, match="choose from float32, float64, longdouble"):
        tg.assert_digits(tg.exp, at=1, digits=5, precision="half")


def test_nothing_given_is_a_mismatch() -> None:
    with pytest.raises(TypedgradError, match="but nothing was given"):
        tg.assert_digits(naive)


# The hook and the action


def hooks() -> dict[str, dict[str, str]]:
    """The hooks of the file by id: it is a list of flat tables, which needs no YAML package."""
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    found = [
        dict(re.findall(r"^[- ] (\w+): (.*)$", part, re.MULTILINE))
        for part in re.split(r"^(?=- )", text, flags=re.MULTILINE)
        if part
    ]
    return {hook["id"]: hook for hook in found}


def test_the_hooks_have_what_pre_commit_needs() -> None:
    found = hooks()
    assert list(found) == ["typedgrad-check", "typedgrad-gate"]
    assert all(hook["language"] == "python" and hook["name"] for hook in found.values())
    assert "mypy>=2.1" in found["typedgrad-check"]["additional_dependencies"]
    pattern = re.compile(found["typedgrad-gate"]["files"])
    assert pattern.search("src/loss.py") and pattern.search("pyproject.toml")
    assert not pattern.search("README.md")
    for name in found:
        assert f"- id: {name}" in PAGE


@pytest.mark.parametrize("name", ["typedgrad-check", "typedgrad-gate"])
def test_the_hooks_run_as_pre_commit_runs_them(name: str, project: Path) -> None:
    hook = hooks()[name]
    program, *args = shlex.split(hook["entry"])
    files = [] if hook.get("pass_filenames") == "false" else ["train.py", "loss.py"]
    assert program == "typedgrad"
    run = command(*args, *files, cwd=project)
    assert run.returncode == 1 and not run.stderr
    assert ("[TG101]" in run.stdout) is (name == "typedgrad-check")
    assert ("requirements are not met" in run.stdout) is (name == "typedgrad-gate")


def steps() -> dict[str, dict[str, Any]]:
    """The steps of the action by name: env, condition and the script that bash runs."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = {}
    for part in re.split(r"^    - ", text, flags=re.MULTILINE)[1:]:
        name = re.match(r"name: (.*)", part)
        run = re.search(r"^      run: (?:\|\n)?((?:.|\n)*)", part, re.MULTILINE)
        assert name and run and "shell: bash" in part
        env = dict(re.findall(r"^        ([A-Z]+): \$\{\{ inputs\.(\w+) \}\}$", part, re.MULTILINE))
        condition = re.search(r"^      if: inputs\.(\w+) != ''$", part, re.MULTILINE)
        script = "\n".join(line.strip() for line in run[1].splitlines())
        found[name[1]] = dict(env=env, when=condition and condition[1], script=script)
    return found


def inputs() -> dict[str, str]:
    """The inputs of the action with their defaults."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    head = text.partition("inputs:\n")[2].partition("runs:\n")[0]
    return dict(re.findall(r'^  (\w+):\n    .*\n    default: "?(.*?)"?$', head, re.MULTILINE))


def test_the_action_is_composite_and_takes_no_input_into_a_script() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert "using: composite" in text
    assert inputs() == {"check": "", "gate": "pyproject.toml", "package": ""}
    assert [step["when"] for step in steps().values()] == [None, "check", "gate"]
    assert not any("${{" in step["script"] for step in steps().values())


def bash(step: str, given: dict[str, str], folder: Path, **more: str) -> Any:
    """Run a step of the action as the runner does, with this Python first on the path."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    stand_in = tools / "python"
    stand_in.write_text(
        '#!/bin/sh\nif [ "$2" = pip ]; then printf "%s\\n" "$@"; exit 0; fi\n'
        f'exec {shlex.quote(sys.executable)} "$@"\n'
    )
    stand_in.chmod(0o755)
    env = {name: (inputs() | given)[key] for name, key in steps()[step]["env"].items()}
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | env | more
    environment["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps()[step]["script"]],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for pip is a shell script")
def test_the_steps_of_the_action_run(project: Path) -> None:
    own = bash("install", {}, project, GITHUB_ACTION_PATH="/a b/typedgrad")
    assert own.stdout.splitlines() == ["-m", "pip", "install", "/a b/typedgrad[gate]"]
    pinned = bash("install", {"package": "typedgrad[gate]==0.1.0"}, project)
    assert pinned.stdout.splitlines()[-1] == "typedgrad[gate]==0.1.0"
    checked = bash("typedgrad check", {"check": "train.py loss.py"}, project)
    assert checked.returncode == 1 and "::error file=train.py,line=9," in checked.stdout
    gated = bash("typedgrad gate", {}, project)
    assert gated.returncode == 1 and "::error file=loss.py,line=4," in gated.stdout
    hostile = bash("typedgrad gate", {"gate": '$(touch hit) "; touch hit'}, project)
    assert hostile.returncode == 2 and not (project / "hit").exists()
    assert "[TG432]" in hostile.stderr


@pytest.mark.parametrize(
    ("ours", "what"),
    [
        ("Value[floating[Any]]", "numpy is not visible"),
        ("Any", "typedgrad is not visible"),
        ("Value[float32]", "mypy is told to keep quiet"),
    ],
)
def test_blindness_is_told_apart(ours: str, what: str) -> None:
    """Straight from mypy's records, for what a real run shows only with other versions."""
    note = dict(line=4, severity="note", code="misc", message=f'Revealed type is "{ours}"')
    missing = dict(line=1, severity="error", code="import-not-found", message="")
    found = dict(line=types.MIXING_LINE, severity="error", code="operator", message="")
    with pytest.raises(BlindCheck, match=what):
        types._look([note])
    with pytest.raises(BlindCheck, match="numpy is not visible"):
        types._look([note, missing])
    types._look([note, found])
