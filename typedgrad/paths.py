"""The ways through a recorded function: their programs, and the store that finds them again."""

from __future__ import annotations

from collections import OrderedDict
from threading import RLock
from typing import Any

import numpy as np

from typedgrad.engines.choice import Kernels, kernels_of
from typedgrad.engines.engine import Kernel
from typedgrad.errors import BadResult
from typedgrad.gradient import hessian, value_and_gradient
from typedgrad.numbers import NumberSystem
from typedgrad.program import Program
from typedgrad.simplify import simplify, without_dead
from typedgrad.tracing import Guard, Trace
from typedgrad.trees import Form, buffer

SMALL = 50_000  # so many instructions are simplified, and recorded twice, without being asked
PATHS = 64


class Path:
    """One way through a function: its program, the guards, and what is derived from them.

    The outputs of `program` are the results and then a 0 or 1 for each guard. A derived program
    has one number for all guards together, its last output, which is `agreed` on this path.
    """

    def __init__(self, form: Form, trace: Trace) -> None:
        self.form = form
        self.program: Program = trace.program
        self.guards: tuple[Guard, ...] = trace.guards
        self.result: Form = trace.result
        self.results: int = len(trace.program.outputs) - len(trace.guards)
        self.outcomes: tuple[bool, ...] = tuple([guard.outcome for guard in trace.guards])
        self.agreed: int = int(any(self.outcomes))
        self.is_checked = False  # f has been seen to do it twice
        self._derived: dict[str, Program] = {}
        self._kernels: dict[tuple[str, NumberSystem[Any], str], Kernels] = {}

    def derived(self, what: str) -> Program:
        """Return the program of one of these, without waste.

        'value', 'value_and_grad' and 'hessian'; 'tests', the guards one by one; 'operands', the
        two numbers that each guard compares.
        """
        found = self._derived.get(what)
        if found is None:
            found = self._derived[what] = smaller(self._derive(what))
        return found

    def _derive(self, what: str) -> Program:
        size = len(self.program.outputs)
        if what == "tests":
            return self.program.select(range(self.results, size))
        if what == "operands":
            begin = int(self.program.starts[len(self.program) - len(self.guards)])
            return self.program.replace(outputs=self.program.args[begin:])
        if what == "hessian":
            return hessian(self.program)
        judged = with_verdict(self.program, self.results, np.array(self.outcomes, np.bool))
        if what == "value":
            return judged
        end = len(judged.outputs)
        partials = range(end, end + judged.inputs)
        full = value_and_gradient(judged)
        return full.select([*range(self.results), *partials, *range(self.results, end)])

    def kernel(self, what: str, numbers: NumberSystem[Any], engine: str) -> Kernel:
        """Return this thread's kernel of a derived program."""
        key = what, numbers, engine
        kernels = self._kernels.get(key)
        if kernels is None:
            kernels = self._kernels[key] = kernels_of(self.derived(what), numbers, engine)
        return kernels.mine()

    def flipped(self, numbers: NumberSystem[Any], engine: str, x: Any) -> int | None:
        """Return the first guard that comes out otherwise at x.

        None if there is none, or if that cannot be told because the path breaks down there.
        """
        tests = buffer(numbers, len(self.guards))
        try:
            self.kernel("tests", numbers, engine).run(x, tests)
        except Exception:
            return None
        wrong = (tests != 0) != np.array(self.outcomes, np.bool)
        return int(np.argmax(wrong)) if wrong.any() else None

    def parting(self, other: Path) -> int | None:
        """Return the first guard at which another path goes another way; None if none does."""
        both = zip(self.guards, other.guards, strict=False)
        found = (k for k, (mine, its) in enumerate(both) if mine.outcome != its.outcome)
        return next(found, None)

    def require_one_result(self, function: str) -> None:
        """Raise `BadResult` unless the result is one number."""
        if self.result.kind != "number":
            value = f"{self.results} number{'s' * (self.results != 1)}"
            facts = dict(function=function, value=value, type=self.result.kind)
            raise BadResult(**facts, wanted="one Value, as a derivative needs")


def with_verdict(program: Program, results: int, outcomes: Any) -> Program:
    """Return the program with one number in place of its tests.

    It is 1 if all come out as they should; 0 if none of them should be 1, and none is.
    """
    tests = program.outputs[results:]
    if not len(tests):
        return program
    ops, codes, args, sizes = list(program.ops), list[int](), [program.args], list[int]()

    def emit(op: str, taken: Any) -> int:
        if op not in ops:
            ops.append(op)
        codes.append(ops.index(op))
        args.append(np.array(taken, np.int32))
        sizes.append(len(taken))
        return program.values + len(codes) - 1

    def folded(op: str, taken: Any) -> int:
        return int(taken[0]) if len(taken) == 1 else emit(op, taken)

    should, should_not = tests[outcomes], tests[~outcomes]
    verdict = folded("sum", should_not) if len(should_not) else folded("prod", should)
    if len(should) and len(should_not):
        verdict = emit("sub", [folded("prod", should), verdict])
    parts: dict[str, Any] = dict(codes=np.concatenate([program.codes, np.array(codes, np.int32)]))
    ends = program.starts[-1] + np.cumsum(np.array(sizes, np.int32))
    parts |= dict(starts=np.concatenate([program.starts, ends]), args=np.concatenate(args))
    if program.places is not None:
        unknown = np.full(len(codes), -1, np.int32)
        parts["places"] = np.concatenate([program.places, unknown])
    return program.replace(ops=ops, outputs=[*program.outputs[:results], verdict], **parts)


def smaller(program: Program) -> Program:
    """Return a program without dead code, and simplified if that takes no time to speak of."""
    return simplify(program) if len(program) <= SMALL else without_dead(program)


class Store:
    """The paths of a function by the form of its arguments, and how often they served."""

    def __init__(self) -> None:
        self._paths: OrderedDict[Path, None] = OrderedDict()
        self._turn = RLock()
        self.traces: int = 0
        self.replays: int = 0
        self.flips: int = 0

    def paths(self) -> tuple[Path, ...]:
        """Return the paths that are kept, the one used last in front."""
        with self._turn:
            return tuple(reversed(self._paths))

    def latest(self, form: Form) -> Path | None:
        """Return the path used last with arguments of that form."""
        with self._turn:
            for path in reversed(self._paths):
                if path.form is form or path.form == form:
                    return path
        return None

    def turned(self, path: Path, at: int) -> Path | None:
        """Return a path that goes with another up to a guard and there the other way."""
        wanted = (*path.outcomes[:at], not path.outcomes[at])
        for other in self.paths():
            if other.outcomes[: at + 1] == wanted and other.form == path.form:
                return other
        return None

    def used(self, path: Path, recorded: bool) -> None:
        """Move a path to the front, and count the call as a replay unless it recorded."""
        with self._turn:
            self.replays += not recorded
            if path in self._paths:
                self._paths.move_to_end(path)

    def add(self, path: Path) -> Path:
        """Keep a new path; the one used longest ago goes when there are too many.

        One that is known already is not kept a second time.
        """
        with self._turn:
            self.traces += 1
            for old in self._paths:
                if old.outcomes == path.outcomes and old.form == path.form:
                    return old
            self._paths[path] = None
            while len(self._paths) > PATHS:
                self._paths.popitem(last=False)
        return path

    def flip(self) -> int:
        """Count a re-recording and return how many there have been."""
        with self._turn:
            self.flips += 1
            return self.flips
