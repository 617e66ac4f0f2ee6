"""Errors: the full text of each, and a page that explains it."""

# pyright: basic

from __future__ import annotations

import inspect
import math
import pickle
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

import typedgrad
from typedgrad import errors, fpcore
from typedgrad.batch import run_batch
from typedgrad.cli.pointfiles import PointFile
from typedgrad.engines.choice import engine_for
from typedgrad.engines.mix import Mix
from typedgrad.engines.mixed import mixed_kernel
from typedgrad.errors import TypedgradError, every_error
from typedgrad.gates.requirements import Reader
from typedgrad.listing import parse
from typedgrad.program import Builder
from typedgrad.report.documents import read
from typedgrad.report.files import write_text
from typedgrad.source import Place

tg: Any = typedgrad


class Fractions(typedgrad.Precision[Fraction]):
    """Exact rational numbers: what a scalar of one's own needs."""

    @override
    def from_ratio(self, top: int, bottom: int = 1) -> Fraction:
        return Fraction(top, bottom)

    @override
    def from_special(self, name: str) -> Fraction:
        return Fraction(name)

    @override
    def to_ratio(self, x: Fraction) -> tuple[int, int]:
        return x.numerator, x.denominator

    @override
    def ulp(self, x: Any) -> Fraction:
        return Fraction(0)

    @override
    def is_finite(self, x: Fraction) -> bool:
        return True


FRACTIONS: Any = Fractions("fraction", Fraction, 10**6)


def test_a_scalar_of_ones_own_is_differentiated_exactly() -> None:
    x = FRACTIONS("1/3")
    y = (x * x + 2) / x
    y.backward()
    assert (y.data, x.grad) == (Fraction(19, 3), Fraction(-17))
    assert FRACTIONS.grad(lambda a, b: a * a * b)(2, "1/7") == (Fraction(4, 7), Fraction(4))
    assert FRACTIONS.grad(FRACTIONS.grad(lambda v: v * v * v))("1/2") == 3
    with pytest.raises(TypedgradError):
        _ = x * tg.Value(1.0)


def frozen() -> None:
    x = tg.Value(2.0)
    (x * x).data = 3.0


def stale() -> None:
    x = tg.Value(2.0)
    y = x * x
    x.data = 3.0
    y.backward()


def outlived() -> None:
    tape = tg.Tape()
    x = tape(2.0)
    tape.reset()
    _ = x * x


def read_off() -> None:
    tape = tg.Tape()
    x = tape(2.0)
    tape.guarded = True
    _ = x.data


def size(x: Any) -> Any:
    return x if x > 0 else -x


TURN = f"{Place(size.__code__, 0).file}:{size.__code__.co_firstlineno + 1}"


def turned_off() -> None:
    f = tg.record(size, on_branch="raise")
    f.value(1.0)
    f.value(-1.0)


def repeated() -> None:
    runs: list[int] = []

    def drift(x: Any) -> Any:
        runs.append(1)
        for _ in runs:
            x = x * 2
        return x

    recorded = tg.record(drift)
    recorded.value(1.0)
    recorded.value(1.0)


def half_written() -> None:
    tape = tg.Tape()
    x = tape(2.0)
    tape.arrays.rows.append(x.row)
    x.backward()


def loss(x: Any) -> Any:
    return x.data * 2


# What is done, and all that is said.
IDENTITY = Builder(1).program([0])

