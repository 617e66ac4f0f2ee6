"""Short ways: how a class of nodes makes the node of a row without a search, once it is used.

They are closures over the class and the row, and do what `Value.apply` does, several times faster.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from typedgrad.machine import machine_of
from typedgrad.node import CONSTANT, MANY, tick
from typedgrad.op import Op

new: Callable[[Any], Any] = object.__new__
DUNDERS = dict(add="add", sub="sub", mul="mul", div="truediv", pow="pow", remainder="mod")
SIGNS = dict(neg="__neg__", abs="__abs__")
SHARED = 1000
OWN: dict[type, str] = {}


def constants_of(cls: Any) -> Callable[[Any, str], Any]:
    """Return what makes the constant nodes of a class, and shares those of literals."""
    row, lift = machine_of(cls.numbers).row(CONSTANT), cls.numbers.lift
    kept: dict[float, Any] = {}

    def constant(x: Any, op: str) -> Any:
        kind = x.__class__
        # The literals of a program come back in every step; 0.0 and -0.0 are equal but differ.
        literal = kind is int or (kind is float and x != 0)
        shared = kept.get(x) if literal else None
        if shared is not None:
            return shared
        node = new(cls)
        node.primal = lift(x, op)
        node.adjoint = node.left = None
        node.right = x
        node.row = row
        node.serial = 0
        if literal:
            if len(kept) >= SHARED:
                kept.clear()
            kept[x] = node
        return node

    return constant


class Ways(NamedTuple):
    """The makers of short ways for one kind of node, by the number of a row's arguments."""

    unary: Callable[[Any, Op], Callable[..., Any]]
    binary: Callable[[Any, Op, frozenset[Any], Any], Callable[..., Any]]
    reflected: Callable[[Any, Op, frozenset[Any], Any], Callable[..., Any]]
    many: Callable[[Any, Op], Callable[..., Any]]


def install(cls: Any, op: Op, ways: Ways) -> None:
    """Give a class its short way to a row when it is first used, and to methods and operators."""
    plain = frozenset((int, float, cls.numbers.scalar))
    if op.sequences or op.arity > 2:
        many = ways.many(cls, op)
        op.short[cls] = many if op.sequences else lambda *args: many(args)
        return
    if op.arity == 1:
        op.short[cls] = method = ways.unary(cls, op)
    else:
        op.short[cls] = method = ways.binary(cls, op, plain, _general(op))
    labels = {} if op.defaults else {op.name: method}
    if op.name in SIGNS:
        labels[SIGNS[op.name]] = method
    if op.name in DUNDERS:
        ahead, behind = f"__{DUNDERS[op.name]}__", f"__r{DUNDERS[op.name]}__"
        labels[ahead] = ways.binary(cls, op, plain, getattr(cls.__base__, ahead))
        labels[behind] = ways.reflected(cls, op, plain, getattr(cls.__base__, behind))
    for label, function in labels.items():
        if hasattr(cls.__base__, label):
            setattr(cls, label, function)


def _general(op: Op) -> Callable[..., Any]:
    def general(a: Any, b: Any) -> Any:
        return a.apply(op, (a, b))

    return general


def _unary(cls: Any, op: Op) -> Callable[..., Any]:
    row = machine_of(cls.numbers).row(op)
    forward = row.forward

    def method(self: Any) -> Any:
        node = new(cls)
        node.primal = forward(self.primal)
        node.adjoint = None
        node.row = row
        node.left = self
        node.right = None
        node.serial = tick()
        return node

    method.__name__, method.__doc__ = op.name, op.doc
    return method


def _binary(cls: Any, op: Op, plain: frozenset[Any], slow: Any) -> Callable[..., Any]:
    row = machine_of(cls.numbers).row(op)
    forward, constant, name = row.forward, cls.make_constant, op.name
    other_form = op.constant_form
    form = None if other_form is None else _binary(cls, other_form, plain, slow)

    def method(self: Any, other: Any) -> Any:
        if other.__class__ is not cls:
            if other.__class__ not in plain:
                return slow(self, other)
            other = constant(other, name)
            if form is not None:
                return form(self, other)
        node = new(cls)
        node.primal = forward(self.primal, other.primal)
        node.adjoint = None
        node.row = row
        node.left = self
        node.right = other
        node.serial = tick()
        return node

    method.__name__, method.__doc__ = op.name, op.doc
    return method


def _many(cls: Any, op: Op) -> Callable[..., Any]:
    row = machine_of(cls.numbers).row(op)
    forward, primals = row.forward, _reading(cls, _primals)
    gather = None if row.gather is None else _reading(cls, row.gather)

    def method(args: tuple[Any, ...]) -> Any:
        try:
            primal = forward(*primals(args)) if gather is None else gather(args)
        except AttributeError:
            return args[0].apply(op, args)
        node = new(cls)
        node.primal = primal
        node.adjoint = None
        node.row = row
        node.left = args
        node.right = MANY
        node.serial = tick()
        return node

    return method


def _primals(nodes: tuple[Any, ...]) -> list[Any]:
    return [node.primal for node in nodes]


def _reading(cls: Any, function: Any) -> Callable[[tuple[Any, ...]], Any]:
    """Return the function with an AttributeError for what is not a node of cls.

    It reads `primal` by a second name, which no other class has for this slot: so to tell the
    classes apart costs nothing, where a test of each would double the time.
    """
    own = OWN.setdefault(cls, f"_primal{tick()}")
    setattr(cls, own, cls.primal)
    code, name = _renamed(function.__code__, own), function.__name__
    space, defaults, cells = function.__globals__, function.__defaults__, function.__closure__
    return FunctionType(code, space, name, defaults, cells)


def _renamed(code: CodeType, own: str) -> CodeType:
    names = tuple(own if name == "primal" else name for name in code.co_names)
    parts = tuple(_renamed(x, own) if isinstance(x, CodeType) else x for x in code.co_consts)
    return code.replace(co_names=names, co_consts=parts)


def _reflected(cls: Any, op: Op, plain: frozenset[Any], slow: Any) -> Callable[..., Any]:
    method, constant, name = op.short[cls], cls.make_constant, op.name

    def reflected(self: Any, other: Any) -> Any:
        if other.__class__ not in plain:
            return slow(self, other)
        return method(constant(other, name), self)

    return reflected


EAGER = Ways(_unary, _binary, _reflected, _many)
