"""Replacing: a program in which what matched a pattern is computed in another way."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from typing_extensions import override

from typedgrad.program import Builder, Program
from typedgrad.rewriting.patterns import BINARY, REST, Bound, Match, Term, parsed
from typedgrad.simplify import without_dead

MOST_LISTED = 6  # values of a list that a person still reads


def replaced(program: Program, better: str, matches: Sequence[Match]) -> Program:
    """Return the program with the replacement instead of the value of each match."""
    tree = parsed(better)
    wholes = [x.value for x in ast.walk(tree) if isinstance(x, ast.Constant)]
    maker = Maker(program, sorted({0, *(x for x in wholes if isinstance(x, int))}))
    wanted = {match.value: match for match in matches}
    for i, (row, args) in enumerate(program.instructions(), program.first):
        match = wanted.get(i)
        made = maker.kept(row, args) if match is None else maker.made(tree, match)
        maker.number.append(made)
    kept: list[int] = program.outputs.tolist()
    outputs = [maker.number[v] for v in kept]
    return without_dead(maker.builder.program(outputs, program.names))


class Maker:
    """A program in the making that follows an old one; `number` tells what became of its values."""

    def __init__(self, program: Program, numbers: Sequence[int]) -> None:
        self.builder: Builder = Builder(program.inputs, [*program.constants, *numbers])
        self.whole: dict[int, int] = {x: program.first + k for k, x in enumerate(numbers)}
        self.number: list[int] = list(range(program.first))

    def kept(self, row: str, args: Sequence[int]) -> int:
        """Write an instruction of the old program and return its value."""
        return self.builder.emit(row, [self.number[k] for k in args])

    def made(self, tree: ast.expr, match: Match) -> int:
        """Write a replacement and return its value, with the sign and the others of the match."""
        value = self._value(tree, match.bound)
        if match.others:
            rest = self._sum(match.others)
            return self.builder.emit("add" if match.sign > 0 else "sub", [rest, value])
        return self.builder.emit("neg", [value]) if match.sign < 0 else value

    def _value(self, tree: ast.expr, bound: Bound) -> int:
        if isinstance(tree, ast.Constant) and isinstance(tree.value, int):
            return self.whole[tree.value]
        if isinstance(tree, ast.Name):
            if tree.id == REST:
                return self._sum(terms_of(bound[REST]))
            return self._all(tree, bound)[0]
        if isinstance(tree, ast.UnaryOp):
            return self.builder.emit("neg", [self._value(tree.operand, bound)])
        if isinstance(tree, ast.BinOp):
            left, right = self._value(tree.left, bound), self._value(tree.right, bound)
            return self.builder.emit(BINARY[type(tree.op)], [left, right])
        assert isinstance(tree, ast.Call)
        args = [k for arg in tree.args for k in self._all(arg, bound)]
        return self.builder.emit(ast.unparse(tree.func), args)

    def _all(self, tree: ast.expr, bound: Bound) -> list[int]:
        found = bound[tree.id] if isinstance(tree, ast.Name) and tree.id != REST else None
        if found is None:
            return [self._value(tree, bound)]
        values = found if isinstance(found, tuple) else (found,)
        return [self.number[v] for v in values if isinstance(v, int)]

    def _sum(self, terms: Sequence[Term]) -> int:
        """Write the other terms of a sum, left to right."""
        total: int | None = None
        for sign, value in terms:
            term = self.number[value]
            if total is None:
                total = term if sign > 0 else self.builder.emit("neg", [term])
            else:
                total = self.builder.emit("add" if sign > 0 else "sub", [total, term])
        return self.whole[0] if total is None else total


def terms_of(found: int | tuple[int, ...] | tuple[Term, ...]) -> list[Term]:
    """Return the terms that a letter stands for; none where it stands for values."""
    return [x for x in found if isinstance(x, tuple)] if isinstance(found, tuple) else []


def worded(
    text: str, match: Match, say: Callable[[int], str], spell: Callable[[str], str] = "tg.{}".format
) -> str:
    """Return a replacement in the words of the user; `say` gives the text of a value.

    `spell` gives the name of a function. Raises `LookupError` from `say` where a value has no short
    text.
    """
    names: Mapping[str, ast.expr] = {
        name: _worded(found, say) for name, found in match.bound.items()
    }

    class Words(ast.NodeTransformer):
        @override
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return names.get(node.id, node)

        @override
        def visit_Call(self, node: ast.Call) -> ast.expr:
            if ast.unparse(node.func) == "square" and isinstance(node.args[0], ast.Name):
                own = self.visit_Name(node.args[0])
                return ast.BinOp(own, ast.Mult(), own)
            name = ast.Name(spell(ast.unparse(node.func)))
            return ast.Call(name, [self.visit(x) for x in node.args], [])

    tree = Words().visit(ast.parse(text, mode="eval").body)
    whole = tree if match.sign > 0 else ast.UnaryOp(ast.USub(), tree)
    if match.others:
        rest = _worded(match.others, say)
        whole = ast.BinOp(rest, ast.Add() if match.sign > 0 else ast.Sub(), tree)
    return ast.unparse(ast.fix_missing_locations(whole))


def _worded(found: Any, say: Callable[[int], str]) -> ast.expr:
    """Return what a letter stands for as an expression."""
    if isinstance(found, int):
        return ast.parse(say(found), mode="eval").body
    if isinstance(found[0], int):
        return ast.parse(_listed([say(v) for v in found]), mode="eval").body
    whole: ast.expr | None = None
    for sign, value in found:
        term = _worded(value, say)
        if whole is None:
            whole = term if sign > 0 else ast.UnaryOp(ast.USub(), term)
        else:
            whole = ast.BinOp(whole, ast.Add() if sign > 0 else ast.Sub(), term)
    return whole or ast.Constant(0)


def _listed(texts: list[str]) -> str:
    """Return a list as text: by its name where it is all of one sequence.

    Values that are one text are those of a loop, and no list of it names them.
    """
    name = min(texts[0], texts[-1]).removesuffix("[0]")
    whole = [f"{name}[{k}]" for k in range(len(texts))]
    if len(texts) > 1 and texts in (whole, whole[::-1]):
        return name
    if len(texts) > MOST_LISTED or (len(texts) > 1 and len(set(texts)) == 1):
        raise LookupError(len(texts))
    return f"[{', '.join(texts)}]"
