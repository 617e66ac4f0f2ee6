"""Errors of the gates, `check`, `gate` and `assert_digits`: TG43."""

from __future__ import annotations

from typedgrad.errors.base import TypedgradError


class NotCheckable(TypedgradError, ValueError):
    """`typedgrad check` was given a path that cannot be checked, or mypy stopped.

    Wrong:
        typedgrad check scr/
    Right:
        typedgrad check src/
    Why: mypy reads files and folders of Python; where it stops nothing was checked.
    """

    code = "TG430"
    says = "cannot check {paths}: {why}"
    cure = "{hint}"


class BlindCheck(TypedgradError, RuntimeError):
    """mypy let a line pass that mixes two precisions: it does not see what it would need.

    Wrong:
        a pre-commit hook for mypy in an environment of its own, without numpy
    Right:
        the same hook with `additional_dependencies: [numpy, typedgrad]`
    Why: what mypy cannot import is Any, and Any fits everything; the check would always pass.
    """

    code = "TG431"
    says = "{what}: a mixed precision, put in as a test, went unseen"
    cure = "{hint}"


class BadProject(TypedgradError, ValueError):
    """The pyproject.toml of `typedgrad gate` cannot be read, or requires nothing.

    Wrong:
        [tool.typedgrad.require]
    Right:
        [[tool.typedgrad.require]]
    """

    code = "TG432"
    says = "cannot use {path}: {why}"
    cure = "{hint}"


class BadRequirement(TypedgradError, ValueError):
    """A `[[tool.typedgrad.require]]` table says something that cannot be understood.

    Wrong:
        target = "loss.py:loss", at = "x=1", digit = 5
    Right:
        target = "loss.py:loss", at = "x=1", digits = 5
    """

    code = "TG433"
    says = "{path}, require table {number}: {problem}"
    cure = "{hint}"


class RequirementStopped(TypedgradError, RuntimeError):
    """A requirement could not be judged, because its target is missing or raised.

    Wrong:
        target = "los.py:loss"
    Right:
        target = "loss.py:loss"
    Why: a target is read from the folder of its pyproject.toml.
    """

    code = "TG434"
    says = "{path}, require table {number}: {problem}\n{where}"
    cure = "{hint}"


class NotEnoughDigits(TypedgradError, AssertionError):
    """A function has fewer right digits at a point than `tg.assert_digits` asked for.

    Wrong:
        tg.assert_digits(lambda x: (x + 1) - x, at={"x": "1e9"}, digits=6, precision="float32")
    Right:
        tg.assert_digits(lambda x: (x + 1) - x, at={"x": "1e9"}, digits=6, precision="float64")
    Why: the value and every partial derivative are counted, unless `of` names some.
    """

    code = "TG435"
    says = "{table}\n{short}"
    cure = "{hint}"
