"""FPCore: every benchmark read, run against an evaluator of its own, sampled, written, refused."""

# pyright: basic

from __future__ import annotations

import inspect
import math
import os
import pickle
import re
import shlex
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

import typedgrad
from typedgrad import cli, errors, fpcore
from typedgrad.engines.exact import exact_precision
from typedgrad.fpcore.literals import CONSTANTS
from typedgrad.fpcore.operators import COMPOSED, PREDICATES, ROWS
from typedgrad.fpcore.syntax import MOST_DEEP
from typedgrad.node import history
from typedgrad.op import TABLE
from typedgrad.value import leaf

tg: Any = typedgrad
ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FPBENCH", ROOT.parent / "shared" / "data" / "fpbench"))
PRECISIONS = [tg.float32, tg.float64, tg.longdouble]
fpbench = pytest.mark.skipif(not DATA.is_dir(), reason="FPBench's files are not here")
extended = pytest.mark.skipif(tg.longdouble.bits != 64, reason="longdouble is not 64 bits here")
each_precision = pytest.mark.parametrize("precision", PRECISIONS, ids=lambda p: p.name)
FILES = sorted(DATA.glob("*.fpcore"))
MP = mpmath.MPContext()
MP.prec = 400


@cache
def suite() -> list[fpcore.Core]:
    return [core for path in FILES for core in fpcore.load(path)]


def one(text: str) -> fpcore.Core:
    (core,) = fpcore.read(text)
    return core


def run(text: str, *args: Any) -> Any:
    return one(text).function(*args)


# A second reader and evaluator, on mpmath, that shares nothing with the package.

WORD = re.compile(r';[^\n]*|"(?:[^"\\]|\\.)*"|[()\[\]]|[^\s()\[\]]+')


def nested(text: str) -> list[Any]:
    stack: list[list[Any]] = [[]]
    for word in WORD.findall(text):
        if word in "([":
            stack.append([])
        elif word in ")]":
            done = stack.pop()
            stack[-1].append(done)
        elif not word.startswith(";"):
            stack[-1].append(word)
    return stack[0]


def same_sign(r: Any, a: Any) -> Any:
    return -r if a < 0 else r


MEANING: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b=None: -a if b is None else a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "fabs": abs,
    "pow": MP.power,
    "fmax": max,
    "fmin": min,
    "fma": lambda a, b, c: a * b + c,
    "exp2": lambda a: MP.power(2, a),
    "log2": lambda a: MP.log(a, 2),
    "hypot": lambda a, b: MP.sqrt(a * a + b * b),
    "cbrt": lambda a: MP.sign(a) * MP.cbrt(abs(a)),
    "tgamma": MP.gamma,
    "lgamma": lambda a: MP.log(abs(MP.gamma(a))),
    "trunc": lambda a: same_sign(MP.floor(abs(a)), a),
    "round": lambda a: same_sign(MP.floor(abs(a) + 0.5), a),
    "nearbyint": MP.nint,
    "copysign": lambda a, b: same_sign(abs(a), b),
    "fdim": lambda a, b: max(a - b, MP.mpf(0)),
    "fmod": lambda a, b: same_sign(abs(a) - abs(b) * MP.floor(abs(a) / abs(b)), a),
    "remainder": lambda a, b: a - b * MP.nint(a / b),
}


def number(word: str) -> Any:
    x = Fraction(word)
    return MP.mpf(x.numerator) / x.denominator


def meant(tree: Any, names: dict[str, Any]) -> Any:
    if isinstance(tree, str):
        if tree in names:
            return names[tree]
        return +MP.pi if tree == "PI" else number(tree)
    head, *rest = tree
    if head in ("let", "let*"):
        inner = dict(names)
        for name, value in rest[0]:
            inner[name] = meant(value, inner if head == "let*" else names)
        return meant(rest[1], inner)
    if head in ("!", "cast"):
        return meant(rest[-1], names)
    args = [meant(part, names) for part in rest]
    return (MEANING.get(head) or getattr(MP, head))(*args)


@cache
def trees() -> list[Any]:
    return [tree for path in FILES for tree in nested(path.read_text())]


def truth(k: int, point: dict[str, float]) -> Any:
    core = suite()[k]
    given = [MP.mpf(point[argument.parameter]) for argument in core.arguments]
    names = [argument.name for argument in core.arguments]
    return meant(trees()[k][-1], dict(zip(names, given, strict=True)))


@fpbench
def test_all_of_fpbench_is_read() -> None:
    assert len(suite()) == len(trees()) == 136
    assert sum(core.is_straight for core in suite()) == 110
    assert {str(core.code.body.kind) for core in suite()} == {"a number", "an array"}
    assert [len(core.arguments) for core in suite()] == [len(tree[1]) for tree in trees()]
    assert all(core.name != f"core {k}" for k, core in enumerate(suite(), 1))


