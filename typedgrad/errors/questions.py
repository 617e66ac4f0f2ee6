"""Errors of the questions and of the command: TG4."""

from __future__ import annotations

from typing_extensions import override

from typedgrad.errors.base import TypedgradError


class FileMissing(TypedgradError, FileNotFoundError):
    """The file of a FILE.py:FUNCTION target cannot be read.

    Wrong:
        typedgrad compare los.py:loss --at x=1
    Right:
        typedgrad compare loss.py:loss --at x=1
    """

    code = "TG401"
    says = "cannot read {path}: {why}"
    cure = "give a target as FILE.py:FUNCTION, with a path from the current folder"

    @override
    def __str__(self) -> str:
        return self.text()


class FunctionMissing(TypedgradError, LookupError):
    """The file has no function of that name.

    Wrong:
        typedgrad compare loss.py:los --at x=1
    Right:
        typedgrad compare loss.py:loss --at x=1
    """

    code = "TG402"
    says = "{path} has no function {name}"
    cure = "{hint}"


class ParameterMismatch(TypedgradError, ValueError):
    """The arguments given do not match the function's parameters by name.

    Wrong:
        typedgrad compare loss.py:loss --at a=1,b=2      # loss(x, y)
    Right:
        typedgrad compare loss.py:loss --at x=1,y=2
    """

    code = "TG403"
    says = "{function} takes {wanted}, but {given} {was} given"
    cure = "{hint}"


class Unreadable(TypedgradError, ValueError):
    """A text that should be a number or an option's value cannot be read.

    Wrong:
        --at x=1,5
    Right:
        --at x=1.5,y=2,w=1;2;3
    """

    code = "TG404"
    says = "cannot read {what}: {text}"
    cure = "{hint}"


class FunctionRaised(TypedgradError, RuntimeError):
    """The function under test raised an exception.

    Wrong:
        def f(x): return tg.log(x) + undefined
    Right:
        def f(x): return tg.log(x)
    """

    code = "TG405"
    says = "{function}, run in {precision}, raised {error}\n{where}"
    cure = "for the whole stack run the command with --traceback; in Python it is the __cause__"


class FileBroken(TypedgradError, RuntimeError):
    """A user's file raised while it was being loaded.

    Wrong:
        a file that runs a training loop, or fails, on import
    Right:
        a file that only defines functions; the rest under if __name__ == "__main__":
    """

    code = "TG406"
    says = "loading {path} raised {error}\n{where}"
    cure = "run `python {path}` to see the error by itself, or use --traceback"


class MissingExtra(TypedgradError, ImportError):
    """A feature needs a package that is not installed.

    Wrong:
        pip install typedgrad
    Right:
        pip install 'typedgrad[exact]'
    """

    code = "TG407"
    says = "{feature} needs {package}, which is not installed"
    cure = "python -m pip install 'typedgrad[{extra}]'"


class UnknownCode(TypedgradError, LookupError):
    """`typedgrad explain` was asked for a code that does not exist.

    Wrong:
        typedgrad explain TG999
    Right:
        typedgrad explain TG101
    """

    code = "TG408"
    says = "there is no code {code_asked}"
    cure = "the codes are {known}"


class NoSuchResult(TypedgradError, LookupError):
    """A result was asked for that the function does not have.

    Wrong:
        typedgrad blame loss.py:loss --at x=1,y=2 --of d/dz
    Right:
        typedgrad blame loss.py:loss --at x=1,y=2 --of d/dx
    """

    code = "TG450"
    says = "{function} has no result {label}"
    cure = "choose from {known}"

    @override
    def __str__(self) -> str:
        return self.text()
