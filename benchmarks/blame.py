"""What blame costs beside a gradient: seconds, and ratios to an eager and to a recorded one.

    python -m benchmarks.blame

The function has about so many operations, five of seven arithmetic. Pytracer, which perturbs
instead of differentiating, states 110 to 300 times the run that it looks at.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import typedgrad as tg


def wide_function(steps: int) -> Callable[..., Any]:
    """Return a function of about so many operations, ten of them a step."""

    def f(x: Any, y: Any) -> Any:
        a, b = x, y
        for _ in range(steps // 10):
            c = a * b + x
            a = tg.tanh(a + 0.1 * c) + y
            b = (b * 0.5 + c) / (1 + a * a)
        return a + b

    return f


def seconds(act: Callable[[], Any], times: int = 3) -> float:
    """Return the least time of a few runs."""
    found: list[float] = []
    for _ in range(times):
        begin = time.perf_counter()
        act()
        found.append(time.perf_counter() - begin)
    return min(found)


def cost() -> None:
    """Print the seconds of a blame, and its ratio to an eager and to a recorded gradient."""
    at: Any = (np.float64(0.3), np.float64(0.7))
    for size in (1000, 10_000, 100_000, 1_000_000):
        f = wide_function(size)
        recorded: Any = tg.record(f)
        recorded.value_and_grad(*at)
        eager = seconds(partial(tg.float64.grad(f), *at), 2)
        replay = seconds(partial(recorded.value_and_grad, *at))
        print(f"{size} operations: gradient {eager:.4f} s, recorded {replay:.6f} s")
        for of in ("value", "d/dx"):
            whole = seconds(partial(tg.blame, f, ("0.3", "0.7"), precision="float64", of=of), 2)
            ratios = f"{whole / eager:.1f} gradients, {whole / replay:.0f} recorded ones"
            print(f"  blame of {of}: {whole:.3f} s, {ratios}")


if __name__ == "__main__":
    cost()
