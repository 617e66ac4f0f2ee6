"""A checked piece of FPCore: how to run it on nodes, and what kind of thing it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from typedgrad.errors import EndlessLoop
from typedgrad.fpcore.syntax import Tree
from typedgrad.value import is_value

NUMBER, TRUTH, ARRAY = "a number", "a truth value", "an array"

# The things that names stand for: nodes and literals, truth values, lists of things.
Names: TypeAlias = dict[str, Any]


@dataclass
class Call:
    """One call of a core: a node of its precision, and how often its loops may go round.

    Without a `limit` a loop raises `EndlessLoop` after `most` turns; with one it is left.
    """

    core: str
    like: Any
    most: int
    limited: bool
    turns: int = 0

    def node(self, x: Any) -> Any:
        """Return a thing of kind number as a node of this call's precision."""
        return x if is_value(x) else self.like.constant(x)

    def turn(self, tree: Tree) -> bool:
        """Count a turn of a loop; false where the loop has to be left."""
        self.turns += 1
        if self.turns <= self.most:
            return True
        if self.limited:
            return False
        facts = dict(core=self.core, precision=self.like.numbers.name, line=tree.line)
        raise EndlessLoop(**facts, turns=self.most)


Run: TypeAlias = Callable[[Names, Call], Any]


@dataclass(frozen=True)
class Part:
    """A piece that can run: `run(names, call)`, and the kind of what it gives."""

    run: Run
    kind: str = NUMBER


def fixed(x: Any, kind: str = NUMBER) -> Part:
    """Return the part of something that is always the same."""
    return Part(lambda _names, _call: x, kind)


def named(name: str, kind: str) -> Part:
    """Return the part of a name."""
    return Part(lambda names, _call: names[name], kind)
