"""Programs as pictures: the text of a graph for Graphviz and for Mermaid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from typedgrad.literals import literal_text
from typedgrad.op import TABLE, Op
from typedgrad.program import Program

LIMIT = 200  # nodes that a picture of single values may have
WIDE = 32  # characters of a label
SYMMETRIC = frozenset({"add", "mul", "maximum", "minimum", "hypot", "logaddexp", "equal"})
SHAPES = {"input": "box", "constant": "plaintext", "row": "ellipse", "output": "box, peripheries=2"}
BRACKETS = {
    "input": ("[", "]"),
    "constant": ("(", ")"),
    "row": ("([", "])"),
    "output": ("((", "))"),
}


class Box(NamedTuple):
    """A node of a picture; its kind is input, constant, row or output."""

    name: str
    kind: str
    label: str


class Arrow(NamedTuple):
    """An edge of a picture."""

    source: str
    target: str
    label: str


class Picture(NamedTuple):
    """What is drawn, and a note where single values are not."""

    boxes: list[Box]
    arrows: list[Arrow]
    note: str = ""


def to_dot(program: Program, limit: int = LIMIT) -> str:
    """Return the program as a graph in the language of Graphviz.

    A program of more values than the limit is folded: one node a row, with its count. The labels
    of edges say which argument a value is, where that matters.
    """
    drawn = picture(program, limit)
    lines = ["digraph program {", "  rankdir=LR;", '  node [fontname="monospace", ordering="in"];']
    if drawn.note:
        lines.append(f'  label="{_dot(drawn.note)}";')
    lines += [
        f'  {a} [label="{_dot(text)}", shape={SHAPES[kind]}];' for a, kind, text in drawn.boxes
    ]
    for a, b, text in drawn.arrows:
        lines.append(f"  {a} -> {b}" + (f' [label="{_dot(text)}"];' if text else ";"))
    return "\n".join([*lines, "}"]) + "\n"


def to_mermaid(program: Program, limit: int = LIMIT) -> str:
    """Return the program as a flowchart of Mermaid; like `to_dot` it is folded above the limit."""
    drawn = picture(program, limit)
    lines = ["flowchart LR"]
    if drawn.note:
        lines.append(f'  note["{_mermaid(drawn.note)}"]')
    for name, kind, text in drawn.boxes:
        left, right = BRACKETS[kind]
        lines.append(f'  {name}{left}"{_mermaid(text)}"{right}')
    for a, b, text in drawn.arrows:
        lines.append(f"  {a} -->" + (f'|"{_mermaid(text)}"| ' if text else " ") + b)
    return "\n".join(lines) + "\n"


def picture(program: Program, limit: int = LIMIT) -> Picture:
    """Return what is drawn of a program: values that are used, or rows with their counts."""
    if program.values > limit:
        return _folded(program, limit)
    used = {k for _, args in program.instructions() for k in args} | set(program.outputs.tolist())
    boxes = [Box(f"n{k}", "input", name) for k, name in enumerate(program.input_names())]
    for k, x in enumerate(program.constants, program.inputs):
        if k in used:
            boxes.append(Box(f"n{k}", "constant", literal_text(x)))
    arrows: list[Arrow] = []
    for k, (name, args) in enumerate(program.instructions(), program.first):
        boxes.append(Box(f"n{k}", "row", name))
        texts = _argument_names(TABLE[name], len(args))
        arrows += [Arrow(f"n{a}", f"n{k}", text) for a, text in zip(args, texts, strict=True)]
    for j, k in enumerate(program.outputs.tolist()):
        boxes.append(Box(f"out{j}", "output", f"output {j}"))
        arrows.append(Arrow(f"n{k}", f"out{j}", ""))
    return Picture(boxes, arrows)


def _argument_names(op: Op, count: int) -> Iterable[str]:
    if op.sequences > 1:
        size = count // op.sequences
        return [f"{'ab'[k // size]}{k % size}" for k in range(count)]
    return [""] * count if op.sequences or count < 2 or op.name in SYMMETRIC else op.args


def _folded(program: Program, limit: int) -> Picture:
    rows = {name: f"row{code}" for code, name in enumerate(program.ops)}
    kinds = ["inputs"] * program.inputs + ["constants"] * len(program.constants)
    kinds += [rows[op] for op, _ in program.instructions()]
    outputs: list[int] = program.outputs.tolist()
    flows = Counter(
        (kinds[a], rows[op]) for op, args in program.instructions() for a in args
    ) + Counter((kinds[k], "outputs") for k in outputs)
    counts = Counter(kinds)
    sides = {"inputs": "input", "constants": "constant", "outputs": "output"}
    counts["outputs"] = len(program.outputs)
    labels = {**{name: name for name in sides}, **{name: row for row, name in rows.items()}}
    boxes = [
        Box(name, sides.get(name, "row"), f"{counts[name]} × {text}")
        for name, text in labels.items()
        if counts[name]
    ]
    arrows = [Arrow(a, b, f"{count}" if count > 1 else "") for (a, b), count in flows.items()]
    note = f"{program.values} values, folded into rows; limit={program.values} draws each"
    return Picture(boxes, arrows, note)


def _short(text: str) -> str:
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= WIDE * 3 else text[: WIDE * 3 - 1] + "…"


def _dot(text: str) -> str:
    return _short(text).replace("\\", "\\\\").replace('"', '\\"')


def _mermaid(text: str) -> str:
    safe = _short(text).replace("#", "#35;").replace("&", "#amp;").replace('"', "#quot;")
    return safe.replace("<", "#lt;").replace(">", "#gt;").replace("`", "#96;")
