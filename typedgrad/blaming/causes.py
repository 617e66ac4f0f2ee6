"""Why digits are lost at a place: causes that are true of the run at hand, each with a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from typedgrad.blaming.gathering import Book
from typedgrad.blaming.ledger import Run
from typedgrad.culprits import Cause
from typedgrad.engines.wide import Mpmath
from typedgrad.literals import literal_text
from typedgrad.numbers import LOG10_2

# A cause is named where it makes so much of the error, and for a digit or more that grows.
LEAD, PASSED, GROWN = 0.1, 0.25, 1.0
KEPT = math.log2(0.01)  # an operand is absorbed if two of its digits or fewer are kept
MOST_WALKED, MOST_LINES = 200_000, 2
SIGNS = dict(add="+", sub="-", mul="*", div="/", pow="**", pow_constant="**")
SWEPT = dict(azmul="mul", azprod="mul", azdiv="div", azdot="dot")  # as a user would name them
SUMS = frozenset(("add", "sub", "sum", "dot", "azdot", "fma", "mean", "sum_compensated"))
PRODUCTS = frozenset(("dot", "azdot"))
INNER = PRODUCTS | {"sum", "mean"}  # sums of many terms, which may cancel inside


def causes(book: Book) -> dict[int, list[Cause]]:
    """Return the causes by the number of their place; those of input k are at -1 - k."""
    found: dict[int, list[Cause]] = {}
    for rule in (non_finite, underflows, absorptions, jumped, revelations, constants, rounded):
        for where, cause in rule(book):
            found.setdefault(where, []).append(cause)
    return found


def non_finite(book: Book) -> Iterator[tuple[int, Cause]]:
    """Find where a number stopped being finite and the error comes from there."""
    program, run = book.run.program, book.run
    results = np.asarray(run.values[program.first :])
    lead = np.flatnonzero(~np.isfinite(results) & (np.abs(book.ledger.own) >= LEAD))
    for i in sorted({*leading(book, lead, np.abs(book.ledger.own)), *book.ledger.unknown}):
        yield int(book.places[i]), infinite(book, i)


def infinite(book: Book, i: int) -> Cause:
    """Return the cause of a first number that is not finite."""
    run = book.run
    call, y, name = called(book, i), run.result(i), run.numbers.name
    if y != y:
        return Cause("undefined", f"undefined: {call} is NaN, and it is the first")
    if np.isfinite(y):
        return Cause("undefined", f"undefined: {call} is not finite in exact arithmetic")
    if is_pole(run, i):
        return Cause("infinite", f"infinite: {call} has no finite value")
    return Cause("overflow", f"overflow: {call} is beyond {name}, {largest(run.numbers)}")


def is_pole(run: Run, i: int) -> bool:
    """Tell whether a row is infinite at its arguments, and not only too large for the format."""
    by = Mpmath(4 * run.numbers.bits)
    row, args = by.row(run.program.op(i)), run.arguments(i)
    if row is None or not all(map(np.isfinite, args)):
        return True
    with by.working():
        return not by.is_finite(row(*[by.from_scalar(x, run.numbers) for x in args]))


def largest(numbers: Any) -> str:
    """Return how far a precision reaches, in words."""
    return f"which ends at {numbers.format(numbers.huge, '.2g')}"


def underflows(book: Book) -> Iterator[tuple[int, Cause]]:
    """Find results below the normal numbers whose rounding leads the error."""
    run, ledger = book.run, book.ledger
    tiny = getattr(run.numbers, "tiny", 0)
    results = np.abs(run.values[run.program.first :])
    small = np.flatnonzero((results < tiny) & (ledger.rounding > -np.inf))
    for i in leading(book, small, by_place(book, small, np.abs(ledger.own))):
        lost = "vanishes" if not run.result(i) else "keeps only some of its digits"
        below = f"below the normal numbers of {run.numbers.name}, {run.numbers.format(tiny, '.2g')}"
        text = f"underflow: {called(book, i)} {lost}, since its result is {below}"
        yield int(book.places[i]), Cause("underflow", text)


def absorptions(book: Book) -> Iterator[tuple[int, Cause]]:
    """Find sums in which a small operand is lost beside a large one, and that leads the error."""
    program, ledger = book.run.program, book.ledger
    pair = np.isin(program.codes, [k for k, op in enumerate(program.ops) if op in ("add", "sub")])
    sums = np.flatnonzero(pair & (ledger.own != 0) & (ledger.rounding > -np.inf))
    left, right = (logs(book, program.args[program.starts[sums] + k]) for k in (0, 1))
    small = np.minimum(left, right)
    lost = sums[np.isfinite(small) & (ledger.rounding[sums] >= small + KEPT)]
    for i in leading(book, lost, by_place(book, lost, np.abs(ledger.own))):
        yield int(book.places[i]), absorbed(book, i)


def absorbed(book: Book, i: int) -> Cause:
    """Return the sentence about an operand that a sum has lost."""
    a, b = book.run.arguments(i)
    small, large = (a, b) if abs(a) < abs(b) else (b, a)
    kept = (math.log2(abs(small)) - float(book.ledger.rounding[i])) * LOG10_2
    kept = max(0.0, kept) if math.isfinite(kept) else 0.0
    digits, gone = book.scale.cap - kept, abs(book.run.result(i)) == abs(large)
    lost = "is lost" if gone else f"keeps {kept:.1f} of its {book.scale.cap:.1f} digits"
    return Cause("absorption", f"absorption: {small!s} {lost} beside {large!s}", digits)


def jumped(book: Book) -> Iterator[tuple[int, Cause]]:
    """Find rows that step or choose, and did so otherwise than in exact arithmetic."""
    found = np.flatnonzero(book.ledger.jumps)
    for i in leading(book, found, by_place(book, found, np.abs(book.ledger.own))):
        text = f"unstable branch: {called(book, i)} comes out otherwise in exact arithmetic"
        yield int(book.places[i]), Cause("unstable branch", text)


def revelations(book: Book) -> Iterator[tuple[int, Cause]]:
    """Find rows in which an error grows against the numbers, and much of the error goes there."""
    ledger, program = book.ledger, book.run.program
    grows = (ledger.grown >= GROWN) & (np.abs(ledger.passed) >= PASSED)
    dots = np.isin(program.codes, [k for k, op in enumerate(program.ops) if op in INNER])
    inner = dots & (np.abs(ledger.own) >= PASSED)
    size = np.maximum(np.abs(ledger.passed), np.abs(ledger.own))
    at = np.flatnonzero(grows | inner)
    times = np.bincount(book.places[at], minlength=len(book.sources))
    for i in chosen(book, at, size):
        found = revealed(book, i, bool(grows[i]))
        others = int(times[book.places[i]]) - 1
        if found is not None and others and i < book.values:
            found = replace(found, text=f"{found.text}, and likewise in {others} more of its runs")
        if found is not None:
            yield int(book.places[i]), found


def revealed(book: Book, i: int, grows: bool) -> Cause | None:
    """Return the sentence about a row that makes the roundings before it visible."""
    op = book.run.program.op(i)
    if op in INNER:
        return fallen(book, i)
    digits = float(book.ledger.grown[i])
    whose = f"of {blamed}" if (blamed := producers(book, i)) else "of its operands"
    kind = "cancellation" if op in SUMS else "magnification"
    text = f"{kind}: in {called(book, i)} the error {whose} grows by {digits:.1f} digits"
    return Cause(kind, text, min(digits, book.scale.cap)) if grows else None


def fallen(book: Book, i: int) -> Cause | None:
    """Return the sentence about a sum of many terms, or of products, that cancel in it."""
    op, args, y = book.run.program.op(i), book.run.arguments(i), book.run.result(i)
    half = len(args) // 2
    pairs = zip(args[:half], args[half:], strict=True)
    with np.errstate(all="ignore"):
        terms = [a * b for a, b in pairs] if op in PRODUCTS else args
        top = max(terms, key=abs)
        digits = min(float(np.log10(np.abs(top / y))), book.scale.cap) if y else book.scale.cap
    if not digits >= GROWN:
        return None
    where = " in the reverse sweep" if i >= book.values else ""
    text = f"cancellation: {len(terms)} terms of up to {abs(top)!s} add up to {y!s}{where}"
    return Cause("cancellation", f"{text}: {digits:.1f} digits cancel", digits)


def producers(book: Book, i: int) -> str:
    """Return the lines and inputs that made most of the error which an instruction passes on."""
    sums = ancestry(book, i)
    total = sum(sums.values())
    top = sorted(sums.items(), key=lambda item: -item[1])[:MOST_LINES]
    if not total or top[0][1] < total / 2:
        return ""
    named = [label for label, size in top if size > total / 10]
    return " and ".join(named)


def ancestry(book: Book, i: int) -> dict[str, float]:
    """Return the sizes of the contributions in front of an instruction, by line or input.

    On its own line they are by expression.
    """
    here = book.place(i)[:2]
    program, ledger = book.run.program, book.ledger
    todo, seen, found = program.arguments(i), set[int](), dict[str, float]()
    parts = np.abs(ledger.own) + np.bincount(
        ledger.uses.instruction, np.abs(ledger.uses.fraction), len(program)
    )
    while todo and len(seen) < MOST_WALKED:
        k = todo.pop()
        if k in seen:
            continue
        seen.add(k)
        j = k - program.first
        if j >= 0:
            place = book.place(j)
            label = f"line {place[1]}" if place[1] else book.name(place)
            if place[:2] == here:
                label = book.text(place)
            found[label] = found.get(label, 0.0) + float(parts[j])
            todo += program.arguments(j)
        elif k < program.inputs:
            name = program.input_names()[k]
            found[name] = found.get(name, 0.0) + abs(float(ledger.inputs[k]))
    return found


def constants(book: Book) -> Iterator[tuple[int, Cause]]:
    """Find constants whose own rounding leads the error."""
    uses, program = book.ledger.uses, book.run.program
    if not len(uses.fraction):
        return
    key = book.places[uses.instruction] * len(program.constants) + uses.constant
    sizes = np.bincount(np.unique(key, return_inverse=True)[1], np.abs(uses.fraction))
    for where, size in zip(np.unique(key).tolist(), sizes.tolist(), strict=True):
        if size >= LEAD * book.spread:
            place, which = divmod(where, len(program.constants))
            shown = literal_text(program.constants[which])[:24]
            text = f"constant: {shown} is rounded to {book.run.numbers.name}"
            yield place, Cause("constant", text)


def rounded(book: Book) -> Iterator[tuple[int, Cause]]:
    """Find inputs whose own rounding leads the error."""
    for k, fraction in enumerate(book.ledger.inputs.tolist()):
        if abs(fraction) >= LEAD * book.spread:
            x = book.study.point.inputs[k]
            got, name = book.run.values[k], book.run.numbers.name
            to = f"becomes {got!s} in" if not got or not np.isfinite(got) else "is rounded to"
            text = f"input: {x.name} = {x.shown} {to} {name}"
            yield -1 - k, Cause("input", text)


def by_place(book: Book, at: Any, sizes: Any) -> Any:
    """Return for each instruction the sum of the sizes of those given, over its place."""
    sums = np.bincount(book.places[at], sizes[at], len(book.sources))
    return sums[book.places]


def leading(book: Book, at: Any, sizes: Any) -> list[int]:
    """Return of the instructions given one for each place whose size leads the error."""
    return chosen(book, at[sizes[at] >= LEAD * book.spread], np.abs(book.ledger.own))


def chosen(book: Book, at: Any, sizes: Any) -> list[int]:
    """Return of the instructions given the largest of each place."""
    order = at[np.argsort(sizes[at], kind="stable")]
    largest_of = {int(book.places[i]): int(i) for i in order.tolist()}
    return sorted(largest_of.values())


def logs(book: Book, values: Any) -> Any:
    """Return log2 of the sizes of some values."""
    with np.errstate(all="ignore"):
        return np.log2(np.abs(book.run.values[values])).astype(np.float64)


def called(book: Book, i: int) -> str:
    """Return an instruction with its numbers: '1000.0 - 1000.0' or 'exp(89.0)'."""
    name, args = book.run.program.op(i), [str(x) for x in book.run.arguments(i)]
    op, where = SWEPT.get(name, name), " in the reverse sweep" if i >= book.values else ""
    if op in SIGNS and len(args) == 2:
        shown = [f"({x})" if k and x.startswith("-") else x for k, x in enumerate(args)]
        return f"{shown[0]} {SIGNS[op]} {shown[1]}{where}"
    more = [*args[:3], "..."] if len(args) > 4 else args
    return f"{op}({', '.join(more)}){where}"
