"""Why `tune` accepts or rejects a candidate, in one sentence that its numbers bear out."""

from __future__ import annotations

from dataclasses import dataclass

from typedgrad.report.advice import size
from typedgrad.tuning.advice import Candidate, Outcome

FAR = 10  # an estimate that is off by more than this is said to be


@dataclass(frozen=True)
class Facts:
    """What a sentence needs beside the candidate.

    `result` is what to call the result at its spot, `tolerance` the budget there, and `left` what
    smaller candidates have left of it; `whole` is the run in the wide precision. `exact` names the
    narrow precision if that holds all values of the candidate.
    """

    result: str
    whole: Outcome
    tolerance: float
    left: float
    exact: str


def reason(x: Candidate, facts: Facts) -> str:
    """Return why a candidate was accepted or rejected, before all are taken together."""
    alone = x.alone
    if alone is None or x.measured is None:
        missed = "the wide precision itself misses the budget"
        if facts.whole.is_undefined:
            missed = f"{facts.whole.spot} is undefined (NaN)"
        return f"{_unfit(x, facts) if facts.whole.fits else missed}: not run, rejected"
    if alone.parting:
        return f"the run takes another path at {alone.parting}: rejected"
    if not x.accepted:
        return f"{_rejected(x, alone, facts)}: rejected{_off(x)}"
    changed = _changed(x, facts)
    if facts.exact:
        return f"exact in {facts.exact} here, {changed}: accepted"
    if x.proposed == "safe":
        return f"the estimate {size(x.estimate)} fits the budget, {changed}: accepted"
    signed = f"the signed sum {size(x.signed)} does, and {changed}"
    return f"{_unfit(x, facts)}, {signed}: accepted for what was looked at"


def _changed(x: Candidate, facts: Facts) -> str:
    if not x.measured:
        return "the run changed nothing"
    return f"the run changed {facts.result} by {size(x.measured)}"


def _unfit(x: Candidate, facts: Facts) -> str:
    """Return that the estimate does not fit, and what."""
    estimate = f"the estimate {size(x.estimate)} does not fit"
    if x.estimate > facts.tolerance:
        return f"{estimate} the budget {size(facts.tolerance)}"
    return f"{estimate} what is left of the budget, {size(max(facts.left, 0.0))}"


def _rejected(x: Candidate, alone: Outcome, facts: Facts) -> str:
    """Return what speaks against a candidate that was run."""
    changed = _changed(x, facts)
    if not x.proposed:
        if alone.fits:
            return f"{_unfit(x, facts)}; alone {changed}, which fits, but no estimate says so"
        return f"{_unfit(x, facts)}, and {changed}"
    which = f"the estimate {size(x.estimate)}"
    if x.proposed == "optimistic":
        which = f"the signed estimate {size(x.signed)}"
    if (x.measured or 0.0) <= facts.tolerance:
        changed = f"the run had error {size(alone.error)} > {size(alone.tolerance)}"
    return f"{which} fits the budget, {changed}"


def _off(x: Candidate) -> str:
    """Return by how much an estimate that proposed a candidate is wrong, where that is much."""
    estimate = x.signed if x.proposed == "optimistic" else x.estimate
    measured = x.measured or 0.0
    if not x.proposed or x.ratio is None or measured <= FAR * estimate:
        return ""
    if not estimate:
        return "; the linear estimate is 0 here"
    return f"; the linear estimate is {measured / estimate:.2g} times too small here"


def dropped(x: Candidate, together: Outcome) -> str:
    """Return why a candidate that fits alone was dropped."""
    if together.parting:
        path = f"with the others the run takes another path at {together.parting}"
        return f"fits alone; {path}: dropped"
    error = f"error {size(together.error)} > budget {size(together.tolerance)}"
    return f"fits alone; with the other accepted ones the run had {error}: dropped"