@fpbench
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_sample_satisfies_its_precondition(path: Path) -> None:
    for core in fpcore.load(path):
        points = core.sample(3, seed=5)
        assert points == core.sample(3, seed=5) != core.sample(3, seed=6)
        for point in points:
            for argument in core.arguments:
                x = point[argument.parameter]
                assert type(x) is float
                assert x == int(x) or not argument.whole


def error_bound(y: Any, unit: float) -> float:
    """Four times the first-order bound: each node, input and constant rounded once or twice."""
    total = 0.0
    for node in history([y]):
        g = abs(float(node.grad))
        size = abs(float(node.data))
        if node.op in ("add", "sub"):
            size += sum(abs(float(p.data)) for p in node.parents if p.op == "constant")
        total += g * size if g and size else 0.0
    return 4 * unit * total


@fpbench
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_straight_cores_mean_what_an_evaluator_of_its_own_computes(path: Path) -> None:
    """On exact arithmetic to 80 digits, so that a wrong operator or literal cannot hide."""
    wide = exact_precision(300)
    for k, core in enumerate(suite()):
        if not core.is_straight or core.code.file != str(path):
            continue
        for point in core.sample(2, seed=k):
            named = {name: leaf(wide, wide.lift(x)) for name, x in point.items()}
            expected, found = truth(k, point), core.function(**named).primal.x
            assert found == pytest.approx(float(expected), rel=1e-14)
            assert abs(MP.mpf(found) - expected) <= abs(expected) * MP.mpf("1e-60"), core.name


@fpbench
@each_precision
def test_straight_cores_run_in_each_precision(precision: Any) -> None:
    checked = 0
    for k, core in enumerate(suite()):
        if not core.is_straight:
            continue
        for point in core.sample(3, seed=k):
            values = {name: precision(x) for name, x in point.items()}
            with np.errstate(all="ignore"):
                y = core.function(**values)
                y.backward()
                bound = error_bound(y, 2.0**-precision.bits)
            assert type(y.data) is precision.scalar
            expected = truth(k, point)
            if math.isfinite(bound) and bound < 0.01 * abs(expected):  # else second order counts
                got = Fraction(*precision.to_ratio(y.data))
                error = abs(MP.mpf(got.numerator) / got.denominator - expected)
                assert error <= bound + 2.0**-149, core.name
                checked += 1
            elif precision is not tg.float32:
                assert np.isfinite(y.data), core.name
    assert checked > {"float32": 290, "float64": 320}.get(precision.name, 322)


@fpbench
def test_the_other_cores_run() -> None:
    for core in suite():
        if core.is_straight:
            continue
        point = core.sample(1, seed=1)[0]
        with np.errstate(all="ignore"):
            y = core.limited(25).function(**{name: tg.float64(x) for name, x in point.items()})
        flat = y if isinstance(y, list) else [y]
        assert all(type(v.data) is np.float64 and np.isfinite(v.data) for v in flat), core.name


@fpbench
def test_rumps_example_is_judged_at_its_example() -> None:
    core = next(core for core in suite() if core.name == "Rump's example, with pow")
    found = tg.compare(core.function, core.example)
    assert found.reference.texts["value"].startswith("-0.82739605994682136814116509547981629")
    assert all(row["value"] == 0 for row in found.digits.values())


def test_literals_are_exact_until_a_precision_rounds_them_once() -> None:
    core = one("(FPCore (x) (* x 0.1))")
    one_value: Any = {p.name: core.function(p(1)).data for p in PRECISIONS}
    assert one_value["float32"] == np.float32(0.1)
    assert one_value["longdouble"] == tg.longdouble.parse("0.1")
    wide = exact_precision(500)
    assert core.function(leaf(wide, wide.lift(1))).primal == wide.lift("0.1")
    found = tg.compare(core.function, x=3)
    assert found.digits["longdouble"]["value"] > tg.longdouble.digits - 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/4", 0.25),
        ("-3/8", -0.375),
        (".5", 0.5),
        ("-1.5e-3", -0.0015),
        ("+2E2", 200.0),
        ("0x1.8p-1", 0.75),
        ("-0x.8", -0.5),
        ("0xFFp+2", 1020.0),
        ("(digits 3 -2 2)", 0.75),
        ("(digits -7 1 10)", -70.0),
        ("(- 0)", -0.0),
        ("INFINITY", math.inf),
        ("(- INFINITY)", -math.inf),
    ],
)
@each_precision
def test_numbers(precision: Any, text: str, value: float) -> None:
    y = run(f"(FPCore (x) {text})", precision(1))
    assert type(y.data) is precision.scalar
    assert y.data == precision.lift(value if value != -0.0015 else "-0.0015")
    assert np.signbit(y.data) == np.signbit(value)


