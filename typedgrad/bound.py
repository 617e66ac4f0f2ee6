"""Bound calls: a path of a recorded function that runs from and into fixed arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from typedgrad.errors import BadBuffer, BranchFlipped
from typedgrad.numbers import NumberSystem
from typedgrad.paths import Path
from typedgrad.tracing import Guard
from typedgrad.trees import buffer, is_array


def flip_error(
    function: str, guard: Guard, hint: str = "leave out on_branch='raise'"
) -> BranchFlipped:
    """Return the error of a guard that came out otherwise."""
    facts = dict(test=guard.test, place=guard.place, outcome=not guard.outcome, hint=hint)
    return BranchFlipped(function=function, **facts)


class Job(NamedTuple):
    """What is to be run: which derived program of a path, in which precision, by which engine."""

    function: str
    path: Path
    what: str
    numbers: NumberSystem[Any]
    engine: str


class Call:
    """A bound call: `call()` reads `x` and writes `out`, and allocates nothing.

    `x` is an array of its own: write into it before a call. Where the path is left it raises
    `BranchFlipped`, and an `out` of yours is as it was.
    """

    def __init__(self, job: Job, x: Any, found: Any, out: Any) -> None:
        self.job = job
        self.x = x
        guarded = bool(job.path.guards)
        target = buffer(job.numbers, len(found) + guarded)
        self._results = target[: len(found)]
        if out is not None:
            require_fit(out, len(found), target.dtype)
        self.out: Any = self._results if out is None else out
        self.out[:] = found
        self._copied = out is not None and guarded
        target = target if guarded or out is None else out
        kernel = job.path.kernel(job.what, job.numbers, job.engine)
        self._run: Callable[[], None] = kernel.bound(x, target)
        self._verdict: Any = target[len(found) :]
        self._agreed: int | None = job.path.agreed if guarded else None

    def __call__(self) -> None:
        """Run once."""
        run = self._run
        try:
            run()
        except Exception:
            self._turned()
            raise
        if self._agreed is not None:
            if self._verdict[0] != self._agreed:
                self._turned()
            if self._copied:
                self.out[:] = self._results

    def _turned(self) -> None:
        """Raise `BranchFlipped` if the path is left."""
        job = self.job
        at = job.path.flipped(job.numbers, job.engine, self.x)
        if at is not None:
            hint = f"bind {job.function} anew at such arguments"
            raise flip_error(job.function, job.path.guards[at], hint)


def require_fit(out: Any, length: int, dtype: Any) -> None:
    """Raise `BadBuffer` unless results can be written into an array in place."""
    problem = ""
    if not is_array(out):
        problem = f"it is a {type(out).__name__}"
    elif out.dtype != dtype:
        problem = f"it holds {out.dtype}"
    elif out.shape != (length,):
        problem = f"its shape is {out.shape}"
    elif not (out.flags.c_contiguous and out.flags.aligned):
        problem = "its numbers do not lie side by side"
    elif not out.flags.writeable:
        problem = "it cannot be written to"
    if problem:
        kind = "longdouble" if dtype == np.longdouble != np.float64 else dtype.name
        kind = "object_" if kind == "object" else kind
        raise BadBuffer(name="out", problem=problem, length=length, dtype=kind)
