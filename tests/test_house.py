"""The house: imports go downwards only, rules speak the language, errors have one home."""

# pyright: basic

from __future__ import annotations

import ast
import builtins
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "typedgrad"
FILES = sorted(PACKAGE.rglob("*.py"))

# From the ground up; a room imports from lower floors and from the rooms before it on its own.
FLOORS: dict[str, list[str]] = {
    "ground": ["errors", "scalars", "numbers", "source"],
    "language": ["machine", "op", "node", "ops", "operators", "interop", "reverse", "forward"],
    "holders": ["shortcuts", "value", "arena", "slots", "handles", "tape"],
    "calculus": ["transforms", "signatures", "calculus", "precision", "free"],
    "programs": [
        *("literals", "program", "symbolic", "flow", "templates", "gradient", "pushforward"),
        *("merging", "simplify", "listing", "drawing", "storage", "thawing"),
    ],
    "engines": ["engines", "batch"],
    "recordings": ["trees", "deferred", "tracing", "paths", "bound", "pointwise", "recording"],
    "questions": [
        "fpcore",
        *("points", "trial", "study", "judge", "conditions", "findings", "several"),
        *("grading", "rewriting", "culprits", "report"),
        *("runs", "comparison", "compare", "check"),
        *("homes", "variables", "blaming"),
        "gates",
        "sweeping",
        "tuning",
    ],
    "roof": ["cli", "__main__", "__init__"],
}
ORDER = [room for rooms in FLOORS.values() for room in rooms]

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def is_typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in (
        "TYPE_CHECKING",
        "typing.TYPE_CHECKING",
    )


def imports(path: Path, typing_too: bool) -> Iterator[str]:
    """The modules of the package that a file imports, wherever it does so."""
    todo: list[ast.AST] = [tree_of(path)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and is_typing_only(node) and not typing_too:
            todo += node.orelse
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in (node.module, *inner) if name.startswith("typedgrad"))
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("typedgrad"))
        todo += ast.iter_child_nodes(node)


def rooms_imported(path: Path, typing_too: bool = False) -> set[str]:
    names = (name.split(".") for name in imports(path, typing_too))
    return {parts[1] for parts in names if len(parts) > 1 and parts[1] in ORDER}


@every_file
def test_every_room_has_a_floor(path: Path) -> None:
    assert room_of(path) in ORDER


@every_file
def test_imports_go_downwards(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    above = {
        other
        for other in rooms_imported(path)
        if other != room and ORDER.index(other) > ORDER.index(room)
    }
    assert not above, f"{path.name} imports from above: {sorted(above)}"


@every_file
def test_the_front_door_is_not_used_from_inside(path: Path) -> None:
    if room_of(path) in ("__init__", "__main__"):
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            assert all(alias.name != "typedgrad" for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module == "typedgrad":
            assert all((PACKAGE / f"{alias.name}.py").exists() for alias in node.names)


def test_there_is_no_ring_of_imports() -> None:
    edges: dict[str, set[str]] = {}
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in FILES}
    for name, path in names.items():
        edges[name] = {other for other in imports(path, False) if other in names and other != name}
    done: set[str] = set()
    while len(done) < len(edges):
        free = {n for n in edges if n not in done and edges[n] <= done}
        assert free, f"a ring among {sorted(set(edges) - done)}"
        done |= free


@every_file
def test_the_first_line_says_the_duty(path: Path) -> None:
    lines = (ast.get_docstring(tree_of(path)) or "").split("\n")
    assert lines[0].endswith(".")
    assert len(lines[0]) > 20
    assert len(lines) == 1 or lines[1] == ""


def primitives() -> list[tuple[str, ast.expr]]:
    """The rules of all rows: the third argument of primitive(...)."""
    return [
        (ast.unparse(node.args[0]), node.args[2])
        for path in FILES
        if room_of(path) == "ops"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "primitive"
        and len(node.args) > 2
    ]


def test_rules_speak_the_language_of_rows_only() -> None:
    rules = primitives()
    assert len(rules) > 80
    foreign = {"np", "numpy", "math", "mpmath", "float", "scipy"}
    for name, rule in rules:
        words = {node.id for node in ast.walk(rule) if isinstance(node, ast.Name)}
        assert not words & foreign, name
        assert not any(isinstance(node, ast.IfExp) for node in ast.walk(rule)), name
        floats = [node for node in ast.walk(rule) if isinstance(node, ast.Constant)]
        assert not any(isinstance(node.value, float) for node in floats), name


@every_file
def test_no_math_module_in_the_rows(path: Path) -> None:
    """math.* goes through float64."""
    if room_of(path) not in ("ops", "reverse", "forward", "transforms", "value", "operators"):
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.value.id != "math"


@every_file
def test_errors_have_one_home(path: Path) -> None:
    """Nothing raises with a text of its own."""
    if room_of(path) == "errors":
        return
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
            continue
        kind = node.exc.func
        if isinstance(kind, ast.Name) and isinstance(getattr(builtins, kind.id, None), type):
            parts = [part for part in ast.walk(node.exc) if isinstance(part, ast.Constant)]
            prose = any(isinstance(part.value, str) and " " in part.value for part in parts)
            is_door = path.name == "__init__.py" and kind.id == "AttributeError"  # PEP 562
            assert not prose or is_door, f"{path.name}:{node.lineno}"


@every_file
def test_no_way_out_of_the_type_system(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "type: ignore" not in text
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in ("cast", "typing.cast")


def test_importing_loads_no_more_than_numpy_and_typing_extensions() -> None:
    code = (
        "import sys, numpy, typing_extensions; before = set(sys.modules);"
        "import typedgrad; heavy = {'mpmath', 'click', 'rich', 'jinja2', 'scipy'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "[]"
