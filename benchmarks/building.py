"""What recording costs over running the function itself, both from plain numbers to a result.

`python -m benchmarks.building [--rounds N] [--precision NAME]`. Eager: leaves of the numbers, the
graph, its end. Recorded: the arguments taken flat, the run, the program, the end of the tape.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from statistics import median
from time import process_time
from typing import Any

from benchmarks import eager
from benchmarks.growth import build
from benchmarks.harness import bar, machine, show
from benchmarks.models import PROBLEMS
from benchmarks.ours import PRECISIONS, ROWS, SCALARS
from typedgrad.tracing import Recorder
from typedgrad.trees import flatten

MOST = 1.2


def functions() -> dict[str, tuple[Callable[[Any], Any], list[float]]]:
    """Return each function of a list of numbers, and the numbers."""
    found: dict[str, tuple[Callable[[Any], Any], list[float]]] = {}
    for shape in ("chain", "wide"):
        for count in (1000, 10_000, 100_000):
            f = partial(build, shape=shape, count=count)
            found[f"{shape} of {count}"] = f, list(eager.numbers(shape))
    for name in ("gpt", "moons", "rosenbrock"):
        for way, words in (("scalars", SCALARS), ("rows", ROWS)):
            problem = PROBLEMS[name]()
            found[f"{name}, {way}"] = partial(problem.whole, words), list(problem.start)
    return found


def eagerly(f: Callable[[Any], Any], start: list[Any], numbers: Any) -> tuple[float, float]:
    """Return the seconds of the leaves, and of all together."""
    begin = process_time()
    leaves = [numbers(x) for x in start]
    ready = process_time()
    root = f(leaves)
    del root, leaves
    return ready - begin, process_time() - begin


def recorded(f: Callable[[Any], Any], start: list[Any], numbers: Any) -> tuple[float, int]:
    """Return the seconds of a recording, and how many instructions it has."""
    begin = process_time()
    flat: list[Any] = []
    form = flatten((start,), flat, "f")
    trace = Recorder(numbers, "f", False).run(f, form, flat)
    return process_time() - begin, len(trace.program)


def main() -> None:
    """Measure in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--precision", choices=list(PRECISIONS), default="float64")
    options = parser.parse_args()
    numbers = PRECISIONS[options.precision]
    print(machine())
    rows: dict[str, list[str]] = {}
    for name, (f, given) in functions().items():
        start = [numbers.lift(float(x)) for x in given]
        turns = [
            (*eagerly(f, start, numbers), *recorded(f, start, numbers))
            for _ in range(options.rounds + 1)
        ][1:]
        leaves, whole, again, size = (median(column) for column in zip(*turns, strict=True))
        each = [f"{1e9 * x / size:.0f}" for x in (leaves, whole, again)]
        rows[name] = [f"{size:.0f}", *each, f"{again / whole:.2f}"]
        bar(f"{name}: record over eager", again / whole, MOST)
    show(
        f"Recording, {options.precision}; ns an instruction",
        rows,
        ["instructions", "leaves", "eager", "record", "record / eager"],
    )


if __name__ == "__main__":
    main()
