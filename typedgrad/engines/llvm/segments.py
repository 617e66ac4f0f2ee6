"""A graph cut into steps: loops over a block of points, and what must run between them.

The inner loops of NumPy run on whole blocks, so they cut the graph: an operation belongs to the
segment behind the last inner loop above it. A long segment is cut further, into functions that a
compiler can digest. What crosses from one step to another lies in a slot of the workspace.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from typedgrad.engines.llvm.graph import BARRIERS, CONSTANT, INPUT, Graph, is_test
from typedgrad.engines.llvm.guards import ALWAYS, Need, Region, kept, needs, operands_of, regions

CHUNK = 400  # operations in one function
QUICK = frozenset({"neg", "abs", "mul", "add", "sub"})  # to do them again is no more than a load


@dataclass
class Step:
    """A loop over `nodes`, or a single barrier; `flags` says which barriers behind are needed.

    What is in `again` was computed by a loop before, and is computed anew rather than loaded.
    """

    nodes: list[int]
    barrier: bool = False
    outputs: list[int] = field(default_factory=list[int])
    flags: list[tuple[int, Need]] = field(default_factory=list[tuple[int, Need]])
    regions: list[Region] = field(default_factory=list[Region])
    again: list[int] = field(default_factory=list[int])


@dataclass
class Stage:
    """Steps in order, and the slot of each value that crosses between them."""

    steps: list[Step]
    slots: dict[int, int]
    size: int


@dataclass
class Plan:
    """What runs once, on what all points share, and what runs for each block of points.

    `shared` nodes lie in cells: the inputs that all points share, constants that a barrier takes,
    and what is computed from these alone.
    """

    graph: Graph
    cells: dict[int, int]
    once: Stage
    each: Stage
    columns: list[int]
    shared: set[int]


def planned(graph: Graph, alike: tuple[bool, ...], chunk: int = CHUNK) -> Plan:
    """Return the plan of a graph; `alike` tells which inputs all points share."""
    live = _live(graph)
    shared: set[int] = set()
    for n, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        if alike[graph.given[n]] if op == INPUT else shared.issuperset(args):
            shared.add(n)
    made = [n for n in live if graph.ops[n] not in (INPUT, CONSTANT)]
    need = needs(graph, live)
    once = _steps(graph, [n for n in made if n in shared], {}, chunk)
    each = _steps(graph, [n for n in made if n not in shared], need, chunk)
    there = shared.union(n for n in live if graph.ops[n] == INPUT)
    for step in each:
        if not step.barrier:
            step.regions = regions(graph, step.nodes, need, there)
        there.update(step.nodes)
    _place_outputs(graph, each)
    for step in each:
        if not step.barrier:
            step.again = _again(graph, step, shared)
    cells: dict[int, int] = {}
    for n in live:
        if graph.ops[n] == INPUT and n in shared:
            cells[n] = len(cells)
    for step in (*once, *each):
        for n in _reads(graph, step):
            if n in shared and (graph.ops[n] != CONSTANT or step.barrier):
                cells.setdefault(n, len(cells))
    for step in once:
        if step.barrier:
            cells.setdefault(step.nodes[0], len(cells))
    columns = [n for n in live if graph.ops[n] == INPUT and n not in shared]
    slots, size = _slots(graph, each, shared)
    return Plan(graph, cells, Stage(once, {}, 0), Stage(each, slots, size), columns, shared)


def _live(graph: Graph) -> list[int]:
    needed = [False] * len(graph.ops)
    for n in graph.outputs:
        needed[n] = True
    for n in range(len(needed) - 1, -1, -1):
        if needed[n]:
            for k in graph.args[n]:
                needed[k] = True
    return [n for n, there in enumerate(needed) if there]


def _steps(graph: Graph, nodes: list[int], need: dict[int, Need], chunk: int) -> list[Step]:
    """Return the steps of some nodes, in the order of their levels."""
    level: dict[int, int] = {}
    loops: dict[int, list[int]] = {}
    barriers: dict[int, list[int]] = {}
    for n in nodes:
        above = (level[k] + (graph.ops[k] in BARRIERS) for k in graph.args[n] if k in level)
        level[n] = max(above, default=0)
        if not is_test(graph.ops[n]):
            kind = barriers if graph.ops[n] in BARRIERS else loops
            kind.setdefault(level[n], []).append(n)
    steps: list[Step] = []
    for k in sorted({*loops, *barriers}):
        own = loops.get(k, [])
        steps += [Step(own[i : i + chunk]) for i in range(0, len(own), chunk)]
        held = [(n, _ready(graph, need.get(n, ALWAYS), level, k)) for n in barriers.get(k, [])]
        flags = [(n, wanted) for n, wanted in held if wanted != ALWAYS]
        if flags and not own:
            steps.append(Step([]))
        if flags:
            steps[-1].flags = flags
        steps += [Step([n], barrier=True) for n in barriers.get(k, [])]
    return steps


def _ready(graph: Graph, need: Need, level: dict[int, int], now: int) -> Need:
    """Return a need by the tests alone that are known at a level."""

    def known(test: int) -> bool:
        below = (level.get(k, -1) + (graph.ops[k] in BARRIERS) for k in operands_of(graph, test))
        return all(place <= now for place in below)

    return kept(need, known)


def _place_outputs(graph: Graph, steps: list[Step]) -> None:
    """Let each output be written where it is made, or in the last loop."""
    home = {n: step for step in steps if not step.barrier for n in step.nodes}
    rest = [j for j, n in enumerate(graph.outputs) if n not in home]
    if rest and (not steps or steps[-1].barrier):
        steps.append(Step([]))
    for j, n in enumerate(graph.outputs):
        (home[n] if n in home else steps[-1]).outputs.append(j)


def _again(graph: Graph, step: Step, shared: set[int]) -> list[int]:
    """Return the quick ones of what a loop reads that it can do from what else it reads."""
    reads = sorted(set(_reads(graph, step)))
    there = shared.union(reads)
    return [
        k
        for k in reads
        if k not in shared
        and graph.ops[k] in QUICK
        and all(a in there or graph.ops[a] in (INPUT, CONSTANT) for a in graph.args[k])
    ]


def _reads(graph: Graph, step: Step) -> list[int]:
    own = {*step.nodes, *step.again}
    made = (*step.nodes, *step.again)
    found = [k for n in made for k in operands_of(graph, n) if step.barrier or k not in own]
    for need in [*(r.need for r in step.regions), *(wanted for _, wanted in step.flags)]:
        tests = {test for path in need for test, _ in path}
        found += [k for test in tests for k in operands_of(graph, test) if k not in own]
    return found + [graph.outputs[j] for j in step.outputs if graph.outputs[j] not in own]


def _slots(graph: Graph, steps: list[Step], shared: set[int]) -> tuple[dict[int, int], int]:
    """Return the slot of each value that crosses; one is used again after its last reader."""
    last: dict[int, int] = {}
    for place, step in enumerate(steps):
        for k in _reads(graph, step):
            if k not in shared and graph.ops[k] != INPUT:
                last[k] = place
        if step.barrier:
            last.setdefault(step.nodes[0], place)
    slots: dict[int, int] = {}
    free: list[int] = []
    ends: dict[int, list[int]] = {}
    top = 0
    for place, step in enumerate(steps):
        for n in step.nodes:
            if n in last:
                slots[n] = free.pop() if free else top
                top += slots[n] == top
                ends.setdefault(last[n], []).append(slots[n])
        free += ends.get(place, [])
    return slots, top
