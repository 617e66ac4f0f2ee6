"""Variables: the names under which the user's code keeps what the places of a program give."""

from __future__ import annotations

from collections.abc import Sequence

from typedgrad.homes import homes, names
from typedgrad.program import Place

NONE = "(in no variable)"


def variables(sources: Sequence[Place]) -> list[str]:
    """Return for each place the variable of its statement, or words for where there is none."""
    return [name or NONE for name in names(homes(tuple(sources)))]
