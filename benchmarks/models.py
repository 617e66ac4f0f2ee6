"""The functions that programs are measured on, once in scalars and once in arrays, for all peers.

Scalar code speaks `Words`, array code a module-like object with exp, log, sqrt, tanh, erf, relu,
einsum and array. A problem is a sum over points, if it has any, plus the rest.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from typing_extensions import override

from benchmarks import demo, microgpt
from benchmarks.peers import total

DIMENSIONS, PARTS, SAMPLES = 10, 25, 1000
LOWER = DIMENSIONS * (DIMENSIONS - 1) // 2
TANH = 0.7978845608028654  # sqrt(2/pi)


@dataclass(frozen=True)
class Words(microgpt.Words):
    """What scalar code is written in; as it stands, one operation for each + and *."""

    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    erf: Callable[[Any], Any]
    relu: Callable[[Any], Any]

    @override
    def dot(self, a: Sequence[Any], b: Sequence[Any]) -> Any:
        return total([x * y for x, y in zip(a, b, strict=True)])

    def sum(self, terms: Sequence[Any]) -> Any:
        return total(terms)

    def logsumexp(self, z: Sequence[Any]) -> Any:
        return self.log(self.sum([self.exp(x) for x in z]))

    @override
    def softmax(self, z: Sequence[Any]) -> list[Any]:
        raised = [self.exp(x) for x in z]
        whole = self.sum(raised)
        return [x / whole for x in raised]

    @override
    def loss(self, z: Sequence[Any], target: int) -> Any:
        return self.logsumexp(z) - z[target]


@dataclass(frozen=True)
class Problem:
    """A function of arrays of parameters, to be differentiated by all of them."""

    shapes: tuple[tuple[int, ...], ...]
    start: Any
    rest: Callable[[Words, list[Any]], Any]
    arrays: Callable[[Any, Sequence[Any]], Any]
    points: Any = None
    point: Callable[[Words, list[Any], Sequence[Any]], Any] | None = None

    def whole(self, words: Words, p: list[Any]) -> Any:
        """Return the value by scalar code."""
        if self.point is None:
            return self.rest(words, p)
        terms = [self.point(words, p, x) for x in self.points.tolist()]
        return words.sum(terms) + self.rest(words, p)

    def parts(self, flat: Any) -> list[Any]:
        """Return the parameters as arrays."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])
        pieces = np.split(flat, ends[:-1].tolist())
        return [x.reshape(shape) for x, shape in zip(pieces, self.shapes, strict=True)]


# A tiny GPT -----------------------------------------------------------------------------------


def gpt() -> Problem:
    """Return the mean loss of a tiny GPT on a name of six letters; see benchmarks.microgpt."""
    shapes = microgpt.SHAPES

    def rest(words: Words, p: list[Any]) -> Any:
        numbers = iter(p)
        weights = {
            name: [[next(numbers) for _ in range(b)] for _ in range(a)]
            for name, (a, b) in shapes.items()
        }
        return microgpt.loss_of(words, weights, microgpt.LETTERS)

    start = np.concatenate([np.ravel(matrix) for matrix in microgpt.draw().values()])
    return Problem(tuple(shapes.values()), start, rest, gpt_arrays)


def gpt_arrays(m: Any, p: Sequence[Any]) -> Any:
    w = dict(zip(microgpt.SHAPES, p, strict=True))
    letters, count = microgpt.LETTERS, len(microgpt.LETTERS) - 1
    future = m.array(np.where(np.tri(count) > 0, 0.0, -1e9))

    def normal(x: Any) -> Any:
        return x / m.sqrt((x * x).mean(1) + 1e-5)[:, None]

    def heads(x: Any) -> Any:
        return x.reshape((count, microgpt.HEADS, microgpt.SIZE))

    before = normal(w["letter"][np.array(letters[:-1])] + w["place"][:count])
    x = normal(before)
    q, k, v = (heads(x @ w[name].T) for name in ("query", "key", "value"))
    scores = m.einsum("ihd,jhd->hij", q, k) * microgpt.SIZE**-0.5 + future
    raised = m.exp(scores)
    shares = raised / raised.sum(2)[:, :, None]
    mixed = m.einsum("hij,jhd->ihd", shares, v).reshape((count, microgpt.WIDTH))
    before = mixed @ w["mix"].T + before
    x = m.relu(normal(before) @ w["up"].T) @ w["down"].T + before
    z = x @ w["out"].T
    chosen = z[np.arange(count), np.array(letters[1:])]
    return (m.log(m.exp(z).sum(1)) - chosen).mean()


# The micrograd demo ---------------------------------------------------------------------------


def moons() -> Problem:
    """Return the hinge loss of the micrograd demo's network on 100 points, and the penalty."""
    shapes = tuple(s for width, count in demo.LAYERS for s in ((count, width), (count,)))
    source = random.Random(1)
    start = [
        np.array([source.uniform(-1, 1) for _ in range(math.prod(shape))])
        if len(shape) == 2
        else np.zeros(shape)
        for shape in shapes
    ]
    points = np.array(demo.MOONS, float)

    def point(words: Words, p: list[Any], x: Sequence[Any]) -> Any:
        numbers = iter(p)
        layer: Sequence[Any] = x[:2]
        for depth, (width, count) in enumerate(demo.LAYERS):
            rows = [[next(numbers) for _ in range(width)] for _ in range(count)]
            sums = [words.dot(row, layer) + next(numbers) for row in rows]
            layer = sums if depth == len(demo.LAYERS) - 1 else [words.relu(a) for a in sums]
        return words.relu(1.0 - layer[0] * x[2]) * (1.0 / demo.POINTS)

    def rest(words: Words, p: list[Any]) -> Any:
        return words.dot(p, p) * demo.DECAY

    def arrays(m: Any, p: Sequence[Any]) -> Any:
        x, sign = m.array(points[:, :2]), m.array(points[:, 2])
        for depth, (weights, bias) in enumerate(zip(p[::2], p[1::2], strict=True)):
            x = x @ weights.T + bias
            x = x if depth == len(demo.LAYERS) - 1 else m.relu(x)
        hinge = m.relu(1.0 - x[:, 0] * sign).mean()
        return hinge + demo.DECAY * total([(a * a).sum() for a in p])

    return Problem(shapes, np.concatenate(start), rest, arrays, points, point)