@each_precision
@pytest.mark.parametrize("name", [name for name in CONSTANTS if name not in ("INFINITY", "NAN")])
def test_constants(precision: Any, name: str) -> None:
    pi = MP.pi
    values = dict(
        E=MP.e, LOG2E=1 / MP.log(2), LOG10E=1 / MP.log(10), LN2=MP.log(2), LN10=MP.log(10),
        PI=pi, PI_2=pi / 2, PI_4=pi / 4, M_1_PI=1 / pi, M_2_PI=2 / pi,
        M_2_SQRTPI=2 / MP.sqrt(pi), SQRT2=MP.sqrt(2), SQRT1_2=1 / MP.sqrt(2),
    )  # fmt: skip
    y = run(f"(FPCore (x) {name})", precision(0)).data
    got = Fraction(*precision.to_ratio(y))
    error = abs(MP.mpf(got.numerator) / got.denominator - values[name])
    assert error <= abs(values[name]) * MP.mpf(2) ** -precision.bits
    wide = exact_precision(400)
    exact = run(f"(FPCore (x) {name})", leaf(wide, wide.lift(0))).primal.x
    assert abs(MP.mpf(exact) - values[name]) < MP.mpf(2) ** -390


AT = {"acosh": (1.5,), "atanh": (0.375,), "asin": (0.375,), "acos": (0.375,)}
PAIRS: list[tuple[float, ...]] = [
    (5.5, 2.0),
    (-5.5, 2.0),
    (5.0, -2.0),
    (3.0, 2.0),
    (7.0, 2.0),
    (-7.0, 2.0),
    (0.25, 3.0),
]


@each_precision
@pytest.mark.parametrize("name", [*ROWS, *COMPOSED])
def test_operators(precision: Any, name: str) -> None:
    count = COMPOSED[name][0] if name in COMPOSED else TABLE[ROWS[name]].arity
    points: list[tuple[float, ...]] = [AT.get(name, (0.75,)), AT.get(name, (2.5,))]
    if count == 1 and name not in AT and not name.startswith(("log", "sqrt")):
        points += [(-2.5,), (0.5,), (-0.25,), (3.0,)]
    if count == 2:
        points = [pair for pair in PAIRS if pair[0] > 0 or name != "pow"]
    if count == 3:
        points = [(1.5, 2.5, -3.0)]
    if name in {"tgamma", "lgamma"}:
        points = [(0.75,), (2.5,), (-1.5,)]
    letters = " ".join("xyz"[:count])
    core = one(f"(FPCore ({letters}) ({name} {letters}))")
    for point in points:
        args = [MP.mpf(x) for x in point]
        expected = (MEANING.get(name) or getattr(MP, name))(*args)
        y = core.function(*map(precision, point))
        assert type(y.data) is precision.scalar
        assert float(y.data) == pytest.approx(float(expected), rel=20 * 2.0**-precision.bits)
        literal = one(f"(FPCore (x) ({name} {' '.join(map(repr, point))}))")
        assert literal.function(precision(1)).data == y.data


@pytest.mark.parametrize("name", ["fmod", "remainder", "fdim", "round"])
def test_composed_operators_agree_with_c_at_edges(name: str) -> None:
    """Python's math has C's fmod, remainder; round and fdim by their definitions."""
    random = np.random.default_rng(3)
    pairs = [(a, b) for a in (0.0, -0.0, 0.5, 1.5, -2.5, 1e300, 5e-324) for b in (1.0, -3.0, 1e-3)]
    pairs += [(float(a), float(b)) for a, b in random.normal(size=(200, 2)) * 10]
    pairs += [(k / 2.0, 1.0) for k in range(-9, 10)] + [(3.0, math.inf)]
    oracle: Any = {
        "fmod": math.fmod,
        "remainder": math.remainder,
        "fdim": lambda a, b: a - b if a > b else 0.0,
        "round": lambda a, _: math.copysign(math.floor(abs(Fraction(a)) + Fraction(1, 2)), a),
    }
    core = one(f"(FPCore (x y) ({name} x{' y' if name != 'round' else ''}))")
    for a, b in pairs:
        with np.errstate(all="ignore"):
            found = float(core.function(a, b).data)
        expected = float(oracle[name](a, b))
        assert (found, math.copysign(1, found)) == (expected, math.copysign(1, expected)), (a, b)


def test_fdim_and_fmod_of_infinities() -> None:
    with np.errstate(all="ignore"):
        assert run("(FPCore (x) (fdim x x))", math.inf).data == 0
        assert np.isnan(run("(FPCore (x) (fdim x 1))", math.nan).data)
        assert np.isnan(run("(FPCore (x) (fmod x 1))", math.inf).data)


