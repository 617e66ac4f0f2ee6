"""FPCore trees to parts that run on nodes of any precision; everything is checked here, once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias

from typedgrad.fpcore.literals import CONSTANTS, digits, number
from typedgrad.fpcore.operators import COMPARISONS, COMPOSED, PREDICATES, ROWS, arity
from typedgrad.fpcore.parts import NUMBER, TRUTH, Call, Names, Part, Run, fixed, named
from typedgrad.fpcore.places import located
from typedgrad.fpcore.syntax import Source, Tree
from typedgrad.op import TABLE
from typedgrad.value import is_value

Scope: TypeAlias = Mapping[str, str]  # the kind of every name that is known
Form: TypeAlias = Callable[["Reader", Tree, Scope], Part]
FORMS: dict[str, Form] = {}
KNOWN: dict[str, Any] = {**CONSTANTS, "TRUE": True, "FALSE": False}


class Reader:
    """The text that is read and the cores in it that have a symbol as their name so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.cores: dict[str, tuple[list[str], Part]] = {}

    def part(self, tree: Tree, scope: Scope) -> Part:
        """Return the part of an expression."""
        if tree.kind != "list":
            return self.word(tree, scope)
        form = FORMS.get(tree.head)
        if form is not None:
            return form(self, tree, scope)
        parts: list[Part] = []
        for piece in tree.parts[1:]:  # not a comprehension: each level of nesting costs one frame
            parts.append(self.part(piece, scope))
        return self.operation(tree, parts)

    def word(self, tree: Tree, scope: Scope) -> Part:
        """Return the part of a number, a name or a constant."""
        name = tree.text
        if tree.kind == "number":
            return fixed(number(tree, self.source))
        if tree.kind == "symbol" and name in scope:
            return named(name, scope[name])
        if tree.kind == "symbol" and name in KNOWN:
            return fixed(KNOWN[name], TRUTH if name in ("TRUE", "FALSE") else NUMBER)
        if tree.kind == "string":
            self.wrong(tree, f"{name[:40]} is a string", "write an expression here")
        return self.unknown(
            tree, [*scope, *KNOWN], f"names that are known here: {', '.join(scope)}"
        )

    def operation(self, tree: Tree, parts: list[Part]) -> Part:
        """Return the part of an operator on its arguments, or of a core that was read before."""
        name = tree.head
        if name in COMPARISONS:
            return comparison(self, tree, parts)
        wanted = arity(name)
        if name in self.cores:
            kinds = self.cores[name][0]
            self.count(tree, parts, str(len(kinds)))
            return inlined(self, tree, parts)
        if not wanted:
            words = [*ROWS, *COMPOSED, *PREDICATES, *COMPARISONS, *FORMS, *self.cores]
            return self.unknown(tree, words, f"operators: {', '.join(words[:9])}, ...")
        self.count(tree, parts, wanted)
        self.demand(tree, parts, NUMBER)
        call = located(tree, self.source.file)
        if name in ROWS:
            row = "neg" if name == "-" and len(parts) == 1 else ROWS[name]
            return Part(applied(call, TABLE[row], [part.run for part in parts]))
        if name in COMPOSED:
            return Part(composed(call, COMPOSED[name][1], [part.run for part in parts]))
        return Part(composed(call, PREDICATES[name], [parts[0].run]), TRUTH)

    def unknown(self, tree: Tree, words: list[str], what: str) -> NoReturn:
        """Raise the error for a name that nothing has."""
        name = tree.text or tree.head
        if not name:
            problem = f"{str(tree)[:40]} does not begin with an operator"
            self.wrong(tree, problem, "write (operator argument ...)")
        close = difflib.get_close_matches(name, words, 1)
        hint = f"did you mean {close[0]}?" if close else f"use {what}"
        kind = "an operator" if tree.kind == "list" else "a name that is known here"
        self.wrong(tree, f"{name[:40]} is not {kind}", hint)

    def count(self, tree: Tree, given: list[Any], wanted: str) -> None:
        """Raise unless an operator has as many arguments as it takes."""
        if str(len(given)) not in wanted.split(" or "):
            problem = f"{tree.head} with {len(given)} argument{'s' if len(given) != 1 else ''}"
            self.wrong(tree, problem, f"give it {wanted} argument{'s' if wanted != '1' else ''}")

    def demand(self, tree: Tree, parts: list[Part], kind: str) -> None:
        """Raise unless all arguments of a tree are of a kind."""
        for piece, part in zip(tree.parts[1:], parts, strict=False):
            self.need(piece, part, kind)

    def need(self, tree: Tree, part: Part, kind: str) -> None:
        """Raise unless a part is of a kind."""
        if part.kind != kind:
            self.wrong(tree, f"{str(tree)[:40]} is {part.kind}", f"write {kind} here")

    def wrong(self, tree: Tree, problem: str, hint: str) -> NoReturn:
        """Raise the error that says what is wrong at a tree."""
        self.source.wrong(tree, problem, hint)


