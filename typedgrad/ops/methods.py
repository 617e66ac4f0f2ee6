"""The rows as methods of every node; the types of all of them are in methods.pyi."""

from typing import Generic

from typedgrad.op import RowMethods
from typedgrad.scalars import T


class Methods(RowMethods, Generic[T]):
    """Every row as a method: each adds itself to `RowMethods` when it is defined."""

    __slots__ = ()
