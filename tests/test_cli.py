"""The command: reports, exit statuses, one error for each wrong use, the docs' examples."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import typedgrad as tg
from typedgrad import cli
from typedgrad.cli.comparing import show
from typedgrad.cli.screen import readable
from typedgrad.errors import every_error
from typedgrad.report import doctor
from typedgrad.report.text import errors_page

ROOT = Path(__file__).resolve().parent.parent
USER_FILE = """\
import math
import numpy as np
import typedgrad as tg
from helper import half

print("loading")

def loss(x, y):
    s = np.sqrt(x * x + y * y)
    return (s - x) ** 2

def with_tg(w, b):
    return tg.dot(w, w) * half(b)

def raises(x):
    a = x + 1
    return a + undefined_name

def plain(x):
    return 3.0

def mixes(x):
    return x * np.float64(0.5) + np.float32(1)

def loses(x):
    return math.sin(x)

def branches(x):
    print("running")
    return x if x > 0.1 else -x

def nothing():
    return 1

class Model:
    scale = 3

    def loss(self, x):
        return x * self.scale

    @staticmethod
    def square(x):
        return x * x

model = Model()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "loss.py").write_text(USER_FILE)
    (tmp_path / "helper.py").write_text("def half(x):\n    return x / 2\n")
    (tmp_path / "broken.py").write_text("def f(x):\n    return x\n\nvalue = 1 / 0\n")
    (tmp_path / "syntax.py").write_text("def f(x:\n    return x\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "empty.py").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Run:
    """The exit status and the two streams of one call of the command."""

    def __init__(self, line: str, capsys: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr(sys, "argv", ["typedgrad", *shlex.split(line)])
        monkeypatch.setattr(sys, "path", list(sys.path))
        with pytest.raises(SystemExit) as left:
            cli.main()
        self.status = left.value.code or 0
        streams = capsys.readouterr()
        self.out, self.err = streams.out, streams.err


@pytest.fixture
def run(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda line: Run(line, capsys, monkeypatch)


def test_the_report(folder: Path, run: Any) -> None:
    found = run("compare loss.py:loss --at x=1000,y=0.001")
    lines = found.out.splitlines()
    assert found.status == 0
    head = next(k for k, line in enumerate(lines) if line.startswith("  ")) - 1
    assert lines[0].startswith("loss(x=1000, y=0.001)") and " 256 bits" in lines[head]
    assert lines[head + 1].split()[:3] == ["float32", "float64", "longdouble"]
    assert [line.split()[0] for line in lines[head + 2 : head + 5]] == ["value", "d/dx", "d/dy"]
    assert "float32 is not enough: no digit of value, d/dx and d/dy is right." in lines
    assert lines[-1] == "Next: typedgrad blame loss.py:loss --at x=1000,y=0.001 --precision float64"
    assert max(map(len, lines)) <= 100 and "\x1b" not in found.out


def test_the_next_step_leads_to_the_line_or_to_a_gate(folder: Path, run: Any) -> None:
    step = run("compare loss.py:loss --at x=1000,y=0.001").out.splitlines()[-1]
    found = run(step.removeprefix("Next: typedgrad "))
    assert found.status == 0 and " in float64: " in found.out and "Explained: 100.0 %" in found.out
    step = run("compare loss.py:with_tg --at w=1;2;3,b=0.5").out.splitlines()[-1]
    assert step.endswith("--fail-under 6")


def test_tg_functions_vectors_and_imports_beside_the_file(folder: Path, run: Any) -> None:
    found = run('compare loss.py:with_tg --at "w=1;2;3, b=0.5" --precisions float64')
    assert found.status == 0 and "float64 holds all of its 16.0 digits everywhere." in found.out
    assert "with_tg(w=[1, 2, 3], b=0.5)" in found.out


def test_json_is_the_dictionary_and_nothing_else(folder: Path, run: Any) -> None:
    found = run("compare loss.py:branches --at x=2 --format json")
    data = json.loads(found.out)
    assert found.status == 0 and data["version"] == 2 and data["point"] == {"x": "2"}
    assert set(data["digits"]) == {"float32", "float64", "longdouble"}
    assert set(data["digits"]["float32"]) == {"value", "d/dx"}
    assert "running" in found.err and "loading" in found.err


def test_fail_under(folder: Path, run: Any) -> None:
    call = "compare loss.py:loss --at x=1000,y=0.001 --precisions float64 --fail-under"
    assert run(f"{call} 3").status == 0
    below = run(f"{call} 4.8")
    assert below.status == 1 and "below 4.8 digits: value in float64 (4.7)" in below.out
    assert "d/dy" not in below.out.split("below")[-1] and below.err == "loading\n"
    told = run(f"{call} 4.8 --format json")
    assert told.status == 1 and json.loads(told.out) and "below 4.8" in told.err


def test_a_wrong_branch_fails_under_any_bar(folder: Path, run: Any) -> None:
    line = "compare loss.py:branches --at x=0.10000000000000001 --precisions float32 --fail-under 5"
    found = run(line)
    assert found.status == 1 and "7.2 ✓" in found.out
    assert "value in float32 (0.0 on the path of exact numbers)\n" in found.out
    many = run(f"{line} --at x=0.5")
    assert many.status == 1 and "numbers) at branches(x=0.10000000000000001)\n" in many.out
    assert run(line.replace("0000001 ", "0000001 --at x=0.5 --format json ")).status == 1


@pytest.mark.parametrize("bar", ["nan", "-1", "inf", "1001"])
@pytest.mark.parametrize(
    "call", ["compare loss.py:loss --at x=1,y=2", "sweep a.py:f --range x=1:2"]
)
def test_a_bar_is_a_number_of_digits(folder: Path, run: Any, call: str, bar: str) -> None:
    found = run(f"{call} --fail-under {bar}")
    assert found.status == 2 and found.out == ""
    assert found.err.startswith(
        f"cannot read --fail-under: {bar}\nhelp: ask for a number of digits"
    )


def test_what_falls_short_of_a_bar_is_not_shown_as_the_bar(folder: Path, run: Any) -> None:
    found = run("compare loss.py:loss --at x=3,y=4 --precisions float64 --fail-under 16")
    assert found.status == 1 and "value in float64 (15.95)" in found.out


def test_a_branch_that_differs_is_the_first_line(folder: Path, run: Any) -> None:
    found = run("compare loss.py:branches --at x=0.10000000000000001")
    first = found.out.splitlines()[0]
    assert first.startswith("float32 takes another path than the reference: loss.py:30  x > 0.1")


WRONG: dict[str, tuple[str, str, str]] = {
    "compare los.py:loss --at x=1": ("TG401", "cannot read los.py", "FILE.py:FUNCTION"),
    "compare .:loss --at x=1": ("TG401", "it is a folder", ""),
    "compare loss.py:los --at x=1": ("TG402", "loss.py has no function los", "did you mean loss?"),
    "compare loss.py --at x=1": ("TG402", "(none was named)", "its functions are: loss, with_tg"),
    "compare loss.py:qqq --at x=1": ("TG402", "no function qqq", "its functions are: loss"),
    "compare loss.py:model.los --at x=1": ("TG402", "no function model.los", ""),
    "compare loss.py:model.scale --at x=1": ("TG402", "no function model.scale", ""),
    "compare loss.py:math --at x=1": ("TG402", "no function math", ""),
    "compare empty.py:f --at x=1": ("TG402", "no function f", "define the function"),
    "compare loss.py:loss --at a=1,b=2": ("TG403", "loss takes x, y, but a, b", "--at x=1,y=2"),
    "compare loss.py:loss --at x=1": ("TG403", "but x was given", "--at x=1,y=2"),
    "compare loss.py:loss": ("TG403", "but nothing was given", "--at x=1,y=2"),
    "compare loss.py:loss --at x=1,y=2,z=3": ("TG403", "but x, y, z", ""),
    "compare loss.py:loss --at x=1,5": ("TG404", "cannot read --at: '5'", "--at x=1.5,y=2"),
    "compare loss.py:loss --at x=1,x=5": ("TG404", "twice the same name", ""),
    "compare loss.py:loss --at x=1,y=abc": ("TG404", "the number for y: 'abc'", "1e-3"),
    "compare loss.py:loss --at x=1,y=": ("TG404", "the number for y: ''", ""),
    "compare loss.py:loss --at x=1,y=1;q": ("TG404", "the number for y: 'q'", ""),
    "compare loss.py:loss --at x=1,y=1/0": ("TG404", "the number for y: '1/0'", "denominator"),
    "compare loss.py:loss --at x=1,y=2 --precisions half": ("TG404", "'half'", "float32, float64"),
    "compare loss.py:raises --at x=1": ("TG405", "raised NameError: name 'undefined_name'", ""),
    "compare loss.py:loss --at x=1,y=1;2": ("TG405", "raised TypeError", "--traceback"),
    "compare loss.py:plain --at x=1": ("TG202", "plain returned 3.0 of type float", ""),
    "compare loss.py:nothing": ("TG202", "nothing returned 1 of type int", ""),
    "compare loss.py:mixes --at x=1": ("TG101", "mul mixes precisions: float32 and float64", ""),
    "compare loss.py:loses --at x=1": ("TG104", "would drop its gradient", "tg.sin"),
    "compare broken.py:f --at x=1": ("TG406", "raised ZeroDivisionError", "python broken.py"),
    "compare syntax.py:f --at x=1": ("TG406", "raised SyntaxError: '(' was never closed", ""),
    "compare leaves.py:f --at x=1": ("TG406", "raised SystemExit: 3", ""),
    "explain TG999": ("TG408", "there is no code TG999", "TG101, TG102"),
}


@pytest.mark.parametrize("name", ["model.loss", "Model.square", "model.square"])
def test_a_method_is_named_by_its_object(folder: Path, run: Any, name: str) -> None:
    found = run(f"compare loss.py:{name} --at x=2")
    assert found.status == 0 and found.out.startswith(f"{name.partition('.')[2]}(x=2)")
    assert run(f"sweep loss.py:{name} --range x=1:2:4 --chunk 2 --jobs 2").status == 0
    gate = f"target = 'loss.py:{name}'\nat = 'x=2'\ndigits = 5\n"
    (folder / "pyproject.toml").write_text(f"[[tool.typedgrad.require]]\n{gate}")
    assert run("gate").out.startswith(f"✓ loss.py:{name}  float64")


@pytest.mark.parametrize("line", WRONG)
def test_wrong_use_is_one_clear_error(folder: Path, run: Any, line: str) -> None:
    code, what, cure = WRONG[line]
    found = run(line)
    assert found.status == 2 and not found.out
    error = found.err.removeprefix("loading\n")
    lines = error.splitlines()
    assert what in lines[0] and lines[-1] == f"[{code}]"
    assert len([text for text in lines if text.startswith("help: ")]) == 1
    assert cure in error.partition("help: ")[2].replace("\n    ", " ")
    assert "Traceback" not in error and max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (
            "raises",
            "loss.py:17\n   17 │     return a + undefined_name\n      │                ^^^^^^^^^",
        ),
        ("mixes", "loss.py:23\n   23 │     return x * np.float64(0.5) + np.float32(1)\n      │ "),
    ],
)
def test_the_users_line_is_shown_with_carets(folder: Path, run: Any, line: str, where: str) -> None:
    assert where in run(f"compare loss.py:{line} --at x=1").err


def test_the_line_of_a_file_that_fails_to_load(folder: Path, run: Any) -> None:
    assert (
        "broken.py:4\n    4 │ value = 1 / 0\n      │         ^^^^^"
        in run("compare broken.py:f").err
    )
    assert "syntax.py:1\n    1 │ def f(x:\n      │      ^" in run("compare syntax.py:f").err


def test_traceback_shows_the_stack_when_asked(folder: Path, run: Any) -> None:
    found = run("compare loss.py:raises --at x=1 --traceback")
    assert found.status == 2 and "Traceback (most recent call last)" in found.err
    assert "NameError" in found.err and found.err.endswith("[TG405]\n")


@pytest.mark.parametrize(
    "line", ["compar", "compare", "compare loss.py:loss --att x=1", "explain a b"]
)
def test_click_refuses_with_status_2(folder: Path, run: Any, line: str) -> None:
    found = run(line)
    assert found.status == 2 and "Error: " in found.err and "Traceback" not in found.err


def test_help_begins_with_two_examples(run: Any) -> None:
    found = run("--help")
    lines = [line.strip() for line in found.out.splitlines() if line.strip()]
    assert found.status == 0 and lines[1] == "Two examples:"
    assert all(line.startswith("typedgrad ") for line in lines[2:4])
    assert "--fail-under DIGITS" in run("compare --help").out


def test_version_and_module_entry() -> None:
    call = [sys.executable, "-m", "typedgrad", "--version"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("typedgrad ")


def test_explain(run: Any) -> None:
    for code, kind in every_error().items():
        out = run(f"explain {code.lower()}").out
        assert out.startswith(f"{code} {kind.__name__}\n\n{(kind.__doc__ or '').splitlines()[0]}")
        assert "Wrong:" in out and "Right:" in out
    assert len(run("explain").out.splitlines()) == len(every_error())


def test_the_page_of_errors_is_up_to_date() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert page == errors_page(), "run: typedgrad explain --all > docs/errors.md"


def test_doctor(run: Any) -> None:
    out = run("doctor").out
    for name in (*doctor.CORE, *doctor.EXTRAS, "Python", "subnormals"):
        assert re.search(rf"^{name} ", out, re.MULTILINE)
    assert f"{tg.longdouble.bits} significand bits" in out
    missing = [line for line in out.splitlines() if "not installed" in line]
    assert all("python -m pip install 'typedgrad[" in line for line in missing)


def test_doctor_names_the_engines(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "engine numpy      float32, float64, longdouble" in run("doctor").out
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    assert "engine llvm       python -m pip install 'typedgrad[llvm]'" in run("doctor").out


def test_doctor_where_longdouble_is_float64(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from typedgrad.precision import NumPyPrecision

    monkeypatch.setattr(doctor, "longdouble", NumPyPrecision("longdouble", np.float64))
    assert "longdouble equals float64 here" in run("doctor").out


class Screen:
    """A terminal that keeps what is written, in an encoding of its own."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self.encoding, self.text = encoding, ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        text.encode(self.encoding)
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("quiet", [True, False])
def test_colour_is_for_terminals_without_no_color(
    monkeypatch: pytest.MonkeyPatch, quiet: bool
) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if quiet:
        monkeypatch.setenv("NO_COLOR", "1")
    show(tg.compare(tg.exp, x=1), None, [])
    assert ("\x1b[" in screen.text) is not quiet
    assert "✓" in screen.text


def test_a_narrow_encoding_gets_plain_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Screen("ascii"))
    assert readable("7.2 ✓  0.0 ✗  NaN –") == "7.2 +  0.0 x  NaN -"


def console_blocks() -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
    return re.findall(r"```console\n\$ typedgrad (.*)\n((?:.*\n)*?)```", text)


@pytest.mark.skipif(tg.longdouble.bits != 64, reason="the page shows a longdouble of 64 bits")
@pytest.mark.parametrize(("line", "shown"), console_blocks(), ids=lambda x: x.split("--at")[0][:60])
def test_the_reports_in_the_docs_are_what_is_printed(
    line: str, shown: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Word for word; digits may differ by one, since NumPy's loops differ between processors."""
    monkeypatch.chdir(ROOT)
    out = run(line).out
    number = re.compile(r"\d+\.\d(?= )")
    assert [*map(float, number.findall(shown))] == pytest.approx(
        [*map(float, number.findall(out))], abs=1.0
    )
    exact = number.findall(shown) == number.findall(out) and find_spec("flint") is not None
    assert not exact or out == shown


def test_the_docs_have_a_report_for_each_example() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))
    named = {*re.findall(r"^\$ typedgrad \w+ examples/(\w+)\.py", pages, re.MULTILINE)}
    assert named == {path.stem for path in (ROOT / "examples").glob("*.py")} - {"__init__"}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_the_commands_in_the_examples_run(path: Path, run: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    lines = re.findall(r"^    typedgrad (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert lines
    for line in lines:
        assert run(line).status == 0


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="needs a file that is always full")
@pytest.mark.parametrize("more", [[], ["--format", "json"]])
def test_a_screen_that_takes_no_more_text_is_one_error(folder: Path, more: list[str]) -> None:
    call = [
        sys.executable,
        "-m",
        "typedgrad",
        "compare",
        f"{folder}/loss.py:loss",
        "--at",
        "x=3,y=4",
    ]
    with FULL.open("w") as full:
        streams: dict[str, Any] = dict(stdout=full, stderr=subprocess.PIPE, text=True)
        done = subprocess.run([*call, *more], check=False, **streams)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-3:] == [
        "cannot write standard output: No space left on device",
        "help: give a file in a folder that exists, may be written to and has room",
        "[TG467]",
    ]