SAID: dict[str, tuple[Callable[[], Any], str]] = {
    "TG101": (
        lambda: tg.float32(0.5) * tg.Value(2.0),
        """mul mixes precisions: float32 and float64
help: cast a Value by v.astype(tg.float32); write anything else as a plain Python number
[TG101]""",
    ),
    "TG102": (
        lambda: tg.float32(1j),
        """1j of type complex is not a number that float32 can take
help: give an int, a float, a text such as '0.1', a Fraction, a Decimal or a float32 scalar
[TG102]""",
    ),
    "TG103": (
        lambda: tg.float32(1e39),
        """1e+39 is finite but overflows float32, whose largest number is 3.4028235e+38
help: use a wider precision, or write float('inf') if infinity is meant
[TG103]""",
    ),
    "TG104": (
        lambda: math.sin(tg.Value(1.0)),
        """float() of a Value would drop its gradient
help: use tg.sin(v), tg.exp(v), ... on the Value; or, to leave the graph, v.item() or v.data
[TG104]""",
    ),
    "TG105": (
        lambda: tg.float64.strict(-1.0).log(),
        f"""log(-1.0) is outside the domain {typedgrad.ops.TABLE["log"].domain}
help: keep the arguments inside the domain, or use the precision that is not strict
[TG105]""",
    ),
    "TG106": (
        lambda: np.add.reduce(tg.Value(1.0)),
        """np.add.reduce cannot be applied to a Value as a method
help: write tg.sum([...]) or tg.prod([...]), or use an object array of Values
[TG106]""",
    ),
    "TG107": (
        lambda: tg.clip(tg.Value(0.5), 1, 0),
        """clip: lo = 1.0 is above hi = 0.0
help: give the lower bound first: clip(x, lo, hi)
[TG107]""",
    ),
    "TG108": (
        lambda: tg.exp(FRACTIONS("1/3")),
        """exp is not defined for fraction
help: return a function for 'exp' from the precision's meaning(name, exact)
[TG108]""",
    ),
    "TG201": (
        frozen,
        """data of an inner node (mul) cannot be assigned
help: assign the data of a leaf and compute again, or make a leaf with v.detach()
[TG201]""",
    ),
    "TG202": (
        lambda: tg.grad(loss)(1.0),
        """loss returned np.float64(2.0) of type float64, not a Value of float64
help: make the result of the arguments, by operators and tg functions; 2 is x.constant(2)
[TG202]""",
    ),
    "TG203": (
        lambda: tg.grad(loss)(1.0, [2.0, 3.0]),
        """loss was called with (float, list)
help: give one to eight numbers, or one sequence of numbers; \
tg.record(f).grad takes lists, dicts and named tuples of them too
[TG203]""",
    ),
    "TG204": (
        lambda: tg.primitive("double", lambda x: x + x, lambda g, y: (g,), doc="Twice x."),
        """row double: forward takes 1 arguments and the rule 0
help: one term an argument: g, y, then each
[TG204]""",
    ),
    "TG205": (
        lambda: raised(
            "WrongGradient",
            function="f",
            argument="x",
            got="2.0",
            precision="float64",
            expected="3.0",
            digits="0.5",
            asked="12",
        ),
        """f: d/dx is 2.0 in float64, the reference says 3.0 (0.5 digits agree)
help: check the rule or the function near this point; 12 digits were asked for
[TG205]""",
    ),
    "TG206": (
        lambda: tg.exp(tg.Value(1.0), 2),
        """exp takes x; 2 arguments were given
help: see help(tg.exp)
[TG206]""",
    ),
    "TG207": (
        stale,
        """backward() of mul: a leaf under it, now 3.0, got its data after mul was computed
help: compute the result again after assigning, or assign after backward()
[TG207]""",
    ),
    "TG301": (
        lambda: parse("program(x):\n  return x").replace(outputs=[1]),
        """the program is broken at output 0: there is no value 1
help: make programs by tg.record, or load them from the file they were saved to
[TG301]""",
    ),
    "TG302": (
        lambda: raised("NotTraceable", op="twice", problem="it asks whether x > 0"),
        """the rule of twice cannot be traced: it asks whether x > 0
help: write it with rows, constants, operators and choose(test, then, otherwise)
[TG302]""",
    ),
    "TG303": (
        lambda: parse("program(x):\n  v0 = sinus(x)\n  return v0"),
        """line 2, column 8: no row is named sinus
help: correct it; a primitive of your own must be defined before it is read
[TG303]""",
    ),
    "TG304": (
        lambda: tg.load("no folder/loss.tgp"),
        """cannot load no folder/loss.tgp: the file: No such file or directory
help: give the path of a file that tg.save wrote
[TG304]""",
    ),
    "TG305": (
        lambda: raised("WrongWidth", text="longdouble(3p-120)", bits=53),
        """longdouble(3p-120) does not fit the longdouble of this machine, which has 53 bits
help: write the constant as a text, such as "0.1", where the program is made
[TG305]""",
    ),
    "TG310": (
        outlived,
        """mul: the value of a tape ended with tape.reset()
help: read data and grad before it, and make values that shall live on before the mark
[TG310]""",
    ),
    "TG311": (
        lambda: tg.Tape()(2.0) * tg.Value(3.0),
        """mul mixes a value of a tape, or of a recorded function, with a Value from outside
help: a function that is recorded takes it as an argument; a tape makes it: x = tape(2.0)
[TG311]""",
    ),
    "TG312": (
        lambda: tg.Tape().rewind(tg.Tape().mark()),
        """the tape cannot rewind: the mark has ended, or is one of another tape
help: take a new one by mark = tape.mark(); rewinding to the same mark may be repeated
[TG312]""",
    ),
    "TG313": (
        read_off,
        """the function cannot be recorded: .data of a value would be kept for every replay
help: compute with the value itself, and compare it itself: `if x > 0`, tg.where(x > 0, a, b)
[TG313]""",
    ),
    "TG314": (
        half_written,
        """the tape is broken: an operation after its node 1 was written in part
help: call tape.reset(), or rewind to a mark, and compute again; use a tape in one thread
[TG314]""",
    ),
    "TG320": (
        lambda: raised(
            "BadBuffer", name="out", problem="it holds int64", length=3, dtype="float32"
        ),
        """the kernel cannot use out in place: it holds int64
help: give it a NumPy array of its own, as np.zeros(3, np.float32) makes it
[TG320]""",
    ),
    "TG321": (
        lambda: engine_for("cuda", tg.float32),
        """the engine 'cuda' cannot run float32: there is no engine of this name
help: the engines are auto, llvm, numpy and python
[TG321]""",
    ),
    "TG322": (
        lambda: run_batch(Builder(2).program([0, 1]), tg.float64, [np.zeros(5), np.zeros(4)]),
        """batch: x1 has 4 points, and x0 has 5
help: give all arrays one length, or a single number that all points share
[TG322]""",
    ),
    "TG323": (
        lambda: run_batch(Builder(1).program([0]), tg.float32, [np.zeros(5)]),
        """batch: x0 holds float64, but the batch runs in float32
help: round it once, by x0.astype(np.float32)
[TG323]""",
    ),
    "TG330": (
        turned_off,
        f"""size took another branch than the recorded one: greater, `x > 0`, at {TURN} is False
help: leave out on_branch='raise', or write the choice as tg.where(tg.greater(x, y), a, b)
[TG330]""",
    ),
    "TG331": (
        repeated,
        """drift cannot be recorded: run again, it made 1 instructions and then 2
help: pass what changes (a random number, a counter, a file's content) as an argument
[TG331]""",
    ),
    "TG401": (
        lambda: raised("FileMissing", path="los.py", why="no such file"),
        """cannot read los.py: no such file
help: give a target as FILE.py:FUNCTION, with a path from the current folder
[TG401]""",
    ),
    "TG402": (
        lambda: raised("FunctionMissing", path="loss.py", name="los", hint="did you mean loss?"),
        """loss.py has no function los
help: did you mean loss?
[TG402]""",
    ),
    "TG403": (
        lambda: raised(
            "ParameterMismatch",
            function="loss",
            wanted="x, y",
            given="a",
            was="was",
            hint="give x=1,y=2; by the command --at x=1,y=2",
        ),
        """loss takes x, y, but a was given
help: give x=1,y=2; by the command --at x=1,y=2
[TG403]""",
    ),
    "TG404": (
        lambda: tg.float32("two"),
        """cannot read a number: 'two'
help: write numbers as 2, -0.5, 1e-3, 1/3, inf or nan
[TG404]""",
    ),
    "TG405": (
        lambda: raised(
            "FunctionRaised", function="f", precision="float32", error="KeyError: 1", where="f.py:3"
        ),
        """f, run in float32, raised KeyError: 1
f.py:3
help: for the whole stack run the command with --traceback; in Python it is the __cause__
[TG405]""",
    ),
    "TG406": (
        lambda: raised("FileBroken", path="f.py", error="KeyError: 1", where="f.py:3"),
        """loading f.py raised KeyError: 1
f.py:3
help: run `python f.py` to see the error by itself, or use --traceback
[TG406]""",
    ),
    "TG407": (
        lambda: raised("MissingExtra", feature="balls", package="python-flint", extra="exact"),
        """balls needs python-flint, which is not installed
help: python -m pip install 'typedgrad[exact]'
[TG407]""",
    ),
    "TG408": (
        lambda: raised("UnknownCode", code_asked="TG999", known="TG101, TG102"),
        """there is no code TG999
help: the codes are TG101, TG102
[TG408]""",
    ),
    "TG420": (
        lambda: fpcore.read("(FPCore (x)\n  (+ x y))"),
        """the text, line 2, column 8: y is not a name that is known here
help: use names that are known here: x
[TG420]""",
    ),
    "TG421": (
        lambda: fpcore.find(fpcore.read("(FPCore f (x) x) (FPCore (x) x)"), "g"),
        """the text has 2 cores, and none is named g
help: choose one by its number: 1 f, 2 core 2
[TG421]""",
    ),
    "TG422": (
        lambda: fpcore.write(tg.record(tg.relu).at(1.0), "relu"),
        """the program cannot be written as FPCore: FPCore has no name for relu
help: write the function with + - * / and the functions of C's library
[TG422]""",
    ),
    "TG423": (
        lambda: fpcore.read("(FPCore f (x) (while TRUE ([y x 1]) y))")[0].function(1.0),
        """f, run in float64: the loop in line 1 went round 10000 times
help: let it stop by itself after a number of turns: core.limited(1000).function
[TG423]""",
    ),
    "TG424": (
        lambda: fpcore.read("(FPCore f (x) :pre (< x (- x 1)) x)")[0].sample(1),
        """f: none of 5001 random points satisfies its precondition (< x (- x 1))
help: give a point yourself, such as --at x=1
[TG424]""",
    ),
    "TG430": (
        lambda: raised("NotCheckable", paths="scr", why="there is no such file", hint="look"),
        """cannot check scr: there is no such file
help: look
[TG430]""",
    ),
    "TG431": (
        lambda: raised("BlindCheck", what="numpy is not visible to mypy here", hint="install it"),
        """numpy is not visible to mypy here: a mixed precision, put in as a test, went unseen
help: install it
[TG431]""",
    ),
    "TG432": (
        lambda: raised("BadProject", path="p.toml", why="it is no TOML", hint="write TOML"),
        """cannot use p.toml: it is no TOML
help: write TOML
[TG432]""",
    ),
    "TG433": (
        lambda: Reader(Path("p.toml"), 2, {"digit": 5}).read(),
        """p.toml, require table 2: there is no key 'digit'
help: did you mean digits?
[TG433]""",
    ),
    "TG434": (
        lambda: raised(
            "RequirementStopped",
            **dict(path="p.toml", number=2, problem="f raised X", where="f.py:1", hint="look"),
        ),
        """p.toml, require table 2: f raised X
f.py:1
help: look
[TG434]""",
    ),
    "TG435": (
        lambda: raised("NotEnoughDigits", table="f(x=1)", short="value has 0.0", hint="look"),
        """f(x=1)
value has 0.0
help: look
[TG435]""",
    ),
    "TG443": (
        lambda: tg.compare(tg.exp, points=[]),
        """points= has no point in it
help: give at least one point
[TG443]""",
    ),
    "TG444": (
        lambda: PointFile("none.csv").points(tg.exp),
        """cannot use the points in none.csv: there is no such file
help: give the path of a CSV or JSON file behind the @
[TG444]""",
    ),
    "TG445": (
        lambda: raised(
            "EndlessPath",
            function="root",
            most=400000,
            arithmetic="float32",
            hint="let the loop end after so many steps, or leave float32 out of the precisions",
        ),
        """root makes more than 400000 comparisons in float32
help: let the loop end after so many steps, or leave float32 out of the precisions
[TG445]""",
    ),
    "TG450": (
        lambda: raised("NoSuchResult", function="loss", label="d/dz", known="value, d/dx"),
        """loss has no result d/dz
help: choose from value, d/dx
[TG450]""",
    ),
    "TG455": (
        lambda: mixed_kernel(IDENTITY, [tg.float64]).run(Mix.uniform(IDENTITY).demoted([0]), [1]),
        """this choice does not fit the program: there is no format 1
help: begin with Mix.uniform(program); formats are numbered from 0, and here are 1
[TG455]""",
    ),
    "TG456": (
        lambda: tg.tune(tg.exp, x=1),
        """no error budget was given
help: give one of absolute=1e-10, relative=1e-6 and digits=6 (--digits 6)
[TG456]""",
    ),
    "TG457": (
        lambda: tg.tune(tg.exp, x=1, digits=3, to="float64"),
        """float64 has 53 significand bits here, float64 has 53: nothing would become narrower
help: choose to="float32", from_="float64"
[TG457]""",
    ),
    "TG460": (
        lambda: tg.sweep(lambda x: x, {"x": "2:1:50"}),
        """cannot use the range '2:1:50' of x: it begins above its end
help: write x=1:2
[TG460]""",
    ),
    "TG461": (
        lambda: tg.sweep(lambda x: x, {"x": "0:1"}, samples=10**12),
        """the sweep would have 1,000,000,000,000 points (random); 10,000,000 are the most
help: take fewer points in each range, or random ones: samples=100000, or --random 100000
[TG461]""",
    ),
    "TG462": (
        lambda: tg.sweep(lambda x, y: x * y, {"x": "0:1"}),
        """cannot sweep <lambda>: nothing is given for y
help: give it a range, --range y=1:10:50, or a number, --fix y=1
[TG462]""",
    ),
    "TG463": (
        lambda: raised("OtherSweep", path="out", what="the seed", there="1", here="2"),
        """out holds another sweep, with the seed 1 where this one has 2
help: give another folder, or the sweep that was begun there to go on
[TG463]""",
    ),
    "TG464": (
        lambda: raised("BadFolder", action="write", path="out", why="it is full", hint="make room"),
        """cannot write out: it is full
help: make room
[TG464]""",
    ),
    "TG465": (
        lambda: tg.Sweep.load("there is no such folder"),
        """there is no such folder is not the folder of a sweep: there is no such folder
help: give the folder that was given as out when the sweep was made
[TG465]""",
    ),
    "TG466": (
        lambda: raised("SweepStopped", function="f", done="1,200", points="5,000", hint="go on"),
        """the sweep of f was stopped after 1,200 of 5,000 points
help: go on
[TG466]""",
    ),
    "TG467": (
        lambda: write_text("no/page.html", ""),
        """cannot write no/page.html: there is no folder no
help: give a file in a folder that exists, may be written to and has room
[TG467]""",
    ),
    "TG468": (
        lambda: read("no.json"),
        """no.json is not a report that diff can read: there is no such file
help: make it again: typedgrad compare FILE.py:FUNCTION --at ... --format json > report.json
[TG468]""",
    ),
    "TG469": (
        lambda: raised("OtherReport", old="a.json", new="b.json", what="the point is 1, then 2"),
        """a.json and b.json are about different things: the point is 1, then 2
help: give two reports of one function at one point, made before and after a change
[TG469]""",
    ),
}


