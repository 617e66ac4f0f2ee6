"""Which instructions only one side of a `where` needs, so that a block may go without them.

Each side of a `where` is a branch; a branch inside another one has it as its parent. Branch 0 is
the whole program.
"""

from __future__ import annotations

from typing import NamedTuple

from typedgrad.program import Program

TESTS = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})


class Branches(NamedTuple):
    """The branch of every instruction that is not in branch 0, and the branches themselves.

    `choices` gives for each `where` the branch of its first side; the other one has the next
    number. `masks` holds the comparisons that nothing but a `where` reads, as its condition.
    """

    of: dict[int, int]
    parents: list[int]
    choices: dict[int, int]
    masks: frozenset[int]


def branches(program: Program, each: list[int], wanted: frozenset[int]) -> Branches:
    """Return the branches of the instructions `each`; the wanted values are needed in any case."""
    first = program.first
    found = Branches({}, [0], {}, _masks(program, each, wanted))
    needed: dict[int, int] = dict.fromkeys(wanted, 0)
    depth, known = [0], [-1]  # of each branch: how deep it is, and when its conditions are known
    for i in reversed(each):
        v = first + i
        own = needed.get(v, 0)
        while known[own] >= i:
            own = found.parents[own]
        if own:
            found.of[i] = own
        args = program.arguments(i)
        branch = [own] * len(args)
        if program.op(i) == "where" and args[0] - first in found.masks:
            found.choices[i] = branch[1] = len(depth)
            branch[2] = branch[1] + 1
            for _ in range(2):
                found.parents.append(own)
                depth.append(depth[own] + 1)
                known.append(max(args[0] - first, known[own]))
        for k, b in zip(args, branch, strict=True):
            needed[k] = _common(needed[k], b, found.parents, depth) if k in needed else b
    return found


def _common(a: int, b: int, parents: list[int], depth: list[int]) -> int:
    while a != b:
        if depth[a] < depth[b]:
            b = parents[b]
        else:
            a = parents[a]
    return a


def _masks(program: Program, each: list[int], wanted: frozenset[int]) -> frozenset[int]:
    first = program.first
    tests = {i for i in each if program.op(i) in TESTS and first + i not in wanted}
    for i in each:
        args = program.arguments(i)
        tests.difference_update(k - first for k in args[program.op(i) == "where" :])
    return frozenset(tests)
