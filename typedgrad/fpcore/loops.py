"""The forms of FPCore that bind names: let, while, for and tensor, each also with a star."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from typedgrad.fpcore.arrays import MOST_ELEMENTS, whole
from typedgrad.fpcore.parts import ARRAY, NUMBER, TRUTH, Call, Names, Part
from typedgrad.fpcore.reading import Reader, Scope, form
from typedgrad.fpcore.syntax import Tree


@dataclass(frozen=True)
class Variable:
    """A name with its first value and, in a loop, the value of the next turn."""

    name: str
    start: Part
    step: Part


def bindings(reader: Reader, tree: Tree, where: Tree, size: int) -> list[Tree]:
    """Return the lists of a name and size - 1 expressions that a form has at a place."""
    shape = "[name value]" if size == 2 else "[name first next]"
    hint = f"write ({tree.head} ... ({shape} ...) ...)"
    if where.kind != "list":
        reader.wrong(where, f"{str(where)[:40]} where names are bound", hint)
    for binding in where.parts:
        if binding.kind != "list" or len(binding.parts) != size or not binding.head:
            reader.wrong(binding, f"{str(binding)[:40]} binds no name", hint)
    names = [binding.head for binding in where.parts]
    for k, binding in enumerate(where.parts):
        if binding.head in names[:k] and tree.head != "let*":
            reader.wrong(binding, f"{binding.head} is bound twice", "give each value its name")
    return list(where.parts)


def in_order(tree: Tree) -> bool:
    """Tell whether a form binds one name after the other."""
    return tree.head.endswith("*")


@form("let", "let*")
def read_let(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (let ([name value] ...) body); with a star each value sees the names before it."""
    reader.count(tree, list(tree.parts[1:]), "2")
    known = dict(scope)
    made: list[tuple[str, Part]] = []
    for binding in bindings(reader, tree, tree.parts[1], 2):
        part = reader.part(binding.parts[1], known if in_order(tree) else scope)
        made.append((binding.head, part))
        known[binding.head] = part.kind
    body = reader.part(tree.parts[2], known)
    star = in_order(tree)

    def bound(names: Names, own: Call) -> Any:
        inner = dict(names)
        for name, part in made:
            inner[name] = part.run(inner if star else names, own)
        return body.run(inner, own)

    return Part(bound, body.kind)


def variables(
    reader: Reader, tree: Tree, where: Tree, scope: Scope, counted: Scope
) -> tuple[list[Variable], Scope]:
    """Return the variables of a loop, and what is known inside it; first values count nothing."""
    outside = dict(scope)
    starts: list[Part] = []
    found = bindings(reader, tree, where, 3)
    for binding in found:
        starts.append(reader.part(binding.parts[1], outside if in_order(tree) else scope))
        outside[binding.head] = starts[-1].kind
    known = {**outside, **counted}
    for binding in found:
        if binding.head in counted:
            reader.wrong(binding, f"{binding.head} is bound twice", "give each value its name")
    made: list[Variable] = []
    for binding, start in zip(found, starts, strict=True):
        step = reader.part(binding.parts[2], known)
        reader.need(binding.parts[2], step, start.kind)
        made.append(Variable(binding.head, start, step))
    return made, known


def begun(made: list[Variable], names: Names, own: Call, star: bool) -> Names:
    """Return the names with the first values of a loop's variables."""
    inner = dict(names)
    for variable in made:
        inner[variable.name] = variable.start.run(inner if star else names, own)
    return inner


def stepped(made: list[Variable], names: Names, own: Call, star: bool) -> Names:
    """Return the names with the next values; with a star each sees the ones before it."""
    inner = dict(names)
    for variable in made:
        inner[variable.name] = variable.step.run(inner if star else names, own)
    return inner


