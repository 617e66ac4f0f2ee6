"""Rows as a few ufuncs: what a composition without choices does, so that it can run in buffers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from typing_extensions import TypeIs, override


class Step(NamedTuple):
    """A ufunc and its operands: numbers of arguments and earlier steps, or arrays of no dimension.

    The steps are numbered after the arguments.
    """

    ufunc: Any
    operands: tuple[Any, ...]


class Traced(NDArrayOperatorsMixin):
    """Stands for an array and writes down which ufuncs are applied to it.

    It raises `TypeError` for a choice, another precision and whatever else is no simple ufunc.
    """

    def __init__(self, steps: list[Step], number: int, arity: int, dtype: Any) -> None:
        self.steps = steps
        self.number = number
        self.arity = arity
        self.dtype = dtype

    def __bool__(self) -> NoReturn:
        raise TypeError

    @override
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        types = (self.dtype,) * len(inputs)
        alike = (*types, self.dtype)
        if (
            method != "__call__"
            or options
            or ufunc is np.power  # which takes some exponents by another way
            or tuple(ufunc.resolve_dtypes((*types, None))) != alike
        ):
            raise TypeError
        self.steps.append(Step(ufunc, tuple(map(self._operand, inputs))))
        return Traced(self.steps, self.arity + len(self.steps) - 1, self.arity, self.dtype)

    def _operand(self, x: Any) -> Any:
        if is_traced(x):
            return x.number
        if type(x) not in (int, float) and np.asarray(x).dtype != self.dtype:
            raise TypeError
        return np.array(x, self.dtype).reshape(())


def is_traced(x: object) -> TypeIs[Traced]:
    """Tell whether x stands for an array."""
    return isinstance(x, Traced)


def recipe(function: Callable[..., Any], arity: int, dtype: Any) -> list[Step]:
    """Return the steps of a function of arrays; raises some error where they are not a list."""
    steps: list[Step] = []
    y = function(*[Traced(steps, k, arity, dtype) for k in range(arity)])
    if not is_traced(y) or y.number != arity + len(steps) - 1 or not steps:
        raise TypeError
    return steps


def follow(steps: Sequence[Step], *args: Any) -> Any:
    """Return what the steps give."""
    values = list(args)
    for ufunc, operands in steps:
        values.append(ufunc(*[values[x] if isinstance(x, int) else x for x in operands]))
    return values[-1]
