"""How NumPy sees a Value: ufuncs reach the rows with the types the user wrote."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from typedgrad.errors import NoSuchLoop, NotANumber, PrecisionMismatch
from typedgrad.numbers import NumberSystem
from typedgrad.op import BY_UFUNC, TABLE, Op
from typedgrad.operators import seen

TESTS = {
    "less": "__lt__",
    "less_equal": "__le__",
    "greater": "__gt__",
    "greater_equal": "__ge__",
    "equal": "__eq__",
    "not_equal": "__ne__",
}
MIRRORED = {"__lt__": "__gt__", "__le__": "__ge__", "__gt__": "__lt__", "__ge__": "__le__"}
UNCHANGED = ("positive", "conjugate")
PREDICATES: dict[str, Callable[[NumberSystem[Any], Any], bool]] = {
    "isfinite": lambda numbers, x: numbers.is_finite(x),
    "isnan": lambda numbers, x: bool(x != x),
    "isinf": lambda numbers, x: bool(x == x) and not numbers.is_finite(x),
    "signbit": lambda numbers, x: str(x).startswith("-"),
}


class ArrayFunctions:
    """A mixin that answers NumPy's ufunc protocol with the rows of the table."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __array_ufunc__(self, ufunc, method, *inputs, **options):
            return answer(self, ufunc, method, inputs, options)

        def conjugate(self):
            """Return the number itself; np.var and np.vdot of object arrays ask for it."""
            return self


def answer(node: Any, ufunc: Any, method: str, inputs: tuple[Any, ...], options: Any) -> Any:
    """Return what a ufunc call on nodes means, or raise `NoSuchLoop` with the way round."""
    name: str = ufunc.__name__
    if method != "__call__":
        hint = "write tg.sum([...]) or tg.prod([...]), or use an object array of Values"
        raise NoSuchLoop(ufunc=f"{name}.{method}", how="as a method", hint=hint)
    if options:
        how = f"with {', '.join(f'{key}=' for key in options)}"
        hint = f"write {name} without it; select with tg.where(condition, a, b)"
        raise NoSuchLoop(ufunc=name, how=how, hint=hint)
    if any(isinstance(x, np.ndarray) for x in inputs):
        return _elementwise(node, ufunc, inputs)
    if name in TESTS:
        return _test(TESTS[name], *inputs)
    if name in UNCHANGED:
        return inputs[0]
    if name in PREDICATES:
        x = node.operand(inputs[0], name)
        return seen(name, PREDICATES[name](node.numbers, x.primal), x)
    return _row(name)(*inputs)


def _row(name: str) -> Op:
    op = BY_UFUNC.get(name)
    if op is None:
        hint = f"the functions are: {', '.join(sorted(TABLE))}"
        raise NoSuchLoop(ufunc=name, how="because it has no derivative here", hint=hint)
    return op


def _test(method: str, left: Any, right: Any) -> Any:
    node, other, test = left, right, method
    if not isinstance(left, ArrayFunctions):
        node, other, test = right, left, MIRRORED.get(method, method)
    found = getattr(node, test)(other)
    if found is not NotImplemented:
        return found
    if test not in ("__eq__", "__ne__"):
        kind = type(other).__name__
        raise NotANumber(value=repr(other)[:60], type=kind, precision=node.numbers.name)
    return test == "__ne__"


def _elementwise(node: Any, ufunc: Any, inputs: tuple[Any, ...]) -> Any:
    name: str = ufunc.__name__
    arrays = [_objects(node, x, name) if isinstance(x, np.ndarray) else _box(x) for x in inputs]
    if name in TESTS:
        return _map(partial(_test, TESTS[name]), arrays, bool)
    return _map(_row(name), arrays, object)


def _map(function: Callable[..., Any], arrays: list[Any], kind: Any) -> Any:
    # Not np.frompyfunc: it would report the flags that quiet operations leave behind.
    every = np.broadcast(*arrays)
    if not every.shape:  # a NumPy scalar left of a comparison comes as a 0-d array
        return function(*next(every))
    found = np.empty(every.shape, dtype=kind)
    for place, items in enumerate(every):
        found.flat[place] = function(*items)
    return found


def _box(x: object) -> Any:
    box = np.empty((), dtype=object)
    box[()] = x
    return box


def _objects(node: Any, array: Any, op: str) -> Any:
    kind = array.dtype.type
    if array.dtype.kind == "f" and kind is not node.numbers.scalar:
        raise PrecisionMismatch(op=op, left=node.numbers.name, right=kind.__name__)
    if array.dtype.kind != "f":
        return array.astype(object)
    boxed = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        boxed[place] = array[place]
    return boxed