@form("while", "while*")
def read_while(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (while test ([name first next] ...) body)."""
    reader.count(tree, list(tree.parts[1:]), "3")
    made, known = variables(reader, tree, tree.parts[2], scope, {})
    test, body = reader.part(tree.parts[1], known), reader.part(tree.parts[3], known)
    reader.need(tree.parts[1], test, TRUTH)
    star = in_order(tree)

    def looped(names: Names, own: Call) -> Any:
        inner = begun(made, names, own, star)
        while test.run(inner, own) and own.turn(tree):
            inner = stepped(made, inner, own, star)
        return body.run(inner, own)

    return Part(looped, body.kind)


@dataclass(frozen=True)
class Ranges:
    """The names that count in a for or a tensor, and how far."""

    reader: Reader
    tree: Tree
    names: list[str]
    sizes: list[Part]

    @property
    def kinds(self) -> Scope:
        """The kinds of the names."""
        return dict.fromkeys(self.names, NUMBER)

    def lengths(self, names: Names, own: Call) -> list[int]:
        """Return how far each name counts."""
        found = [whole(self.reader, self.tree, part.run(names, own)) for part in self.sizes]
        if prod(found) > MOST_ELEMENTS or min(found, default=0) < 0:
            hint = f"use lengths from 0 on, and at most {MOST_ELEMENTS} elements"
            self.reader.wrong(self.tree, f"lengths {found} in all", hint)
        return found

    def turns(self, lengths: list[int]) -> Iterator[dict[str, int]]:
        """Yield the counted names of every turn, the last one running fastest."""
        for indices in product(*map(range, lengths)):
            yield dict(zip(self.names, indices, strict=True))


def ranges(reader: Reader, tree: Tree, scope: Scope) -> Ranges:
    """Return what (for ([i n] ...) ...) counts."""
    found = bindings(reader, tree, tree.parts[1], 2)
    sizes = [reader.part(binding.parts[1], scope) for binding in found]
    for binding, size in zip(found, sizes, strict=True):
        reader.need(binding.parts[1], size, NUMBER)
    return Ranges(reader, tree, [binding.head for binding in found], sizes)


@form("for", "for*")
def read_for(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (for ([i n] ...) ([name first next] ...) body); i counts from 0 to n - 1."""
    reader.count(tree, list(tree.parts[1:]), "3")
    counted = ranges(reader, tree, scope)
    made, known = variables(reader, tree, tree.parts[2], scope, counted.kinds)
    body = reader.part(tree.parts[3], {**scope, **{v.name: known[v.name] for v in made}})
    star = in_order(tree)

    def looped(names: Names, own: Call) -> Any:
        inner = begun(made, names, own, star)
        for indices in counted.turns(counted.lengths(names, own)):
            if not own.turn(tree):
                break
            inner = stepped(made, {**inner, **indices}, own, star)
        return body.run(inner, own)

    return Part(looped, body.kind)


@form("tensor", "tensor*")
def read_tensor(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (tensor ([i n] ...) body), the array of the bodies; with a star it has variables."""
    star = in_order(tree)
    reader.count(tree, list(tree.parts[1:]), "3" if star else "2")
    counted = ranges(reader, tree, scope)
    made: list[Variable] = []
    known: Scope = {**scope, **counted.kinds}
    if star:
        made, known = variables(reader, tree, tree.parts[2], scope, counted.kinds)
    body = reader.part(tree.parts[-1], known)

    def tabulated(names: Names, own: Call) -> Any:
        lengths = counted.lengths(names, own)
        inner, found = begun(made, names, own, star), list[Any]()
        for indices in counted.turns(lengths):
            inner = stepped(made, {**inner, **indices}, own, star)
            found.append(body.run(inner, own))
        return nested(found, lengths)

    return Part(tabulated, ARRAY)


def nested(flat: list[Any], lengths: list[int]) -> list[Any]:
    """Return a flat list as lists in lists of these lengths."""
    for length in reversed(lengths[1:]):
        flat = [flat[k : k + length] for k in range(0, len(flat), length)] if length else []
    return flat
