"""What mypy and pyright accept and reject: every line of tests/typing, in both checkers.

A bad line ends in `# E: mypy code | pyright rule` (with / between the codes of different versions
of NumPy); any error elsewhere is a failure. Each checker runs once.
"""

import functools
import json
import os
import re
import runpy
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TYPING = ROOT / "tests" / "typing"
ACCEPT = sorted((TYPING / "accept").glob("*.py"))
REJECT = sorted((TYPING / "reject").glob("*.py"))
MARK = re.compile(r"# E: (\S+) \| (\S+)$")

Errors = dict[tuple[str, int], set[str]]


def command(*args: str) -> str:
    """Return what a tool of this Python prints, run from the root."""
    python_path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": python_path}
    run = [sys.executable, "-m", *args]
    return subprocess.run(
        run, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    ).stdout


def pyright(*args: str) -> str:
    """Return what pyright prints about this Python's packages, whichever is first on the PATH."""
    return command("pyright", "--pythonpath", sys.executable, *args)


def place(path: str) -> str:
    """Return folder/name of a file, as in reject/operators.py."""
    return "/".join(Path(path).parts[-2:])


@functools.cache
def mypy_errors() -> Errors:
    """Return the error codes of mypy by file and line."""
    found: Errors = defaultdict(set)
    files = [str(path.relative_to(ROOT)) for path in ACCEPT + REJECT]
    for line in command("mypy", "--output=json", *files).splitlines():
        error: dict[str, Any] = json.loads(line)
        if error["severity"] == "error":
            found[place(error["file"]), error["line"]].add(str(error["code"]))
    return found


@functools.cache
def pyright_errors() -> Errors:
    """Return the rules that pyright names by file and line."""
    found: Errors = defaultdict(set)
    project = str(TYPING / "pyrightconfig.json")
    report: dict[str, Any] = json.loads(pyright("--outputjson", "-p", project))
    for error in report["generalDiagnostics"]:
        if error["severity"] == "error":
            line = error["range"]["start"]["line"] + 1
            found[place(error["file"]), line].add(str(error.get("rule", "syntax")))
    return found


def bad_lines() -> list[Any]:
    """Return each bad line as a parameter: file, line, mypy's code, pyright's rule."""
    found: list[Any] = []
    for path in REJECT:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            mark = MARK.search(line)
            if mark:
                name = f"{path.stem}:{number}"
                found.append(pytest.param(place(str(path)), number, mark[1], mark[2], id=name))
    return found


BAD = bad_lines()


@pytest.mark.parametrize(("file", "line", "code", "rule"), BAD)
def test_mypy_rejects(file: str, line: int, code: str, rule: str) -> None:
    assert mypy_errors()[file, line].intersection(code.split("/"))


@pytest.mark.parametrize(("file", "line", "code", "rule"), BAD)
def test_pyright_rejects(file: str, line: int, code: str, rule: str) -> None:
    assert rule in pyright_errors()[file, line]


@pytest.mark.parametrize("errors", [mypy_errors, pyright_errors])
def test_nothing_else_is_rejected(errors: Callable[[], Errors]) -> None:
    expected = {(case.values[0], case.values[1]) for case in BAD}
    assert {place: codes for place, codes in errors().items() if place not in expected} == {}


def test_corpus_is_large() -> None:
    accepted = sum(path.read_text(encoding="utf-8").count("assert_type(") for path in ACCEPT)
    assert accepted >= 250
    assert len(BAD) >= 350


def test_every_name_of_the_front_door_is_met() -> None:
    import typedgrad

    text = "".join(path.read_text(encoding="utf-8") for path in ACCEPT)
    later = {"assert_digits", "check_grad", "compare", "Comparison", "primitive"}
    names: list[str] = vars(typedgrad)["__all__"]
    door = set(names) - set(typedgrad.ops.TABLE) - later
    assert {name for name in door if f"tg.{name}" not in text} == set()


@pytest.mark.parametrize("path", ACCEPT, ids=lambda path: path.stem)
def test_accepted_lines_run(path: Path) -> None:
    runpy.run_path(str(path))


def test_every_public_type_is_known() -> None:
    report = pyright("--verifytypes", "typedgrad", "--ignoreexternal")
    assert "Type completeness score: 100%" in report
