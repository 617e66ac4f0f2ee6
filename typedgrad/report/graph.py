"""A program as a picture in which every value and its edges have the colour of its loss."""

from __future__ import annotations

import linecache
import os
import re
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from math import fsum
from typing import TYPE_CHECKING, Any, NamedTuple

from typedgrad.errors import MissingExtra
from typedgrad.literals import literal_text
from typedgrad.report.shares import SMALL, heat, percent, unit_of
from typedgrad.report.views import printable

if TYPE_CHECKING:
    from typedgrad.culprits import Culprits, Share
    from typedgrad.program import Place, Program

LIMIT, LONGEST = 300, 36
FILLS = ("#ffffff", "#fdf4e3", "#fbe3bd", "#f8c98c", "#f3a765", "#ea8452")
EDGES = ("#8d979e", "#a98d5f", "#b97f3c", "#bd6a26", "#b85318", "#a83a0c")
WIDTHS = (1.0, 1.2, 1.6, 2.2, 2.8, 3.6)
SHAPES = {"input": "box", "constant": "plaintext", "row": "box", "output": "box"}
Key = tuple[str, int, int, int]


class Vertex(NamedTuple):
    """A node: its kind is input, constant, row or output; `heat` is its colour, from 0 to 5."""

    name: str
    kind: str
    lines: tuple[str, ...]
    heat: int


class Edge(NamedTuple):
    """A value that goes from one node to another, as hot as the node that it comes from."""

    source: str
    target: str
    label: str
    heat: int


class Picture(NamedTuple):
    """What is drawn, and what the colours mean."""

    vertices: list[Vertex]
    edges: list[Edge]
    title: str


def picture(program: Program, blame: Culprits, limit: int = LIMIT) -> Picture:
    """Return the program of a value with the shares of a blame.

    The program is the value's own, with places; with more values than the limit there is one box
    for each line of the source.
    """
    digits = "undefined" if blame.digits is None else f"{blame.digits:.1f} digits right"
    what = f"{blame.point.call}: {blame.label} in {blame.precision}, {digits}"
    unit = "last place" if blame.unit == "ulp" else "error"
    title = f"{what}. Colours and numbers: shares of its {unit}.{_outside(program, blame)}"
    if program.values <= limit:
        return Picture(*_single(program, blame), title)
    title += f" {program.values:,} values, one box for each line."
    return Picture(*_folded(program, blame), title)


def to_dot(drawn: Picture) -> str:
    """Return the picture in the language of Graphviz."""
    lines = [
        "digraph program {",
        f'  graph [rankdir=TB, label="{_lines(drawn.title)}", labelloc=t, fontname="sans-serif",'
        " nodesep=0.35, ranksep=0.45];",
        '  node [fontname="monospace", fontsize=12, style="filled,rounded", color="#8d979e"];',
        '  edge [arrowsize=0.7, fontname="sans-serif", fontsize=10];',
    ]
    for x in drawn.vertices:
        label = "\\n".join(_dot(line) for line in x.lines)
        more = ", peripheries=2" if x.kind == "output" else ""
        colour = f'fillcolor="{FILLS[x.heat]}"'
        lines.append(f'  {x.name} [label="{label}", shape={SHAPES[x.kind]}, {colour}{more}];')
    for e in drawn.edges:
        label = f', label="{_dot(e.label)}"' if e.label else ""
        style = f'color="{EDGES[e.heat]}", penwidth={WIDTHS[e.heat]}'
        lines.append(f"  {e.source} -> {e.target} [{style}{label}];")
    return "\n".join([*lines, "}"]) + "\n"


def to_mermaid(drawn: Picture) -> str:
    """Return the picture as a flowchart of Mermaid."""
    lines = ["flowchart TB", f'  note["{_mermaid(drawn.title)}"]', "  style note fill:none"]
    for x in drawn.vertices:
        label = "<br/>".join(_mermaid(line) for line in x.lines)
        left, right = ("([", "])") if x.kind == "output" else ("[", "]")
        lines.append(f'  {x.name}{left}"{label}"{right}')
        if x.heat:
            lines.append(f"  style {x.name} fill:{FILLS[x.heat]},color:#1d2327")
    for number, e in enumerate(drawn.edges):
        arrow = f'-->|"{_mermaid(e.label)}"|' if e.label else "-->"
        lines.append(f"  {e.source} {arrow} {e.target}")
        if e.heat:
            style = f"stroke:{EDGES[e.heat]},stroke-width:{WIDTHS[e.heat]}px"
            lines.append(f"  linkStyle {number} {style}")
    return "\n".join(lines) + "\n"


def to_svg(drawn: Picture) -> str:
    """Return the picture as SVG, laid out by Graphviz; raises `MissingExtra` without it."""
    graph = _graphviz().AGraph(string=to_dot(drawn))
    text: str = graph.draw(format="svg", prog="dot").decode("utf-8")
    graph.close()
    _, start, rest = text.partition("<svg ")
    rest = re.sub(r' id="[^"]*"', "", rest)  # several pictures may stand in one page
    return f'{start}role="img" aria-label="{_xml(drawn.title)}" {rest}'


WRITERS: dict[str, Callable[[Picture], str]] = {
    "svg": to_svg,
    "dot": to_dot,
    "mermaid": to_mermaid,
}


def ready(form: str) -> None:
    """Raise `MissingExtra` where a format needs a package that is not here."""
    if form == "svg":
        _graphviz()


def _graphviz() -> Any:
    try:
        return import_module("pygraphviz")
    except ImportError:
        what = "A picture as SVG (--format dot or mermaid needs nothing)"
        raise MissingExtra(feature=what, package="pygraphviz", extra="graph") from None


