"""What mypy says, in the words of this library: names of precisions, and the cure of a mixing."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from typedgrad.gates.spots import Source, call_of, literal, method, named, operands, sign_of
from typedgrad.op import BY_UFUNC, TABLE

THREE = ("float32", "float64", "longdouble")
TRANSFORMS = ("grad", "value_and_grad", "jvp", "vjp", "jacobian", "hessian", "hvp")
SIGNS = {
    **{"add": "+", "sub": "-", "mul": "*", "truediv": "/", "mod": "%", "pow": "**"},
    **{"lt": "<", "le": "<=", "gt": ">", "ge": ">="},
}
NAMES = [
    (re.compile(r"\bnumpy\._typing\._nbit_base\."), ""),
    (re.compile(r"\bnumpy\.(?=(?:complex)?floating\[|(?:un)?signedinteger\[)"), ""),
    (re.compile(r"\bcomplexfloating\[(_64Bit \| _96Bit \| _128Bit), \1\]"), "clongdouble"),
    (re.compile(r"\bfloating\[_64Bit \| _96Bit \| _128Bit\]"), "longdouble"),
    (re.compile(r"\bcomplexfloating\[_32Bit, _32Bit\]"), "complex64"),
    (re.compile(r"\bcomplexfloating\[_64Bit, _64Bit\]"), "complex128"),
    (re.compile(r"\bfloating\[_(\d+)Bit\]"), r"float\1"),
    (re.compile(r"\bunsignedinteger\[_(\d+)Bit\]"), r"uint\1"),
    (re.compile(r"\bsignedinteger\[_(\d+)Bit\]"), r"int\1"),
    (re.compile(r"\bnumpy\.bool\[builtins\.bool\]"), "np.bool"),
    (re.compile(r"\b(?:numpy|np)\.(float(?:16|32|64)|longdouble)\b"), r"\1"),
    (re.compile(r"\bPyFloat\b"), "plain float"),
]
HELD = re.compile(r"(?:(Value|TapeValue)\[(\w+)\]|(float16|float32|float64|longdouble))")


@dataclass(frozen=True)
class Told:
    """What is said in place of mypy's words: the message, the cure and, if it is ours, the code."""

    message: str
    cure: str
    code: str = ""


@dataclass(frozen=True)
class Spot:
    """Where mypy found an error: the file's source and the expression that is meant."""

    source: Source
    node: ast.expr | ast.stmt | None


@dataclass(frozen=True)
class Held:
    """A type that holds a number: a scalar, a Value or a value of a tape, and its precision."""

    holder: str
    precision: str
    text: str

    @property
    def is_open(self) -> bool:
        """Tell whether the precision is a type variable."""
        return self.precision not in ("float16", *THREE)


UNKNOWN = Held("", "", "a NumPy scalar of another precision")


def renamed(text: str) -> str:
    """Return a text of mypy with the names of precisions that people use.

    >>> renamed('"Value[floating[_64Bit | _96Bit | _128Bit]]" and "floating[_32Bit]"')
    '"Value[longdouble]" and "float32"'
    """
    for pattern, name in NAMES:
        text = pattern.sub(name, text)
    return text


def told(message: str, spot: Spot) -> Told | None:
    """Return our words for a renamed message of mypy, or None where mypy's own will do."""
    for pattern, words in ROWS:
        match = pattern.match(message)
        if match is not None:
            found = words(match, spot)
            if found is not None:
                return found
    return None


def held(text: str) -> Held | None:
    """Return the holder and the precision that a type names."""
    match = HELD.fullmatch(text)
    return Held(match[1] or "", match[2] or match[3], text) if match else None


def of_float(text: str) -> Told | None:
    """Value[float]: mypy lets it be, since a float is a scalar, but tg.Value(2.0) is none."""
    if "Value[float]" not in text:
        return None
    cure = "annotate it as tg.Value[np.float64], or as tg.Value[T] for every precision"
    return Told("Value[float] belongs to no precision of NumPy", cure)


def operation(match: re.Match[str], spot: Spot) -> Told | None:
    """Two operands: 'Unsupported operand types for * ("Value[float32]" and "float64")'."""
    return mixed(match["sign"], held(match["left"]), held(match["right"]), spot)


def reflected(match: re.Match[str], spot: Spot) -> Told | None:
    """A NumPy scalar on the left, whose own method was asked first."""
    right, sign = held(match["right"]), SIGNS.get(match["dunder"])
    if sign is None or right is None:
        return None
    if match["left"] == "floating":  # NumPy's name for all but float64; mypy leaves out which
        return mixed(sign, UNKNOWN, right, spot)
    return mixed(sign, held(match["left"]), right, spot)


def reflected_protocol(match: re.Match[str], spot: Spot) -> Told | None:
    """A NumPy scalar on the left, before NumPy 2.4: its operators are protocols without a name."""
    right, sign = held(match["right"]), sign_of(spot.node)
    return mixed(sign, UNKNOWN, right, spot) if sign else None


