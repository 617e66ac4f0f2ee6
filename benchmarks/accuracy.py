"""How far values and first derivatives of every row are from the truth, in ulps, at nasty points.

`python -m benchmarks.accuracy [--points N] [ROW ...]` judges by mpmath, with the points and the
judge of the table's tests (tests/oracle.py).
"""

from __future__ import annotations

import sys
from typing import Any

from tests import oracle
from tests.test_table import ALLOWED, BAR, errors
from typedgrad.errors import TypedgradError
from typedgrad.op import TABLE, Op

LENIENT = ("gamma", "lgamma", "digamma")


def judged(op: Op, numbers: Any, count: int) -> tuple[list[float], list[float]]:
    """Return the errors of the values and of the partials of a row."""
    values: list[float] = []
    partials: list[float] = []
    for args in oracle.nasty_points(op, numbers, count):
        try:
            for ulps, line in errors(op, numbers, args):
                (partials if line.startswith("partial") else values).append(ulps)
        except (TypedgradError, oracle.Unjudged):
            continue
    return values, partials


def share(found: list[float], bar: float) -> str:
    """Return how many errors are within the bar, and the worst."""
    if not found:
        return "-"
    return f"{sum(u <= bar for u in found)}/{len(found)}, worst {max(found):.3g}"


def main(*args: str) -> None:
    """Print a line for each row that misses and the totals of each precision."""
    count = int(args[args.index("--points") + 1]) if "--points" in args else 100
    names = [name for name in args if name in TABLE]
    ops = [op for op in TABLE.values() if (op.name in names if names else not op.companion)]
    print("| precision | values | first derivatives |\n| --- | --- | --- |")
    for numbers in oracle.PRECISIONS:
        totals: list[list[bool]] = [[], []]
        for op in ops:
            bar = ALLOWED[op.name][0] if op.name in LENIENT else BAR
            for total, found in zip(totals, judged(op, numbers, count), strict=True):
                total.extend(u <= bar for u in found)
                if names or any(u > bar for u in found):
                    print(f"{numbers.name} {op.name}: {share(found, bar)}", file=sys.stderr)
        cells = [f"{sum(t)}/{len(t)} = {100 * sum(t) / max(len(t), 1):.2f} %" for t in totals]
        print(f"| {numbers.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
