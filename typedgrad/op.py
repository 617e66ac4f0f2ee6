"""The row of the op table: what a primitive is, the checks when one is defined, and the TABLE.

A row has two columns for its value: `forward`, what the machine does, and `exact`, what is meant
on real numbers. Its `rule` gives the adjoint of each argument from the adjoint `g`, the result `y`
and the arguments. Both are written in the language of rows: other rows, constants, operators and
integers, so that one text runs on bare scalars, on Values and on symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import CO_VARARGS, signature
from types import FunctionType
from typing import Any, Required, TypedDict, Unpack

import numpy as np
from typing_extensions import override

from typedgrad.errors import BadCall, BadRow
from typedgrad.machine import Definition, Formula, Meaning, PerFormat, evaluate, names_in
from typedgrad.numbers import Constant

TABLE: dict[str, Op] = {}
BY_UFUNC: dict[str, Op] = {}
FOREIGN = ("np", "numpy", "math", "float", "scipy", "mpmath")


class RowMethods:
    """The rows as methods; every row that is defined adds itself here."""

    __slots__ = ()


class Facts(TypedDict, total=False):
    """What is told of a row beside its name, its forward and its rule.

    doc            one sentence
    exact          its meaning in mpmath: a name, or a function of the context and the arguments;
                   without it the composition is the meaning
    domain, kinks  where it is defined, and what is special at which points, in words
    names          of the arguments, where the rule's letters are not the field's names
    samples        the range of ordinary arguments, for tests
    defaults       the default values of its last arguments
    sequences      how many sequences it takes instead of numbers: 0, 1 or 2
    gather         `gather(nodes)`, the same as forward, reads each `node.primal` in its own text
    scatter        `scatter(g, nodes, since)`, the same as the rule, adds its terms to the adjoints
                   of the nodes itself, but for nodes older than since; both serve speed alone
    aliases        further method and ufunc names
    constant_form  the row that stands in when the last argument is a plain number
    companion      it serves the rules of other rows and is not at the front door
    source         where its form or its coefficients come from
    """

    doc: Required[str]
    exact: Meaning
    domain: str
    kinks: str
    names: Sequence[str]
    samples: tuple[float, float]
    defaults: Sequence[Constant | int]
    sequences: int
    gather: Callable[[Sequence[Any]], Any]
    scatter: Callable[[Any, Sequence[Any], int], None]
    aliases: Sequence[str]
    constant_form: Op
    companion: bool
    source: str


class Op(Definition):
    """One primitive: a row of the table, and the public function of that name."""

    def __init__(self, name: str, forward: Any, rule: Any, facts: Facts) -> None:
        super().__init__(name, forward, rule, facts.get("exact"))
        self.domain: Any = facts.get("domain", "all reals")
        self.kinks: str = facts.get("kinks", "")
        self.samples: tuple[float, float] = facts.get("samples", (-3.0, 3.0))
        self.defaults: tuple[Constant | int, ...] = tuple(facts.get("defaults", ()))
        self.sequences: int = facts.get("sequences", 0)
        self.gather: Any = facts.get("gather")
        self.scatter: Any = facts.get("scatter")
        self.aliases: tuple[str, ...] = tuple(facts.get("aliases", ()))
        self.constant_form: Op | None = facts.get("constant_form")
        self.companion: bool = facts.get("companion", False)
        self.source: str = facts.get("source", "")
        self.doc: str = facts["doc"]
        own = tuple(name.lstrip("*") for name in _parameters(rule)[2:])
        self.args: tuple[str, ...] = tuple(facts.get("names", own))
        self.arity: int = len(self.args)
        self.short: dict[type, Callable[..., Any]] = {}
        self.__doc__ = self.doc
        self.__name__ = name

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Apply the row to Values, to any nodes, or to bare scalars of one precision."""
        packed = args if len(args) == self.arity and not named else self.pack(args, named)
        short = self.short.get(packed[0].__class__)
        return self.applied(packed) if short is None else short(*packed)

    def applied(self, packed: tuple[Any, ...]) -> Any:
        """Return the row of the first node among the arguments, or of bare scalars."""
        for x in packed:
            apply: Any = getattr(x.__class__, "apply", None)
            if apply is not None:
                return apply(x, self, packed)
        return evaluate(self, packed)

    def pack(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Return the flat tuple of arguments, with names and defaults put in their places."""
        if named:
            rest = self.args[len(args) :]
            unknown = [name for name in named if name not in rest]
            if unknown:
                raise self._misuse(f"has no argument {unknown[0]}")
            defaults = dict(zip(reversed(self.args), reversed(self.defaults), strict=False))
            args += tuple(named.get(name, defaults.get(name, self)) for name in rest)
        elif len(args) < self.arity:
            args += self.defaults[len(args) - self.arity :]
        if len(args) != self.arity or any(x is self for x in args):
            raise self._misuse(f"takes {', '.join(self.args)}; {len(args)} arguments were given")
        return args

    def _misuse(self, problem: str) -> BadCall:
        return BadCall(name=self.name, problem=problem, hint=f"see help(tg.{self.name})")

    @override
    def __repr__(self) -> str:
        return f"<row {self.name}({', '.join(self.args)})>"

    @override
    def __reduce__(self) -> str | tuple[Any, ...]:
        return row_named, (self.name,)


class Fold(Op):
    """A row of one or two sequences, whose elements are the arguments of a single node."""

    @override
    def __call__(self, *parts: Any, **named: Any) -> Any:
        if len(parts) == 2 == self.sequences and not named:
            left, right = parts
            if left.__class__ is list is right.__class__ and len(left) == len(right) > 0:
                short = self.short.get(left[0].__class__)
                if short is not None:
                    return short((*left, *right))
        packed = self.pack(parts, named)
        short = self.short.get(packed[0].__class__)
        return self.applied(packed) if short is None else short(packed)

    @override
    def pack(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Return the elements of the sequences, one after the other, as the flat arguments."""
        if named:
            raise self._misuse(f"has no argument {next(iter(named))}")
        parts: list[tuple[Any, ...]] = [tuple(part) for part in args if hasattr(part, "__iter__")]
        if len(args) != self.sequences:
            raise self._misuse(f"takes {self.sequences} sequence(s); {len(args)} were given")
        if len(parts) != len(args):
            raise self._misuse("takes sequences, not single numbers")
        size = len(parts[0])
        if not size or size != len(parts[-1]):
            sizes = sorted({len(part) for part in parts})
            raise self._misuse(f"takes sequences of one length above 0, not {sizes}")
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def row_named(name: str) -> Op:
    """Return the row of that name."""
    return TABLE[name]


def primitive(name: str, forward: Formula, rule: Formula, **facts: Unpack[Facts]) -> Op:
    """Define a primitive and return its function; from then on every part of the library has it.

    `forward` is a NumPy ufunc or a composition of rows; `rule(g, y, *arguments)` returns one term
    an argument, None for nothing; `facts` are those of `Facts`, of which `doc` must be given.
    Raises `BadRow` when the row does not hold together.

    >>> from typedgrad.op import primitive
    >>> from typedgrad import Value
    >>> twice = primitive("twice_doc", lambda x: x + x, lambda g, y, x: (g + g,), doc="Twice x.")
    >>> twice(Value(4.0)).data
    np.float64(8.0)
    """
    _check_name(name, facts)
    op = (Fold if facts.get("sequences") else Op)(name, forward, rule, facts)
    _check_shape(op)
    TABLE[name] = op
    ufunc = (forward.__name__,) if isinstance(forward, np.ufunc) else ()
    for label in (name, *op.aliases, *ufunc):
        BY_UFUNC.setdefault(label, op)
        if not (op.sequences or op.companion or hasattr(RowMethods, label)):
            setattr(RowMethods, label, _method(op))
    return op


def _method(op: Op) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **named: Any) -> Any:
        return op(self, *args, **named)

    method.__name__, method.__doc__ = op.name, op.doc
    return method


