"""The operators + - * / ** % and the comparisons for any kind of node, from the rows."""

from __future__ import annotations

import operator
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeAlias

import numpy as np
from typing_extensions import TypeVar, override

from typedgrad.errors import NotANumber, NotRecordable
from typedgrad.op import TABLE
from typedgrad.ops.methods import Methods
from typedgrad.scalars import PyFloat, T

A = TypeVar("A")
Watcher: TypeAlias = Callable[[str, bool, Any, Any], None]
# Who is told the outcome of every comparison and its two nodes (of a test of one number, None for
# the second), since that is where a program's path may turn.
WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


def operate(name: str, node: A, other: object, reflected: bool = False) -> A:
    """Return the row applied to a node and an operand.

    Arrays, texts and objects of other libraries get NotImplemented, so that these may answer.
    """
    refused: A = NotImplemented
    if isinstance(other, np.ndarray | str):
        return refused
    target: Any = node
    try:
        result: A = target.apply(TABLE[name], (other, node) if reflected else (node, other))
    except NotANumber:
        if reflected or type(other).__module__ == "builtins":
            raise
        return refused
    return result


def apply(name: str, node: A) -> A:
    """Return the row applied to a node alone."""
    target: Any = node
    result: A = target.apply(TABLE[name], (node,))
    return result


def compare(test: Callable[[Any, Any], Any], node: object, other: object) -> bool:
    """Return the comparison of a node's number with an operand of the same precision."""
    refused: bool = NotImplemented
    if isinstance(other, np.ndarray | str) or other is None:
        return refused
    target: Any = node
    try:
        operand = target.operand(other, test.__name__)
    except NotANumber:
        return refused
    return seen(test.__name__, bool(test(target.primal, operand.primal)), target, operand)


def seen(test: str, outcome: bool, left: Any, right: Any = None) -> bool:
    """Return the outcome of a test of nodes' numbers, having told whoever watches."""
    watch = WATCHER.get()
    if watch is not None:
        watch(test, outcome, left, right)
    elif left.recorded:
        raise NotRecordable(what="a comparison in a thread of its own")
    return outcome


def is_nonzero(node: Any) -> bool:
    """Tell whether the number of a node is not zero, having told whoever watches."""
    outcome = bool(node.primal != 0)
    watch = WATCHER.get()
    if watch is not None:
        watch("ne", outcome, node, node.constant(0))
    return outcome


class Operators(Methods[T], Generic[T]):
    """A mixin: what a node needs to be calculated with, given `apply`, `operand` and `primal`.

    An operand may be a node of the same kind and precision, a scalar of the precision, or a plain
    number. An ndarray takes over and works element by element; a text is refused.
    """

    __slots__ = ()
    recorded: ClassVar[bool] = False

    def __add__(self, other: Self | T | int | PyFloat, /) -> Self:
        return operate("add", self, other)

    def __radd__(self, other: T | int | PyFloat, /) -> Self:
        return operate("add", self, other, reflected=True)

    def __sub__(self, other: Self | T | int | PyFloat, /) -> Self:
        return operate("sub", self, other)

    def __rsub__(self, other: T | int | PyFloat, /) -> Self:
        return operate("sub", self, other, reflected=True)

    def __mul__(self, other: Self | T | int | PyFloat, /) -> Self:
        return operate("mul", self, other)

    def __rmul__(self, other: T | int | PyFloat, /) -> Self:
        return operate("mul", self, other, reflected=True)

    def __truediv__(self, other: Self | T | int | PyFloat, /) -> Self:
        return operate("div", self, other)

    def __rtruediv__(self, other: T | int | PyFloat, /) -> Self:
        return operate("div", self, other, reflected=True)

    def __mod__(self, other: Self | T | int | PyFloat, /) -> Self:
        return operate("remainder", self, other)

    def __rmod__(self, other: T | int | PyFloat, /) -> Self:
        return operate("remainder", self, other, reflected=True)

    def __pow__(self, other: Self | T | int | PyFloat, /) -> Self:
        return operate("pow", self, other)

    def __rpow__(self, other: T | int | PyFloat, /) -> Self:
        return operate("pow", self, other, reflected=True)

    def __neg__(self) -> Self:
        return apply("neg", self)

    def __abs__(self) -> Self:
        return apply("abs", self)

    def __pos__(self) -> Self:
        return self

    def __lt__(self, other: Self | T | int | PyFloat, /) -> bool:
        return compare(operator.lt, self, other)

    def __le__(self, other: Self | T | int | PyFloat, /) -> bool:
        return compare(operator.le, self, other)

    def __gt__(self, other: Self | T | int | PyFloat, /) -> bool:
        return compare(operator.gt, self, other)

    def __ge__(self, other: Self | T | int | PyFloat, /) -> bool:
        return compare(operator.ge, self, other)

    @override
    def __eq__(self, other: object, /) -> bool:
        return compare(operator.eq, self, other)

    @override
    def __ne__(self, other: object, /) -> bool:
        return compare(operator.ne, self, other)

    # The slot of object itself, because the walks keep nodes in sets.
    if TYPE_CHECKING:

        @override
        def __hash__(self) -> int: ...

    else:
        __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return compare(operator.ne, self, 0)