@each_precision
def test_predicates(precision: Any) -> None:
    tiny = precision.ulp(0)
    cases = {
        "isfinite": [True, True, False, False, True, True],
        "isinf": [False, False, True, False, False, False],
        "isnan": [False, False, False, True, False, False],
        "isnormal": [True, False, False, False, False, True],
        "signbit": [False, True, True, False, False, True],
    }
    assert set(cases) == set(PREDICATES)
    for name, expected in cases.items():
        core = one(f"(FPCore (x) ({name} x))")
        with np.errstate(all="ignore"):
            values = [precision(x) for x in (1, "-0.0", "-inf", "nan", tiny, -2)]
            found = [core.function(x) for x in values]
        assert found == expected, name


@pytest.mark.parametrize(
    ("text", "args", "value"),
    [
        ("(if (< 0 x y 3) 1 2)", (1, 2), 1),
        ("(if (< 0 x y 3) 1 2)", (2, 1), 2),
        ("(if (!= x y 1) 1 2)", (1, 2), 2),
        ("(if (!= x y 3) 1 2)", (1, 2), 1),
        ("(if (== x y) 1 2)", (2, 2), 1),
        ("(if (and (> x 0) (not (> y 0))) 1 2)", (1, -2), 1),
        ("(if (or (> x 0) (> y 0)) 1 2)", (-1, -2), 2),
        ("(if (and TRUE (or FALSE TRUE)) x y)", (5, 6), 5),
        ("(if (< 1 2) x y)", (5, 6), 5),
        ("(let ([x y] [y x]) (- x y))", (1, 3), 2),
        ("(let* ([x y] [y x]) (- x y))", (1, 3), 0),
        ("(while (< x 5) ([x x y] [y y (+ x y)]) x)", (1, 2), 5),
        ("(while* (< x 5) ([x x (+ x 1)] [y x (+ y x)]) y)", (1, 2), 15),
        ("(for ([i 4]) ([s x (+ s i)]) s)", (10, 0), 16),
        ("(for ([i 2] [j 3]) ([s 0 (+ s (* i j))] [t 1 (+ t s)]) t)", (0, 0), 2),
        ("(for* ([i 2] [j 3]) ([s 0 (+ s (* i j))] [t 1 (+ t s)]) t)", (0, 0), 5),
        ("(ref (array x y 7) 2)", (1, 2), 7),
        ("(ref (tensor ([i 2] [j 2]) (+ (* 10 i) (+ j x))) 1 0)", (1, 0), 11),
        ("(ref (tensor* ([i 3]) ([s x (* s 2)]) (+ s y)) 2)", (1, 1), 9),
        ("(+ (dim (array x y)) (size (array (array 1 2 3) (array 1 2 3)) 1))", (0, 0), 4),
        ("(! :precision binary32 :round toZero (+ x (cast y)))", (1, 2), 3),
        ("(let ([PI 3]) (* PI x))", (2, 0), 6),
    ],
)
@each_precision
def test_forms(precision: Any, text: str, args: Any, value: float) -> None:
    y = run(f"(FPCore (x y) {text})", *map(precision, args))
    assert type(y.data) is precision.scalar
    assert y.data == value


def test_arrays_as_arguments_and_results() -> None:
    core = one("(FPCore ((A n 2) (B n)) (array (ref A 1 0) (* n (ref B (- n 1)))))")
    found = core.function([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0])
    assert [v.data for v in found] == [3.0, 12.0]
    assert core.element(1).function([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0]).data == 12.0
    assert [len(core.sample(1)[0][name]) for name in "AB"] == [3, 3]
    assert not core.is_straight
    with pytest.raises(errors.BadCoreText, match=r"B has the lengths \[3\]"):
        core.function([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0, 7.0])
    with pytest.raises(errors.BadCoreText, match="A has the lengths of no array"):
        core.function(1.0, [5.0, 6.0])


def test_a_core_with_a_symbol_serves_those_after_it() -> None:
    cores = fpcore.read("(FPCore twice (x) (* 2 x)) (FPCore (y) (twice (twice (+ y 1))))")
    assert cores[1].function(2.0).data == 12
    assert not cores[1].is_straight
    assert [core.name for core in cores] == ["twice", "core 2"]


