"""Core: one benchmark of an FPCore text as a record, and its function."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from typing_extensions import override

from typedgrad.fpcore.arrays import shape
from typedgrad.fpcore.parts import ARRAY, NUMBER, Call, Part
from typedgrad.fpcore.reading import FORMS, Reader
from typedgrad.fpcore.sampling import example_of, sampled
from typedgrad.fpcore.syntax import Tree
from typedgrad.machine import NUMBERS
from typedgrad.precision import float64
from typedgrad.transforms import is_sequence
from typedgrad.value import Value, is_value, leaf

MOST_TURNS = 10_000
STRAIGHT = frozenset({"let", "let*", "!", "cast", "digits"})


@dataclass(frozen=True)
class Argument:
    """An argument of a core: its name there, its name in Python, its dimensions, its annotations.

    A dimension is a length, or a symbol that the body may use.
    """

    name: str
    parameter: str
    sizes: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def whole(self) -> bool:
        """Tell whether it is annotated as an integer; it runs as a number of the precision."""
        return self.properties.get("precision") == "integer"


@dataclass(frozen=True)
class Code:
    """What a core was read from, its parts ready to run, and what makes its function `again`."""

    text: str
    file: str
    number: int
    properties: tuple[tuple[str, Tree], ...]
    variant: int
    reader: Reader = field(repr=False, compare=False)
    body: Part = field(repr=False, compare=False)
    precondition: Part | None = field(repr=False, compare=False)
    again: Callable[..., CoreFunction] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Core:
    """One benchmark: name, arguments, properties, precondition, body, and how often loops turn.

    `properties` has the text of each property by its name without the colon. `turns` is None, or
    after how many turns a loop is left; `entry` is None, or which entry of an array is the result.
    """

    name: str
    arguments: tuple[Argument, ...]
    properties: Mapping[str, str]
    precondition: Tree | None
    body: Tree
    code: Code
    turns: int | None = None
    entry: int | None = None

    @cached_property
    def function(self) -> CoreFunction:
        """The core as a function of Values, one for each argument, in any precision.

        >>> import typedgrad as tg
        >>> from typedgrad import fpcore
        >>> core = fpcore.read("(FPCore (x) (/ (- (exp x) 1) x))")[0]
        >>> tg.float32.grad(core.function)(1.0)
        np.float32(1.0)
        >>> tg.compare(core.function, x="0.001").digits["float64"]["value"] < 14
        True
        """
        return CoreFunction(self)

    @property
    def is_straight(self) -> bool:
        """Tell whether the body has neither branch nor loop nor array."""
        todo = [self.body]
        while todo:
            tree = todo.pop()
            bent = tree.head in FORMS and tree.head not in STRAIGHT
            if bent or tree.head in self.code.reader.cores:
                return False
            todo += tree.parts
        return not any(argument.sizes for argument in self.arguments)

    @property
    def example(self) -> dict[str, Any] | None:
        """The point of the property `:example` as exact text by parameter, or None."""
        return example_of(self)

    @property
    def alternatives(self) -> tuple[Core, ...]:
        """Other ways to compute the same, from the properties `:alt`."""
        scope, code = scope_of(self.arguments), self.code
        others = [tree for name, tree in code.properties if name == "alt"]
        return tuple(
            replace(
                self,
                name=f"{self.name}, alternative {k}",
                body=tree,
                code=replace(code, variant=k, body=code.reader.part(tree, scope)),
            )
            for k, tree in enumerate(others, 1)
        )

    def limited(self, turns: int) -> Core:
        """Return the same core whose loops are left after so many turns in all."""
        return replace(self, turns=int(turns))

    def check_numeric(self) -> None:
        """Raise `BadCoreText` where there are no digits to count: no arguments, or no number."""
        wrong, kind = self.code.reader.wrong, self.code.body.kind
        if not self.arguments:
            wrong(self.body, f"{self.name} has no arguments", "give it one: (FPCore (x) ...)")
        if kind != NUMBER and self.entry is None:
            cure = "(ref ... 0) around it" if kind == ARRAY else "(if ... 1 0) around it"
            wrong(self.body, f"{self.name} gives {kind}, not a number", f"write {cure}")

    def element(self, k: int) -> Core:
        """Return the core whose result is entry k of the array that this one gives."""
        return replace(self, name=f"{self.name}[{k}]", entry=int(k))

    def sample(self, n: int, seed: int = 0) -> list[dict[str, Any]]:
        """Return n points that satisfy the precondition, the same for the same seed.

        They are uniform in the box that the precondition gives, by parameter: a float, or a list
        of floats for an array. An open side of the box is 0.01 or 10. Raises `NoSample`.
        """
        return sampled(self, n, seed)

    @override
    def __repr__(self) -> str:
        names = " ".join(argument.name for argument in self.arguments)
        return f"<FPCore ({names}) {self.name!r}>"


class CoreFunction:
    """A core as a function: it takes Values of one precision and returns a Value.

    Plain numbers take the precision of the Values beside them; without any they are float64. An
    array is a list. A core whose body is an array or a truth value returns a list or a bool.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.__name__: str = core.name
        self.__qualname__: str = core.name
        self.__doc__ = core.properties.get("description")
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        found = [inspect.Parameter(argument.parameter, kind) for argument in core.arguments]
        self.__signature__: inspect.Signature = inspect.Signature(found)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Run the core."""
        core = self.core
        given = list(self.__signature__.bind(*args, **named).arguments.values())
        call = called(core, given)
        names: dict[str, Any] = {}
        for argument, x in zip(core.arguments, given, strict=True):
            names[argument.name] = things(call, x)
            names |= lengths(core, argument, names[argument.name], names)
        found = things(call, core.code.body.run(names, call))
        return found if core.entry is None else found[core.entry]

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        core, code = self.core, self.core.code
        return code.again, (code.text, code.file, code.number, code.variant, core.turns, core.entry)

    @override
    def __repr__(self) -> str:
        return f"<function of {self.core!r}>"


def called(core: Core, given: Sequence[Any]) -> Call:
    """Return a new call of a core, in the precision of the first Value that is given."""
    limited = core.turns is not None
    most = MOST_TURNS if core.turns is None else core.turns
    flat = list(given)
    for x in flat:
        if is_sequence(x):
            flat += x
        elif is_value(x):
            return Call(core.name, x, most, limited)
    numbers = next((NUMBERS[type(x)] for x in flat if type(x) in NUMBERS), float64)
    like: Value[Any] = leaf(numbers, 0)
    return Call(core.name, like, most, limited)


def things(call: Call, x: Any) -> Any:
    """Return numbers as nodes, lists as lists of nodes, and truth values as they are."""
    if is_sequence(x):
        return [things(call, part) for part in x]
    return x if isinstance(x, bool) else call.node(x)


def lengths(core: Core, argument: Argument, x: Any, known: Mapping[str, Any]) -> dict[str, int]:
    """Return what the dimensions of an argument stand for; they have to fit each other."""
    found = shape(x)
    wanted = [int(size) if size.isdigit() else known.get(size, size) for size in argument.sizes]
    fits = len(found) == len(wanted) and all(
        a == b or isinstance(b, str) for a, b in zip(found, wanted, strict=True)
    )
    if not fits:
        sizes = " ".join(map(str, wanted)) or "no dimension"
        problem = f"{argument.name} has the lengths {found or 'of no array'} here"
        core.code.reader.wrong(core.body, problem, f"give it {sizes}")
    return {size: n for size, n in zip(argument.sizes, found, strict=True) if not size.isdigit()}


def parameter_names(names: Sequence[str]) -> list[str]:
    """Return names that Python can have: other letters become _, and each is there once."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = f"_{plain}" if plain[0].isdigit() else plain
        plain += "_" if keyword.iskeyword(plain) else ""
        while plain in found or (plain != name and plain in names):
            plain += "_"
        found.append(plain)
    return found


def scope_of(arguments: Sequence[Argument]) -> dict[str, str]:
    """Return the kinds of the names that a core's arguments bind."""
    found = {argument.name: ARRAY if argument.sizes else NUMBER for argument in arguments}
    symbols = (size for argument in arguments for size in argument.sizes if not size.isdigit())
    return {**dict.fromkeys(symbols, NUMBER), **found}
