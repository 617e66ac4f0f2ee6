"""Which points need a node: those that take the side of a choice on which it lies.

A graph computes both sides of every choice. Where no point of a group, or of a block, takes a
side, its work is left out: its results are arbitrary then, and nobody picks them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from typedgrad.engines.llvm.graph import CONSTANT, Graph, is_test

Path: TypeAlias = tuple[tuple[int, bool], ...]
Need: TypeAlias = frozenset[Path]

ALWAYS: Need = frozenset({()})
MOST_PATHS = 4
DEEPEST = 3
SLOW = {"div": 8, "sqrt": 8}
WORTH = 24  # a branch that is taken now and then costs about as much as so many operations


class Region(NamedTuple):
    """Nodes of a loop, from one place to another, that run only where a point needs them."""

    begin: int
    end: int
    need: Need


def needs(graph: Graph, live: list[int]) -> dict[int, Need]:
    """Return for each node under which tests it is needed: one of some paths, each of all tests."""
    found: dict[int, set[Path]] = {n: set() for n in live}
    for n in graph.outputs:
        found[n].add(())
    final: dict[int, Need] = {}
    for n in reversed(live):
        final[n] = own = _limited(found[n])
        args = graph.args[n]
        for place, k in enumerate(args):
            side = graph.ops[n] == "select" and place > 0 and args.count(k) == 1
            if side and not _usual(graph, args[0], place == 1):
                found[k] |= {(*path, (args[0], place == 1))[-DEEPEST:] for path in own}
            else:
                found[k] |= own
    return final


def _usual(graph: Graph, test: int, holds: bool) -> bool:
    """Tell whether nearly all points take a side: that of what is not exactly some constant."""
    op = graph.ops[test]
    if op not in ("eq", "ne"):
        return False
    a, b = graph.args[test]
    alike = holds if op == "eq" else not holds
    return alike if a == b else not alike and CONSTANT in (graph.ops[a], graph.ops[b])


def _limited(paths: set[Path]) -> Need:
    return ALWAYS if () in paths or len(paths) > MOST_PATHS else frozenset(paths)


def kept(need: Need, known: Callable[[int], bool]) -> Need:
    """Return a weaker need that asks only the tests that are known."""
    return _limited({tuple(each for each in path if known(each[0])) for path in need})


def operands_of(graph: Graph, n: int) -> list[int]:
    """Return the numbers that an operation takes, those of its comparisons included."""
    found: list[int] = []
    for k in graph.args[n]:
        found += operands_of(graph, k) if is_test(graph.ops[k]) else [k]
    return found


def regions(graph: Graph, nodes: list[int], need: dict[int, Need], there: set[int]) -> list[Region]:
    """Return the runs of nodes of one need that are worth a branch; `there` is what is known."""
    found: list[Region] = []
    known, begin = set(there), 0
    while begin < len(nodes):
        own, end = need[nodes[begin]], begin
        while end < len(nodes) and need[nodes[end]] == own:
            end += 1
        run = nodes[begin:end]
        if own != ALWAYS and sum(SLOW.get(graph.ops[n], 1) for n in run) >= WORTH:
            wanted = kept(own, _asking(graph, known))
            if wanted != ALWAYS:
                found.append(Region(begin, end, wanted))
        known.update(run)
        begin = end
    return found


def _asking(graph: Graph, known: set[int]) -> Callable[[int], bool]:
    """Return whether a test asks only for what is known."""
    return lambda test: known.issuperset(operands_of(graph, test))
