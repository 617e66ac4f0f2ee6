"""Errors of FPCore files: TG420 to TG424."""

from __future__ import annotations

from typedgrad.errors.base import TypedgradError


class BadCoreText(TypedgradError, ValueError):
    """A text is not FPCore, or says something that has no meaning.

    Wrong:
        fpcore.read("(FPCore (x) (+ x y))")
    Right:
        fpcore.read("(FPCore (x y) (+ x y))")
    Why: the text is read as FPCore 2.0 and checked as a whole before anything runs.
    """

    code = "TG420"
    says = "{path}, line {line}, column {column}: {problem}"
    cure = "{hint}"


class CoreMissing(TypedgradError, LookupError):
    """The file has no core of that name or number, or several where none was named.

    Wrong:
        typedgrad compare bench.fpcore --at x=1          # a file with two cores
    Right:
        typedgrad compare bench.fpcore:2 --at x=1
    """

    code = "TG421"
    says = "{path} has {count} cores, and {name}"
    cure = "{hint}"


class NotWritable(TypedgradError, ValueError):
    """A program has no FPCore text.

    Wrong:
        fpcore.write(tg.record(tg.relu)(x).program, "relu")
    Right:
        fpcore.write(tg.record(tg.exp)(x).program, "exp")
    Why: FPCore has names for arithmetic and the functions of C's library, and one result.
    """

    code = "TG422"
    says = "the program cannot be written as FPCore: {problem}"
    cure = "{hint}"


class EndlessLoop(TypedgradError, RuntimeError):
    """A loop of a core goes on and on.

    Wrong:
        fpcore.read("(FPCore (x) (while TRUE ([y x (* y x)]) y))")[0].function(x)
    Right:
        fpcore.read("(FPCore (x) (while TRUE ([y x (* y x)]) y))")[0].limited(100).function(x)
    Why: benchmarks of control systems run for ever, and a number that remembers how it was made
    would fill the memory.
    """

    code = "TG423"
    says = "{core}, run in {precision}: the loop in line {line} went round {turns} times"
    cure = "let it stop by itself after a number of turns: core.limited(1000).function"


class NoSample(TypedgradError, ValueError):
    """No point was found that satisfies the precondition of a core.

    Wrong:
        (FPCore (x) :pre (< x (- x 1)) x)
    Right:
        (FPCore (x) :pre (< 0 x 1) x)
    """

    code = "TG424"
    says = "{core}: none of {tried} random points satisfies its precondition {condition}"
    cure = "give a point yourself, such as --at {example}"
