"""Programs of 10^3 to 10^7 operations: recorded, differentiated, compiled and replayed.

`python -m benchmarks.growth [--sizes N ...] [--shapes chain wide] [--engine llvm]`. Each size and
shape has a process of its own; ns per operation of the function and peak memory. Of two compiles
the quicker one counts: the other may wait for memory that the system has never given before. Up to
10^5 operations value and gradient are compared with the eager ones, bit by bit.
"""

from __future__ import annotations

import argparse
from functools import partial
from multiprocessing import get_context
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import process_time
from typing import Any

import numpy as np

import typedgrad as tg
from benchmarks import eager
from benchmarks.harness import Times, bar, machine, show, timed
from benchmarks.ours import PRECISIONS, same
from typedgrad.engines.choice import engine_for
from typedgrad.gradient import value_and_gradient
from typedgrad.paths import smaller
from typedgrad.tracing import Recorder, Trace
from typedgrad.trees import flatten

SIZES = [10**3, 10**4, 10**5, 10**6]
CHECKED = 10**5
LIMIT = 4096  # MB
PICKED = np.random.default_rng(0).integers(0, 256, (2 * 10**6, 4), np.uint8)


def build(p: Any, shape: str, count: int) -> Any:
    """Return the root of a graph of about so many operations, no two of which are alike."""
    if shape == "chain":
        return eager.chain(p, tg.relu, count)
    layer: list[Any] = []
    for a, b, c, d in PICKED[: count // 5].tolist():
        layer.append(tg.relu(p[a] * p[b] * p[c] + p[d]))
    while len(layer) > 1:
        odd = layer[len(layer) & ~1 :]
        layer = [a + b for a, b in zip(layer[::2], layer[1::2], strict=False)] + odd
    return layer[0]


def one_size(shape: str, count: int, engine: str) -> Times:
    """Take a function through all stages; seconds per operation of each."""
    start = np.array(eager.numbers(shape))
    stages: Times = {}
    small = value_and_gradient(recorded(start, shape, 1000).program)  # rules are traced once
    once = {name: machine_time(engine, small, p) for name, p in PRECISIONS.items()}
    wanted: Any = None
    operations, full = 0, wanted
    turns: list[Times] = []
    for _ in range(3 if count <= CHECKED else 1):  # eager and recorded in turn
        if count <= 10**6:
            wanted = eagerly(stages, start, shape, count)
        operations, full = differentiated(stages, start, shape, count)
        turns.append(dict(stages))
    stages = {key: median(turn[key] for turn in turns) for key in stages}
    for name, numbers in PRECISIONS.items():
        x, out = start.astype(numbers.scalar), np.empty(1 + len(start), numbers.scalar)
        make = partial(engine_for(engine, numbers).compile, full, numbers)
        first, kernel = seconds(make)
        del kernel
        again, kernel = seconds(make)
        stages[f"compile {name}"] = min(first, again)
        call = kernel.bound(x, out)
        stages[name] = timed(call)
        if name == "float64" and count <= CHECKED:
            same(out, wanted, f"{shape} of {count}, {engine} and eager")
        del kernel, call
    each = {key: t / operations for key, t in stages.items()}
    memory = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    each |= dict(operations=operations, full=len(full), memory=memory)
    return each | dict(machine=once["float64"])


def machine_time(engine: str, program: Any, numbers: Any) -> float:
    """Return the seconds of a process's first compile in a precision."""
    return seconds(partial(engine_for(engine, numbers).compile, program, numbers))[0]


def eagerly(stages: Times, start: Any, shape: str, count: int) -> Any:
    """Time the eager graph, and return its value and gradient if it is small."""
    leaves = [tg.float64(x) for x in start]
    stages["eager"], root = seconds(partial(build, leaves, shape, count))
    if count <= CHECKED:
        root.backward()
    return np.array([root.data, *(x.grad for x in leaves)])


def differentiated(stages: Times, start: Any, shape: str, count: int) -> tuple[int, Any]:
    """Return how many operations were recorded, and the gradient program."""
    stages["record"], trace = seconds(partial(recorded, start, shape, count))
    stages["gradient"], full = seconds(partial(value_and_gradient, trace.program))
    stages["simplify"], small = seconds(partial(smaller, full))
    return len(trace.program), small


def recorded(start: Any, shape: str, count: int) -> Trace:
    """Record a function once, as `tg.record` does."""
    numbers: list[Any] = []
    form = flatten((list(start),), numbers, "build")
    recorder = Recorder(tg.float64, "build", False)
    return recorder.run(partial(build, shape=shape, count=count), form, numbers)


def seconds(job: Any) -> tuple[float, Any]:
    """Return the processor time of a job, and what it has returned."""
    before = process_time()
    found = job()
    return process_time() - before, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--shapes", nargs="*", default=["chain", "wide"])
    parser.add_argument("--engine", default="llvm")
    options = parser.parse_args()
    print(machine())
    found: dict[tuple[str, int], Times] = {}
    for shape in options.shapes:
        for count in options.sizes:
            with get_context("spawn").Pool(1) as pool:
                found[shape, count] = pool.apply(one_size, (shape, count, options.engine))
    keys = ["record", "gradient", "simplify", "compile float64", *PRECISIONS]
    rows = {
        f"{shape} of {t['operations']:.0f}": [f"{1e9 * t[key]:.3g}" for key in keys]
        + [f"{t['full'] / t['operations']:.2f}", f"{t['memory']:.0f}"]
        for (shape, _), t in found.items()
    }
    head = [*keys, "instructions of the gradient", "peak MB"]
    show(f"ns per operation, {options.engine}", rows, head)
    once = median(t["machine"] for t in found.values())
    print(f"\nthe first program of a process, a small one: compiled in {once:.2f} s more\n")
    for (shape, count), t in found.items():
        bars(f"{shape} of {count}", t, found.get((shape, CHECKED), t))


def bars(name: str, t: Times, usual: Times) -> None:
    """Print what one size is measured against."""
    if "eager" in t and t["operations"] > 9000:
        bar(f"{name}: record over eager", t["record"] / t["eager"], 1.2)
    bar(f"{name}: gradient, us an operation", 1e6 * t["gradient"], 1.0)
    if t["operations"] <= 10**6:
        bar(f"{name}: compile, s", t["compile float64"] * t["operations"], 0.1)
    bar(f"{name}: peak MB", t["memory"], LIMIT)
    for precision in PRECISIONS:
        bar(f"{name}: {precision}, over 10^5", t[precision] / usual[precision], 2.0)


if __name__ == "__main__":
    main()