# Rosenbrock -----------------------------------------------------------------------------------


def rosenbrock(size: int = 1000) -> Problem:
    """Return Rosenbrock's function of so many variables."""

    def rest(words: Words, p: list[Any]) -> Any:
        terms: list[Any] = []
        for x, y in pairwise(p):
            a, b = y - x * x, 1.0 - x
            terms.append(a * a * 100.0 + b * b)
        return words.sum(terms)

    def arrays(m: Any, p: Sequence[Any]) -> Any:
        [x] = p
        a, b = x[1:] - x[:-1] * x[:-1], 1.0 - x[:-1]
        return (a * a * 100.0 + b * b).sum()

    start = np.random.default_rng(0).uniform(-1, 1, size)
    return Problem(((size,),), start, rest, arrays)


# A mixture of Gaussians, as ADBench has it ----------------------------------------------------


def mixture(samples: int = SAMPLES) -> Problem:
    """Return the log likelihood of a mixture of Gaussians with a Wishart prior."""
    shapes = ((PARTS,), (PARTS, DIMENSIONS), (PARTS, DIMENSIONS), (PARTS, LOWER))
    source = np.random.default_rng(0)
    points = source.normal(size=(samples, DIMENSIONS))
    start = 0.3 * source.normal(size=sum(map(math.prod, shapes)))

    def cut(p: list[Any]) -> Any:
        ends = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
        alphas, *matrices = (p[a:b] for a, b in pairwise([0, *ends]))
        sizes = (DIMENSIONS, DIMENSIONS, LOWER)
        rows = (
            [x[i : i + n] for i in range(0, len(x), n)]
            for x, n in zip(matrices, sizes, strict=True)
        )
        return zip(alphas, *rows, strict=True)

    def point(words: Words, p: list[Any], x: Sequence[Any]) -> Any:
        terms: list[Any] = []
        for alpha, mean, logs, low in cut(p):
            d = [a - b for a, b in zip(x, mean, strict=True)]
            y = [words.exp(logs[0]) * d[0]]
            for i in range(1, DIMENSIONS):
                row = low[i * (i - 1) // 2 : i * (i + 1) // 2]
                y.append(words.exp(logs[i]) * d[i] + words.dot(row, d[:i]))
            terms.append(alpha + words.sum(logs) - words.dot(y, y) * 0.5)
        return words.logsumexp(terms)

    def rest(words: Words, p: list[Any]) -> Any:
        squares: list[Any] = []
        for _, _, logs, low in cut(p):
            raised = [words.exp(x) for x in logs]
            squares.append(words.dot(raised, raised) + words.dot(low, low))
        return words.sum(squares) * 0.5 - words.logsumexp(p[:PARTS]) * float(samples)

    return Problem(shapes, start, rest, lambda m, p: mixture_arrays(m, p, points), points, point)


@cache
def scatter() -> Any:
    """Return the matrix that puts the numbers below a diagonal into their places."""
    i, j = np.tril_indices(DIMENSIONS, -1)
    found = np.zeros((LOWER, DIMENSIONS * DIMENSIONS))
    found[np.arange(LOWER), i * DIMENSIONS + j] = 1.0
    return found


def mixture_arrays(m: Any, p: Sequence[Any], points: Any) -> Any:
    alphas, means, logs, lows = p
    x, raised = m.array(points), m.exp(logs)
    matrices = (lows @ m.array(scatter())).reshape((PARTS, DIMENSIONS, DIMENSIONS))
    d = x[:, None, :] - means[None]
    y = d * raised[None] + m.einsum("kij,nkj->nki", matrices, d)
    terms = alphas + logs.sum(1) - 0.5 * (y * y).sum(2)
    values = m.log(m.exp(terms).sum(1)).sum()
    prior = 0.5 * ((raised * raised).sum() + (lows * lows).sum())
    return values + prior - len(points) * m.log(m.exp(alphas).sum())


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "gpt": gpt,
    "moons": moons,
    "rosenbrock": rosenbrock,
    "mixture": mixture,
}


# The price of an option -----------------------------------------------------------------------

RANGES = ((80.0, 120.0), (80.0, 120.0), (0.0, 0.05), (0.1, 0.5), (0.2, 2.0))
ONE_POINT = [100.0, 95.0, 0.02, 0.3, 1.0]


def price(words: Any, x: Sequence[Any], by_tanh: bool = False) -> Any:
    """Return Black and Scholes's price of a call; with Phi by erf, or by its tanh formula."""
    spot, strike, rate, spread, time = x

    def phi(z: Any) -> Any:
        if by_tanh:
            return (words.tanh((z * z * z * 0.044715 + z) * TANH) + 1.0) * 0.5
        return words.erf(z * math.sqrt(0.5)) * 0.5 + 0.5

    deviation = spread * words.sqrt(time)
    a = (words.log(spot / strike) + (rate + spread * spread * 0.5) * time) / deviation
    return spot * phi(a) - strike * words.exp(-rate * time) * phi(a - deviation)


def markets(points: int) -> list[Any]:
    """Return columns of the five inputs."""
    source = np.random.default_rng(1)
    return [source.uniform(low, high, points) for low, high in RANGES]
