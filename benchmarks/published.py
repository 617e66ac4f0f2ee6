"""Figures that others have published of error estimates and mixed precision, measured here.

CHEF-FP's one-line example, its Simpson rule with 10^6 steps, the arclength of Precimonious and
ADAPT, the switch point of a conjugate gradient, and Black and Scholes' formula.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import typedgrad as tg
from examples import arclength, simpson
from typedgrad.engines.mix import Mix
from typedgrad.engines.mixed import mixed_kernel
from typedgrad.gradient import Reverse
from typedgrad.homes import homes
from typedgrad.machine import NUMBERS
from typedgrad.points import point_of
from typedgrad.study import study
from typedgrad.tuning.advice import Budget, Tuning
from typedgrad.tuning.demotion import Site, run_array

FLOAT32, FLOAT64 = NUMBERS[np.float32], NUMBERS[np.float64]
LONGDOUBLE = NUMBERS[np.longdouble]
PI = "3.14159265358979323846264338327950288"


def timed(what: str, call: Callable[[], Any]) -> Any:
    """Return what a call returns, and print how long it took and the memory until now."""
    start = time.perf_counter()
    found = call()
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"  [{what}: {seconds:.1f} s, at most {memory:.1f} GB until now]", flush=True)
    return found


def one_line() -> float:
    """Return the sum of |adjoint * rounding to float32| of z = x + y, published 8.25584e-13."""
    found = tg.tune(total, x="1.95e-5", y="1.37e-7", digits=1)
    return sum(x.estimate for x in found.candidates)


def total(x: Any, y: Any) -> Any:
    """CHEF-FP's example."""
    z = x + y
    return z


def simpsons(n: int) -> dict[str, float]:
    """Return the errors of Simpson's rule against 2: all longdouble, mixed, all float64.

    Mixed keeps x and s in longdouble, and computes and keeps all else in float64.
    """
    point = point_of(simpson.integral, None, dict(a=0, b=1, n=n))
    found = timed("record", lambda: study(simpson.integral, point, LONGDOUBLE))
    site = timed("judge", lambda: Site(found, FLOAT64, Budget("absolute", 1e-10), "value"))
    groups = {group.name: group for group in site.groups("variable", True)}
    rest = [group for name, group in groups.items() if name not in ("s", "x")]

    def error(mix: Mix) -> float:
        [y] = site.kernel.run(mix, site.inputs)
        return float(abs(LONGDOUBLE.lift(np.longdouble(y)) - 2))

    every: Any = [*range(site.program.values)]
    return {
        "longdouble": timed("run", lambda: error(Mix.uniform(site.program))),
        "x and s longdouble, the rest float64": error(site.mix(rest, True)),
        "float64": error(Mix.uniform(site.program).demoted(every, 1, True)),
    }


def tuned_simpson(n: int) -> Tuning:
    """Return what may be float64 of a longdouble run of Simpson's rule."""
    given = dict(a=0, b=1, n=n)
    return tg.tune(simpson.integral, given, from_="longdouble", to="float64", absolute=1e-12)


def arclengths(n: int, budget: float) -> Tuning:
    """Return what may be float32 of the arclength in n pieces.

    A piece is 34 instructions, and all adjoints of 10^7 instructions take 8 GB.
    """
    return tg.tune(arclength.length, end=PI, n=n, absolute=budget)


def black_scholes() -> list[tuple[float, float, float]]:
    """Return the errors of the polynomial price in float32, float64 and longdouble."""
    rows: list[tuple[float, float, float]] = []
    for given in OPTIONS:
        point = point_of(price, given, {})
        errors: list[float] = []
        for numbers in (FLOAT32, FLOAT64, LONGDOUBLE):
            found = study(price, point, numbers)
            narrow = FLOAT64 if numbers is FLOAT32 else FLOAT32
            site = Site(found, narrow, Budget("absolute", 1.0), "value")
            errors.append(site.outcomes(site.whole)[0].error)
        rows.append((errors[0], errors[1], errors[2]))
    return rows


OPTIONS = [
    ("42", "40", "0.1", "0.2", "0.5"),
    ("100", "100", "0.05", "0.2", "1"),
    ("42", "42", "0.1", "0.2", "1e-4"),
    ("42", "80", "0.1", "0.2", "0.25"),
]
POLYNOMIAL = (1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.319381530)


def normal(x: Any) -> Any:
    """PARSEC's polynomial for the normal distribution."""
    k = 1 / (1 + 0.2316419 * abs(x))
    p = POLYNOMIAL[0] * k
    for c in POLYNOMIAL[1:]:
        p = (p + c) * k
    tail = np.exp(-x * x / 2) * 0.39894228040143270286 * p
    above = 1 - tail
    return above if x >= 0 else 1 - above


def price(s: Any, strike: Any, r: Any, v: Any, t: Any) -> Any:
    """The price of a call by that polynomial."""
    spread = v * np.sqrt(t)
    d1 = (np.log(s / strike) + (r + v * v / 2) * t) / spread
    d2 = d1 - spread
    return s * normal(d1) - strike * np.exp(-r * t) * normal(d2)


