"""grad, jvp, hessian and their kin: a function on numbers or Values becomes another function.

Called with numbers, a transformed function answers with numbers of its precision; called with
Values it answers with Values, so that transforms nest to any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import local
from typing import Any

import numpy as np

from typedgrad.errors import BadArguments, BadResult
from typedgrad.forward import tangents
from typedgrad.machine import NUMBERS
from typedgrad.node import history
from typedgrad.numbers import NumberSystem
from typedgrad.reverse import adjoints
from typedgrad.value import Value, is_value, leaf

ARITY = 8


class Active(local):
    """The runs around the present one, in this thread."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.home: Value[Any] | None = None  # on whose tape the transforms do their work

    def swap(self, runs: list[Run], home: Value[Any] | None) -> tuple[list[Run], Value[Any] | None]:
        """Take other runs and another home, and return those that were there."""
        before = self.runs, self.home
        self.runs, self.home = runs, home
        return before


ACTIVE = Active()


class Run:
    """One call of a function under differentiation: its inputs, its result, and their form."""

    def __init__(self, numbers: NumberSystem[Any] | None, f: Callable[..., Any], args: Any) -> None:
        self.name: str = getattr(f, "__name__", repr(f))
        self.vector: bool = len(args) == 1 and is_sequence(args[0])
        flat = list(args[0]) if self.vector else list(map(unboxed, args))
        if not flat or (len(flat) > ARITY and not self.vector) or any(map(_is_tree, flat)):
            given = f"({', '.join(type(x).__name__ for x in args)})"
            more = "; tg.record(f).grad takes lists, dicts and named tuples of them too"
            raise BadArguments(function=self.name, given=given, more=more)
        values = [x for x in flat if is_value(x)]
        if not values and ACTIVE.home is not None:
            values = [ACTIVE.home]
        self.numbers: NumberSystem[Any] = numbers or precision_among([*flat, *values])
        same = bool(values) and values[0].numbers is self.numbers
        self.lifted: bool = same or any(map(is_value, flat))
        home = values[0] if same else leaf(self.numbers, 0)
        self.inputs: list[Value[Any]] = [self._input(x, home) for x in flat]
        around = list(ACTIVE.runs)
        ACTIVE.runs.append(self)
        try:
            if self.vector:  # a named tuple is one for f, too
                found = f(getattr(args[0], "_make", list)(self.inputs))
            else:
                found = f(*self.inputs)
            self.result: Any = unboxed(found)
        finally:
            ACTIVE.runs.pop()
        self.lifted = self.lifted or any(run.reaches(self.result) for run in around)

    def reaches(self, result: Any) -> bool:
        """Tell whether a result depends on an input of this run."""
        roots = [y for y in (result if is_sequence(result) else [result]) if is_value(y)]
        inputs = set(self.inputs)
        since = min(node.serial for node in self.inputs)
        return any(node in inputs for node in history(roots, since))

    def _input(self, x: Any, home: Value[Any]) -> Value[Any]:
        return home.operand(x, self.name).alias() if self.lifted else leaf(self.numbers, x)

    def output(self) -> Value[Any]:
        """Return the result, which must be one Value of the precision."""
        return self.checked(self.result)

    def outputs(self) -> list[Value[Any]]:
        """Return the results of a function that returns a sequence of Values."""
        if not is_sequence(self.result):
            raise self._bad(self.result, "a list of Values")
        return [self.checked(y) for y in self.result]

    def checked(self, y: Any) -> Value[Any]:
        """Return y if it is a Value of the precision of this run."""
        if not is_value(y) or y.numbers is not self.numbers:
            raise self._bad(y)
        return y

    def _bad(self, y: Any, wanted: str = "a Value") -> BadResult:
        kind = f"Value of {y.numbers.name}" if is_value(y) else type(y).__name__
        facts = dict(function=self.name, value=repr(y)[:60], type=kind)
        return BadResult(**facts, wanted=f"{wanted} of {self.numbers.name}")

    def lift(self, x: Any) -> Any:
        """Return a number as what this run calculates with: a scalar, or a constant node."""
        return self.inputs[0].constant(x) if self.lifted else self.numbers.lift(x)

    def lift_all(self, xs: Any) -> list[Any]:
        """Return the numbers that go with the inputs, one each, in the form the inputs came."""
        flat = list(xs[0]) if len(xs) == 1 and is_sequence(xs[0]) else list(xs)
        if len(flat) != len(self.inputs):
            given = f"{len(flat)} tangents for {len(self.inputs)} arguments"
            raise BadArguments(function=self.name, given=given, more=", and as many tangents")
        self.lifted = self.lifted or any(is_value(x) for x in flat)
        return [x if is_value(x) else self.lift(x) for x in flat]

    def number(self, node: Value[Any]) -> Any:
        """Return a result in the form of the inputs."""
        return node if self.lifted else node.primal

    def pull(self, root: Value[Any], seed: Any = 1) -> list[Any]:
        """Return the adjoint of each input, zeros filled in."""
        self.lifted = self.lifted or is_value(seed)
        start = seed if is_value(seed) else self.lift(seed)
        found = adjoints(root, self.inputs, start, self.lifted)
        return [self.lift(0) if g is None else g for g in found]

    def push(self, root: Value[Any], seeds: Sequence[Any]) -> Any:
        """Return the tangent of a result."""
        found = tangents(root, self.inputs, seeds, self.lifted)
        return self.lift(0) if found is None else found

    def packed(self, numbers: list[Any]) -> Any:
        """Return one number an input in the form in which the inputs came."""
        if self.vector:
            return numbers if self.lifted else self.array(numbers)
        return numbers[0] if len(numbers) == 1 else tuple(numbers)

    def array(self, numbers: Any) -> Any:
        """Return numbers, or rows of numbers, as an array of dtype T; Values stay in lists."""
        if self.lifted:
            return numbers
        numpy = isinstance(self.numbers.lift(0), np.generic)
        return np.array(numbers, dtype=self.numbers.scalar if numpy else object)


