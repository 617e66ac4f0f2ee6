"""The Node Protocol, and the walks over a graph of nodes; none of them recurses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from operator import attrgetter
from typing import Any, Protocol, Self

from typing_extensions import TypeVar

from typedgrad.machine import Definition, Row
from typedgrad.numbers import NumberSystem
from typedgrad.op import Op
from typedgrad.scalars import T

FIRST = 1  # the oldest serial that may receive an adjoint; constants are 0
tick: Callable[[], int] = count(FIRST).__next__


class Many:
    """The mark in `right` of a node whose `left` holds all its arguments."""

    __slots__ = ()


MANY = Many()


class Node(Protocol[T]):
    """What the walks, the sweep and the rows need of a node, and all that they use."""

    @property
    def primal(self) -> T:
        """The number it holds."""
        ...

    @property
    def row(self) -> Row:
        """The row that made it; rows named 'leaf' and 'constant' have no arguments."""
        ...

    @property
    def left(self) -> Any:
        """Its only or its first argument; where `right` is MANY, the tuple of all."""
        ...

    @property
    def right(self) -> Any:
        """Its second argument, None, or MANY; of a constant the literal as it was written."""
        ...

    @property
    def serial(self) -> int:
        """Its age: larger than the serial of every argument; 0 for what takes no adjoint."""
        ...

    @property
    def numbers(self) -> NumberSystem[T]:
        """Its number system."""
        ...

    @property
    def adjoint(self) -> Any:
        """What the last sweep left: d root / d self, or None."""
        ...

    @adjoint.setter
    def adjoint(self, value: Any, /) -> None: ...

    def apply(self, op: Op, args: tuple[Any, ...], /) -> Self:
        """Make the node of a row from arguments of which at least one is such a node."""
        ...

    def constant(self, x: object, /) -> Self:
        """Make a node without history that holds a number."""
        ...


N = TypeVar("N", bound=Node[Any])


def arguments(node: N) -> tuple[N, ...]:
    """Return the nodes that a node was made from, in the order of its row."""
    left: Any = node.left
    right: Any = node.right
    if left is None:
        return ()
    if right is None:
        return (left,)
    return tuple(left) if right is MANY else (left, right)


def history(roots: Iterable[N], since: int = 0) -> list[N]:
    """Return the roots and all they depend on, newest first; nodes older than `since` left out."""
    order = list(dict.fromkeys(roots))
    seen = set(order)
    add, have, push = seen.add, seen.issuperset, order.append
    for node in order:
        left = node.left
        if left is None:
            continue
        right = node.right
        if right is MANY:
            if not have(left):
                for parent in left:
                    if parent not in seen and parent.serial >= since:
                        add(parent)
                        push(parent)
            continue
        if left not in seen and left.serial >= since:
            add(left)
            push(left)
        if right is not None and right not in seen and right.serial >= since:
            add(right)
            push(right)
    order.sort(key=attrgetter("serial"), reverse=True)
    return order


def depth_first(root: N) -> list[N]:
    """Return the root and its ancestors in depth-first postorder: arguments before results."""
    order: list[N] = []
    seen: set[N] = set()
    stack: list[tuple[N, bool]] = [(root, False)]
    while stack:
        node, finished = stack.pop()
        if finished:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(arguments(node)))
    return order


def levels(root: N) -> list[list[N]]:
    """Return the ancestors by Kahn's algorithm: each level needs only the levels before it."""
    users: dict[N, list[N]] = {}
    waiting: dict[N, int] = {}
    ready: list[N] = []
    for node in reversed(history([root])):
        parents = arguments(node)
        waiting[node] = len(parents)
        for parent in parents:
            users.setdefault(parent, []).append(node)
        if not parents:
            ready.append(node)
    found: list[list[N]] = []
    while ready:
        found.append(ready)
        ready = []
        for node in found[-1]:
            for user in users.get(node, ()):
                waiting[user] -= 1
                if not waiting[user]:
                    ready.append(user)
    return found


def _no_value(*_: Any) -> Any:
    raise AssertionError


def _no_terms(g: Any, y: Any) -> tuple[()]:
    return ()


def _same(x: Any) -> Any:
    return x


def _pass(g: Any, y: Any, x: Any) -> tuple[Any]:
    return (g,)


LEAF = Definition("leaf", _no_value, _no_terms, None)
CONSTANT = Definition("constant", _no_value, _no_terms, None)
ALIAS = Definition("alias", _same, _pass, _same)