def test_the_function_is_a_function() -> None:
    core = fpcore.load(ROOT / "examples" / "bench.fpcore")[1]
    f = core.function
    assert str(inspect.signature(f)) == "(a, r_)"
    assert f is core.function
    assert f.__name__ == "compound"
    assert f(np.float32(2), 0).data.dtype == np.float32
    assert type(f(2, r_=0).data) is np.float64
    with pytest.raises(TypeError):
        f(1)
    again = pickle.loads(pickle.dumps(f))
    assert again(2.0, 0.05).data == f(2.0, 0.05).data
    lost = fpcore.load(ROOT / "examples" / "bench.fpcore")[0]
    better = pickle.loads(pickle.dumps(lost.alternatives[0].function))
    digits = [tg.compare(g, x=10**9).digits["float64"]["value"] for g in (lost.function, better)]
    assert digits[0] < 8 and digits[1] > 15


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("x y_n* sr*", ["x", "y_n_", "sr_"]),
        ("t* t_ lambda a-b a+b", ["t__", "t_", "lambda_", "a_b", "a_b_"]),
        ("E <= ~1", ["E", "__", "_1"]),
    ],
)
def test_names_that_python_cannot_have(names: str, expected: list[str]) -> None:
    core = one(f"(FPCore ({names}) 1)")
    assert [argument.parameter for argument in core.arguments] == expected
    assert core.function(*range(1, len(expected) + 1)).data == 1


def test_properties() -> None:
    core = one(
        r'(FPCore ((! :precision integer n) x) :name "a \"b\"" :pre (< 1 n 9) :cite (u v)'
        " :alt (+ x 1) :alt (* x 2) :example ([n 3] [x (/ 1 3)]) x)"
    )
    assert core.name == 'a "b"'
    assert core.properties["cite"] == "(u v)"
    assert core.example == {"n": "3", "x": "1/3"}
    assert core.arguments[0].properties == {"precision": "integer"}
    assert [other.function(3.0, 4.0).data for other in core.alternatives] == [5, 8]
    assert str(core.precondition) == "(< 1 n 9)"
    assert {point["n"] for point in core.sample(60)} == {float(k) for k in range(2, 9)}


@pytest.mark.parametrize(
    ("condition", "low", "high"),
    [
        ("(<= 2 x 3)", 2, 3),
        ("(and (>= 3/2 x) (>= x 1))", 1, 1.5),
        ("(< -1 (- 1/2) x y 7)", -0.5, 7),
        ("(and (<= 0 x) (<= x (* 2 PI)) (!= x 1))", 0, 6.2832),
        ("(let ([a 3]) (and (< 1 x a) (< x 2)))", 1, 3),
        ("(< 20 x)", 20, 30),
        ("(< x -5)", -15, -5),
        ("(== x 4)", 4, 4),
        ("TRUE", 0.01, 10),
    ],
)
def test_boxes(condition: str, low: float, high: float) -> None:
    core = one(f"(FPCore (x y) :pre {condition} x)")
    xs = [point["x"] for point in core.sample(40)]
    assert low <= min(xs) <= max(xs) <= high
    assert low == high or max(xs) - min(xs) > 0.3 * (high - low)


def test_rejection_keeps_the_precondition() -> None:
    core = one("(FPCore (x y) :pre (and (<= 0 x 2) (<= 0 y 3) (<= (+ x y) 2)) x)")
    points = core.sample(50)
    assert len(points) == 50
    assert all(point["x"] + point["y"] <= 2 for point in points)


