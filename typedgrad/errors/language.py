"""Errors of numbers and of functions under differentiation: TG1 and TG2."""

from __future__ import annotations

from typedgrad.errors.base import TypedgradError


class PrecisionMismatch(TypedgradError, TypeError):
    """Two precisions meet in one operation.

    Wrong:
        tg.float32(0.5) * tg.Value(2.0)
    Right:
        tg.float32(0.5) * tg.Value(2.0).astype(tg.float32)
    Why: NumPy would promote to the wider type and hide that half of the digits are not there.
    A plain Python number takes the precision of its partner and may be mixed freely.
    """

    code = "TG101"
    says = "{op} mixes precisions: {left} and {right}"
    cure = "cast a Value by v.astype(tg.{left}); write anything else as a plain Python number"


class NotANumber(TypedgradError, TypeError):
    """Something that is no real number was given where a number is needed.

    Wrong:
        tg.Value("two")
        tg.float32(1j)
    Right:
        tg.Value(2.0)
        tg.float32("0.1")
    Why: int, float, decimal text, Fraction, Decimal and scalars of the precision itself have an
    exact real value; complex numbers, arrays and None have not.
    """

    code = "TG102"
    says = "{value} of type {type} is not a number that {precision} can take"
    cure = "{hint}"
    plain = "give an int, a float, a text such as '0.1', a Fraction, a Decimal or a {type} scalar"
    many = (
        "take its numbers one by one, [f(x) for x in array]; at many points run"
        " tg.record(f).batch(array)"
    )

    def __init__(self, **facts: object) -> None:
        kind, precision = facts["type"], facts["precision"]
        hint = self.many if kind == "ndarray" else self.plain.format(type=precision)
        super().__init__(**{"hint": hint, **facts})


class OutOfRange(TypedgradError, OverflowError):
    """A finite number would become infinite in this precision.

    Wrong:
        tg.float32(1e39)
    Right:
        tg.float64(1e39)
    Why: an infinity that nobody wrote spoils every result after it.
    """

    code = "TG103"
    says = "{value} is finite but overflows {precision}, whose largest number is {largest}"
    cure = "use a wider precision, or write float('inf') if infinity is meant"


class NoPlainFloat(TypedgradError, TypeError):
    """A Value was converted to a plain Python number, which would lose its gradient.

    Wrong:
        math.sin(v), float(v), np.array([v], dtype=np.float32)
    Right:
        tg.sin(v), v.item(), v.data
    Why: the conversion cuts the graph without a word, and a longdouble loses digits.
    """

    code = "TG104"
    says = "{what}() of a Value would drop its gradient"
    cure = "use tg.{hint} on the Value; or, to leave the graph, v.item() or v.data"


class DomainError(TypedgradError, ValueError):
    """An operation of a strict precision left its domain.

    Wrong:
        tg.float64.strict(-1.0).log()
    Right:
        tg.float64(-1.0).log()        # NaN, and NaN partials
    Why: a strict precision stops at the operation that makes the first NaN.
    """

    code = "TG105"
    says = "{op}({values}) is outside the domain {domain}"
    cure = "keep the arguments inside the domain, or use the precision that is not strict"


class NoSuchLoop(TypedgradError, TypeError):
    """A NumPy function was called on Values in a way that has no derivative here.

    Wrong:
        np.exp(v, out=buffer), np.add.reduce(v), np.frexp(v)
    Right:
        tg.exp(v), tg.sum([v, w])
    Why: out=, where= and ufunc methods write into arrays; a Value is an immutable node.
    """

    code = "TG106"
    says = "np.{ufunc} cannot be applied to a Value {how}"
    cure = "{hint}"


class EmptyInterval(TypedgradError, ValueError):
    """The bounds of an interval are in the wrong order.

    Wrong:
        tg.clip(x, 1, 0)
    Right:
        tg.clip(x, 0, 1)
    Why: no number lies between the bounds, so there is no value to return and no bound to blame.
    """

    code = "TG107"
    says = "clip: lo = {lo} is above hi = {hi}"
    cure = "give the lower bound first: clip(x, lo, hi)"


