"""The micrograd demo step: MLP 2-16-16-1 on 100 points, hinge loss and L2; ms per step.

typedgrad runs it twice: scalar by scalar as the peers do, and with one `dot` node a neuron.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence
from time import process_time
from typing import Any, TypeAlias

import typedgrad as tg
from benchmarks.harness import Times, agreed, interleaved, machine, show_steps
from benchmarks.peers import ENGINES, OURS, Engine, present, total

LAYERS = ((2, 16), (16, 16), (16, 1))
POINTS, RATE, DECAY = 100, 0.01, 1e-4
Neuron: TypeAlias = tuple[list[Any], Any]
Net: TypeAlias = list[list[Neuron]]


def moons() -> list[tuple[float, float, int]]:
    """Return two half circles with noise: x, y and the class, 1 or -1."""
    draw = random.Random(1337)
    points: list[tuple[float, float, int]] = []
    for i in range(POINTS):
        angle, dx, dy = math.pi * draw.random(), draw.gauss(0, 0.1), draw.gauss(0, 0.1)
        if i % 2:
            points.append((math.cos(angle) + dx, math.sin(angle) + dy, 1))
        else:
            points.append((1 - math.cos(angle) + dx, 0.5 - math.sin(angle) + dy, -1))
    return points


MOONS = moons()


def network(engine: Engine) -> Net:
    """Return layers of neurons: weights and a bias each."""
    draw = random.Random(1)
    return [
        [
            ([engine.leaf(draw.uniform(-1, 1)) for _ in range(width)], engine.leaf(0.0))
            for _ in range(count)
        ]
        for width, count in LAYERS
    ]


def by_scalars(engine: Engine, weights: Sequence[Any], x: Sequence[Any], bias: Any) -> Any:
    """Return the sum of a neuron's products and its bias, an addition and a product each."""
    result = bias
    for w, a in zip(weights, x, strict=True):
        result = result + w * a
    return result


def by_dot(engine: Engine, weights: Sequence[Any], x: Sequence[Any], bias: Any) -> Any:
    """Return the sum of a neuron's products and its bias as one node and one addition."""
    return tg.dot(weights, x) + bias


def loss_of(engine: Engine, net: Net, parameters: Sequence[Any], dotted: bool) -> Any:
    """Return the hinge loss over all points and the L2 penalty."""
    neuron = by_dot if dotted else by_scalars
    losses: list[Any] = []
    for px, py, sign in MOONS:
        x: list[Any] = [engine.leaf(px), engine.leaf(py)]
        for layer in net[:-1]:
            x = [engine.relu(neuron(engine, weights, x, bias)) for weights, bias in layer]
        ((weights, bias),) = net[-1]
        losses.append(engine.relu(neuron(engine, weights, x, bias) * -sign + 1.0))
    if dotted:
        return tg.sum(losses) * (1.0 / POINTS) + tg.dot(parameters, parameters) * DECAY
    penalty = total([p * p for p in parameters])
    return total(losses) * (1.0 / POINTS) + penalty * DECAY


TRAINED: dict[tuple[str, bool], tuple[Engine, Net, list[Any]]] = {}


def step(label: str) -> Times:
    """Do one training step of the network of this process."""
    name, dotted = label.removesuffix(", dot"), label.endswith(", dot")
    if (name, dotted) not in TRAINED:
        engine = ENGINES[name]()
        net = network(engine)
        leaves = [p for layer in net for weights, bias in layer for p in (*weights, bias)]
        TRAINED[name, dotted] = engine, net, leaves
    engine, net, parameters = TRAINED[name, dotted]
    start = process_time()
    engine.begin()
    for p in parameters:
        engine.clear(p)
    loss = loss_of(engine, net, parameters, dotted)
    built = process_time()
    loss.backward()
    swept = process_time()
    for p in parameters:
        p.data = p.data - RATE * p.grad
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
    names += [f"{name}, dot" for name in OURS if name in names]
    print(machine())
    found = interleaved(step, names, options.rounds)
    agreed(found, ("value",))
    show_steps("one step of the micrograd demo", found)


if __name__ == "__main__":
    main()
