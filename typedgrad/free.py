"""The transforms as free functions: in the precision of the Values they meet, else in float64.

For type checkers they are those of float64; `tg.float32.grad` and its kin pin another precision,
and `tg.precision_of(x).grad` that of x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import TypeVar

from typedgrad import transforms
from typedgrad.precision import float64

C = TypeVar("C", bound=Callable[..., Any])


def typed_as(method: C) -> Callable[[Callable[..., Any]], C]:
    """Return a decorator that gives a function the type of a method."""

    def same(function: Any) -> C:
        typed: C = function
        return typed

    return same


@typed_as(float64.grad)
def grad(f: Any, /) -> Any:
    """Return the function that gives the partial derivatives of f.

    f takes one to eight numbers, or one sequence of numbers, and so does the result, which gives
    one number, a tuple, or an array. Called with Values it gives Values, so that it nests.

    >>> import typedgrad as tg
    >>> tg.grad(lambda x, y: x * y + tg.sin(x))(3.0, 2.0)
    (np.float64(1.0100075033995546), np.float64(3.0))
    >>> tg.grad(tg.grad(lambda x: x**3))(2)
    np.float64(12.0)
    """
    return transforms.grad(None, f)


@typed_as(float64.value_and_grad)
def value_and_grad(f: Any, /) -> Any:
    """Return the function that gives the value of f and its partial derivatives.

    >>> import typedgrad as tg
    >>> tg.value_and_grad(lambda x, y: x * y)(3.0, 2.0)
    (np.float64(6.0), (np.float64(2.0), np.float64(3.0)))
    """
    return transforms.value_and_grad(None, f)


@typed_as(float64.jvp)
def jvp(f: Any, at: Any, along: Any, /) -> Any:
    """Return the value of f at a point and its derivative along a direction.

    Point and direction are tuples of arguments; a sequence is one argument.

    >>> import typedgrad as tg
    >>> tg.jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 0.0))
    (np.float64(6.0), np.float64(2.0))
    """
    return transforms.jvp(None, f, at, along)


@typed_as(float64.vjp)
def vjp(f: Any, at: Any, /) -> Any:
    """Return the value of f at a point, and the function from a seed to the adjoints.

    >>> import typedgrad as tg
    >>> value, pull = tg.vjp(lambda x, y: x * y, (3.0, 2.0))
    >>> value, pull(10.0)
    (np.float64(6.0), (np.float64(20.0), np.float64(30.0)))
    """
    return transforms.vjp(None, f, at)


@typed_as(float64.jacobian)
def jacobian(f: Any, /) -> Any:
    """Return the function that gives one row of partial derivatives for each result of f.

    >>> import typedgrad as tg
    >>> tg.jacobian(lambda x, y: [x * y, x + y])(3.0, 2.0)
    array([[2., 3.],
           [1., 1.]])
    """
    return transforms.jacobian(None, f)


@typed_as(float64.hessian)
def hessian(f: Any, /) -> Any:
    """Return the function that gives the matrix of second derivatives of f.

    For a function of one number it is one number.

    >>> import typedgrad as tg
    >>> tg.hessian(lambda x, y: x * x * y)(3.0, 2.0)
    array([[4., 6.],
           [6., 0.]])
    """
    return transforms.hessian(None, f)


@typed_as(float64.hvp)
def hvp(f: Any, at: Any, along: Any, /) -> Any:
    """Return the Hessian of f at a point times a direction, without the matrix.

    >>> import typedgrad as tg
    >>> tg.hvp(lambda x, y: x * x * y, (3.0, 2.0), (1.0, 0.0))
    (np.float64(4.0), np.float64(6.0))
    """
    return transforms.hvp(None, f, at, along)
