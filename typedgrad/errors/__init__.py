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
from typedgrad.errors.programs import (
    BadBatch,
    BadBuffer,
    BadMark,
    BadProgram,
    BadProgramFile,
    BadProgramText,
    BranchFlipped,
    BrokenTape,
    NoEngine,
    NotRecordable,
    NotRepeatable,
    NotTraceable,
    OtherTape,
    StaleHandle,
    WrongDtype,
    WrongWidth,
)
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
    "BadBatch",
    "BadBuffer",
    "BadCall",
    "BadMark",
    "BadProgram",
    "BadProgramFile",
    "BadProgramText",
    "BadResult",
    "BadRow",
    "BranchFlipped",
    "BrokenTape",
    "DomainError",
    "EmptyInterval",
    "FileBroken",
    "FileMissing",
    "FrozenData",
    "FunctionMissing",
    "FunctionRaised",
    "MissingExtra",
    "NoEngine",
    "NoFunction",
    "NoPlainFloat",
    "NoSuchLoop",
    "NotANumber",
    "NotRecordable",
    "NotRepeatable",
    "NotTraceable",
    "OtherTape",
    "OutOfRange",
    "ParameterMismatch",
    "PrecisionMismatch",
    "StaleGraph",
    "StaleHandle",
    "TypedgradError",
    "UnknownCode",
    "Unreadable",
    "WrongDtype",
    "WrongGradient",
    "WrongWidth",
    "every_error",
]

# One home in tracebacks too, whichever room of it a class lives in.
for _kind in (TypedgradError, *every_error().values()):
    _kind.__module__ = __name__
del _kind
