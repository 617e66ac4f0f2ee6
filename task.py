"""The project's tasks, one word each: `python task.py` lists them."""

import ast
import doctest
import importlib
import io
import re
import statistics
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / "typedgrad"
ROOM_LINES, FUNCTION_LINES, DOOR_NAMES = 400, 40, 40  # at most


def python(*args: str) -> int:
    """Run `python ...` from the root, and give its exit status."""
    return subprocess.call([sys.executable, *args], cwd=ROOT)


def check() -> int:
    """lint, types and test: what a pull request needs."""
    return lint() or types() or test()


def test(room: str = "") -> int:
    """All tests, or those of one ROOM (tests/test_ROOM.py)."""
    return python("-m", "pytest", *([f"tests/test_{room}.py", "-n", "0"] if room else []))


def types() -> int:
    """mypy and pyright, both strict."""
    return python("-m", "mypy") or python("-m", "pyright")


def lint() -> int:
    """ruff's checks and ruff's format."""
    return python("-m", "ruff", "check") or python("-m", "ruff", "format", "--check")


def row(name: str) -> int:
    """The table's tests for the primitive NAME."""
    return python("-m", "pytest", "tests/test_table.py", "-n", "0", "-k", name)


def faces(*args: str) -> int:
    """Write what is generated from the table; with --check only compare it."""
    return python("-m", "tools.faces", *args) or python("-m", "tools.table", *args)


def bench(name: str = "") -> int:
    """The benchmarks, or the one called NAME; nothing else should be running."""
    every = ["eager", "demo", "microgpt", "chain", "imports", "replay", "prices", "growth"]
    names = [name] if name else every
    return max(python("-m", f"benchmarks.{each}") for each in names)


def docs() -> int:
    """Every example in the README, in docs/ and in docstrings, run as a test."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    failed = sum(failed_examples(page) for page in pages)
    return python("-m", "pytest", "--doctest-modules", "typedgrad") or min(failed, 1)


def size() -> int:
    """Lines, function lengths, comments and front door against the house's targets."""
    files = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
    lines = {str(path.relative_to(ROOT)): len(text.splitlines()) for path, text in files.items()}
    functions = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path, text in files.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }
    prose = sum(len(prose_lines(text)) for text in files.values())
    code = sum(len(code_lines(text)) for text in files.values())
    door = front_door()

    for name, count in lines.items():
        print(f"{count:6}  {name}")
    print(f"files       {summary(list(lines.values()))}   (median 100-180, max {ROOM_LINES})")
    print(f"functions   {summary(list(functions.values()))}   (5, 18, max {FUNCTION_LINES})")
    print(f"prose/code  {prose / max(code, 1):.2f}   (0.3-0.5)")
    print(f"front door  {len(door)} names beside the rows   (max {DOOR_NAMES})")

    faults = [f"{name}: {n} lines" for name, n in lines.items() if n > ROOM_LINES]
    faults += [f"{name}: {n} lines" for name, n in functions.items() if n > FUNCTION_LINES]
    faults += [
        f"{path.relative_to(ROOT)}:{line} {what}"
        for path, text in files.items()
        for line, what in escapes(text)
    ]
    if len(door) > DOOR_NAMES:
        faults.append(f"front door: {', '.join(sorted(door))}")
    for fault in faults:
        print(f"too much    {fault}", file=sys.stderr)
    return 1 if faults else 0


def failed_examples(page: Path) -> int:
    """Run the `>>>` examples of a page; a fence that closes one is no part of its output."""
    text = re.sub(r"^[ ]*```.*$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.DocTestRunner(optionflags=flags).run(test)
    if result.attempted:
        print(f"{page.relative_to(ROOT)}: {result.attempted} examples, {result.failed} failed")
    return result.failed


def summary(counts: list[int]) -> str:
    """Median, 90th percentile and maximum, as text."""
    p90 = statistics.quantiles(counts, n=10, method="inclusive")[8] if counts[1:] else counts[0]
    return f"median {statistics.median(counts):g}  p90 {p90:g}  max {max(counts)}"


def tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of a source text."""
    return tokenize.generate_tokens(io.StringIO(text).readline)


def docstring_lines(text: str) -> set[int]:
    """The lines of every docstring."""
    return {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if ast.get_docstring(node, clean=False) is not None
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }


def prose_lines(text: str) -> set[int]:
    """The lines that hold a docstring or a comment."""
    comments = {token.start[0] for token in tokens(text) if token.type == tokenize.COMMENT}
    return docstring_lines(text) | comments


def code_lines(text: str) -> set[int]:
    """The lines that hold code."""
    layout = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    silent = layout | {tokenize.COMMENT}
    return {
        line
        for token in tokens(text)
        if token.type not in silent
        for line in range(token.start[0], token.end[0] + 1)
    } - docstring_lines(text)


def escapes(text: str) -> Iterator[tuple[int, str]]:
    """Each way out of the type system: an ignore comment, or typing's cast."""
    for token in tokens(text):
        if token.type == tokenize.COMMENT and "type: ignore" in token.string:
            yield token.start[0], "type: ignore"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"cast", "typing.cast"}:
            yield node.lineno, "cast("


def front_door() -> set[str]:
    """The names of `typedgrad.__all__` that are not rows."""
    door: list[str] = importlib.import_module("typedgrad").__all__
    rows: dict[str, object] = importlib.import_module("typedgrad.ops").TABLE
    return set(door) - set(rows)


TASKS: list[Callable[..., int]] = [check, test, types, lint, row, size, faces, bench, docs]


def main(name: str = "", *args: str) -> int:
    """Do the task called `name`, or list the tasks."""
    for task in TASKS:
        if task.__name__ == name:
            return task(*args)
    for task in TASKS:
        print(f"{task.__name__:6}  {task.__doc__}")
    return 2 if name else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
