"""record: run a function once, and replay what it did at other numbers, in any precision."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from typedgrad.engines.choice import kernel_of
from typedgrad.engines.engine import Kernel
from typedgrad.errors import BadArguments, BadCall, BadResult, BranchFlipped, NotRepeatable
from typedgrad.gradient import hessian, value_and_gradient
from typedgrad.machine import NUMBERS
from typedgrad.numbers import NumberSystem
from typedgrad.program import Program
from typedgrad.simplify import simplify, without_dead
from typedgrad.thaw import thaw
from typedgrad.tracing import Guard, Recorder, Trace
from typedgrad.trees import Form, flatten, restore
from typedgrad.value import is_value

SMALL = 50_000  # so many instructions are simplified, and recorded twice, without being asked
PATHS = 64
PATIENCE = 8


class BranchWarning(UserWarning):
    """A recorded function takes ever new paths, so that every call records it again."""


class Point(NamedTuple):
    """The arguments of a call, flat."""

    form: Form
    numbers: NumberSystem[Any]
    x: Any

    def packed(self, found: Any) -> Any:
        """Return one number for each argument in the form in which the arguments came."""
        tree = restore(self.form, iter(found), self.numbers.scalar)
        return tree[0] if len(tree) == 1 else tree


class Path:
    """One way through a function: its program, the guards, and what is derived from them."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.program: Program = trace.program
        self.guards: tuple[Guard, ...] = trace.guards
        self.results = len(trace.program.outputs) - len(trace.guards)
        self.expected = np.array([guard.outcome for guard in trace.guards], np.bool)
        self._derived: dict[str, Program] = {}

    def derived(self, what: str) -> Program:
        """Return the program of 'value', 'value_and_grad' or 'hessian', simplified if small."""
        found = self._derived.get(what)
        if found is None:
            found = self._derived[what] = smaller(self._derive(what))
        return found

    def _derive(self, what: str) -> Program:
        if what == "value":
            return self.program
        if what == "hessian":
            return hessian(self.program)
        full = value_and_gradient(self.program)
        size = len(self.program.outputs)
        partials = range(size, size + self.program.inputs)
        return full.select([*range(self.results), *partials, *range(self.results, size)])

    def flipped(self, tests: Any) -> int | None:
        """Return the first guard that came out otherwise, or None."""
        wrong = (tests != 0) != self.expected
        return int(np.argmax(wrong)) if wrong.any() else None


def smaller(program: Program) -> Program:
    """Return a program without dead code, and simplified if that takes no time to speak of."""
    return simplify(program) if len(program) <= SMALL else without_dead(program)


