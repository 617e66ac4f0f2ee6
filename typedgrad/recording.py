"""record: run a function once, and replay what it did at other numbers, in any precision."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from functools import update_wrapper
from inspect import currentframe, signature
from typing import Any, Literal

from typing_extensions import TypeIs, override

from typedgrad.bound import Call, Job, flip_error
from typedgrad.errors import BadArguments, BadCall, NotRepeatable
from typedgrad.numbers import NumberSystem
from typedgrad.operators import WATCHER, seen
from typedgrad.paths import SMALL, Path, Store
from typedgrad.pointwise import How, places_of, points_of, run_points
from typedgrad.program import Program
from typedgrad.source import is_ours
from typedgrad.thawing import thaw
from typedgrad.tracing import Recorder, difference, is_same
from typedgrad.trees import (
    BARE,
    FORMS,
    Form,
    Point,
    buffer,
    flatten,
    numbers_form,
    precision_among,
    restore,
    row_of,
)
from typedgrad.value import is_value

PATIENCE = 8


class BranchWarning(UserWarning):
    """A recorded function takes ever new paths, so that every call records it again."""


class Recorded:
    """A function that was or will be recorded; made by `tg.record`.

    `value`, `value_and_grad`, `grad` and `hessian` take the arguments of the function: numbers,
    lists, tuples, dicts and arrays of numbers. The precision is that of the NumPy scalars and
    arrays among them, else float64; `using` fixes it, and the engine. Called with Values, all four
    answer with Values. Several threads may call it if they may call the function itself.
    """

    __name__: str
    __wrapped__: Callable[..., Any]

    def __init__(self, f: Callable[..., Any], on_branch: str, sources: bool) -> None:
        update_wrapper(self, f, updated=())
        self.f = f
        self.name: str = getattr(f, "__name__", repr(f))
        self.on_branch = on_branch
        self.sources = sources
        self.numbers: NumberSystem[Any] | None = None
        self.engine: str = "auto"
        self.store: Store = Store()

    def using(
        self, numbers: NumberSystem[Any] | None = None, /, *, engine: str | None = None
    ) -> Recorded:
        """Return the same recording, run in one precision whatever the arguments, by an engine.

        What is left out stays as it is here.
        """
        if numbers is not None and not _is_system(numbers):
            hint = "write f.using(tg.float32), or f.using(engine='numpy')"
            problem = f"takes a precision, not {numbers!r}"
            raise BadCall(name=f"{self.name}.using", problem=problem, hint=hint)
        twin = Recorded(self.f, self.on_branch, self.sources)
        twin.numbers, twin.engine = numbers or self.numbers, engine or self.engine
        twin.store = self.store
        return twin

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths that are kept, the one used last in front."""
        return self.store.paths()

    @property
    def traces(self) -> int:
        """How many times the function has been recorded."""
        return self.store.traces

    @property
    def replays(self) -> int:
        """How many calls were answered from a recording that was there."""
        return self.store.replays

    @property
    def program(self) -> Program:
        """The program of the path used last: the results, and a 0 or 1 for each guard."""
        paths = self.paths
        if not paths:
            hint = f"call {self.name}.value(...) once, or {self.name}.at(...)"
            raise BadCall(name=f"{self.name}.program", problem="is not recorded yet", hint=hint)
        return paths[0].program

    def at(self, *args: Any) -> Program:
        """Return the program of the path that the function takes at these arguments."""
        return self._run("value", self._point(args))[0].program

    def value(self, *args: Any) -> Any:
        """Return what the function returns, as scalars and arrays of the precision."""
        point = self._point(args)
        if point.x is None:
            path, nodes, _ = self._on_nodes("value", args)
            return restore(path.result, iter(nodes))
        path, found = self._run("value", point)
        if path.result.kind == "number":
            return found[0]
        return restore(path.result, iter(found), point.numbers.scalar)

    __call__ = value

    def value_and_grad(self, *args: Any) -> tuple[Any, Any]:
        """Return the value and its partial derivatives, these in the form of the arguments."""
        point = self._point(args)
        if point.x is not None:
            _, found = self._run("value_and_grad", point)
            return found[0], point.packed(found[1:])
        _, (value, *partials), form = self._on_nodes("value_and_grad", args)
        tree = restore(form, iter(partials))
        return value, tree[0] if len(tree) == 1 else tree

    def grad(self, *args: Any) -> Any:
        """Return the partial derivatives in the form of the arguments."""
        return self.value_and_grad(*args)[1]

    def hessian(self, *args: Any) -> Any:
        """Return the matrix of second derivatives by all numbers in the arguments.

        Of a function of one number it is a number; on Values it is a list of rows.
        """
        point = self._point(args)
        if point.x is None:
            _, nodes, form = self._on_nodes("hessian", args)
            size = form.size
            rows = [nodes[k : k + size] for k in range(0, len(nodes), size)]
            return rows[0][0] if form is numbers_form(1) else rows
        path, _ = self._run("value_and_grad", point)
        size = len(point.x)
        out = buffer(point.numbers, size * size)
        path.kernel("hessian", point.numbers, self.engine).run(point.x, out)
        return out[0] if point.form is numbers_form(1) else out.reshape(size, size)

    def bind(self, *args: Any, out: Any = None, grad: bool = True) -> Call:
        """Return a call without arguments, for loops that must not allocate.

        It reads its inputs from `call.x`, which holds the numbers of these arguments in order, and
        writes the value and the partial derivatives (without `grad` the results) into `call.out`,
        or into an array of yours. Raises `BranchFlipped` where the path is left, and `BadBuffer`
        for an array that does not fit.
        """
        what = "value_and_grad" if grad else "value"
        point = self._point(args)
        if point.x is None:
            hint = f"bind plain numbers or scalars; {self.name}.value and its kin take Values"
            raise BadCall(name=f"{self.name}.bind", problem="was given Values", hint=hint)
        path, found = self._run(what, point)
        return Call(Job(self.name, path, what, point.numbers, self.engine), point.x, found, out)

    def batch(
        self,
        *args: Any,
        shared: Iterable[str | int] = (),
        grad: bool = False,
        threads: int = 1,
        chunk: int = 0,
        progress: Callable[[int, int], object] | None = None,
    ) -> Any:
        """Return what `value`, or with `grad` `value_and_grad`, gives at many points, as arrays.

        Arrays among the arguments have one entry a point along their first axis; plain numbers,
        and the arguments that `shared` names (or counts from 0), are the same at all points. The
        partial derivatives by what is shared are summed over the points in the order of
        `docs/batch.md`. Each point has the bits of a call of its own, and takes the path that it
        would take there. Raises `BadBatch` for arrays that do not fit.

        >>> import numpy as np, typedgrad as tg
        >>> f = tg.record(lambda x, w: tg.tanh(x * w))
        >>> value, (dx, dw) = f.batch(np.array([1.0, 2.0, 3.0]), 0.5, grad=True)
        >>> value.shape, dx.shape, dw.shape
        ((3,), (3,), ())
        """
        together = places_of(self.name, parameters(self.f, len(args)), shared)
        points = points_of(self.name, args, together, self.numbers)
        what = "value_and_grad" if grad else "value"

        def path_at(point: Point) -> Path:
            return self._run(what, point)[0]

        how = How(self.engine, threads, chunk, progress)
        return run_points(points, what, path_at, how)

    @override
    def __repr__(self) -> str:
        kept = len(self.paths)
        counts = (
            f"{n} {word}{'s' * (n != 1)}"
            for n, word in ((kept, "path"), (self.traces, "trace"), (self.replays, "replay"))
        )
        return f"<recorded {self.name}: {', '.join(counts)}>"

    @override
    def __reduce__(self) -> str | tuple[Any, ...]:
        """Return how to make it again elsewhere; what was recorded stays behind."""
        place: Any = sys.modules.get(getattr(self, "__module__", ""))
        for name in getattr(self, "__qualname__", "").split("."):
            place = getattr(place, name, None)
        if place is self:
            return str(vars(self)["__qualname__"])
        return _made_again, (self.f, self.on_branch, self.sources, self.numbers, self.engine)

    def _point(self, args: tuple[Any, ...]) -> Point:
        """Return the arguments as numbers in a row; of Values there is no row."""
        flat: list[Any] = list(args)
        kinds = set(map(type, flat))
        form = numbers_form(len(args))
        if not kinds <= BARE:
            flat = []
            found = flatten(args, flat, self.name)
            form = form if found == form else found
            kinds = set(map(type, flat))
        if not flat:
            given = f"({', '.join(type(x).__name__ for x in args)})"
            raise BadArguments(function=self.name, given=given, more=FORMS)
        numbers = self.numbers or precision_among(flat, kinds)
        if not kinds <= BARE and any(map(is_value, flat)):
            return Point(form, numbers, None)
        return Point(form, numbers, row_of(flat, kinds, numbers, self.name))

    def _on_nodes(self, what: str, args: tuple[Any, ...]) -> tuple[Path, list[Any], Form]:
        """Return the outputs of a derived program as nodes, and tell its comparisons."""
        flat: list[Any] = []
        form = flatten(args, flat, self.name)
        form = numbers_form(len(args)) if form == numbers_form(len(args)) else form
        first = next(node for node in flat if is_value(node))
        inputs = [first.operand(node, self.name) for node in flat]
        numbers = self.numbers or first.numbers
        x = row_of([node.primal for node in inputs], set(), numbers, self.name)
        path, _ = self._run("value", Point(form, numbers, x))
        if what != "value":
            path.require_one_result(self.name)
        if path.guards and WATCHER.get() is not None:
            compared = iter(thaw(path.derived("operands"), inputs))
            for guard, left, right in zip(path.guards, compared, compared, strict=True):
                seen(guard.row, guard.outcome, left, right)
        program = path.derived(what)
        judged = what != "hessian" and bool(path.guards)
        outputs = range(len(program.outputs) - judged)
        return path, thaw(program.select(outputs), inputs), form

    def _run(self, what: str, point: Point) -> tuple[Path, Any]:
        """Return the path that is taken at a point, and what comes out of a derived program."""
        path = self.store.latest(point.form)
        recorded = path is None
        if path is None:
            path = self.store.add(self._recorded(point))
        while True:
            asked = what if path.result.kind == "number" else "value"
            found, failure = self._replay(asked, path, point)
            if found is not None:
                break
            at = path.flipped(point.numbers, self.engine, point.x)
            known = None if at is None else self.store.turned(path, at)
            if known is None:
                known, recorded = self._again(point, path, at, failure), True
            path = known
        if not (recorded or path.is_checked):
            self._check(path, point)
        self.store.used(path, recorded)
        if what != "value":
            path.require_one_result(self.name)
        return path, found

    def _replay(self, what: str, path: Path, point: Point) -> tuple[Any, Exception | None]:
        """Return what comes out, or None where the path is left, and what was raised."""
        kernel = path.kernel(what, point.numbers, self.engine)
        out = buffer(point.numbers, len(kernel.program.outputs))
        try:
            kernel.run(point.x, out)
        except Exception as failure:  # a row that is not run at this point, perhaps
            return None, failure
        if not path.guards:
            return out, None
        return (out[:-1] if out[-1] == path.agreed else None), None

    def _again(self, point: Point, path: Path, at: int | None, failure: Exception | None) -> Path:
        """Record the path that leaves a known one at a guard, or before a failure."""
        if at is not None and self.on_branch == "raise":
            raise flip_error(self.name, path.guards[at])
        new = self._recorded(point)
        parted = path.parting(new)
        if parted is None and failure is not None:
            raise failure
        guard = path.guards[(at if at is not None else parted) or 0]
        if parted is None or (at is not None and parted != at):
            problem = f"decided {guard.test} at {guard.place} in two ways"
            raise NotRepeatable(function=self.name, problem=problem)
        if self.on_branch == "raise":
            raise flip_error(self.name, guard)
        kept = self.store.add(new)
        if self.store.flip() == PATIENCE:
            text = (
                f"{self.name} has been recorded again {PATIENCE} times: {guard.test} at"
                f" {guard.place} comes out in ever new ways;"
                " tg.where(tg.greater(x, y), a, b) makes no branch"
            )
            warnings.warn(text, BranchWarning, stacklevel=level_of_user())
        return kept

    def _recorded(self, point: Point) -> Path:
        recorder = Recorder(point.numbers, self.name, self.sources)
        return Path(point.form, recorder.run(self.f, point.form, list(point.x)))

    def _check(self, path: Path, point: Point) -> None:
        """Run f again at the first point that is answered by a replay: it must do the same."""
        if len(path.program) <= SMALL:
            again = self._recorded(point)
            if again.result != path.result or not is_same(again.program, path.program):
                problem = difference(path.program, again.program)
                raise NotRepeatable(function=self.name, problem=problem)
        path.is_checked = True


