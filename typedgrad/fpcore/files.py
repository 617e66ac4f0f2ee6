"""FPCore texts and files to cores."""

from __future__ import annotations

import linecache
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import chain
from pathlib import Path

from typedgrad.errors import CoreMissing, FileMissing
from typedgrad.fpcore.core import Argument, Code, Core, CoreFunction, parameter_names, scope_of
from typedgrad.fpcore.parts import NUMBER, TRUTH
from typedgrad.fpcore.reading import Reader
from typedgrad.fpcore.syntax import Source, Tree, trees

SHAPE = "write (FPCore (x y ...) :property value ... expression)"


def read(text: str) -> list[Core]:
    """Return the cores of an FPCore text, in order; raises `BadCoreText` with line and column.

    The text is checked as a whole: operators, numbers of arguments, names, kinds. A core whose
    name is a symbol can be used as an operator by those after it.

    >>> from typedgrad import fpcore
    >>> core, = fpcore.read('(FPCore (x y) :name "length" (sqrt (+ (* x x) (* y y))))')
    >>> core.name, [argument.name for argument in core.arguments], core.is_straight
    ('length', ['x', 'y'], True)
    >>> import typedgrad as tg
    >>> core.function(tg.Value(3.0), tg.Value(4.0)).data
    np.float64(5.0)
    """
    name = f"<fpcore {sha256(text.encode(errors='replace')).hexdigest()[:8]}>"
    # Reports ask linecache for the lines of a file; this is how a text without a file has some.
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    return cores_in(text, name)


