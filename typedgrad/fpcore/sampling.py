"""Points that satisfy the precondition of a core: uniform in a box, and checked exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

from typedgrad.engines.exact import exact_precision
from typedgrad.errors import BadCoreText, NoSample
from typedgrad.fpcore.literals import number
from typedgrad.fpcore.parts import NUMBER, Call
from typedgrad.fpcore.syntax import Tree
from typedgrad.transforms import is_sequence
from typedgrad.value import leaf

if TYPE_CHECKING:
    from typedgrad.fpcore.core import Core

LOW, HIGH = Fraction(1, 100), Fraction(10)
BITS = 256
LENGTH = 3  # of an array whose length is a symbol
TRIES = 5_000
RISING, FALLING = ("<", "<="), (">", ">=")


@dataclass
class Side:
    """From where to where an argument goes, None where that is open."""

    low: Fraction | None = None
    high: Fraction | None = None

    def closed(self) -> tuple[float, float]:
        """Return both ends; open ones are 0.01 or 10, or lie at a distance of 10."""
        low, high = self.low, self.high
        if low is None:
            low = LOW if high is None or high > LOW else high - 10
        if high is None:
            high = HIGH if low < HIGH else low + 10
        return float(low), float(high)


def sampled(core: Core, n: int, seed: int) -> list[dict[str, Any]]:
    """Return n points of a core; see `Core.sample`."""
    random, box = Random(seed), box_of(core)
    found: list[dict[str, Any]] = []
    tried = 0
    while len(found) < n:
        tried += 1
        point = {argument.parameter: drawn(core, k, box, random) for k, argument in _each(core)}
        if holds(core, point):
            found.append(point)
        elif tried > TRIES * (len(found) + 1):
            example = ",".join(f"{argument.parameter}=1" for argument in core.arguments)
            condition = str(core.precondition)[:60]
            facts = dict(core=core.name, tried=tried, condition=condition)
            raise NoSample(**facts, example=example)
    return found


def _each(core: Core) -> Iterator[tuple[int, Any]]:
    return enumerate(core.arguments)


def drawn(core: Core, k: int, box: dict[str, Side], random: Random) -> Any:
    """Return a random number or list for argument k."""
    argument = core.arguments[k]
    low, high = box[argument.name].closed()
    count = math.prod(int(size) if size.isdigit() else LENGTH for size in argument.sizes)
    if argument.whole and math.ceil(low) <= math.floor(high):
        flat = [float(random.randint(math.ceil(low), math.floor(high))) for _ in range(count)]
    else:
        flat = [random.uniform(low, high) for _ in range(count)]
    found: Any = flat
    for size in reversed(argument.sizes[1:]):
        step = int(size) if size.isdigit() else LENGTH
        found = [found[i : i + step] for i in range(0, len(found), step)]
    return found if argument.sizes else flat[0]


def holds(core: Core, point: dict[str, Any]) -> bool:
    """Tell whether a point satisfies the precondition, in arithmetic of 256 bits."""
    if core.code.precondition is None:
        return True
    numbers = exact_precision(BITS)

    def exact(x: Any) -> Any:
        if is_sequence(x):
            return [exact(part) for part in x]
        return leaf(numbers, numbers.lift(x))

    names = {argument.name: exact(point[argument.parameter]) for argument in core.arguments}
    call = Call(core.name, leaf(numbers, 0), TRIES, False)
    return bool(core.code.precondition.run(names, call))


def box_of(core: Core) -> dict[str, Side]:
    """Return the box of a core's arguments, by their names in the core."""
    box = {argument.name: Side() for argument in core.arguments}
    todo = [core.precondition] if core.precondition else []
    while todo:
        tree = todo.pop()
        if tree.head == "and":
            todo += tree.parts[1:]
        elif tree.head in ("let", "let*") and box.keys().isdisjoint(
            map(_bound, tree.parts[1].parts)
        ):
            todo.append(tree.parts[2])
        elif tree.head in (*RISING, *FALLING, "=="):
            narrow(core, tree, box)
    return box


def _bound(binding: Tree) -> str:
    return binding.head


def narrow(core: Core, tree: Tree, box: dict[str, Side]) -> None:
    """Let a comparison such as (< 0 x y 1) narrow the box."""
    chain = list(tree.parts[1:])
    chain = chain[::-1] if tree.head in FALLING else chain
    bounds = [None if piece.text in box else constant(core, piece) for piece in chain]
    for k, piece in enumerate(chain):
        side = box.get(piece.text)
        if side is None or piece.kind != "symbol":
            continue
        both = tree.head == "=="
        below = [x for x in (bounds if both else bounds[:k]) if x is not None]
        above = [x for x in (bounds if both else bounds[k + 1 :]) if x is not None]
        lows = [*below, *([] if side.low is None else [side.low])]
        highs = [*above, *([] if side.high is None else [side.high])]
        side.low, side.high = max(lows, default=None), min(highs, default=None)


def constant(core: Core, tree: Tree) -> Fraction | None:
    """Return the value of an expression without names, None where there is none."""
    try:
        part = core.code.reader.part(tree, {})
    except BadCoreText:
        return None
    if part.kind != NUMBER:
        return None
    numbers = exact_precision(BITS)
    call = Call(core.name, leaf(numbers, 0), TRIES, False)
    x = call.node(part.run({}, call)).primal
    return Fraction(*numbers.to_ratio(x)) if numbers.is_finite(x) else None


def example_of(core: Core) -> dict[str, Any] | None:
    """Return the point that the property `:example` gives, as exact text by parameter."""
    found = next((tree for name, tree in core.code.properties if name == "example"), None)
    if found is None:
        return None
    names = {argument.name: argument.parameter for argument in core.arguments}
    texts: dict[str, Any] = {}
    for pair in found.parts:
        if len(pair.parts) == 2 and pair.head in names:
            texts[names[pair.head]] = exact_text(core, pair.parts[1])
    return texts if len(texts) == len(names) and None not in texts.values() else None


def exact_text(core: Core, tree: Tree) -> Any:
    """Return an expression without names as exact text, a list for an array, None for others."""
    if tree.head == "array":
        return [exact_text(core, piece) for piece in tree.parts[1:]]
    if tree.kind == "number":
        x = number(tree, core.code.reader.source)
        return str(x) if "x" in tree.text.lower() else tree.text
    if tree.head == "/" and all(piece.kind == "number" for piece in tree.parts[1:]):
        above, below = (Fraction(number(p, core.code.reader.source)) for p in tree.parts[1:])
        return str(above / below) if below else None
    found = constant(core, tree)
    return None if found is None else str(found)
