"""The IR that cuts long folds: what is there at the end of a window is added up at once.

The terms of a fold are often made all over a program, as those of the adjoint of an input are.
Read at the end they would have to come from far, and would keep their registers until then. So all
terms up to the first that a later window makes are added up where their own window ends: left to
right as ever, the total so far being the first term of the next part. A window is some stretches.
"""

from __future__ import annotations

from collections.abc import Callable

from typedgrad.engines.llvm.encode_job import FOR_EVER, Parts
from typedgrad.engines.llvm.routine import Variable, Whole

WINDOW = 14  # bits of the place of an instruction among those after which parts are due
LONG_BITS = 6
LONG = 1 << LONG_BITS  # arguments of a fold that may be cut
PART = 16  # terms that are worth a record of their own
PIECE = 4  # numbers that tell of a part: its fold, its first term, the one behind it, the next part
DUE = -3  # less the number of a window: a value that is used last by a part at its end


def cut(p: Parts, i: Whole, place: Whole, cuts: Variable) -> None:
    """Cut a fold: list its parts by windows, and note what they and the rest use last."""
    r, (sides, terms) = p.r, p.sides(i)
    begin = p.starts[i]
    done, window = r.variable(0), r.variable(0)
    with r.each(0, terms) as t, r.each(0, sides) as side:
        made = p.args[begin + side * terms + t] - p.first
        now = (made < 0).choose(0, made) >> WINDOW
        with r.when(window.now < now):
            with r.when(t - done.now >= PART):
                _part(p, i, (done.now, t), window.now, cuts)
                done.set(t)
            window.set(now)
    p.begun[begin >> LONG_BITS] = done.now
    with p.taken(i, done.now, terms) as a, r.when(p.last[a].differs(FOR_EVER)):
        p.last[a] = place


def _part(p: Parts, i: Whole, span: tuple[Whole, Whole], window: Whole, cuts: Variable) -> None:
    """List a part that is added up at the end of a window."""
    at = cuts.now * PIECE
    for k, number in enumerate((i, *span, p.heads[window])):
        p.pieces[at + k] = number
    p.heads[window] = cuts.now
    cuts.add(1)
    end, due = (window + 1) << WINDOW, mark(window)
    with p.taken(i, *span) as a:
        used = p.last[a]
        with p.r.when((used < end) & (due < used)):
            p.last[a] = due


def mark(window: Whole) -> Whole:
    """Return what says that a value is used last by parts at the end of a window."""
    return window * -1 + DUE


def parts_of(p: Parts, window: Whole, write: Callable[..., None]) -> None:
    """Write a loop over the parts that are due at the end of a window.

    `write` gets the window, the fold, the first term and the one behind the last.
    """
    piece = p.r.variable(p.heads[window])
    with p.r.loop(lambda: piece.now >= 0):
        at = piece.now * PIECE
        write(window, *(p.pieces[at + k] for k in range(3)))
        piece.set(p.pieces[at + 3])
