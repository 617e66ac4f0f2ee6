"""Errors of programs, recordings, engines and tapes: TG3."""

from __future__ import annotations

from typedgrad.errors.base import TypedgradError


class BadProgram(TypedgradError, ValueError):
    """The arrays of a program do not hold together.

    Wrong:
        replace(program, outputs=[99])
    Right:
        program.select([0])
    """

    code = "TG301"
    says = "the program is broken at {place}: {problem}"
    cure = "make programs by tg.record, or load them from the file they were saved to"


class NotTraceable(TypedgradError, TypeError):
    """A rule of the op table does something that cannot be written down as a program.

    Wrong:
        rule=lambda g, y, x: (g if x > 0 else 0,)
    Right:
        rule=lambda g, y, x: (choose(x > 0, lambda: g, lambda: 0),)
    """

    code = "TG302"
    says = "the rule of {op} cannot be traced: {problem}"
    cure = "write it with rows, constants, operators and choose(test, then, otherwise)"