class Gradient:
    """HPCCG: conjugate gradients on a 27-point stencil, whose exact solution is 1 everywhere."""

    def __init__(self, nx: int, ny: int, nz: int, turns: int) -> None:
        self.turns = turns
        size = nx * ny * nz
        grid = np.arange(size).reshape(nz, ny, nx)
        self.near: list[list[int]] = [[] for _ in range(size)]
        for z, y, x in np.ndindex(nz, ny, nx):
            box = grid[max(z - 1, 0) : z + 2, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            own = int(grid[z, y, x])
            self.near[own] = [int(k) for k in box.ravel() if k != own]
        self.marks: list[dict[str, list[Any]]] = []

    def __call__(self, scale: Any) -> Any:
        """Return the largest |x - 1| after the last turn; `scale` is 1, and makes b vary."""
        near = self.near
        b = [(27 - len(row)) * scale for row in near]
        x: list[Any] = [0 * scale] * len(b)
        r, p = b, b
        rho = tg.dot(r, r)
        for _ in range(self.turns):
            ap = [27 * own - tg.sum([p[k] for k in row]) for own, row in zip(p, near, strict=True)]
            alpha = rho / tg.dot(p, ap)
            x = [a + alpha * c for a, c in zip(x, p, strict=True)]
            r = [a - alpha * c for a, c in zip(r, ap, strict=True)]
            last, rho = rho, tg.dot(r, r)
            beta = rho / last
            p = [a + beta * c for a, c in zip(r, p, strict=True)]
            self.marks.append(dict(ap=ap, x=x, r=r, p=p))
        return tg.max([abs(a - 1) for a in x])


def switch_point(nx: int, ny: int, nz: int, turns: int = 100) -> list[tuple[int, float, float]]:
    """Return for some turns: the sensitivity sum |v adjoint|, and the result with float32 after.

    The sensitivity is that of r, p and Ap of one turn, that of x being 1 at the end. The result is
    the run in which r, p, x and Ap of all later turns are kept in float32.
    """
    f = Gradient(nx, ny, nz, turns)
    found = timed("record", lambda: study(f, point_of(f, None, dict(scale=1)), FLOAT64))
    program, inputs = found.value, found.inputs(FLOAT64)
    turn = turns_of(program, turns)
    kept = [home.variable in ("r", "p", "ap") for home in homes(program.sources)]
    counted = np.zeros(program.values, np.bool)
    counted[program.first :] = np.array(kept)[program.places]
    free = program.replace(inputs=program.first, constants=(), names=())
    given = [*inputs, *map(FLOAT64.lift, program.constants)]
    adjoints = run_array(Reverse(free, int(free.outputs[0])).adjoints(), given, FLOAT64)
    every = np.arange(program.values, dtype=np.int32)
    values = run_array(program.replace(outputs=every), inputs, FLOAT64)
    kernel = mixed_kernel(program, [FLOAT64, FLOAT32])
    rows: list[tuple[int, float, float]] = []
    for k in (0, 1, 2, 5, 10, 20, 30, 40, 45, 50, 55, 60):
        own, later = (turn == k) & counted, np.flatnonzero(turn > k)
        weight = float(np.abs(values[own] * adjoints[own]).sum())
        [y] = kernel.run(Mix.uniform(program).demoted(later), inputs)
        rows.append((k, weight, float(y)))
    return rows


def turns_of(program: Any, turns: int) -> Any:
    """Return in which turn each value of a vector was made, counted from 1; 0 for the others."""
    found = np.zeros(program.values, np.int64)
    dots = [program.first + i for i, (op, _) in enumerate(program.instructions()) if op == "dot"]
    ends = dots[2::2][:turns]
    begins = dots[0:1] + ends[:-1]
    for k, (begin, end) in enumerate(zip(begins, ends, strict=True), 1):
        found[begin:end] = k
    found[dots] = 0
    return found


def main() -> None:
    """Print all figures; `quick` as an argument leaves out the long runs."""
    quick = "quick" in sys.argv
    print(f"one line: {one_line():.9e} (published 8.25584e-13)")
    n = 1000 if quick else 1_000_000
    print(f"Simpson, n={n} (published 4.06e-14, 4.08e-14, 6.77e-11 for 10^6)")
    for name, error in simpsons(n).items():
        print(f"  {name}: {error:.3e}")
    print(timed("tune", lambda: tuned_simpson(n)))
    for size in (1000,) if quick else (10_000, 100_000, 300_000):
        for budget in (1e-10, 1e-5):
            print(timed("tune", partial(arclengths, size, budget)))
    print("Black-Scholes, float32, float64, longdouble")
    for row in black_scholes():
        print("  " + "  ".join(f"{x:.1e}" for x in row))
    print("HPCCG: turn, sensitivity, max|x - 1| with float32 after it")
    box = (4, 5, 3, 12) if quick else (20, 30, 10, 100)
    for row in switch_point(*box):
        print(f"  {row[0]:3}  {row[1]:.1e}  {row[2]:.1e}")


if __name__ == "__main__":
    main()