def test_branches_name_the_line_of_the_core(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    text = "; é\n(FPCore (x s)\n  (if (<= (* x x) s) x\n      s))\n"
    Path("b.fpcore").write_text(text, encoding="utf-8")
    for core in (fpcore.load("b.fpcore")[0], one(text)):
        found = tg.compare(core.function, x="0.1", s="0.01")
        first = found.branches.differences[0]
        assert first.where.endswith(":3")
        assert first.test == "(<= (* x x) s)"
    assert (
        tg.compare(fpcore.load("b.fpcore")[0].function, x="0.1", s="0.01")
        .branches.differences[0]
        .where
        == "b.fpcore:3"
    )


def test_recorded_programs_know_the_lines_of_the_core() -> None:
    core = one('(FPCore (x)\n  :name "é" (+ (exp x)\n   (sin x)))')
    recorded = tg.record(core.function, sources=True)
    recorded.value(1.0)
    program = recorded.program
    places = [program.sources[k][1:] for k in program.places.tolist()]
    bytes_before = len('  :name "é" (+ '.encode())
    assert places[0] == (2, bytes_before, bytes_before + 7)
    assert places[1] == (3, 3, 10)


def chain(x: Any, w: Any) -> Any:
    terms = [x * i + 0.1 for i in range(300)]
    total = tg.sum(terms) * tg.dot(w, [x, 2.5]) + tg.square(x + x) - 1 / (x * Fraction(1, 3))
    return tg.maximum(total, -x) ** 2 + tg.prod([x, x, w[0]]) + tg.reciprocal(x) + tg.cbrt(x)


def literals(x: Any) -> Any:
    y = x * Fraction(1, 3) - 1e-7 + 2**100
    return (y + tg.sin(x)) * (x / -3) + float("inf") * x + 1e22


@each_precision
@pytest.mark.parametrize("f", [chain, literals, tg.hypot], ids=["chain", "literals", "hypot"])
def test_what_is_written_reads_back_bit_for_bit(precision: Any, f: Any) -> None:
    args: Any = [1.1, [2.0, 3.0]] if f is chain else [0.7] if f is literals else [0.3, 0.4]
    program = tg.record(f).at(*args)
    core = one(fpcore.write(program, 'a "name"\\'))
    assert core.name == 'a "name"\\'
    flat = [y for x in args for y in (x if isinstance(x, list) else [x])]
    numbers = [precision(x) for x in flat]
    with np.errstate(all="ignore"):
        expected = tg.thaw(program, numbers)
        found = core.function(*numbers)
    expected = expected[0] if isinstance(expected, list | tuple) else expected
    assert found.data.tobytes()[:10] == expected.data.tobytes()[:10]
    assert core.is_straight


@fpbench
@each_precision
def test_fpbench_is_written_and_reads_back_bit_for_bit(precision: Any) -> None:
    count = 0
    for k, core in enumerate(suite()):
        if not core.is_straight:
            continue
        point = list(core.sample(1, seed=k)[0].values())
        with np.errstate(all="ignore"):
            recorded = tg.record(core.function)
            again = one(fpcore.write(recorded.at(*point), core.name))
            numbers = [precision(x) for x in point]
            a, b = core.function(*numbers).data, again.function(*numbers).data
        assert a == b and type(a) is type(b), core.name
        count += 1
    assert count == 110


def test_what_has_no_fpcore_is_refused() -> None:
    with pytest.raises(errors.NotWritable, match="FPCore has no name for relu"):
        fpcore.write(tg.record(tg.relu).at(1.0), "relu")
    with pytest.raises(errors.NotWritable, match="it has 2 results"):
        fpcore.write(tg.record(lambda x: [x + 1, x * 2]).at(1.0), "two")


LOST: list[tuple[str, int, int, str]] = [
    ("", 1, 1, "there is no FPCore here"),
    ("; only a comment\n", 1, 1, "there is no FPCore here"),
    ("(FPCore (x) (+ x 1)", 1, 1, "( is not closed"),
    ("(FPCore (x)\n  (+ x 1)))", 2, 11, ") closes nothing"),
    ("(FPCore (x] x)", 1, 11, "] closes the ( of line 1, column 9"),
    ("(" * 100_000, 1, MOST_DEEP + 1, "nested more than"),
    ("(FPCore (x) " + "(sin " * 100_000 + "x" + ")" * 100_001, 1, 758, "nested more than"),
    ("[" * 100_000 + "]" * 100_000, 1, MOST_DEEP + 1, "nested more than"),
    ("(FPCore (x) (sinus x))", 1, 13, "sinus is not an operator"),
    ("(FPCore (x) (sin x x))", 1, 13, "sin with 2 arguments"),
    ("(FPCore (x) (sin))", 1, 13, "sin with 0 arguments"),
    ("(FPCore (x) (- x x x))", 1, 13, "- with 3 arguments"),
    ("(FPCore (x)\n (+ x y))", 2, 7, "y is not a name that is known here"),
    ("(FPCore (x) (let ([a b] [b x]) a))", 1, 22, "b is not a name"),
    ("(FPCore (x) :pre (< y 1) x)", 1, 21, "y is not a name"),
    ("(FPCore (x x) x)", 1, 12, "x is an argument twice"),
    ("(FPCore (x) (let ([a 1] [a 2]) a))", 1, 25, "a is bound twice"),
    ("(FPCore (x) (for ([i 2]) ([i 0 i]) i))", 1, 27, "i is bound twice"),
    ("(FPCore (x) 1/0)", 1, 13, "1/0 has the denominator 0"),
    ("(FPCore (x) (+ x 1e999999999))", 1, 18, "an exponent that no format holds"),
    ("(FPCore (x) -1e-99999999999999999999)", 1, 13, "an exponent that no format holds"),
    ("(FPCore (x) 0x1p999999999)", 1, 13, "an exponent that no format holds"),
    ("(FPCore (x) (digits 1 999999999 2))", 1, 23, "an exponent that no format holds"),
    ("(FPCore (x) (digits 1 2 1))", 1, 25, "1 is not a base"),
    ("(FPCore (x) (digits 1 2))", 1, 13, "is not a number"),
    ("(FPCore (x) " + "9" * 5000 + ")", 1, 13, "a number of 5000 letters"),
    ("(FPCore (x) 12abc)", 1, 13, "12abc is not a number"),
    ("(FPCore (x) (+ x TRUE))", 1, 18, "TRUE is a truth value"),
    ("(FPCore (x) (if x 1 2))", 1, 17, "x is a number"),
    ("(FPCore (x) (if (< x 1) 1 (array x)))", 1, 27, "(array x) is an array"),
    ("(FPCore (x) (+ x (array 1 2)))", 1, 18, "(array 1 2) is an array"),
    ("(FPCore (x) (array))", 1, 13, "an array of nothing"),
    ("(FPCore (x) (array TRUE))", 1, 20, "TRUE is a truth value"),
    ("(FPCore (x) (ref x 0))", 1, 18, "x is a number"),
    ("(FPCore (x) (ref (array x)))", 1, 13, "ref without an index"),
    ("(FPCore (x) (while TRUE ([y 0 TRUE]) y))", 1, 31, "TRUE is a truth value"),
    ("(FPCore (x) (while x ([y 0 1]) y))", 1, 20, "x is a number"),
    ("(FPCore (x) :pre x x)", 1, 18, "x is a number"),
    ("(FPCore (x) (let ([y]) x))", 1, 19, "(y) binds no name"),
    ("(FPCore (x) (let y x))", 1, 18, "y where names are bound"),
    ("(FPCore (x) (! :precision x))", 1, 13, "an annotation without its expression"),
    ("(FPCore (x) (! precision binary32 x))", 1, 16, "precision is not a property"),
    ("(FPCore (x) ())", 1, 13, "() does not begin with an operator"),
    ("(FPCore (x) (1 2))", 1, 13, "(1 2) does not begin with an operator"),
    ('(FPCore (x) "x")', 1, 13, '"x" is a string'),
    ('(FPCore (x) "x', 1, 13, "a string is not closed"),
    ("(FPCore (x) 'x)", 1, 13, '"\'" stands for nothing'),
    ("(FPCore (x)\n é)", 2, 2, "'é' stands for nothing"),
    ("\x00\x01\x02", 1, 1, "'\\x00' is no letter of a text"),
    ("(FPCore)", 1, 1, "(FPCore) is no FPCore"),
    ("FPCore", 1, 1, "FPCore is no FPCore"),
    ("(FPCore (x))", 1, 1, "the expression is missing"),
    ("(FPCore x)", 1, 1, "the list of arguments is missing"),
    ("(FPCore (x) :name x)", 1, 19, "a property without a value"),
    ("(FPCore (x) x y)", 1, 15, "or a second expression"),
    ("(FPCore (x) x y x)", 1, 13, "x is not a property"),
    ("(FPCore (1) 1)", 1, 10, "1 is no argument"),
    ("(FPCore ((x 0)) 1)", 1, 10, "(x 0) is no argument"),
    ("(FPCore ((x n) n) 1)", 1, 9, "n is an argument and a size"),
    ("(FPCore ((! :precision)) 1)", 1, 10, "is no argument"),
]


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"), LOST, ids=[repr(case[0])[:40] for case in LOST]
)
def test_hostile_text_is_one_clear_error(text: str, line: int, column: int, problem: str) -> None:
    with pytest.raises(errors.BadCoreText) as caught:
        fpcore.read(text)
    said = str(caught.value)
    assert said.startswith(f"the text, line {line}, column {column}: ")
    assert problem in said
    assert len(said) < 300


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("(ref (array x 1) 2)", "there is no element 2"),
        ("(ref (array x 1) -1)", "there is no element -1"),
        ("(ref (array x 1) x)", "0.5 is no count"),
        ("(ref (array x 1) (/ x 0))", "is no count"),
        ("(ref (array x 1) 0 0)", "there is no element 0"),
        ("(ref (array (array x 1)) 0)", "the element is an array"),
        ("(size (array x 1) 1)", "there is no dimension 1"),
        ("(ref (tensor ([i 1e5] [j 1e5]) x) 0 0)", "in all"),
    ],
)
def test_arrays_are_held_to_their_lengths(text: str, problem: str) -> None:
    with (
        np.errstate(all="ignore"),
        pytest.raises(errors.BadCoreText, match=re.escape(problem)),
    ):
        run(f"(FPCore (x) {text})", 0.5)