class NoFunction(TypedgradError, TypeError):
    """A row was applied to numbers for which nobody has said how to compute it.

    Wrong:
        tg.exp(v) for a precision of your own over Fraction
    Right:
        a `meaning(self, name, exact)` in that Precision which returns the function for "exp"
    Why: NumPy's loops know NumPy's scalars; a scalar of yours brings + - * / and no more.
    """

    code = "TG108"
    says = "{op} is not defined for {precision}"
    cure = "return a function for {op!r} from the precision's meaning(name, exact)"


class FrozenData(TypedgradError, AttributeError):
    """The data of an inner node was assigned.

    Wrong:
        y = x * x; y.data = 3.0
    Right:
        x.data = 3.0; y = x * x
    Why: an inner node's data belong to the operation that made it; only a leaf is free.
    """

    code = "TG201"
    says = "data of an inner node ({op}) cannot be assigned"
    cure = "assign the data of a leaf and compute again, or make a leaf with v.detach()"


class BadResult(TypedgradError, TypeError):
    """A function under differentiation did not return a Value of the precision it was given.

    Wrong:
        tg.grad(lambda x: x.data * 2)(1.0)
    Right:
        tg.grad(lambda x: x * 2)(1.0)
    Why: a plain number has no history, so its derivative cannot be known.
    """

    code = "TG202"
    says = "{function} returned {value} of type {type}, not {wanted}"
    cure = "make the result of the arguments, by operators and tg functions; 2 is x.constant(2)"


class BadArguments(TypedgradError, TypeError):
    """A transformed function was called with arguments that do not fit.

    Wrong:
        tg.grad(f)(1.0, [2.0, 3.0])
    Right:
        tg.grad(f)(1.0, 2.0)
        tg.grad(g)([1.0, 2.0, 3.0])
    Why: a function takes one to eight numbers, or one sequence of numbers.
    """

    code = "TG203"
    says = "{function} was called with {given}"
    cure = "give one to eight numbers, or one sequence of numbers{more}"


class BadRow(TypedgradError, ValueError):
    """A primitive was defined wrongly; it is refused when it is defined.

    Wrong:
        tg.primitive("double", lambda x: x + x, lambda g, y: (g,), doc="Twice x.")
    Right:
        tg.primitive("double", lambda x: x + x, lambda g, y, x: (g + g,), doc="Twice x.")
    Why: a rule takes the adjoint g, the result y and each argument, and returns one term each.
    """

    code = "TG204"
    says = "row {name}: {problem}"
    cure = "{hint}"


class BadCall(TypedgradError, TypeError):
    """A function of the table, or a method of a Value, was called with arguments that do not fit.

    Wrong:
        tg.exp(x, y), tg.sum(x), x.astype(np.float32)
    Right:
        tg.exp(x), tg.sum([x, y]), x.astype(tg.float32)
    Why: a row takes the arguments that its documentation names; `help(tg.exp)` prints it.
    """

    code = "TG206"
    says = "{name} {problem}"
    cure = "{hint}"


class WrongGradient(TypedgradError, AssertionError):
    """A derivative disagrees with its reference by more than the precision allows.

    Wrong:
        a rule that returns (g * x,) for x * x
    Right:
        a rule that returns (g * (x + x),)
    Why: check_grad compares with the same function in a wider arithmetic.
    """

    code = "TG205"
    says = (
        "{function}: d/d{argument} is {got} in {precision}, "
        "the reference says {expected} ({digits} digits agree)"
    )
    cure = "check the rule or the function near this point; {asked} digits were asked for"


class StaleGraph(TypedgradError, RuntimeError):
    """A leaf got new data after the result was computed from its old data.

    Wrong:
        loss = f(p); p.data = 2.0; loss.backward()
    Right:
        loss = f(p); loss.backward(); p.data = 2.0; loss = f(p)
    Why: the sweep would mix new numbers of the leaf with old results of the nodes above it.
    """

    code = "TG207"
    says = "backward() of {op}: a leaf under it, now {value}, got its data after {op} was computed"
    cure = "compute the result again after assigning, or assign after backward()"