def _outside(program: Program, blame: Culprits) -> str:
    """Return what is said of shares that belong to no node, as the last sums of a derivative."""
    names = set(program.input_names())
    rest = fsum(x.signed for x in blame.lines if x.line <= 0 and x.label not in names)
    return f" Not in the picture: {percent(rest, unit_of(blame))}." if abs(rest) >= SMALL else ""


def _single(program: Program, blame: Culprits) -> tuple[list[Vertex], list[Edge]]:
    """Return a node for each value that is used."""
    shares = {_key(share): share for share in blame.expressions}
    inputs = {share.label: share for share in blame.expressions if share.line <= 0}
    steps = list(program.instructions())
    used = {k for _, args in steps for k in args} | set(program.outputs.tolist())
    vertices: list[Vertex] = []
    for k, name in enumerate(program.input_names()):
        vertices.append(_vertex(k, "input", name, inputs.get(name), blame))
    for k, x in enumerate(program.constants, program.inputs):
        if k in used:
            vertices.append(_vertex(k, "constant", literal_text(x), None, blame))
    places = _places(program)
    outputs = set(program.outputs.tolist())
    for i, (row, _) in enumerate(steps):
        key, k = places[i], program.first + i
        last = i + 1 == len(steps) or places[i + 1] != key
        share = shares.get(key) if key else None
        text = share.text if share and share.text and last else row
        kind = "output" if k in outputs else "row"
        vertices.append(_vertex(k, kind, text, share, blame, last))
    hot = {x.name: x.heat for x in vertices}
    edges = [
        Edge(f"n{a}", f"n{k}", "", hot[f"n{a}"])
        for k, (_, args) in enumerate(steps, program.first)
        for a in args
    ]
    return vertices, edges


def _vertex(
    k: int, kind: str, text: str, share: Share | None, blame: Culprits, said: bool = True
) -> Vertex:
    """Return a node with its share; of several steps of one expression the last one says it."""
    lines = [_short(text)]
    if share is not None and said:
        runs = f" in {share.executions:,} runs" if share.executions > 1 else ""
        lines.append(percent(share.signed, unit_of(blame)) + runs)
        lines += [share.cause] if share.cause else []
    return Vertex(f"n{k}", kind, tuple(lines), heat(share.signed) if share else 0)


def _folded(program: Program, blame: Culprits) -> tuple[list[Vertex], list[Edge]]:
    """Return a box for each line of the source, and how many values go from line to line."""
    shares = {(os.path.basename(s.file), s.line): s for s in blame.lines if s.line > 0}
    places = _places(program)
    homes = ["inputs"] * program.inputs + ["constants"] * len(program.constants)
    homes += [f"{key[0]}:{key[1]}" if key else "elsewhere" for key in places]
    counts = Counter(homes)
    flows: Counter[tuple[str, str]] = Counter()
    for k, (_, args) in enumerate(program.instructions(), program.first):
        flows.update((homes[a], homes[k]) for a in args if homes[a] != homes[k])
    by_home = {f"{file}:{line}": share for (file, line), share in shares.items()}
    last = homes[int(program.outputs[0])]
    names = {home: f"n{k}" for k, home in enumerate(counts)}
    vertices = [
        _box(names[home], home, count, by_home.get(home), blame, home == last)
        for home, count in counts.items()
    ]
    hot = {x.name: x.heat for x in vertices}
    edges = [
        Edge(names[a], names[b], f"{n:,}" if n > 1 else "", hot[names[a]])
        for (a, b), n in flows.items()
    ]
    return vertices, edges


def _box(
    name: str, home: str, count: int, share: Share | None, blame: Culprits, is_last: bool
) -> Vertex:
    if share is None:
        kind = "input" if home == "inputs" else "constant" if home == "constants" else "row"
        return Vertex(name, "output" if is_last else kind, (f"{count:,} × {home}",), 0)
    many = f" × {share.executions:,}" if share.executions > 1 else ""
    lines = [f"line {share.line}{many}", _short(share.source.strip())]
    lines.append(percent(share.signed, unit_of(blame)))
    lines += [share.cause] if share.cause else []
    return Vertex(name, "output" if is_last else "row", tuple(lines), heat(share.signed))


def _places(program: Program) -> list[Key | None]:
    """Return for each instruction the file's name, the line and the columns in characters."""
    if program.places is None:
        return [None] * len(program)
    keys = [_place(source) for source in program.sources]
    return [keys[k] if k >= 0 else None for k in program.places.tolist()]


def _place(place: Place) -> Key:
    file, line, left, right = place
    raw = linecache.getline(file, line).rstrip("\n").encode()
    right = right if right > left else len(raw)
    column = len(raw[: max(left, 0)].decode(errors="replace"))
    end = column + len(raw[max(left, 0) : right].decode(errors="replace"))
    return os.path.basename(file), line, column, end


def _key(share: Share) -> Key:
    return os.path.basename(share.file), share.line, share.column, share.end


def _short(text: str) -> str:
    text = " ".join(printable(text).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _dot(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')


def _lines(text: str) -> str:
    """Return a text with a line for each sentence, for Graphviz does not break lines."""
    return _dot(text).replace(". ", ".\\n").replace(": ", ":\\n", 1)


def _mermaid(text: str) -> str:
    safe = printable(text).replace("#", "#35;").replace("&", "#amp;").replace('"', "#quot;")
    return safe.replace("<", "#lt;").replace(">", "#gt;").replace("`", "#96;")


def _xml(text: str) -> str:
    for letter, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(letter, name)
    return printable(text)
