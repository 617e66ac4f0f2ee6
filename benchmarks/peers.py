"""The engines that are compared: typedgrad in each precision, micrograd, one like microgpt."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from operator import methodcaller
from typing import Any

import typedgrad as tg


class Slotted:
    """A node like microgpt's: floats, local derivatives kept, sorted recursively."""

    __slots__ = ("children", "data", "grad", "local")

    def __init__(
        self, data: float, children: tuple[Slotted, ...] = (), local: tuple[float, ...] = ()
    ) -> None:
        self.data = data
        self.grad = 0.0
        self.children = children
        self.local = local

    def __add__(self, other: Any) -> Slotted:
        other = other if isinstance(other, Slotted) else Slotted(other)
        return Slotted(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Slotted:
        other = other if isinstance(other, Slotted) else Slotted(other)
        return Slotted(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, power: float) -> Slotted:
        return Slotted(self.data**power, (self,), (power * self.data ** (power - 1),))

    def __neg__(self) -> Slotted:
        return self * -1

    def __sub__(self, other: Any) -> Slotted:
        result: Slotted = self + (-other)
        return result

    def __truediv__(self, other: Any) -> Slotted:
        result: Slotted = self * other**-1
        return result

    __radd__ = __add__
    __rmul__ = __mul__

    def relu(self) -> Slotted:
        return Slotted(max(0.0, self.data), (self,), (float(self.data > 0),))

    def tanh(self) -> Slotted:
        y = math.tanh(self.data)
        return Slotted(y, (self,), (1.0 - y * y,))

    def exp(self) -> Slotted:
        y = math.exp(self.data)
        return Slotted(y, (self,), (y,))

    def log(self) -> Slotted:
        return Slotted(math.log(self.data), (self,), (1.0 / self.data,))

    def backward(self) -> None:
        order: list[Slotted] = []
        visited: set[Slotted] = set()

        def visit(node: Slotted) -> None:
            if node not in visited:
                visited.add(node)
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for child, local in zip(node.children, node.local, strict=True):
                child.grad += local * node.grad


@dataclass(frozen=True)
class Engine:
    """What a workload needs of an engine; nodes have data, grad, backward, + and * themselves."""

    leaf: Callable[[float], Any]
    relu: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    clear: Callable[[Any], Any]
    begin: Callable[[], Any] = int  # a step: what the step before it has left may go


def _micrograd() -> Engine:
    value: Any = import_module("micrograd.engine").Value

    def unary(x: Any, y: float, slope: float) -> Any:
        out = value(y, (x,), "f")

        def backward() -> None:
            x.grad += slope * out.grad

        out._backward = backward
        return out

    def tanh(x: Any) -> Any:
        y = math.tanh(x.data)
        return unary(x, y, 1.0 - y * y)

    def exp(x: Any) -> Any:
        y = math.exp(x.data)
        return unary(x, y, y)

    def log(x: Any) -> Any:
        return unary(x, math.log(x.data), 1.0 / x.data)

    return Engine(value, methodcaller("relu"), tanh, exp, log, _clear)


def _clear(node: Any) -> None:
    node.grad = 0.0


def _by_methods(leaf: Any, clear: Any) -> Engine:
    relu, tanh, exp, log = (methodcaller(name) for name in ("relu", "tanh", "exp", "log"))
    return Engine(leaf, relu, tanh, exp, log, clear)


def _tape() -> Engine:
    tape: Any = tg.Tape(tg.float64)
    marks: list[Any] = []

    def begin() -> None:
        if marks:
            tape.rewind(marks[0])
        else:
            marks.append(tape.mark())

    return replace(_by_methods(tape, methodcaller("zero_grad")), begin=begin)


ENGINES: dict[str, Callable[[], Engine]] = {
    "micrograd": _micrograd,
    "microgpt-like": lambda: _by_methods(Slotted, _clear),
    "typedgrad float32": lambda: _by_methods(tg.float32, methodcaller("zero_grad")),
    "typedgrad float64": lambda: _by_methods(tg.float64, methodcaller("zero_grad")),
    "typedgrad tape": _tape,
    "typedgrad longdouble": lambda: _by_methods(tg.longdouble, methodcaller("zero_grad")),
}
OURS = [name for name in ENGINES if name.startswith("typedgrad")]


def present(names: Iterable[str] = ENGINES) -> list[str]:
    """Return the engines that can be imported here; say which cannot."""
    found: list[str] = []
    for name in names:
        try:
            ENGINES[name]()
        except ImportError as error:
            print(f"without {name}: {error}")
        else:
            found.append(name)
    return found


def total(terms: Sequence[Any]) -> Any:
    """Return the sum of nodes, one node an addition, from left to right."""
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result