def raised(kind: str, **facts: object) -> None:
    raise getattr(errors, kind)(**facts)


@pytest.mark.parametrize("code", SAID)
def test_the_full_text(code: str) -> None:
    act, text = SAID[code]
    with pytest.raises(TypedgradError) as caught:
        act()
    assert type(caught.value) is every_error()[code]
    assert str(caught.value) == text


def test_every_error_has_its_text_tested() -> None:
    assert list(every_error()) == sorted(SAID)
    kinds = [
        kind
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, TypedgradError) and kind is not TypedgradError
    ]
    assert sorted(kind.code for kind in kinds) == sorted(SAID)


@pytest.mark.parametrize("code", SAID)
def test_every_error_has_a_page(code: str) -> None:
    page = inspect.getdoc(every_error()[code]) or ""
    assert page.split("\n")[0].endswith(".")
    assert "\nWrong:\n" in page
    assert "\nRight:\n" in page
    assert page.index("Wrong:") < page.index("Right:")


@pytest.mark.parametrize("code", SAID)
def test_errors_travel(code: str) -> None:
    """Between the processes of a sweep, that is."""
    act, text = SAID[code]
    with pytest.raises(TypedgradError) as caught:
        act()
    kept = pickle.loads(pickle.dumps(readable(caught.value)))
    assert type(kept) is type(caught.value)
    assert str(kept) == text