def load(path: str | os.PathLike[str]) -> list[Core]:
    """Return the cores of an FPCore file; raises `FileMissing` and `BadCoreText`."""
    shown = os.fspath(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        missing = "there is no such file" if isinstance(error, FileNotFoundError) else ""
        reason = "it is a folder" if isinstance(error, IsADirectoryError) else missing
        reason = reason or error.strerror or "it cannot be opened"
        raise FileMissing(path=shown, why=reason) from None
    source = Source(shown, os.path.abspath(path))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        source.fault(line, column, "this is no UTF-8 text", "give a text file of FPBench's format")
    return cores_in(text, source.file, shown)


def find(cores: Sequence[Core], name: str, path: str = "the text") -> Core:
    """Return the core of a name, or of a number counted from 1; a lone core needs neither.

    Raises `CoreMissing`.
    """
    same = [core for core in cores if core.name == name]
    if name.isdigit() and not same and 1 <= int(name[:9]) <= len(cores):
        same = [cores[int(name) - 1]]
    if not name and len(cores) == 1:
        same = [cores[0]]
    if len(same) == 1:
        return same[0]
    names = ", ".join(f"{k} {core.name}" for k, core in enumerate(cores[:9], 1))
    problem = f"{len(same)} are named {name}" if same else f"none is named {name}"
    hint = f"choose one by its number: {names}{', ...' if len(cores) > 9 else ''}"
    if not cores:
        hint = SHAPE
    raise CoreMissing(
        path=path, count=len(cores), name=problem if name else "none was named", hint=hint
    )


def cores_in(text: str, file: str, label: str = "") -> list[Core]:
    """Return the cores of a text that comes from a file; see `read`."""
    source = Source(label or ("the text" if file.startswith("<") else file), file)
    found = trees(text, source)
    if not found:
        source.fault(1, 1, "there is no FPCore here", SHAPE)
    reader = Reader(source)
    return [core_of(tree, number, text, reader) for number, tree in enumerate(found)]


def core_of(tree: Tree, number: int, text: str, reader: Reader) -> Core:
    """Return the core that a tree describes, and let those after it use it by its symbol."""
    rest = list(tree.parts[1:])
    if tree.head != "FPCore" or not rest:
        reader.wrong(tree, f"{str(tree)[:40]} is no FPCore", SHAPE)
    symbol = rest.pop(0).text if rest[0].kind == "symbol" else ""
    if not rest or rest[0].kind != "list":
        reader.wrong(rest[0] if rest else tree, "the list of arguments is missing", SHAPE)
    arguments = arguments_of(rest.pop(0), reader)
    properties = properties_of(tree, rest, reader)
    scope = scope_of(arguments)
    condition = next((value for name, value in properties if name == "pre"), None)
    held = None if condition is None else reader.part(condition, scope)
    if condition is not None and held is not None:
        reader.need(condition, held, TRUTH)
    body = reader.part(rest[-1], scope)
    if symbol and all(kind == NUMBER for kind in scope.values()):
        reader.cores[symbol] = ([argument.name for argument in arguments], body)
    texts = {name: plain(value) for name, value in reversed(properties)}
    name = texts.get("name") or symbol or f"core {number + 1}"
    code = Code(text, reader.source.file, number, properties, 0, reader, body, held, again)
    return Core(name, arguments, texts, condition, rest[-1], code)


def again(
    text: str, file: str, number: int, variant: int, turns: int | None, entry: int | None
) -> CoreFunction:
    """Return the function of a core once more, in another process."""
    core = cores_in(text, file)[number]
    core = core.alternatives[variant - 1] if variant else core
    core = core if entry is None else core.element(entry)
    return replace(core, turns=turns).function


def properties_of(tree: Tree, rest: list[Tree], reader: Reader) -> tuple[tuple[str, Tree], ...]:
    """Return the properties before the body, by their names without the colon."""
    if not rest:
        reader.wrong(tree, "the expression is missing", SHAPE)
    if rest[-1].kind == "symbol" and rest[-1].text.startswith(":"):
        reader.wrong(rest[-1], f"{rest[-1].text} is a property without a value", SHAPE)
    if len(rest) % 2 == 0:
        reader.wrong(rest[-1], "a property without a value, or a second expression", SHAPE)
    found: list[tuple[str, Tree]] = []
    for name, value in zip(rest[:-1:2], rest[1::2], strict=True):
        if not name.text.startswith(":"):
            reader.wrong(name, f"{str(name)[:40]} is not a property", SHAPE)
        found.append((name.text[1:], value))
    return tuple(found)


def arguments_of(tree: Tree, reader: Reader) -> tuple[Argument, ...]:
    """Return the arguments of a core."""
    names: list[str] = []
    sizes: list[tuple[str, ...]] = []
    properties: list[dict[str, str]] = []
    for piece in tree.parts:
        annotated = piece.head == "!"
        inner = list(piece.parts[1:] if annotated else piece.parts) or [piece]
        marks = 0
        while annotated and inner[marks].text.startswith(":") and marks + 2 < len(inner):
            marks += 2
        name, *lengths = inner[marks:]
        wrong = name.kind != "symbol" or name.text.startswith(":") or name.text == "!"
        if wrong or any(not re.fullmatch(r"[1-9]\d*|[A-Za-z_]\w*", x.text) for x in lengths):
            reader.wrong(piece, f"{str(piece)[:40]} is no argument", "write a name, or (name size)")
        if name.text in names:
            reader.wrong(piece, f"{name.text} is an argument twice", "give each its own name")
        names.append(name.text)
        sizes.append(tuple(x.text for x in lengths))
        pairs = zip(inner[:marks:2], inner[1:marks:2], strict=True)
        properties.append({a.text[1:]: plain(b) for a, b in pairs})
    clash = next((x for x in chain(*sizes) if x in names), None)
    if clash is not None:
        reader.wrong(tree, f"{clash} is an argument and a size", "give each its own name")
    made = zip(names, parameter_names(names), sizes, properties, strict=True)
    return tuple(Argument(*facts) for facts in made)


def plain(tree: Tree) -> str:
    """Return the text of a property; a string without its quotes."""
    if tree.kind == "string":
        return re.sub(r"\\(.)", r"\1", tree.text[1:-1], flags=re.DOTALL)
    return str(tree)
