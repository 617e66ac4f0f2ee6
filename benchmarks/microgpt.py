"""One training step of a tiny character GPT on a name of six letters, Adam included; ms per step.

One layer, 16 dimensions, 4 heads, 27 symbols, 4192 parameters. typedgrad runs it scalar by scalar
as the peers do, and once more with its `dot` and `softmax`.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from time import process_time
from typing import Any, Protocol, TypeAlias

from typing_extensions import override

import typedgrad as tg
from benchmarks.harness import Times, agreed, interleaved, machine, show_steps
from benchmarks.peers import ENGINES, OURS, Engine, present, total

WIDTH, HEADS, SYMBOLS, LENGTH = 16, 4, 27, 16
SIZE = WIDTH // HEADS
SHAPES = {
    "letter": (SYMBOLS, WIDTH),
    "place": (LENGTH, WIDTH),
    "out": (SYMBOLS, WIDTH),
    "query": (WIDTH, WIDTH),
    "key": (WIDTH, WIDTH),
    "value": (WIDTH, WIDTH),
    "mix": (WIDTH, WIDTH),
    "up": (4 * WIDTH, WIDTH),
    "down": (WIDTH, 4 * WIDTH),
}
LETTERS = [26, *(ord(c) - ord("a") for c in "olivia"), 26]
RATE, KEEP, KEEP_SQUARES = 0.01, 0.85, 0.99
Vector: TypeAlias = Sequence[Any]
Weights: TypeAlias = dict[str, list[list[Any]]]


class Words(Protocol):
    """The model's vocabulary."""

    relu: Callable[[Any], Any]

    def dot(self, a: Vector, b: Vector) -> Any: ...

    def softmax(self, z: Vector) -> list[Any]: ...

    def loss(self, z: Vector, target: int) -> Any: ...


class Scalars(Words):
    """The vocabulary with one node an operation."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.relu = engine.relu

    @override
    def dot(self, a: Vector, b: Vector) -> Any:
        return total([x * y for x, y in zip(a, b, strict=True)])

    @override
    def softmax(self, z: Vector) -> list[Any]:
        largest = max(x.data for x in z)
        raised = [self.engine.exp(x - largest) for x in z]
        whole = total(raised)
        return [x / whole for x in raised]

    @override
    def loss(self, z: Vector, target: int) -> Any:
        return -self.engine.log(self.softmax(z)[target])


class Rows(Scalars):
    """The same with the n-ary rows of typedgrad."""

    @override
    def dot(self, a: Vector, b: Vector) -> Any:
        return tg.dot(a, b)

    @override
    def softmax(self, z: Vector) -> list[Any]:
        return list(tg.softmax(z))

    @override
    def loss(self, z: Vector, target: int) -> Any:
        return tg.logsumexp(z) - z[target]


def normal(words: Words, x: Vector) -> list[Any]:
    """Return x over its root mean square."""
    scale = (words.dot(x, x) * (1 / len(x)) + 1e-5) ** -0.5
    return [a * scale for a in x]


def linear(words: Words, x: Vector, matrix: Sequence[Vector]) -> list[Any]:
    """Return the matrix times x."""
    return [words.dot(row, x) for row in matrix]


def plus(a: Vector, b: Vector) -> list[Any]:
    """Return the sum of two vectors."""
    return [x + y for x, y in zip(a, b, strict=True)]


def attention(words: Words, q: Vector, keys: list[list[Any]], values: list[list[Any]]) -> Vector:
    """Return the weighted means of the values so far, head by head."""
    found: list[Any] = []
    for h in range(0, WIDTH, SIZE):
        head = slice(h, h + SIZE)
        scores = [words.dot(q[head], k[head]) * SIZE**-0.5 for k in keys]
        shares = words.softmax(scores)
        found += [words.dot(shares, [v[j] for v in values]) for j in range(h, h + SIZE)]
    return found


def loss_of(words: Words, w: Weights, letters: Sequence[int]) -> Any:
    """Return the mean cross entropy of each letter after the ones before it."""
    keys: list[list[Any]] = []
    values: list[list[Any]] = []
    losses: list[Any] = []
    for t, (letter, following) in enumerate(pairwise(letters)):
        before = normal(words, plus(w["letter"][letter], w["place"][t]))
        x = normal(words, before)
        keys.append(linear(words, x, w["key"]))
        values.append(linear(words, x, w["value"]))
        mixed = attention(words, linear(words, x, w["query"]), keys, values)
        before = plus(linear(words, mixed, w["mix"]), before)
        hidden = linear(words, normal(words, before), w["up"])
        x = plus(linear(words, [words.relu(a) for a in hidden], w["down"]), before)
        losses.append(words.loss(linear(words, x, w["out"]), following))
    return total(losses) * (1 / len(losses))


class Adam:
    """Adam over leaves, in the arithmetic of their own numbers."""

    def __init__(self, leaves: Sequence[Any]) -> None:
        self.leaves = leaves
        self.means: list[Any] = [0.0] * len(leaves)
        self.squares: list[Any] = [0.0] * len(leaves)
        self.time = 0

    def step(self) -> None:
        self.time += 1
        first, second = 1 - KEEP**self.time, 1 - KEEP_SQUARES**self.time
        for i, p in enumerate(self.leaves):
            g = p.grad
            m = self.means[i] = KEEP * self.means[i] + (1 - KEEP) * g
            v = self.squares[i] = KEEP_SQUARES * self.squares[i] + (1 - KEEP_SQUARES) * g * g
            p.data = p.data - RATE * (m / first) / ((v / second) ** 0.5 + 1e-8)


def draw() -> dict[str, list[list[float]]]:
    """Return the weights of the start."""
    source = random.Random(42)
    return {
        name: [[source.gauss(0, 0.08) for _ in range(b)] for _ in range(a)]
        for name, (a, b) in SHAPES.items()
    }


TRAINED: dict[str, tuple[Scalars, Weights, Adam]] = {}


def model(label: str) -> tuple[Scalars, Weights, Adam]:
    """Return the vocabulary, the weights and the optimizer of this process."""
    if label not in TRAINED:
        engine = ENGINES[label.removesuffix(", rows")]()
        drawn = draw()
        weights = {
            name: [[engine.leaf(x) for x in row] for row in matrix]
            for name, matrix in drawn.items()
        }
        leaves = [p for matrix in weights.values() for row in matrix for p in row]
        words = Rows(engine) if label.endswith(", rows") else Scalars(engine)
        TRAINED[label] = words, weights, Adam(leaves)
    return TRAINED[label]


def step(label: str) -> Times:
    """Do one training step."""
    words, weights, adam = model(label)
    start = process_time()
    words.engine.begin()
    for p in adam.leaves:
        words.engine.clear(p)
    loss = loss_of(words, weights, LETTERS)
    built = process_time()
    loss.backward()
    swept = process_time()
    adam.step()
    value = float(loss.data)
    del loss
    end = process_time()
    times = dict(forward=built - start, backward=swept - built, rest=end - swept)
    return times | dict(total=end - start, value=value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--engines", nargs="*", default=list(ENGINES))
    options = parser.parse_args()
    names = present(options.engines)
    names += [f"{name}, rows" for name in OURS if name in names]
    print(machine())
    found = interleaved(step, names, options.rounds)
    agreed(found, ("value",))
    show_steps("one training step of the tiny GPT", found)


if __name__ == "__main__":
    main()
