"""A value and its gradient at new numbers, again and again: programs against the peers.

`python -m benchmarks.replay [gpt] [moons] [rosenbrock] [mixture] [--rounds N]`; the bars come last.
"""

from __future__ import annotations

import argparse
from resource import RUSAGE_SELF, getrusage

from benchmarks import ours, rivals
from benchmarks.harness import Times, agreed, bar, interleaved, machine, show, timed
from benchmarks.models import PROBLEMS

PEERS = {
    "gpt": ["casadi SX", "jax", "jax float32", "torch", "autograd", "xad"],
    "moons": ["casadi SX", "jax", "jax float32", "torch", "autograd", "xad"],
    "rosenbrock": ["casadi MX", "casadi SX", "jax", "torch", "autograd", "xad", "C by hand"],
    "mixture": ["casadi map", "jax", "jax float32", "torch", "torch float32", "autograd"],
}
OURS = {
    "gpt": [*ours.labels(), "typedgrad llvm float64, scalars"],
    "moons": ours.labels("", ", batch"),
    "rosenbrock": ours.labels("", ", pairs"),
    "mixture": ours.labels(", batch"),
}
LLVM = "typedgrad llvm float64"
# Whose time, over whose (None: ms), is at most what.
BARS: dict[str, list[tuple[str, str | None, float]]] = {
    "gpt": [
        (LLVM, "casadi SX", 0.25),
        (LLVM, "jax", 1.0),
        ("typedgrad numpy float64", "casadi SX", 2.0),
        ("typedgrad llvm longdouble", None, 1.0),
    ],
    "moons": [(LLVM, "casadi SX", 0.33), (f"{LLVM}, batch", "jax", 2.0)],
    "rosenbrock": [
        (LLVM, None, 0.006),
        (LLVM, "casadi SX", 1.0),
        (LLVM, "casadi MX", 1.0),
    ],
    "mixture": [(f"{LLVM}, batch", "jax", 1.0)],
}
READY: dict[tuple[str, str], rivals.Runner] = {}


def one_turn(label: str, problem: str) -> Times:
    """Time the gradient and the value alone, by what this process has built."""
    if (label, problem) not in READY:
        made = PROBLEMS[problem]()
        is_ours = label.startswith("typedgrad")
        READY[label, problem] = ours.runner(label, made) if is_ours else rivals.PEERS[label](made)
    runner = READY[label, problem]
    gradient = timed(runner.gradient)
    primal = timed(runner.primal) if runner.primal else float("nan")
    times = dict(gradient=gradient, primal=primal, build=runner.build)
    times["memory"] = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    return times | rivals.figures(*runner.read())


def table(problem: str, rounds: int, only: list[str] | None) -> None:
    """Print the table of one problem, and its bars."""
    names = [name for name in PEERS[problem] if rivals.installed(name)] + OURS[problem]
    names = [name for name in names if not only or name in only]
    found = interleaved(one_turn, names, rounds, problem)
    agreed(found, ("value", "norm", "slope"))
    judges = [name for name in names if name.startswith("casadi") or name == "jax"]
    rows = {
        name: [
            f"{1e6 * t['gradient']:.4g}",
            *(f"{t['gradient'] / found[judge]['gradient']:.2f}" for judge in judges),
            f"{t['gradient'] / t['primal']:.2f}",
            f"{t['build']:.2f}",
            f"{t['memory']:.0f}",
        ]
        for name, t in found.items()
    }
    head = [*(f"over {judge}" for judge in judges), "over the value alone", "build s", "peak MB"]
    show(problem, rows, ["value and gradient, us", *head])
    print()
    bars(problem, found)


def bars(problem: str, found: dict[str, Times]) -> None:
    """Print what the times of a problem are measured against."""
    for mine, other, limit in BARS[problem]:
        if mine in found and (other is None or other in found):
            time = found[mine]["gradient"]
            measured = time / found[other]["gradient"] if other else 1e3 * time
            bar(f"{mine} over {other}" if other else f"{mine}, ms", measured, limit)
    for name, t in found.items():
        if name.startswith("typedgrad"):
            bar(f"{name}, gradient over value", t["gradient"] / t["primal"], 4.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problems", nargs="*", default=list(PROBLEMS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="labels")
    options = parser.parse_args()
    print(machine())
    for problem in options.problems:
        table(problem, options.rounds, options.only)


if __name__ == "__main__":
    main()