def _parameters(function: Any) -> tuple[str, ...]:
    if not isinstance(function, FunctionType):
        return tuple(map(str, signature(function).parameters.values()))
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    return (*names, f"*{code.co_varnames[len(names)]}") if code.co_flags & CO_VARARGS else names


def _check_name(name: str, facts: Facts) -> None:
    if not name.isidentifier():
        raise BadRow(name=repr(name), problem="is not a Python name", hint="use letters and _")
    if name in TABLE:
        raise BadRow(name=name, problem="is defined already", hint="choose another name")
    if not facts.get("doc"):
        raise BadRow(name=name, problem="has no doc", hint="say in one line what it computes")


def _check_shape(op: Op) -> None:
    names = _parameters(op.rule)
    if names[:2] != ("g", "y"):
        hint = "write the rule as lambda g, y, x: (...,)"
        raise BadRow(name=op.name, problem=f"the rule takes {', '.join(names)}", hint=hint)
    given = op.forward.nin if isinstance(op.forward, np.ufunc) else _count(op.forward)
    if given is not None and not op.sequences and given != op.arity:
        problem = f"forward takes {given} arguments and the rule {op.arity}"
        raise BadRow(name=op.name, problem=problem, hint="one term an argument: g, y, then each")
    for function in (op.rule, op.forward):
        if isinstance(function, FunctionType):
            _check_language(op.name, function)


def _count(function: Callable[..., Any]) -> int | None:
    names = _parameters(function)
    return None if names and names[-1].startswith("*") else len(names)


def _check_language(name: str, function: FunctionType) -> None:
    foreign = sorted(names_in(function.__code__).intersection(FOREIGN))
    if foreign:
        problem = f"speaks a foreign language: {', '.join(foreign)}"
        raise BadRow(name=name, problem=problem, hint="use rows, constants, operators, integers")


def constant(text: str, meaning: str | None = None) -> Constant:
    """Return a constant from decimal text; `meaning` is its formula for wider arithmetic."""
    return Constant(text, meaning)


def constants(*texts: str) -> tuple[Constant, ...]:
    """Return a table of constants from decimal texts."""
    return tuple(Constant(text) for text in texts)


def machine(choice: Callable[[Any], Any]) -> Any:
    """Return a number or table that is chosen by the number system in which it runs."""
    return PerFormat(choice)


def choose(test: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Return then() where test holds and otherwise() where it does not; only one of them runs."""
    return then() if test else otherwise()


def select(test: Any, then: Any, otherwise: Any) -> Any:
    """Return then where test holds and otherwise where it does not; both are numbers at hand."""
    return then if test else otherwise


def polynomial(x: Any, table: Any) -> Any:
    """Return the polynomial with these coefficients, lowest degree first, by Horner's rule."""
    y = table[-1]
    for coefficient in table[-2::-1]:
        y = y * x + coefficient
    return y
