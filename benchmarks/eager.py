"""Build a graph and sweep it: ns per operation, wide and chain, against the peers; and dot nodes.

Two fifths of the operations are products, two fifths sums, one fifth relu or tanh.
"""

from __future__ import annotations

import argparse
import tracemalloc
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

import typedgrad as tg
from benchmarks.harness import RATIOS, Times, agreed, interleaved, machine, ratios, show
from benchmarks.peers import ENGINES, OURS, present

SHAPES = ("wide", "chain")
ACTIVATIONS = ("relu", "tanh")
SIZES = (16, 64, 256)


def wide(leaves: Sequence[Any], f: Callable[[Any], Any], count: int) -> Any:
    """Return the root of a graph of many short branches, summed as a tree."""
    m = len(leaves)
    layer = [
        f(
            leaves[i % m] * leaves[(7 * i + 1) % m] * leaves[(5 * i + 3) % m]
            + leaves[(13 * i + 2) % m]
        )
        for i in range(count // 5)
    ]
    while len(layer) > 1:
        odd = layer[len(layer) & ~1 :]
        layer = [a + b for a, b in zip(layer[::2], layer[1::2], strict=False)] + odd
    return layer[0]


def chain(leaves: Sequence[Any], f: Callable[[Any], Any], count: int) -> Any:
    """Return the end of one long chain."""
    y, a, b = leaves[0], leaves[1], leaves[2]
    for _ in range(count // 5):
        y = f((y * a + b) * a + b)
    return y


def numbers(shape: str) -> list[float]:
    """Return the numbers at the leaves."""
    if shape == "chain":
        return [0.7, 0.999, 0.0003]
    return [0.3 + 0.7 * ((37 * i) % 101) / 101.0 for i in range(256)]


def one_graph(name: str, shape: str, activation: str, count: int) -> Times:
    """Build, sweep and free one graph; seconds per operation of each, and what came out."""
    engine = ENGINES[name]()
    leaves = [engine.leaf(x) for x in numbers(shape)]
    build, f = (chain if shape == "chain" else wide), getattr(engine, activation)
    start = process_time()
    root = build(leaves, f, count)
    built = process_time()
    root.backward()
    swept = process_time()
    value, slope = float(root.data), float(leaves[1].grad)
    before = process_time()
    del root
    free = process_time() - before
    seconds = dict(forward=built - start, backward=swept - built, free=free)
    seconds["total"] = sum(seconds.values())
    each = {key: t / count for key, t in seconds.items()}
    return each | dict(value=value, slope=slope)


def bytes_per_node(name: str, shape: str, count: int) -> Times:
    """Return the bytes of a node after the build, and after the sweep."""
    engine = ENGINES[name]()
    leaves = [engine.leaf(x) for x in numbers(shape)]
    tracemalloc.start()
    root = (chain if shape == "chain" else wide)(leaves, engine.relu, count)
    built = tracemalloc.get_traced_memory()[0]
    root.backward()
    swept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return dict(built=built / count, swept=swept / count, peak=peak / count)


def one_dot(name: str, size: int) -> Times:
    """Return the seconds per multiply-add of dot nodes, forward and backward together."""
    engine = ENGINES[name]()
    xs = [engine.leaf(0.01 * i) for i in range(size)]
    nodes = max(1, 20_000 // size)
    rows = [[engine.leaf(0.02 * i) for i in range(size)] for _ in range(min(nodes, 16))]
    start = process_time()
    dots = [tg.dot(rows[i % len(rows)], xs) for i in range(nodes)]
    built = process_time()
    root = tg.sum(dots)
    before = process_time()
    root.backward()
    swept = process_time()
    forward, backward = (built - start) / nodes / size, (swept - before) / nodes / size
    return dict(forward=forward, backward=backward, total=forward + backward)


def ns(seconds: float) -> str:
    return f"{seconds * 1e9:.0f}"


def graphs(names: list[str], shape: str, activation: str, count: int, rounds: int) -> None:
    """Print the table of one shape with one activation."""
    found = interleaved(one_graph, names, rounds, shape, activation, count)
    agreed(found, ("value", "slope"))
    rows = {
        name: [ns(t[key]) for key in ("forward", "backward", "free", "total")] + ratios(found, name)
        for name, t in found.items()
    }
    head = ["forward", "backward", "free", "total ns/op", *RATIOS]
    show(f"{shape}, {activation}, {count} operations", rows, head)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", help="wide, chain, relu, tanh, memory, dot")
    parser.add_argument("--engines", nargs="*", default=list(ENGINES))
    options = parser.parse_args()
    names, only = present(options.engines), options.only or [*SHAPES, *ACTIVATIONS, "memory", "dot"]
    print(machine())
    for shape in SHAPES:
        for activation in ACTIVATIONS:
            if shape in only and activation in only:
                graphs(names, shape, activation, options.count, options.rounds)
    if "memory" in only:
        for shape in SHAPES:
            found = interleaved(bytes_per_node, names, 1, shape, options.count)
            rows = {name: [f"{x:.0f}" for x in t.values()] for name, t in found.items()}
            show(f"bytes per operation, {shape}, relu", rows, ["built", "swept", "peak"])
    if "dot" in only:
        ours = [name for name in OURS if name in names]
        for size in SIZES:
            found = interleaved(one_dot, ours, options.rounds, size)
            rows = {name: [ns(x) for x in t.values()] for name, t in found.items()}
            show(f"dot of {size}", rows, ["forward", "backward", "total ns/multiply-add"])


if __name__ == "__main__":
    main()
