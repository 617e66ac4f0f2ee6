"""Arguments and results as trees: numbers in lists, tuples, dicts and arrays, flat and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from typing_extensions import TypeIs

from typedgrad.errors import BadArguments
from typedgrad.machine import NUMBERS
from typedgrad.numbers import NumberSystem
from typedgrad.value import is_value

BARE = frozenset((int, float, *NUMBERS))
ROWS = (list, tuple)
DOUBLE = 53  # the bits of a Python float
FORMS = ", or lists, dicts and named tuples of them; of an object p, vars(p)"
PLAIN = (str, bytes, bool, np.bool, type(None))


class Form(NamedTuple):
    """The shape of a tree without its numbers: hashable, so that recordings are found by it.

    `kind` is 'number', 'array', 'list', 'tuple', 'dict' or 'static'; `about` the shape of an
    array, the keys of a dict, the class of a named tuple, or the thing itself that is no number.
    """

    kind: str
    about: Any
    parts: tuple[Form, ...] = ()

    @property
    def size(self) -> int:
        """How many numbers the tree holds."""
        if self.kind == "number":
            return 1
        if self.kind == "array":
            return int(np.prod(self.about, dtype=np.int64))
        return sum(part.size for part in self.parts)


NUMBER = Form("number", None)
TakeArray: TypeAlias = Callable[[Any, list[Any]], Form]


@cache
def numbers_form(count: int) -> Form:
    """Return the form of a tuple of nothing but numbers."""
    return Form("tuple", None, (NUMBER,) * count)


def flatten(tree: Any, numbers: list[Any], function: str, take: TakeArray | None = None) -> Form:
    """Append the numbers of a tree to a list, in order, and return its form.

    `take` does it for arrays that are not single numbers, if these are not to be taken apart.

    Texts, truth values, None and hashable things that are no numbers are static: a part of the
    form. Raises `BadArguments` for what is neither.
    """
    if type(tree) in BARE or is_value(tree):
        numbers.append(tree)
        return NUMBER
    if is_row(tree):
        if BARE.issuperset(map(type, tree)):
            numbers.extend(tree)
            parts = (NUMBER,) * len(tree)
        else:
            parts = tuple([flatten(item, numbers, function, take) for item in tree])
        if isinstance(tree, list):
            return Form("list", None, parts)
        return Form("tuple", tree.__class__ if hasattr(tree, "_make") else None, parts)
    if is_array(tree):
        if take is not None and tree.ndim:
            return take(tree, numbers)
        return _flat_array(tree, numbers, function)
    if is_dict(tree):
        parts = tuple([flatten(item, numbers, function, take) for item in tree.values()])
        return Form("dict", tuple(tree), parts)
    if isinstance(tree, PLAIN) or not _is_number(tree):
        return Form("static", _hashable(tree, function))
    numbers.append(tree)
    return NUMBER


def is_array(x: Any) -> TypeIs[np.ndarray[Any, Any]]:
    """Tell whether x is an array."""
    return isinstance(x, np.ndarray)


def is_row(x: Any) -> TypeIs[list[Any] | tuple[Any, ...]]:
    """Tell whether x is a list or a tuple."""
    return isinstance(x, ROWS)


def is_dict(x: Any) -> TypeIs[dict[Any, Any]]:
    """Tell whether x is a dict."""
    return isinstance(x, dict)


def _flat_array(array: Any, numbers: list[Any], function: str) -> Form:
    if array.dtype.kind not in "fiuO":
        given = f"an array of {array.dtype}"
        raise BadArguments(function=function, given=given, more=", or lists and dicts of numbers")
    if not array.ndim:
        return flatten(array[()], numbers, function)
    numbers.extend(array.ravel().tolist() if array.dtype.kind in "iuO" else array.ravel())
    return Form("array", array.shape)


def _is_number(x: Any) -> bool:
    return is_value(x) or hasattr(x, "__float__") or hasattr(x, "as_integer_ratio")


def _hashable(x: Any, function: str) -> Any:
    try:
        hash(x)
    except TypeError:
        given = f"{x!r:.60} of type {type(x).__name__}"
        raise BadArguments(function=function, given=given, more=FORMS) from None
    return x


def restore(form: Form, numbers: Iterator[Any], scalar: Any = None) -> Any:
    """Return the tree of a form with the numbers put back in their places.

    With the type of a scalar, arrays and lists of nothing but numbers become arrays of it, and what
    is static becomes None; without one they stay lists and arrays of objects.
    """
    if form.kind == "number":
        return next(numbers)
    if form.kind == "static":
        return form.about if scalar is None else None
    if form.kind == "array":
        items: Any = np.empty(form.size, object if scalar is None else scalar)
        items[:] = [next(numbers) for _ in range(form.size)]
        return items.reshape(form.about)
    bare = form.parts.count(NUMBER) == len(form.parts)
    if bare:
        parts = [*islice(numbers, len(form.parts))]
    else:
        parts = [restore(part, numbers, scalar) for part in form.parts]
    if form.kind == "dict":
        return dict(zip(form.about, parts, strict=True))
    if form.kind == "tuple":
        return tuple(parts) if form.about is None else form.about._make(parts)
    return np.array(parts, scalar) if bare and parts and scalar is not None else parts


def statics(form: Form) -> Iterator[Any]:
    """Yield what is static in a form."""
    if form.kind == "static":
        yield form.about
    for part in form.parts:
        yield from statics(part)


class Point(NamedTuple):
    """The arguments of a call, flat."""

    form: Form
    numbers: NumberSystem[Any]
    x: Any

    def packed(self, found: Any) -> Any:
        """Return one number for each argument in the form in which the arguments came."""
        if self.form is numbers_form(len(found)):
            return tuple(found) if len(found) > 1 else found[0]
        tree = restore(self.form, iter(found), self.numbers.scalar)
        return tree[0] if len(tree) == 1 else tree


def precision_among(flat: list[Any], kinds: set[type]) -> NumberSystem[Any]:
    """Return the number system of the first Value or NumPy scalar among numbers, or float64."""
    known = [kind for kind in kinds if kind in NUMBERS]
    if len(known) < 2 and kinds <= BARE:
        return NUMBERS[known[0] if known else np.float64]
    values = (x.numbers for x in flat if is_value(x))
    scalars = (NUMBERS[type(x)] for x in flat if type(x) in NUMBERS) if known else iter(())
    return next(values, None) or next(scalars, NUMBERS[np.float64])


def is_numpy(numbers: NumberSystem[Any]) -> bool:
    """Tell whether NumPy has arrays of the scalars of a precision."""
    return issubclass(numbers.scalar, np.generic)


def row_of(flat: list[Any], kinds: set[type], numbers: NumberSystem[Any], function: str) -> Any:
    """Return numbers as an array of a precision, each rounded once."""
    scalar: Any = numbers.scalar
    if (
        is_numpy(numbers)
        and kinds
        and kinds <= ({scalar, float} if numbers.bits >= DOUBLE else {scalar})
    ):
        return np.array(flat, scalar)
    x = buffer(numbers, len(flat))
    x[:] = [numbers.lift(number, function) for number in flat]
    return x


def buffer(numbers: NumberSystem[Any], size: int) -> Any:
    """Return an array for scalars of a precision."""
    scalar: Any = numbers.scalar
    return np.empty(size, scalar if is_numpy(numbers) else object)
