"""blame: where the digits of a value or of a partial derivative go, by line and expression."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from typedgrad.culprits import Culprits, Entry
from typedgrad.errors import NoSuchResult
from typedgrad.numbers import NumberSystem
from typedgrad.report.culprits import listing
from typedgrad.report.text import fewest, painted

if TYPE_CHECKING:
    from typedgrad.judge import Verdict
    from typedgrad.points import Point
    from typedgrad.program import Program
    from typedgrad.study import Study


@dataclass(frozen=True)
class Blame(Culprits):
    """Where the digits of one result go; printed, it is a listing of the lines.

    `lines`, `expressions`, `variables` and `operations` are the same error gathered four ways,
    the largest share first.
    """

    @override
    def __str__(self) -> str:
        return listing(self)

    @override
    def __repr__(self) -> str:
        held = fewest({self.precision: self.digits})
        return f"<blame of {self.label} in {self.point.call}: {held}>"

    def __rich__(self) -> object:
        """Return the listing with colours, for rich."""
        return painted(str(self))

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write a page of it, complete in itself; raises `FileNotWritten` where that cannot be."""
        from typedgrad.report.html import write_page

        write_page(path, blames=[self])

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from typedgrad.report.html import fragment

        return fragment(self)


def blame(
    f: Callable[..., Any],
    /,
    at: Any = None,
    *,
    precision: str | NumberSystem[Any] = "float32",
    of: str | None = None,
    **named: Any,
) -> Blame:
    """Run f in a precision and say which lines make the error of its value or of a partial.

    `of` is 'value' or 'd/dx'; None stands for the one with the fewest digits. The point is given
    as for `compare`. Every rounding is measured exactly and weighed by what it does to the result,
    so that the shares of all lines add up to the error. Raises `NoSuchResult` for a result that f
    does not have.

    >>> import typedgrad as tg
    >>> found = tg.blame(lambda x: (x + 1) - x, x="1e9")
    >>> found.digits, found.explained, found.causes[0].kind
    (0.0, 1.0, 'absorption')
    """
    from typedgrad.points import point_of, system

    found = Blamed(f, point_of(f, at, named), system(precision), of)
    return found.blame(found.worst() if of is None else of)


def blames(
    f: Callable[..., Any],
    /,
    at: Any = None,
    *,
    precision: str | NumberSystem[Any] = "float32",
    **named: Any,
) -> dict[str, Blame]:
    """Return the blame of the value and of every partial by their names, from one run of f.

    >>> import typedgrad as tg
    >>> list(tg.blames(lambda x, y: x * y, x="0.1", y=3))
    ['value', 'd/dx', 'd/dy']
    """
    from typedgrad.points import point_of, system

    found = Blamed(f, point_of(f, at, named), system(precision))
    return {label: found.blame(label) for label in found.study.labels}


class Blamed:
    """One run of a function, its truth, and from them the blame of each of its results."""

    def __init__(
        self,
        f: Callable[..., Any],
        point: Point,
        numbers: NumberSystem[Any],
        of: str | None = None,
    ) -> None:
        from typedgrad.study import every_value, study

        self.numbers = numbers
        self.study: Study = study(f, point, numbers)
        if of not in (None, "all"):
            self.check(of)
        # The value alone needs no reverse sweep.
        self.program: Program = self.study.value if of == "value" else self.study.full
        self.verdict: Verdict = self.judged(of)
        inputs = self.study.inputs(numbers)
        self.values: Any = np.array(every_value(self.program, inputs, numbers), numbers.scalar)

    def judged(self, of: str | None) -> Verdict:
        """Return the truth of the results that are asked for."""
        from typedgrad.judge import Question, answer

        labels, texts = self.study.labels, tuple(x.exact for x in self.study.point.inputs)
        question = Question(self.program, texts or ("0",), labels, self.numbers.bits)
        return answer(question.about([labels.index(of)]) if of in labels else question)

    def check(self, label: str) -> None:
        """Raise `NoSuchResult` unless the function has a result of that name."""
        labels = self.study.labels
        if label not in labels:
            shown = [*labels[:6], "..."] if len(labels) > 7 else labels
            name = self.study.point.function
            raise NoSuchResult(function=name, label=label, known=", ".join(shown))

    def got(self, label: str) -> Any:
        """Return the computed number of a result."""
        return self.values[self.root(label)]

    def root(self, label: str) -> int:
        """Return which value a result is."""
        return int(self.program.outputs[self.study.labels.index(label)])

    def entry(self, label: str) -> Entry:
        """Return a result with its error and its right digits."""
        got, truth = self.got(label), self.verdict.results[label]
        return measured(label, got, truth, self.numbers, self.verdict)

    def worst(self) -> str:
        """Return the result with the fewest digits; an undefined one is below all others."""
        entries = [self.entry(label) for label in self.study.labels]
        return min(entries, key=lambda x: -1.0 if x.digits is None else x.digits).label

    def blame(self, label: str) -> Blame:
        """Return where the error of one result comes from."""
        from typedgrad.blaming.accounts import accounted

        self.check(label)
        return Blame(**accounted(self, label))


def measured(
    label: str, got: Any, truth: Any, numbers: NumberSystem[Any], verdict: Verdict
) -> Entry:
    """Return a number of one precision with its right digits and its error."""
    from typedgrad.grading import graded
    from typedgrad.judge import digits_of

    wide, cap = verdict.numbers, numbers.digits
    stands = verdict.stands[label]
    digits = graded(got, truth, numbers, wide, stands).digits
    x, mp = wide.convert(got, numbers), wide.mp
    figures = verdict.figures(label, math.ceil(cap) + 8)
    texts = str(got), mp.nstr(truth.x, figures, min_fixed=-5)
    if not (wide.is_finite(x) and wide.is_finite(truth)):
        return Entry(label, *texts, digits, cap, math.nan, math.inf, stands > cap)
    error = (x - truth).x
    # What is less than a settled judge can tell is no error.
    seen = bool(error and truth) and stands > cap
    told = bool(error) and not (seen and digits_of(error / truth.x, mp) >= stands)
    size = float(abs(error / truth.x)) if told and truth else math.inf if told else 0.0
    return Entry(label, *texts, digits, cap, float(error) if told else 0.0, size, stands > cap)
