"""Every error of the library: its code, what it says, the cure, and the page that explains it.

Nothing else in the package raises with a text of its own. `typedgrad explain TG101` prints the
docstring of the class that carries the code.
"""

from __future__ import annotations

from typedgrad.errors.base import TypedgradError, every_error
from typedgrad.errors.language import (
    BadArguments,
    BadCall,
    BadResult,
    BadRow,
    DomainError,
    EmptyInterval,
    FrozenData,
    NoFunction,
    NoPlainFloat,
    NoSuchLoop,
    NotANumber,
    OutOfRange,
    PrecisionMismatch,
    StaleGraph,
    WrongGradient,
)
from typedgrad.errors.programs import BadProgram, NotTraceable
from typedgrad.errors.questions import (
    FileBroken,
    FileMissing,
    FunctionMissing,
    FunctionRaised,
    MissingExtra,
    ParameterMismatch,
    UnknownCode,
    Unreadable,
)

__all__ = [
    "BadArguments",
    "BadCall",
    "BadProgram",
    "BadResult",
    "BadRow",
    "DomainError",
    "EmptyInterval",
    "FileBroken",
    "FileMissing",
    "FrozenData",
    "FunctionMissing",
    "FunctionRaised",
    "MissingExtra",
    "NoFunction",
    "NoPlainFloat",
    "NoSuchLoop",
    "NotANumber",
    "NotTraceable",
    "OutOfRange",
    "ParameterMismatch",
    "PrecisionMismatch",
    "StaleGraph",
    "TypedgradError",
    "UnknownCode",
    "Unreadable",
    "WrongGradient",
    "every_error",
]