def mixed(sign: str, left: Held | None, right: Held | None, spot: Spot) -> Told | None:
    """Return the words for an operation on two precisions; None where it is no such thing."""
    if left is None or right is None or left.precision == right.precision:
        return None
    if not (left.holder or right.holder):
        return None
    if left.holder and right.holder and "TapeValue" in (left.holder, right.holder):
        what = f"{left.text} {sign} {right.text}: a tape holds values of itself only"
        return Told(what, "make both on one tape, by tape(number)", "TG311")
    what = f"{left.text} {sign} {right.text} mixes precisions"
    return Told(what, _cure(left, right, spot.node), "TG101")


def _cure(left: Held, right: Held, node: ast.AST | None) -> str:
    a, b = operands(node) or (None, None)
    in_place = isinstance(node, ast.AugAssign)  # a cast of its target would be no target
    if left.holder and right.holder:
        first, second = _cast(a, right, b), _cast(b, left, a)
        if in_place:
            return f"cast the operand: {second}"
        if left.is_open or right.is_open:
            return f"cast the one that is known: {second if left.is_open else first}"
        return f"cast one of them: {first} or {second}"
    scalar, x, value, v = (right, b, left, a) if left.holder else (left, a, right, b)
    plain = f"write {_plain(x)}: a plain number takes the precision of its partner"
    fixed = value.is_open or value.holder == "TapeValue" or scalar.precision not in THREE
    if fixed or in_place:
        return plain
    return f"{plain}; or cast: {_cast(v, scalar, x)}"


def _plain(x: ast.expr | None) -> str:
    number = literal(x)
    return number or ("float(x)" if x is None else f"float({ast.unparse(x)})")


def _cast(v: ast.expr | None, to: Held, partner: ast.expr | None) -> str:
    """Return the call that casts v to the precision of its partner."""
    other = "v" if partner is None else ast.unparse(partner)
    target = f"tg.precision_of({other})" if to.is_open else f"tg.{to.precision}"
    return method(v, f"astype({target})", "v")


def argument(match: re.Match[str], spot: Spot) -> Told | None:
    """An argument: of another precision, or a Value where a plain float is needed."""
    name, owner, given = match["name"], match["owner"], held(match["given"])
    if of_float(match[0]):
        return of_float(match[0])
    wanted = match["wanted"].split(" | ")
    if given is None:
        return None
    node = spot.node if isinstance(spot.node, ast.expr) else None
    if given.holder and {"SupportsFloat", "SupportsIndex"} & set(wanted):
        return _loses(name, node)
    expected = {x.precision for x in map(held, wanted) if x}
    if len(expected) != 1 or given.precision in expected:
        return None
    needed = expected.pop()
    if name == "__call__" and owner == "Precision":
        what = f"a {given.text} is no {needed}: that conversion mixes precisions"
        cast = "" if given.precision == "float16" else _converted(given, needed, node)
        return Told(what, cast or "give a plain number, as float(x)", "TG101")
    if not (given.holder or "Value[" in match["wanted"] or owner in ("Value", "Tape", "TapeValue")):
        return None
    called = name if name != "__call__" else "the call"
    what = f"{called} mixes precisions: {given.text} where {needed} is needed"
    if "TapeValue" in match["given"] + match["wanted"]:
        return None
    if not given.holder:
        return Told(what, f"write {_plain(node)}, a plain number", "TG101")
    return Told(what, f"cast it: {_to(node, needed)}", "TG101")


def _to(node: ast.expr | None, needed: str) -> str:
    known = f"tg.{needed}" if needed in THREE else "tg.precision_of(x)"
    where = "" if needed in THREE else " for an x of that precision"
    return method(node, f"astype({known})", "v") + where


def _converted(given: Held, needed: str, node: ast.expr | None) -> str:
    text = "x" if node is None else ast.unparse(node)
    return f"cast a Value: {text if given.holder else f'tg.Value({text})'}.astype(tg.{needed})"


def _loses(name: str, node: ast.expr | None) -> Told:
    ours = _row(name)
    leave = f"{method(node, 'item()', 'v')} to leave the graph"
    text = "v" if node is None else ast.unparse(node)
    cure = f"write tg.{ours}({text}), or {leave}" if ours else f"write {leave}"
    return Told(f"{name}() of a Value would drop its gradient", cure, "TG104")


def _row(name: str) -> str:
    """Return the name of the row that a function of NumPy or math means."""
    op = BY_UFUNC.get(name)
    found = name if op is None else op.__name__
    return found if found in TABLE else ""