def test_what_is_as_deep_as_it_may_be_runs() -> None:
    deep = MOST_DEEP - 1
    assert run("(FPCore (x) " + "(+ 1 " * deep + "x" + ")" * deep + ")", 1.0).data == deep + 1
    half = deep // 2
    forms = "(if (< x 1) 0 " * half + "(- x)" + ")" * half
    assert run(f"(FPCore (x) {forms})", 2.0).data == -2
    lets = "(let ([x (+ x 1)]) " * half + "x" + ")" * half
    assert run(f"(FPCore (x) {lets})", 0.0).data == half


def test_loops_end() -> None:
    core = one("(FPCore (x)\n (while TRUE ([y x (* y 0.5)]) y))")
    with pytest.raises(errors.EndlessLoop, match=r"line 2 went round 10000 times"):
        core.function(1.0)
    assert core.limited(3).function(1.0).data == 0.125
    assert core.limited(0).function(1.0).data == 1.0
    again = pickle.loads(pickle.dumps(core.limited(3).function))
    assert again(1.0).data == 0.125
    found = tg.compare(core.limited(20).function, x="0.1")
    assert found.branches.same


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x7fELF\x02\x01\x01\x00\xff", "line 1, column 9: this is no UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n", "line 1, column 1: this is no UTF-8 text"),
        (b"", "there is no FPCore here"),
        ("\ufeff(FPCore (x) y)".encode(), "line 1, column 13: y is not"),
    ],
)
def test_files_of_other_kinds(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "a.fpcore"
    path.write_bytes(data)
    with pytest.raises(errors.BadCoreText, match=re.escape(problem)):
        fpcore.load(path)


# The command.


def command(line: str, capsys: Any, monkeypatch: Any) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["typedgrad", *shlex.split(line)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    shown = capsys.readouterr()
    return int(left.value.code or 0), shown.out, shown.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bench.fpcore --at x=1", "bench.fpcore has 3 cores, and none was named"),
        ("bench.fpcore:hiron --at x=1", "none is named hiron"),
        ("bench.fpcore:4 --at x=1", "none is named 4"),
        ("bench.fpcore:0 --at x=1", "none is named 0"),
        ("none.fpcore:1 --at x=1", "cannot read none.fpcore: there is no such file"),
        ("bench.fpcore:heron --at y=1", "heron takes x, but y was given"),
        ("folder.fpcore --at y=1", "cannot read folder.fpcore: it is a folder"),
    ],
)
def test_wrong_targets(line: str, said: str, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    text = (ROOT / "examples" / "bench.fpcore").read_text()
    (tmp_path / "bench.fpcore").write_text(text)
    (tmp_path / "folder.fpcore").mkdir()
    monkeypatch.chdir(tmp_path)
    status, out, err = command(f"compare {line}", capsys, monkeypatch)
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) <= 4


