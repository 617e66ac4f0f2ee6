"""Arguments and results as trees: numbers in lists, tuples, dicts and arrays, flat and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from typedgrad.errors import BadArguments
from typedgrad.value import is_value

PLAIN = (str, bytes, bool, type(None))


class Form(NamedTuple):
    """The shape of a tree without its numbers: hashable, so that recordings are found by it.

    `kind` is 'number', 'array', 'list', 'tuple', 'dict' or 'static'; `about` the shape of an
    array, the keys of a dict, or the thing itself that is no number.
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


def flatten(tree: Any, numbers: list[Any], function: str) -> Form:
    """Append the numbers of a tree to a list, in order, and return its form.

    Texts, truth values, None and hashable things that are no numbers are static: a part of the
    form. Raises `BadArguments` for what is neither.
    """
    if isinstance(tree, np.ndarray) and tree.ndim:
        numbers.extend(tree.ravel().tolist() if tree.dtype.kind in "iu" else tree.ravel())
        return Form("array", tree.shape)
    if isinstance(tree, list | tuple):
        items: list[Any] = list(tree)
        parts = tuple(flatten(item, numbers, function) for item in items)
        return Form("tuple" if isinstance(tree, tuple) else "list", None, parts)
    if isinstance(tree, dict):
        fields: dict[Any, Any] = dict(tree)
        parts = tuple(flatten(item, numbers, function) for item in fields.values())
        return Form("dict", tuple(fields), parts)
    if isinstance(tree, PLAIN) or not _is_number(tree):
        return Form("static", _hashable(tree, function))
    numbers.append(tree[()] if isinstance(tree, np.ndarray) else tree)
    return NUMBER


def _is_number(x: Any) -> bool:
    return is_value(x) or hasattr(x, "__float__") or hasattr(x, "as_integer_ratio")


def _hashable(x: Any, function: str) -> Any:
    try:
        hash(x)
    except TypeError:
        given = f"{x!r:.60} of type {type(x).__name__}"
        raise BadArguments(function=function, given=given, more=", or lists and dicts") from None
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
        items = np.empty(form.size, object if scalar is None else scalar)
        items[:] = [next(numbers) for _ in range(form.size)]
        return items.reshape(form.about)
    parts = [restore(part, numbers, scalar) for part in form.parts]
    if form.kind == "dict":
        return dict(zip(form.about, parts, strict=True))
    if form.kind == "tuple":
        return tuple(parts)
    plain = scalar is None or not parts or any(part.kind != "number" for part in form.parts)
    return parts if plain else np.array(parts, scalar)
