"""Chains of 10^4 to 10^6 nodes: build, sweep and free, ns per node; the cost must be linear."""

from __future__ import annotations

from time import process_time
from typing import Any

import typedgrad as tg
from benchmarks.harness import Times, interleaved, machine, show

LENGTHS = (10_000, 100_000, 1_000_000)
PRECISIONS: dict[str, Any] = {p.name: p for p in (tg.float32, tg.float64, tg.longdouble)}


def one_chain(name: str, length: int) -> Times:
    """Build, sweep and free one chain; seconds per node."""
    precision = PRECISIONS[name]
    x, a = precision(0.5), precision(0.999)
    start = process_time()
    y = x
    for _ in range(length):
        y = y * a
    built = process_time()
    y.backward()
    swept = process_time()
    del y
    end = process_time()
    times = dict(build=built - start, backward=swept - built, free=end - swept)
    return {key: t / length for key, t in times.items()} | dict(total=(end - start) / length)


def main() -> None:
    print(machine())
    for length in LENGTHS:
        found = interleaved(one_chain, list(PRECISIONS), 3, length)
        rows = {name: [f"{1e9 * x:.0f}" for x in t.values()] for name, t in found.items()}
        show(f"a chain of {length}", rows, ["build", "backward", "free", "total ns/node"])


if __name__ == "__main__":
    main()