def parameters(f: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the first parameters of a function, as many as are known."""
    try:
        names = list(signature(f).parameters)
    except (TypeError, ValueError):
        names = []
    return [*names, *(str(k) for k in range(len(names), count))][:count]


def _made_again(
    f: Callable[..., Any],
    on_branch: str,
    sources: bool,
    numbers: NumberSystem[Any] | None,
    engine: str,
) -> Recorded:
    return Recorded(f, on_branch, sources).using(numbers, engine=engine)


def _is_system(x: object) -> TypeIs[NumberSystem[Any]]:
    return isinstance(x, NumberSystem)


def level_of_user() -> int:
    """Return how many frames above its caller the user's own line is, counted from 1."""
    level, frame = 0, currentframe()
    while frame is not None and is_ours(frame.f_code):
        level, frame = level + 1, frame.f_back
    return level


def record(
    f: Callable[..., Any],
    /,
    *,
    on_branch: Literal["record", "raise"] = "record",
    sources: bool = False,
) -> Recorded:
    """Return the function as something that runs once and is replayed from then on.

    The first call runs f on values that write down what is done with them; later ones replay that
    program at other numbers, with the same bits as f itself would give. At the first replay of a
    short program f runs once more, to see that it does the same again. Where f compares, the
    outcome is checked in every replay: a call that would turn off records the other path and keeps
    it too (or raises `BranchFlipped` with `on_branch="raise"`). Raises `NotRecordable` where f
    reads a number off the graph, and `NotRepeatable` where it does not do the same twice. With
    `sources` the program knows the line and columns of every instruction.

    >>> import numpy as np, typedgrad as tg
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