@pytest.mark.parametrize(
    ("text", "said", "cure"),
    [
        ("(FPCore () (/ 1 3))", "column 12: core 1 has no arguments", "(FPCore (x) ...)"),
        ("(FPCore (x) (array x 2))", "column 13: core 1 gives an array, not a", "(ref ... 0)"),
        ("(FPCore (x) (< x 1))", "column 13: core 1 gives a truth value, not a", "(if ... 1 0)"),
        ("(FPCore (x) :pre)", "column 13: :pre is a property without a value", "(FPCore (x y"),
        ("(FPCore (x) :pre (< x x) x)", "none of 5001 random points", "--at x=1"),
    ],
)
def test_what_has_no_digits_to_count(
    text: str, said: str, cure: str, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    (tmp_path / "a.fpcore").write_text(text)
    monkeypatch.chdir(tmp_path)
    status, out, err = command("compare a.fpcore", capsys, monkeypatch)
    assert (status, out) == (2, "") and len(err.splitlines()) == 3
    what, _, hint = err.partition("\nhelp: ")
    assert said in what and cure in hint and "No --at" not in err


def test_without_a_point(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    line = "compare examples/bench.fpcore"
    status, out, err = command(f"{line}:1", capsys, monkeypatch)
    assert status == 0
    assert out.startswith("root gap(x=1e9) ")
    assert err == "No --at was given: this is the :example of the core.\n"
    _, _, err = command(f"{line}:heron", capsys, monkeypatch)
    assert err == "No --at was given: this is a random point that satisfies :pre.\n"


def blocks() -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "fpcore.md").read_text(encoding="utf-8")
    return re.findall(r"```console\n\$ typedgrad (.*)\n((?:.*\n)*?)```", text)


def test_the_page_has_reports() -> None:
    assert len(blocks()) == 2


@extended
@pytest.mark.parametrize(("line", "shown"), blocks())
def test_the_reports_on_the_page_are_what_is_printed(
    line: str, shown: str, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(ROOT)
    _, out, _ = command(line, capsys, monkeypatch)
    expected, found = grid(shown), grid(out)
    assert expected.keys() == found.keys()
    for label, digits in expected.items():
        assert digits == pytest.approx(found[label], abs=1.0)


def grid(report: str) -> dict[str, list[float]]:
    """The digits in a report by the name of the entry, in the three precisions."""
    rows = re.findall(r"^  (value|d/d\w+) (.*)$", report, re.MULTILINE)
    return {label: [*map(float, re.findall(r"\d+\.\d", rest)[:3])] for label, rest in rows}