def form(*names: str) -> Callable[[Form], Form]:
    """Enter the reader of a form under its names."""

    def entered(read: Form) -> Form:
        FORMS.update(dict.fromkeys(names, read))
        return read

    return entered


def applied(call: Callable[..., Any], row: Any, runs: list[Run]) -> Run:
    """Return what runs a row; a literal is left to the row, which rounds it once."""
    if len(runs) == 1:
        (only,) = runs
        return lambda names, own: call(row, own.node(only(names, own)))
    if len(runs) > 2:
        return composed(call, row, runs)
    first, second = runs

    def binary(names: Names, own: Call) -> Any:
        a, b = first(names, own), second(names, own)
        return call(row, a if is_value(b) else own.node(a), b)

    return binary


def composed(call: Callable[..., Any], f: Callable[..., Any], runs: list[Run]) -> Run:
    """Return what runs a function of nodes."""

    def several(names: Names, own: Call) -> Any:
        args: list[Any] = []
        for run in runs:
            args.append(own.node(run(names, own)))
        return call(f, *args)

    return several


def comparison(reader: Reader, tree: Tree, parts: list[Part]) -> Part:
    """Return the part of a comparison of any number of arguments; != wants all of them apart."""
    reader.demand(tree, parts, NUMBER)
    test, runs = COMPARISONS[tree.head], [part.run for part in parts]
    call = located(tree, reader.source.file)
    apart = tree.head == "!="

    def compared(names: Names, own: Call) -> bool:
        found: list[Any] = []
        for run in runs:
            x = own.node(run(names, own))
            before = found if apart else found[-1:]
            if not all(call(test, y, x) for y in before):
                return False
            found.append(x)
        return True

    return Part(compared, TRUTH)


def inlined(reader: Reader, tree: Tree, parts: list[Part]) -> Part:
    """Return the part of a call of another core, which runs in the precision of this one."""
    arguments, body = reader.cores[tree.head]
    reader.demand(tree, parts, NUMBER)

    def called(names: Names, own: Call) -> Any:
        given = [own.node(part.run(names, own)) for part in parts]
        return body.run(dict(zip(arguments, given, strict=True)), own)

    return Part(called, body.kind)


@form("digits")
def read_digits(reader: Reader, tree: Tree, _scope: Scope) -> Part:
    """Read (digits m e b), the number m * b**e."""
    return fixed(digits(tree, reader.source))


@form("and", "or")
def read_logic(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (and a b ...) or (or a b ...), which look no further than they must."""
    parts = [reader.part(piece, scope) for piece in tree.parts[1:]]
    reader.demand(tree, parts, TRUTH)
    both = tree.head == "and"

    def decided(names: Names, own: Call) -> bool:
        for part in parts:
            if part.run(names, own) is not both:
                return not both
        return both

    return Part(decided, TRUTH)


@form("not")
def read_not(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (not a)."""
    reader.count(tree, list(tree.parts[1:]), "1")
    part = reader.part(tree.parts[1], scope)
    reader.need(tree.parts[1], part, TRUTH)
    return Part(lambda names, own: not part.run(names, own), TRUTH)


@form("if")
def read_if(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (if test then else)."""
    reader.count(tree, list(tree.parts[1:]), "3")
    test, then, otherwise = (reader.part(piece, scope) for piece in tree.parts[1:])
    reader.need(tree.parts[1], test, TRUTH)
    reader.need(tree.parts[3], otherwise, then.kind)

    def chosen(names: Names, own: Call) -> Any:
        return (then if test.run(names, own) else otherwise).run(names, own)

    return Part(chosen, then.kind)


@form("!")
def read_annotated(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (! :precision binary32 ... a), which is a: the caller chooses the precision."""
    if len(tree.parts) < 2 or len(tree.parts) % 2:
        reader.wrong(tree, "an annotation without its expression", "write (! :name value a)")
    for name in tree.parts[1:-1:2]:
        if not name.text.startswith(":"):
            reader.wrong(name, f"{str(name)[:40]} is not a property", "write (! :name value a)")
    return reader.part(tree.parts[-1], scope)


@form("cast")
def read_cast(reader: Reader, tree: Tree, scope: Scope) -> Part:
    """Read (cast a), which is a: all of a core runs in one precision."""
    reader.count(tree, list(tree.parts[1:]), "1")
    part = reader.part(tree.parts[1], scope)
    reader.need(tree.parts[1], part, NUMBER)
    return part