def readable(error: TypedgradError) -> TypedgradError:
    """The same error with facts as text: arguments of any type may not be picklable."""
    return type(error)(**{name: str(fact) for name, fact in error.facts.items()})


def test_every_error_is_also_one_of_pythons() -> None:
    for kind in every_error().values():
        assert len(kind.__mro__) > len(TypedgradError.__mro__) + 1


SIBLINGS: dict[str, tuple[Callable[[], Any], str]] = {
    "engine of another precision": (
        lambda: engine_for("numpy", FRACTIONS),
        "the engine 'numpy' cannot run fraction: NumPy has no arrays of the scalars of fraction\n"
        'help: leave engine="auto", which takes python here',
    ),
    "two tapes": (
        lambda: tg.Tape()(2.0) + tg.Tape()(2.0),
        "add mixes values of two tapes\nhelp: make all of them with one tape",
    ),
    "no mark": (lambda: tg.Tape().rewind(3), "the mark is 3, which tape.mark() did not return"),
    "astype of a tape's": (
        lambda: tg.Tape()(2.0).astype(tg.float32),
        "astype would leave the tape\nhelp: make a leaf of the other precision with its own tape",
    ),
    "constant data": (
        lambda: setattr((tg.Value(1.0) + 1).parents[1], "data", 2.0),
        "data of an inner node (constant) cannot be assigned",
    ),
    "int": (lambda: int(tg.Value(1.0)), "int() of a Value would drop its gradient"),
    "round": (lambda: round(tg.Value(1.0)), "use tg.round(v) on the Value"),
    "complex": (lambda: complex(tg.Value(1.0)), "complex() of a Value would drop its gradient"),
    "list for jacobian": (
        lambda: tg.jacobian(lambda x: x)(1.0),
        "of type Value of float64, not a list of Values of float64",
    ),
    "value of another precision": (
        lambda: tg.grad(lambda x: tg.float32(1))(1.0),
        "of type Value of float32, not a Value of float64",
    ),
    "tangents": (
        lambda: tg.jvp(lambda x: x, (1.0,), (1.0, 2.0)),
        "was called with 2 tangents for 1 arguments\n"
        "help: give one to eight numbers, or one sequence of numbers, and as many tangents",
    ),
    "nine": (lambda: tg.grad(loss)(*range(9)), "loss was called with (int, int,"),
    "frexp": (
        lambda: np.frexp(tg.Value(1.0)),
        "np.frexp cannot be applied to a Value because it has no derivative here\n"
        "help: the functions are: ",
    ),
    "out": (
        lambda: np.exp(tg.Value(1.0), out=np.zeros(1)),
        "np.exp cannot be applied to a Value with out=\n"
        "help: write exp without it; select with tg.where(condition, a, b)",
    ),
    "big int": (
        lambda: tg.float32(10**39),
        "1000000000000000000000000000000000000000 is finite but overflows float32",
    ),
    "huge int": (lambda: tg.float32(1 << 5000), "a number of 5000 bits is finite but overflows"),
    "denominator": (lambda: tg.Value("1/0"), "help: a denominator must not be 0"),
    "astype": (
        lambda: tg.Value(1.0).astype(np.float32),
        "astype takes a precision, not <class 'numpy.float32'>\nhelp: write v.astype(tg.float32)",
    ),
    "no such argument": (
        lambda: tg.leaky_relu(tg.Value(1.0), steepness=2),
        "leaky_relu has no argument steepness",
    ),
    "missing argument": (lambda: tg.atan2(tg.Value(1.0)), "atan2 takes "),
}


@pytest.mark.parametrize("name", SIBLINGS)
def test_other_texts_of_the_same_errors(name: str) -> None:
    act, part = SIBLINGS[name]
    with pytest.raises(TypedgradError) as caught:
        act()
    assert part in str(caught.value)


def test_an_error_shows_at_most_a_little_of_a_large_thing() -> None:
    with pytest.raises(errors.NotANumber) as caught:
        tg.Value(np.zeros(10_000))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["float32", "float64", "longdouble"])
def test_an_array_where_a_number_is_needed_is_told_of_the_ways_to_give_many(name: str) -> None:
    with pytest.raises(errors.NotANumber) as caught:
        tg.exp(np.ones(3, name))
    assert "[f(x) for x in array]" in str(caught.value) and ".batch(array)" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