def is_sequence(x: Any) -> bool:
    """Tell whether x is a list, a tuple or an array with at least one dimension."""
    return isinstance(x, list | tuple) or (isinstance(x, np.ndarray) and x.ndim > 0)


def _is_tree(x: Any) -> bool:
    return isinstance(x, list | tuple | dict) or (isinstance(x, np.ndarray) and x.ndim > 0)


def unboxed(x: Any) -> Any:
    """Return what an array without dimensions holds, as np.where gives one; else x itself."""
    return x[()] if x.__class__ is np.ndarray and not x.ndim else x


def arguments_of(at: Any) -> tuple[Any, ...]:
    """Return the arguments at a point; a single number is a point too."""
    return tuple(at) if is_sequence(at) else (at,)


def precision_among(flat: Sequence[Any]) -> NumberSystem[Any]:
    """Return the number system of the first Value, else of the first NumPy scalar, or float64."""
    values = [x for x in flat if is_value(x)]
    scalars = [x for x in flat if type(x) in NUMBERS]
    return values[0].numbers if values else NUMBERS[type(scalars[0]) if scalars else np.float64]


def grad(numbers: NumberSystem[Any] | None, f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that gives the partial derivatives of f."""

    def gradient(*args: Any) -> Any:
        run = Run(numbers, f, args)
        return run.packed(run.pull(run.output()))

    return _named(gradient, "grad", f)


def value_and_grad(numbers: NumberSystem[Any] | None, f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that gives the value of f and its partial derivatives."""

    def both(*args: Any) -> Any:
        run = Run(numbers, f, args)
        y = run.output()
        return run.number(y), run.packed(run.pull(y))

    return _named(both, "value_and_grad", f)


def jvp(numbers: NumberSystem[Any] | None, f: Callable[..., Any], at: Any, along: Any) -> Any:
    """Return the value of f and its derivative along a direction."""
    run = Run(numbers, f, arguments_of(at))
    seeds = run.lift_all(arguments_of(along))
    if is_sequence(run.result):
        ys = run.outputs()
        return run.array([run.number(y) for y in ys]), run.array([run.push(y, seeds) for y in ys])
    y = run.output()
    return run.number(y), run.push(y, seeds)


def vjp(numbers: NumberSystem[Any] | None, f: Callable[..., Any], at: Any) -> Any:
    """Return the value of f and the function from a cotangent to the adjoints of the inputs."""
    run = Run(numbers, f, arguments_of(at))
    if not is_sequence(run.result):
        y = run.output()
        return run.number(y), partial(_pull_one, run, y)
    ys = run.outputs()

    def pullback(seeds: Any) -> Any:
        if not is_sequence(seeds) or len(seeds) != len(ys):
            given = f"a cotangent that is not a sequence of {len(ys)}"
            raise BadArguments(function=f"the pullback of {run.name}", given=given, more="")
        rows = [run.pull(y, seed) for y, seed in zip(ys, seeds, strict=True)]
        return run.packed([_sum(column) for column in zip(*rows, strict=True)])

    return run.array([run.number(y) for y in ys]), pullback


def _pull_one(run: Run, y: Value[Any], seed: Any) -> Any:
    return run.packed(run.pull(y, seed))


def _sum(column: Sequence[Any]) -> Any:
    total = column[0]
    for term in column[1:]:
        total = total + term
    return total


def jacobian(numbers: NumberSystem[Any] | None, f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that gives one row of partial derivatives for each output of f."""

    def rows(*args: Any) -> Any:
        run = Run(numbers, f, args)
        return run.array([run.pull(y) for y in run.outputs()])

    return _named(rows, "jacobian", f)


def hessian(numbers: NumberSystem[Any] | None, f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that gives the matrix of second derivatives of f."""

    def matrix(*args: Any) -> Any:
        run = Run(numbers, gradient_of(numbers, f), args)
        rows = [run.pull(run.checked(g)) for g in run.result]
        if len(rows) == 1 and not run.vector:
            return rows[0][0]
        return run.array(rows)

    return _named(matrix, "hessian", f)


def hvp(numbers: NumberSystem[Any] | None, f: Callable[..., Any], at: Any, along: Any) -> Any:
    """Return the Hessian of f times a direction, without the matrix."""
    run = Run(numbers, gradient_of(numbers, f), arguments_of(at))
    seeds = run.lift_all(arguments_of(along))
    return run.packed([run.push(run.checked(g), seeds) for g in run.result])


def gradient_of(numbers: NumberSystem[Any] | None, f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the gradient as a function from Values to a list of Values, whatever the arity."""

    def gradient(*args: Any) -> list[Any]:
        run = Run(numbers, f, args)
        return run.pull(run.output())

    gradient.__name__ = getattr(f, "__name__", repr(f))
    return gradient


def _named(made: Callable[..., Any], transform: str, f: Callable[..., Any]) -> Callable[..., Any]:
    made.__name__ = made.__qualname__ = f"{transform}({getattr(f, '__name__', repr(f))})"
    made.__doc__ = f"{transform} of {getattr(f, '__name__', repr(f))}, made by typedgrad."
    return made