def transform(match: re.Match[str], spot: Spot) -> Told | None:
    """A function of one precision under a transform of another."""
    name = match["name"]
    if name in TRANSFORMS and of_float(match["given"]):
        return of_float(match["given"])
    given, wanted = (set(re.findall(r"Value\[(\w+)\]", match[key])) for key in ("given", "wanted"))
    if name not in TRANSFORMS or len(given) != 1 or len(wanted) != 1 or given == wanted:
        return None
    (here,), (there,) = given, wanted
    if here not in THREE or there not in THREE:
        return None
    text = "f" if spot.node is None else ast.unparse(spot.node)
    what = f"{name} of {there} is given a function of {here}"
    return Told(what, f"write tg.{here}.{name}({text}{')' if len(text) < 60 else ', ...)'}")


def inferred(match: re.Match[str], spot: Spot) -> Told | None:
    """A generic function whose arguments have no precision in common."""
    name = match["name"]
    if name not in TABLE and not spot.source.defines(name):
        return None
    cure = "cast Values by v.astype(tg.float32) or its like; write other numbers as plain numbers"
    return Told(f"the arguments of {name} mix precisions", cure, "TG101")


def listed(match: re.Match[str], _: Spot) -> Told | None:
    """A list that mypy joined to `object`, since its elements are of several types."""
    name = match["name"]
    if name not in TABLE and name not in ("softmax", "log_softmax"):
        return None
    what = f"the elements given to {name} are of several types"
    return Told(what, f"give {name} Values of one precision: v.astype(tg.float32) casts")


def ufunc(match: re.Match[str], spot: Spot) -> Told | None:
    """A ufunc of NumPy, which runs on a Value and has no type there."""
    module, name = named(spot.node)
    ours = _row(name)
    if not ours or held(match["given"]) is None:
        return None
    what = f"{module or 'np'}.{name} of a {match['given']} has no type"
    return Told(what, f"write {call_of(f'tg.{ours}', spot.node)}")


def result(match: re.Match[str], spot: Spot) -> Told | None:
    """A Value of one precision where another is declared."""
    given, wanted = held(match["given"]), held(match["wanted"])
    if of_float(match[0]):
        return of_float(match[0])
    if given is None or wanted is None or not (given.holder and given.holder == wanted.holder):
        return None
    node = spot.node if isinstance(spot.node, ast.expr) else None
    if given.holder != "Value" or given.precision == wanted.precision:
        return None
    what = f"this is a {given.text} where a {wanted.text} is needed"
    return Told(what, f"cast it: {_to(node, wanted.precision)}")


def as_type(match: re.Match[str], _: Spot) -> Told:
    """A precision in an annotation."""
    name = match["name"]
    return Told(f"tg.{name} is a precision and no type", f"write tg.Value[np.{name}]")


ROWS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Spot], Told | None]], ...] = (
    (
        re.compile(
            r'Unsupported operand types for (?P<sign>\S+) \("(?P<left>.+?)" and "(?P<right>.+?)"\)'
        ),
        operation,
    ),
    (
        re.compile(
            r'No overload variant of "__r?(?P<dunder>\w+)__" of "(?P<left>\w+)"'
            r' matches argument type "(?P<right>.+?)"$'
        ),
        reflected,
    ),
    (
        re.compile(
            r'No overload variant of "__call__" of "_\w+Op\w*" matches argument type'
            r' "(?P<right>.+?)"$'
        ),
        reflected_protocol,
    ),
    (
        re.compile(
            r'Argument \d+ to "(?P<name>\w+)"(?: of "\w+")? has incompatible type'
            r' "(?P<given>Callable.+?)"; expected "(?P<wanted>Callable.+?)"$'
        ),
        transform,
    ),
    (
        re.compile(
            r'Argument \d+ to "(?P<name>\w+)"(?: of "\w+")? has incompatible type'
            r' "list\[object\]"; expected ".*Value\[Never\]'
        ),
        listed,
    ),
    (
        re.compile(
            r'Argument \d+ to "(?P<name>\w+)"(?: of "(?P<owner>\w+)")? has incompatible type'
            r' "(?P<given>.+?)"; expected "(?P<wanted>.+?)"$'
        ),
        argument,
    ),
    (re.compile(r'Variable "typedgrad\.precision\.(?P<name>\w+)" is not valid as a type'), as_type),
    (
        re.compile(r'Cannot infer value of type parameter "\w+" of "(?P<name>\w+)"$'),
        inferred,
    ),
    (
        re.compile(
            r'No overload variant of "__call__" of "_UFunc\w+" matches argument types?'
            r' "(?P<given>.+?)"'
        ),
        ufunc,
    ),
    (
        re.compile(
            r'Incompatible return value type \(got "(?P<given>.+?)", expected "(?P<wanted>.+?)"\)$'
        ),
        result,
    ),
    (
        re.compile(
            r'Incompatible types in assignment \(expression has type "(?P<given>.+?)",'
            r' variable has type "(?P<wanted>.+?)"\)$'
        ),
        result,
    ),
    (
        re.compile(
            r'List item \d+ has incompatible type "(?P<given>.+?)"; expected "(?P<wanted>.+?)"$'
        ),
        result,
    ),
)
