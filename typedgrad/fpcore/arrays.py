"""The forms of FPCore that make and measure arrays, which are lists of nodes."""

from __future__ import annotations

from typing import Any

from typedgrad.fpcore.parts import ARRAY, NUMBER, TRUTH, Call, Names, Part
from typedgrad.fpcore.places import located
from typedgrad.fpcore.reading import Reader, Scope, form
from typedgrad.fpcore.syntax import Tree
from typedgrad.transforms import is_sequence

MOST_ELEMENTS = 1_000_000


@form("array")
def read_array(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (array a b ...), a list of numbers or of arrays."""
    parts = [reader.part(piece, scope) for piece in tree.parts[1:]]
    if not parts:
        reader.wrong(tree, "an array of nothing", "write (array a ...)")
    reader.demand(tree, parts, NUMBER if parts[0].kind == TRUTH else parts[0].kind)
    return Part(lambda names, own: [part.run(names, own) for part in parts], ARRAY)


def whole(reader: Reader, tree: Tree, x: Any) -> int:
    """Return a number that counts as an int; a node is held to it by a comparison."""
    if type(x) is int:
        return x
    call = located(tree, reader.source.file)
    number: Any = getattr(x, "primal", x)
    finite = abs(float(number)) < MOST_ELEMENTS
    k = int(float(number)) if finite else -1
    if not finite or not call(lambda: bool(x == k)):
        reader.wrong(tree, f"{number} is no count", f"use a whole number below {MOST_ELEMENTS}")
    return k


@form("ref")
def read_ref(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (ref array i ...), one element of an array, counted from 0."""
    pieces = list(tree.parts[1:])
    if len(pieces) < 2:
        reader.wrong(tree, "ref without an index", "write (ref array index ...)")
    parts = [reader.part(piece, scope) for piece in pieces]
    reader.need(pieces[0], parts[0], ARRAY)
    for piece, part in zip(pieces[1:], parts[1:], strict=True):
        reader.need(piece, part, NUMBER)

    def element(names: Names, own: Call) -> Any:
        found = parts[0].run(names, own)
        for part in parts[1:]:
            k = whole(reader, tree, part.run(names, own))
            inside: list[Any] = list(found) if is_sequence(found) else []
            if not 0 <= k < len(inside):
                reader.wrong(tree, f"there is no element {k}", "stay inside the array")
            found = inside[k]
        if is_sequence(found):
            reader.wrong(tree, "the element is an array", "give one index for each dimension")
        return found

    return Part(element)


@form("dim", "size")
def read_size(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (dim array), how many dimensions it has, or (size array k), how long one of them is."""
    pieces = list(tree.parts[1:])
    reader.count(tree, pieces, "1" if tree.head == "dim" else "2")
    parts = [reader.part(piece, scope) for piece in pieces]
    reader.need(pieces[0], parts[0], ARRAY)
    for piece, part in zip(pieces[1:], parts[1:], strict=True):
        reader.need(piece, part, NUMBER)

    def measured(names: Names, own: Call) -> int:
        lengths = shape(parts[0].run(names, own))
        if tree.head == "dim":
            return len(lengths)
        k = whole(reader, tree, parts[1].run(names, own))
        if not 0 <= k < len(lengths):
            reader.wrong(tree, f"there is no dimension {k}", "count dimensions from 0")
        return lengths[k]

    return Part(measured)


def shape(x: Any) -> list[int]:
    """Return the lengths of lists in lists."""
    found: list[int] = []
    while is_sequence(x):
        found.append(len(x))
        x = x[0] if x else None
    return found
