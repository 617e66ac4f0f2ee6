"""Straight-line programs as FPCore text that reads back to the same values, bit for bit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from typedgrad.errors import NotWritable
from typedgrad.fpcore.literals import CONSTANTS
from typedgrad.fpcore.operators import COMPARISONS, COMPOSED, PREDICATES, ROWS
from typedgrad.fpcore.reading import FORMS
from typedgrad.machine import NUMBERS
from typedgrad.numbers import SPECIAL, Constant, decimal_ratio
from typedgrad.program import Program

MOST_INSIDE = 12  # deeper expressions get names, so that any program can be read back
WORDS = {*ROWS, *COMPOSED, *PREDICATES, *COMPARISONS, *FORMS, *CONSTANTS, "TRUE", "FALSE"}
SYMBOL = re.compile(r"[A-Za-z~!@$%^&*_\-+=<>.?/:][A-Za-z0-9~!@$%^&*_\-+=<>.?/:]*")
DECIMAL = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")


NAMES = {row: name for name, row in ROWS.items()}
# Rows that FPCore has no name for, in arithmetic of the same bits.
SPELLED: dict[str, str] = {
    "neg": "(- {0})",
    "pow_constant": "(pow {0} {1})",
    "square": "(* {0} {0})",
    "reciprocal": "(/ 1 {0})",
}
FOLDED = {"sum": "+", "prod": "*", "dot": "+"}


def write(program: Program, name: str) -> str:
    """Return a program of one output as FPCore text; what is used twice gets a name by let*.

    Read back, it gives the same values bit for bit in every precision. Raises `NotWritable` for a
    row without a name in FPCore, and for several outputs.

    >>> import typedgrad as tg
    >>> from typedgrad import fpcore
    >>> recorded = tg.record(lambda x, y: (x * y + 0.5) ** 2)
    >>> _ = recorded.value(2.0, 3.0)
    >>> print(fpcore.write(recorded.program, "example"), end="")
    (FPCore (x0 x1)
      :name "example"
      (pow (+ (* x0 x1) 0.5) 2))
    """
    if len(program.outputs) != 1:
        problem = f"it has {len(program.outputs)} results, and FPCore has one"
        raise NotWritable(problem=problem, hint="take one of them: program.select([0])")
    return Writer(program).text(name)


class Writer:
    """The text of each value so far, how deep it is nested, and the names that were given."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.labels: list[str] = symbols(program.input_names())
        self.lines: list[str] = []
        self.made: list[tuple[str, int]] = [(text, 0) for text in self.labels]
        self.made += [(constant_text(x), 0) for x in program.constants]

    def text(self, name: str) -> str:
        """Return the program as one core of this name."""
        program, output = self.program, int(self.program.outputs[0])
        uses = Counter([*program.args.tolist(), output])
        for row, args in program.instructions():
            uses.update(args if row == "square" else ())  # it is written with its argument twice
        for row, args in program.instructions():
            shared = uses[len(self.made)] > 1
            self.made.append(self.applied(row, [self.made[k] for k in args], shared))
        body = self.made[output][0]
        if self.lines:
            body = "(let* (" + "\n         ".join(self.lines) + f")\n    {body})"
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'(FPCore ({" ".join(self.labels)})\n  :name "{quoted}"\n  {body})\n'

    def applied(self, row: str, parts: list[tuple[str, int]], shared: bool) -> tuple[str, int]:
        """Return the text and depth of a row on texts."""
        if row not in FOLDED:
            depth = 1 + max(depth for _, depth in parts)
            return self.bound(spelled(row, [text for text, _ in parts]), depth, shared)
        if row == "dot":
            half = len(parts) // 2
            pairs = zip(parts[:half], parts[half:], strict=True)
            parts = [(f"(* {a} {b})", 1 + max(i, j)) for (a, i), (b, j) in pairs]
        text, depth = parts[0]
        for more, deep in parts[1:]:
            text, depth = self.bound(f"({FOLDED[row]} {text} {more})", 1 + max(depth, deep))
        return self.bound(text, depth, shared)

    def bound(self, text: str, depth: int, shared: bool = False) -> tuple[str, int]:
        """Return a text and its depth, or a new name for it where it is shared or too deep."""
        if not shared and depth < MOST_INSIDE:
            return text, depth
        label = fresh(f"v{len(self.lines)}", self.labels)
        self.lines.append(f"[{label} {text}]")
        return label, 0


def spelled(row: str, parts: Sequence[str]) -> str:
    """Return a row applied to texts."""
    if row in SPELLED:
        return SPELLED[row].format(*parts)
    if row not in NAMES:
        hint = "write the function with + - * / and the functions of C's library"
        raise NotWritable(problem=f"FPCore has no name for {row}", hint=hint)
    return f"({NAMES[row]} {' '.join(parts)})"


def symbols(names: Sequence[str]) -> list[str]:
    """Return the names of inputs as symbols of FPCore, each there once."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "x"
        plain = name if SYMBOL.fullmatch(name) and not name.startswith(":") else plain
        plain = f"x{plain}" if plain[0].isdigit() else plain
        found.append(fresh(plain, found))
    return found


def fresh(label: str, taken: Sequence[str]) -> str:
    """Return a label that stands for nothing else."""
    while label in taken or label in WORDS:
        label += "_"
    return label


def constant_text(x: Any) -> str:
    """Return a constant as FPCore text of the same exact value."""
    if isinstance(x, Constant):
        same = (name for name, y in CONSTANTS.items() if meaning(y) == meaning(x))
        return next(same, x.text) if x.meaning else x.text
    text = str(x).strip()
    special = SPECIAL.get(text.lower())
    if special is not None:
        infinite = "(- INFINITY)" if special == "-inf" else "INFINITY"
        return "NAN" if special.endswith("nan") else infinite
    exact = exact_value(x)
    if not exact and text.startswith("-"):
        return "(- 0)"
    short = DECIMAL.fullmatch(text) is not None and text[0] not in "+-"
    return text if short and Fraction(text) == exact else ratio_text(exact)


def exact_value(x: Any) -> Fraction:
    """Return a constant as a fraction."""
    kind: Any = x.__class__
    numbers = NUMBERS.get(kind)
    if numbers is not None:
        return Fraction(*numbers.to_ratio(x))
    return Fraction(*decimal_ratio(x)) if isinstance(x, str) else Fraction(x)


def meaning(x: Any) -> str:
    """Return the formula of a constant; empty for another number."""
    return (x.meaning or "") if isinstance(x, Constant) else ""


def ratio_text(x: Fraction) -> str:
    """Return an exact number as n, n/d or, if d is a large power of two, as (digits n e 2)."""
    top, bottom = x.numerator, x.denominator
    if bottom == 1 and top.bit_length() < 128:
        return str(top)
    if bottom & (bottom - 1) == 0 and max(bottom, abs(top)).bit_length() > 16:
        zeros = (top & -top).bit_length() - 1
        return f"(digits {top >> zeros} {zeros - bottom.bit_length() + 1} 2)"
    return f"{top}/{bottom}"
