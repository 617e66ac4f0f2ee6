"""Errors of programs, recordings, engines and tapes: TG3."""

from __future__ import annotations

from typing import ClassVar

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


class BadProgramText(TypedgradError, ValueError):
    """The text of a program cannot be read.

    Wrong:
        parse("program(x):\\n  v0 = sinus(x)\\n  return v0")
    Right:
        parse("program(x):\\n  v0 = sin(x)\\n  return v0")
    Why: the text is read as listing(program) writes it, and nothing in it is evaluated.
    """

    code = "TG303"
    says = "line {line}, column {column}: {problem}"
    cure = "{hint}"


class BadProgramFile(TypedgradError, ValueError):
    """A program cannot be saved to this file, or the file is not as it was saved.

    Wrong:
        tg.load("loss.py")
    Right:
        tg.save(program, "loss.tgp"); tg.load("loss.tgp")
    Why: every byte of a file is under a checksum, and every number is checked before it is used.
    """

    code = "TG304"
    says = "cannot {action} {path}: {place}: {problem}"
    cure = "{hint}"


class WrongWidth(TypedgradError, ValueError):
    """A longdouble of a program was made on a machine whose longdouble is wider.

    Wrong:
        program with np.longdouble("0.1") in it, saved on one machine and loaded on another
    Right:
        program with "0.1" in it: every precision rounds a text once
    Why: longdouble has 53, 64 or 113 bits; rounding a constant again would change every result.
    """

    code = "TG305"
    says = "{text} does not fit the longdouble of this machine, which has {bits} bits"
    cure = 'write the constant as a text, such as "0.1", where the program is made'


class StaleHandle(TypedgradError, ReferenceError):
    """A value of a tape was used after its tape was reset, or rewound to a mark before it.

    Wrong:
        x = tape(2.0); tape.reset(); x * x
    Right:
        tape.reset(); x = tape(2.0); x * x
    Why: the place of the value on the tape is free again, or belongs to another value.
    """

    code = "TG310"
    says = "{op}: the value of a tape ended with {how}"
    cure = "read data and grad before it, and make values that shall live on before the mark"


class OtherTape(TypedgradError, TypeError):
    """A value of a tape met something that is not on this tape.

    Wrong:
        tape(2.0) * tg.Value(3.0)
    Right:
        tape(2.0) * tape(3.0), tape(2.0) * 3.0
    Why: a tape is one graph in one precision, and a sweep over it must meet every node.
    """

    code = "TG311"
    says = "{op} {problem}"
    cure = "{hint}"


class BadMark(TypedgradError, ValueError):
    """A tape was to be rewound to a mark that is not, or no longer, one of its marks.

    Wrong:
        mark = tape.mark(); tape.reset(); tape.rewind(mark)
    Right:
        tape.reset(); mark = tape.mark(); tape.rewind(mark)
    Why: a mark ends with a reset, and with a rewind to a mark before it.
    """

    code = "TG312"
    says = "the tape cannot rewind: the mark {problem}"
    cure = "take a new one by mark = tape.mark(); rewinding to the same mark may be repeated"


class NotRecordable(TypedgradError, TypeError):
    """A function that is recorded read a number off the graph.

    Wrong:
        tg.record(lambda x: x * 2 if x.data > 0 else -x)
    Right:
        tg.record(lambda x: x * 2 if x > 0 else -x)
    Why: a replay would use the number of the recorded run whatever the inputs are.
    """

    code = "TG313"
    says = "{function} cannot be recorded: {what} of a value would be kept for every replay"
    cure = "compute with the value itself, and compare it itself: `if x > 0`, tg.where(x > 0, a, b)"
    unnamed: ClassVar[str] = "the function"

    def __init__(self, **facts: object) -> None:
        super().__init__(**{"function": self.unnamed, **facts})

    def name(self, function: str) -> None:
        """Say which function it is, if that has not been said."""
        if self.facts["function"] == self.unnamed:
            self.facts["function"] = function
            super().__init__(**self.facts)


class BrokenTape(TypedgradError, RuntimeError):
    """An interrupt, or a second thread, left an operation half written on a tape.

    Wrong:
        one tape in two threads
    Right:
        one tape for each thread; after an interrupt tape.reset(), or tape.rewind(mark)
    Why: the arrays of the tape no longer agree on which node is which.
    """

    code = "TG314"
    says = "the tape is broken: an operation after its node {count} was written in part"
    cure = "call tape.reset(), or rewind to a mark, and compute again; use a tape in one thread"


class BadBuffer(TypedgradError, TypeError):
    """A kernel was bound to an array that it cannot read or write in place.

    Wrong:
        kernel.bound([1.0, 2.0], np.zeros(1))
    Right:
        kernel.bound(np.array([1.0, 2.0]), np.zeros(1))
    Why: a bound call reads and writes memory itself, without a copy or a conversion.
    """

    code = "TG320"
    says = "the kernel cannot use {name} in place: {problem}"
    cure = "give it a NumPy array of its own, as np.zeros({length}, np.{dtype}) makes it"


class NoEngine(TypedgradError, ValueError):
    """The engine that was asked for does not exist, or cannot run this precision.

    Wrong:
        run_batch(program, fraction, x, engine="numpy")
    Right:
        run_batch(program, fraction, x, engine="auto")
    """

    code = "TG321"
    says = "the engine {engine!r} cannot run {precision}: {why}"
    cure = "{hint}"


class BadBatch(TypedgradError, ValueError):
    """The arrays of a batch do not fit its program, or each other.

    Wrong:
        run_batch(program, tg.float64, [np.zeros(5), np.zeros(4)])
    Right:
        run_batch(program, tg.float64, [np.zeros(5), np.zeros(5)])
        run_batch(program, tg.float64, [np.zeros(5), 2.0])
    Why: an array has one number for each point; only a single number is shared by all points.
    """

    code = "TG322"
    says = "batch: {problem}"
    cure = "{hint}"


class WrongDtype(TypedgradError, TypeError):
    """An array of one precision was given to a batch that runs in another.

    Wrong:
        run_batch(program, tg.float32, [np.linspace(0, 1)])
    Right:
        run_batch(program, tg.float32, [np.linspace(0, 1, dtype=np.float32)])
    Why: to round the numbers is a decision, and to widen them hides that digits are missing.
    """

    code = "TG323"
    says = "batch: {name} holds {found}, but the batch runs in {precision}"
    cure = "{hint}"


class BranchFlipped(TypedgradError, RuntimeError):
    """A replay came to a comparison that went the other way when the function was recorded.

    Wrong:
        tg.record(f, on_branch="raise") called on both sides of a branch of f
        call = f.bind(1.0); call.x[0] = -1.0; call()
    Right:
        tg.record(f)                        # records the other path when it comes to it
        tg.where(tg.greater(x, 0), a, b)    # no branch at all
    Why: the recorded path is not the one that f takes here, so its numbers would be wrong.
    """

    code = "TG330"
    says = "{function} took another branch than the recorded one: {test} at {place} is {outcome}"
    cure = "{hint}, or write the choice as tg.where(tg.greater(x, y), a, b)"


class NotRepeatable(TypedgradError, RuntimeError):
    """A recorded function did something else when it was run again.

    Wrong:
        tg.record(lambda x: x * random.random())
    Right:
        tg.record(lambda x, noise: x * noise)
    Why: a recording would keep the one random number, or the one state, that it met.
    """

    code = "TG331"
    says = "{function} cannot be recorded: run again, it {problem}"
    cure = "pass what changes (a random number, a counter, a file's content) as an argument"