class Recorded:
    """A function that was or will be recorded; made by `tg.record`.

    `value`, `value_and_grad`, `grad` and `hessian` take the arguments of the function: numbers,
    lists, tuples, dicts and arrays of numbers. The precision is that of the NumPy scalars and
    arrays among them, else float64; `using` fixes it, and the engine. Not for several threads at
    once.
    """

    def __init__(self, f: Callable[..., Any], on_branch: str, sources: bool) -> None:
        self.f = f
        self.name: str = getattr(f, "__name__", repr(f))
        self.on_branch = on_branch
        self.sources = sources
        self.numbers: NumberSystem[Any] | None = None
        self.engine = "auto"
        self.store = Store()
        self.__name__ = self.name
        self.__doc__ = getattr(f, "__doc__", None)

    def using(
        self, numbers: NumberSystem[Any] | None = None, /, *, engine: str = "auto"
    ) -> Recorded:
        """Return the same recording, run in one precision whatever the arguments, by an engine."""
        twin = Recorded(self.f, self.on_branch, self.sources)
        twin.numbers, twin.engine, twin.store = numbers, engine, self.store
        return twin

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths that are kept, the one used last in front."""
        return tuple(reversed(self.store.paths.values()))

    @property
    def traces(self) -> int:
        """How many times the function has been recorded."""
        return self.store.traces

    @property
    def replays(self) -> int:
        """How many calls were answered from a recording."""
        return self.store.replays

    @property
    def program(self) -> Program:
        """The program of the path used last: the results, and a 0 or 1 for each guard."""
        if not self.store.paths:
            hint = f"call {self.name}.value(...) once, or {self.name}.at(...)"
            raise BadCall(name=f"{self.name}.program", problem="is not recorded yet", hint=hint)
        return self.paths[0].program

    def at(self, *args: Any) -> Program:
        """Return the program of the path that the function takes at these arguments."""
        return self._run("value", args)[1].program

    def value(self, *args: Any) -> Any:
        """Return what the function returns, as scalars and arrays of the precision.

        Called with Values it answers with Values, so that transforms nest.
        """
        nodes: list[Any] = []
        form = flatten(args, nodes, self.name)
        if any(map(is_value, nodes)):
            return self._on_nodes(form, nodes)
        point, path, found = self._run("value", args)
        return restore(path.trace.result, iter(found), point.numbers.scalar)

    def _on_nodes(self, form: Form, nodes: list[Any]) -> Any:
        first = next(node for node in nodes if is_value(node))
        inputs = [first.operand(node, self.name) for node in nodes]
        at = restore(form, iter(node.primal for node in inputs))
        _, path, _ = self._run("value", at)
        made = thaw(path.program.select(range(path.results)), inputs)
        return restore(path.trace.result, iter(made))

    __call__ = value

    def value_and_grad(self, *args: Any) -> tuple[Any, Any]:
        """Return the value and its partial derivatives, these in the form of the arguments."""
        point, _, found = self._run("value_and_grad", args)
        return found[0], point.packed(found[1:])

    def grad(self, *args: Any) -> Any:
        """Return the partial derivatives in the form of the arguments."""
        return self.value_and_grad(*args)[1]

    def hessian(self, *args: Any) -> Any:
        """Return the matrix of second derivatives by all numbers in the arguments."""
        point, path, _ = self._run("value", args)
        self._one_result(path)
        kernel = self._kernel(path, "hessian", point.numbers)
        size = len(point.x)
        out = buffer(point.numbers, size * size)
        kernel.run(point.x, out)
        return out.reshape(size, size) if size > 1 else out[0]

    def bind(self, *args: Any, out: Any = None, grad: bool = True) -> Call:
        """Return a call without arguments, for loops that must not allocate.

        It reads its inputs from `call.x`, which holds the numbers of these arguments in order, and
        writes the value and the partial derivatives (without `grad` the results) into `call.out`,
        or into an array of yours. Raises `BranchFlipped` where the path is left.
        """
        what = "value_and_grad" if grad else "value"
        point, path, found = self._run(what, args)
        kernel = kernel_of(path.derived(what), point.numbers, self.engine)
        return Call(self.name, path, kernel, point.x, found if out is None else out)

    def _point(self, args: tuple[Any, ...]) -> Point:
        flat: list[Any] = []
        form = flatten(args, flat, self.name)
        if not flat:
            given = f"({', '.join(type(x).__name__ for x in args)})"
            raise BadArguments(function=self.name, given=given, more=", or trees of numbers")
        kinds = (NUMBERS[type(x)] for x in flat if type(x) in NUMBERS)
        numbers = self.numbers or next(kinds, NUMBERS[np.float64])
        x = buffer(numbers, len(flat))
        x[:] = [numbers.lift(number, self.name) for number in flat]
        return Point(form, numbers, x)

    def _run(self, what: str, args: tuple[Any, ...]) -> tuple[Point, Path, Any]:
        point = self._point(args)
        path = self.store.latest(point.form)
        while path is not None:
            if what != "value":
                self._one_result(path)
            found = self._replay(path, what, point)
            at = path.flipped(found[len(found) - len(path.guards) :]) if path.guards else None
            if at is None:
                self.store.used(path)
                return point, path, found[: len(found) - len(path.guards)]
            path = self.store.turned(point.form, path, at) or self._again(point, path, at)
        self._record(point)
        return self._run(what, args)

    def _replay(self, path: Path, what: str, point: Point) -> Any:
        out = buffer(point.numbers, len(path.derived(what).outputs))
        self._kernel(path, what, point.numbers).run(point.x, out)
        return out

    def _kernel(self, path: Path, what: str, numbers: NumberSystem[Any]) -> Kernel:
        return kernel_of(path.derived(what), numbers, self.engine)

    def _one_result(self, path: Path) -> None:
        if path.results != 1:
            value = f"{path.results} numbers"
            facts = dict(function=self.name, value=value, type="a sequence")
            raise BadResult(**facts, wanted="one Value, to be differentiated,")

    def _again(self, point: Point, path: Path, at: int) -> Path:
        """Record the path that leaves a known one at a guard."""
        guard = path.guards[at]
        if self.on_branch == "raise":
            facts = dict(test=guard.row, place=guard.place, outcome=not guard.outcome)
            raise BranchFlipped(function=self.name, **facts)
        new = self._record(point)
        turned = [*(g.outcome for g in path.guards[:at]), not guard.outcome]
        if [g.outcome for g in new.guards[: at + 1]] != turned:
            problem = f"decided {guard.row} at {guard.place} in two ways"
            raise NotRepeatable(function=self.name, problem=problem)
        if self.store.traces == PATIENCE + 1:
            text = (
                f"{self.name} has been recorded {self.store.traces} times, since {guard.row} at"
                f" {guard.place} comes out in ever new ways; tg.where makes no branch"
            )
            warnings.warn(text, BranchWarning, stacklevel=5)
        return new

    def _record(self, point: Point) -> Path:
        trace = self._trace(point)
        if len(trace.program) <= SMALL:
            again = self._trace(point)
            if again.program != trace.program:
                raise NotRepeatable(function=self.name, problem=difference(trace, again))
        return self.store.add(point.form, Path(trace))

    def _trace(self, point: Point) -> Trace:
        recorder = Recorder(point.numbers, self.name, self.sources)
        return recorder.run(self.f, point.form, list(point.x))


def difference(one: Trace, other: Trace) -> str:
    """Return how two recordings at the same inputs differ, in words."""
    a, b = one.program, other.program
    if len(a) != len(b):
        return f"made {len(a)} instructions and then {len(b)}"
    if a.constants != b.constants:
        both = zip(a.constants, b.constants, strict=False)
        x, y = next(((x, y) for x, y in both if x != y), (a.constants, b.constants))
        return f"used the number {x!r} and then {y!r}"
    return "did its operations in another order"


class Store:
    """The paths of a function by the form of its arguments, and how often they served."""

    def __init__(self) -> None:
        self.paths: OrderedDict[tuple[Form, tuple[bool, ...]], Path] = OrderedDict()
        self.keys: dict[Path, tuple[Form, tuple[bool, ...]]] = {}
        self.traces = 0
        self.replays = 0

    def latest(self, form: Form) -> Path | None:
        """Return the path used last with arguments of that form."""
        found = (path for (kind, _), path in reversed(self.paths.items()) if kind == form)
        return next(found, None)

    def turned(self, form: Form, path: Path, at: int) -> Path | None:
        """Return a path that goes with another up to a guard and there the other way."""
        wanted = (*(guard.outcome for guard in path.guards[:at]), not path.guards[at].outcome)
        for (kind, outcomes), other in reversed(self.paths.items()):
            if kind == form and outcomes[: at + 1] == wanted:
                return other
        return None

    def used(self, path: Path) -> None:
        """Count a replay and move the path to the front."""
        self.replays += 1
        self.paths.move_to_end(self.keys[path])

    def add(self, form: Form, path: Path) -> Path:
        """Keep a new path; the one used longest ago goes when there are too many."""
        self.traces += 1
        key = form, tuple(guard.outcome for guard in path.guards)
        self.paths[key] = path
        self.keys[path] = key
        while len(self.paths) > PATHS:
            _, old = self.paths.popitem(last=False)
            del self.keys[old]
        return path


class Call:
    """A bound call: `call()` reads `x` and writes `out`, and allocates nothing."""

    def __init__(self, name: str, path: Path, kernel: Kernel, x: Any, out: Any) -> None:
        self.name = name
        self.path = path
        self.x = x
        self.out = out
        self._tests: Any = None
        target = out
        if path.guards:
            target = buffer(kernel.numbers, len(out) + len(path.guards))
            self._tests = target[len(out) :]
            self._results = target[: len(out)]
        self._run: Callable[[], None] = kernel.bound(x, target)

    def __call__(self) -> None:
        """Run once."""
        self._run()
        if self._tests is not None:
            self._checked()

    def _checked(self) -> None:
        at = self.path.flipped(self._tests)
        if at is not None:
            guard = self.path.guards[at]
            facts = dict(test=guard.row, place=guard.place, outcome=not guard.outcome)
            raise BranchFlipped(function=self.name, **facts)
        self.out[:] = self._results


def buffer(numbers: NumberSystem[Any], size: int) -> Any:
    """Return an array for scalars of a precision."""
    kind = numbers.scalar if issubclass(numbers.scalar, np.generic) else object
    return np.empty(size, kind)


def record(
    f: Callable[..., Any], /, *, on_branch: str = "record", sources: bool = False
) -> Recorded:
    """Return the function as something that runs once and is replayed from then on.

    The first call runs f on values that write down what is done with them; later ones replay that
    program at other numbers, with the same bits as f itself would give. Where f compares, the
    outcome is checked in every replay: a call that would turn off records the other path and keeps
    it too (or raises `BranchFlipped` with `on_branch="raise"`). Raises `NotRecordable` where f
    reads a number off the graph, and `NotRepeatable` where it does not do the same twice. With
    `sources` the program knows the line and columns of every instruction.

    >>> import typedgrad as tg
    >>> f = tg.record(lambda x, y: x * y + tg.sin(x))
    >>> f.value_and_grad(3.0, 2.0)
    (np.float64(6.141120008059867), (np.float64(1.0100075033995546), np.float64(3.0)))
    >>> f.value(np.float32(3), 2.0), f.traces
    (np.float32(6.14112), 1)
    """
    if on_branch not in ("record", "raise"):
        hint = "write on_branch='record' or on_branch='raise'"
        raise BadCall(name="record", problem=f"has no on_branch={on_branch!r}", hint=hint)
    return Recorded(f, on_branch, sources)
