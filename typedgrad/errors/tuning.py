"""Errors of mixed precision and of `tune`: TG455 to TG457."""

from __future__ import annotations

from typedgrad.errors.base import TypedgradError


class BadMix(TypedgradError, ValueError):
    """A choice of formats does not fit the program that should run with it.

    Wrong:
        kernel.run(Mix(runs[:-1], kept), inputs)
    Right:
        kernel.run(Mix.uniform(program).demoted([value]), inputs)
    Why: every instruction has a format to run in, and every value one to be kept in.
    """

    code = "TG455"
    says = "this choice does not fit the program: {problem}"
    cure = "begin with Mix.uniform(program); formats are numbered from 0, and here are {count}"


class BadBudget(TypedgradError, ValueError):
    """`tune` needs one error budget: absolute, relative, or digits.

    Wrong:
        tg.tune(f, x=2)
    Right:
        tg.tune(f, x=2, digits=6)
    """

    code = "TG456"
    says = "{problem}"
    cure = "{hint}"


class NotNarrower(TypedgradError, ValueError):
    """`tune` goes from a wide precision to a narrow one.

    Wrong:
        tg.tune(f, x=2, digits=6, from_="float32", to="float64")
    Right:
        tg.tune(f, x=2, digits=6, from_="float64", to="float32")
    """

    code = "TG457"
    says = "{to} has {low} significand bits here, {from_} has {high}: nothing would become narrower"
    cure = "choose {hint}"
