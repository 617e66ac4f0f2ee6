"""The text of a batch kernel: a plan as one module of LLVM IR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from typedgrad.engines.engine import LANES
from typedgrad.engines.llvm import bodies
from typedgrad.engines.llvm.bodies import Format, literal
from typedgrad.engines.llvm.graph import CONSTANT, INPUT
from typedgrad.engines.llvm.segments import Plan, Step
from typedgrad.engines.llvm.sweep_frame import FIRST, MAIN, STAGING
from typedgrad.engines.llvm.sweep_loops import LINE, Layout, Writer

ATTRIBUTES = (
    'attributes #0 = { nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512" }\n'
)

Address = Callable[[str, Any], tuple[int, int]]


class KernelText:
    """A plan as text. `written` and `summed` give the places of each output's rows and totals.

    `tuned` tells whether the compiler will optimise it.
    """

    def __init__(
        self,
        plan: Plan,
        fmt: Format,
        written: list[list[int]],
        summed: list[list[int]],
        tuned: bool,
    ) -> None:
        self.plan = plan
        self.fmt = fmt
        self.layout: Layout = Layout(plan, fmt, written, summed, tuned)

    def text(self, address: Address) -> str:
        """Return the whole module; `address` gives the loop of a barrier and its data."""
        parts, lanes = [bodies.declarations(self.fmt), ATTRIBUTES], self.layout.group
        if lanes > 1:
            parts.append(bodies.declarations(self.fmt, lanes))
            parts.append(f"declare i1 @llvm.vector.reduce.or.v{lanes}i1(<{lanes} x i1>)\n")
        first = self._steps("once", 1, address, parts)
        second = self._steps("each", lanes, address, parts)
        t, size = self.fmt.name, self.fmt.size
        frame = {"t": t, "size": size, "last": LANES - 1, "sums": LANES, "rest": LINE - 1}
        frame["points"] = self.layout.points
        parts += [STAGING.format(**frame), FIRST.format(**frame), self._main(first, second)]
        return "".join(parts)

    def _steps(self, title: str, lanes: int, address: Address, parts: list[str]) -> str:
        """Return the calls of a stage; the functions are added to the parts."""
        stage = self.plan.once if title == "once" else self.plan.each
        calls = ""
        count = "1" if title == "once" else "%m"
        for k, step in enumerate(stage.steps):
            if step.barrier:
                calls += self._barrier(step.nodes[0], title == "once", address)
            else:
                parts.append(Writer(self.layout, step, lanes).function(f"{title}{k}"))
                calls += f"  call void @{title}{k}(ptr %W, i64 {count})\n"
        return calls

    def _barrier(self, n: int, once: bool, address: Address) -> str:
        """Return the call of an inner loop on a block of points."""
        graph = self.plan.graph
        function, data = address(graph.ops[n], graph.given[n])
        lines: list[str] = []
        for k, v in enumerate((*graph.args[n], n)):
            alike = v in self.plan.shared
            offset, indirect = (self.layout.cell(v), False) if alike else self.layout.column(v)
            where = f"%q{n}.{k}"
            lines.append(f"  {where} = getelementptr i8, ptr %W, i64 {offset}")
            if indirect:
                lines.append(f"  {where}i = load ptr, ptr {where}")
                where += "i"
            lines += [
                f"  %a{n}.{k} = getelementptr ptr, ptr %args, i64 {k}",
                f"  %s{n}.{k} = getelementptr i64, ptr %steps, i64 {k}",
                f"  store ptr {where}, ptr %a{n}.{k}",
                f"  store i64 {0 if alike else self.fmt.size}, ptr %s{n}.{k}",
            ]
        lines.append(f"  store i64 {'1' if once else '%m'}, ptr %count")
        target = f"inttoptr (i64 {function} to ptr)"
        given = f"ptr inttoptr (i64 {data} to ptr)"
        lines.append(f"  call void {target}(ptr %args, ptr %count, ptr %steps, {given})")
        if n not in self.layout.flagged:
            return "\n".join(lines) + "\n"
        head = [
            f"  %f{n} = getelementptr i8, ptr %W, i64 {self.layout.flag(n)}",
            f"  %w{n} = load i8, ptr %f{n}",
            f"  store i8 0, ptr %f{n}",
            f"  %t{n} = icmp ne i8 %w{n}, 0",
            f"  br i1 %t{n}, label %do{n}, label %past{n}",
            f"do{n}:",
        ]
        return "\n".join([*head, *lines, f"  br label %past{n}", f"past{n}:"]) + "\n"

    def _cells(self) -> str:
        """Return how the cells of shared inputs and of constants are filled."""
        t, graph, lines = self.fmt.name, self.plan.graph, list[str]()
        for n in self.plan.cells:
            if graph.ops[n] not in (INPUT, CONSTANT):
                continue
            lines.append(f"  %c{n} = getelementptr i8, ptr %W, i64 {self.layout.cell(n)}")
            if graph.ops[n] == INPUT:
                k = graph.given[n]
                lines += [
                    f"  %p{n} = getelementptr ptr, ptr %X, i64 {k}",
                    f"  %g{n} = load ptr, ptr %p{n}",
                    f"  %x{n} = load {t}, ptr %g{n}",
                    f"  store {t} %x{n}, ptr %c{n}",
                ]
            else:
                x = literal(graph.given[n], self.fmt)
                lines.append(f"  store {t} {x}, ptr %c{n}")
        return "\n".join(lines) + "\n"

    def _main(self, once: str, each: str) -> str:
        graph, layout = self.plan.graph, self.layout
        most = max([len(graph.args[n]) for s in self.barriers() for n in s.nodes], default=0) + 1
        columns = ", ".join(f"i64 {graph.given[n]}" for n in self.plan.columns) or "i64 0"
        size = max(len(self.plan.columns), 1)
        values = {
            "most": most,
            "columns": columns,
            "width": size,
            "cells": self._cells(),
            "once": once,
            "each": each,
            "points": layout.points,
            "first": self._first(),
            "lanes": layout.group,
            "ins": layout.ins,
            "outs": layout.outs,
            "sums": layout.sums,
            "row": layout.row,
            "stage_in": layout.stage_in,
            "stage_out": layout.stage_out,
            "kin": len(self.plan.columns),
            "kout": layout.rows,
            "ksum": layout.totals,
        }
        return MAIN.format(**values)

    def _first(self) -> str:
        """Return how many points the first block has; that of a total begins at its lane 0."""
        layout = self.layout
        if layout.group > 1 and layout.rows and not layout.totals:
            return "call i64 @first(ptr %Y, ptr %YS, i64 %n)"
        return f"add i64 0, {layout.points}"

    def barriers(self) -> list[Step]:
        """Return the steps that are barriers."""
        return [s for stage in (self.plan.once, self.plan.each) for s in stage.steps if s.barrier]


def row_loop(name: str, title: str, arity: int, fmt: Format) -> str:
    """Return the inner loop of a row with branches, in the form of NumPy's inner loops."""
    t = fmt.name
    lines = [
        f"define void @loop_{name}(ptr %p, ptr %n, ptr %s, ptr %d) #0 {{",
        "entry:",
        "  %count = load i64, ptr %n",
    ]
    for k in range(arity + 1):
        lines += [
            f"  %pp{k} = getelementptr ptr, ptr %p, i64 {k}",
            f"  %p{k} = load ptr, ptr %pp{k}",
            f"  %ss{k} = getelementptr i64, ptr %s, i64 {k}",
            f"  %s{k} = load i64, ptr %ss{k}",
        ]
    lines += ["  br label %loop", "loop:", "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]"]
    for k in range(arity + 1):
        lines += [
            f"  %o{k} = mul i64 %i, %s{k}",
            f"  %x{k} = getelementptr i8, ptr %p{k}, i64 %o{k}",
        ]
        lines += [f"  %a{k} = load {t}, ptr %x{k}"] if k < arity else []
    given = ", ".join(f"{t} %a{k}" for k in range(arity))
    lines += [
        f"  %y = call {t} @{title}({given})",
        f"  store {t} %y, ptr %x{arity}",
        "  %next = add i64 %i, 1",
        "  %more = icmp ult i64 %next, %count",
        "  br i1 %more, label %loop, label %done",
        "done:",
        "  ret void",
        "}",
    ]
    return "\n".join(lines) + "\n"


def places(flags: Sequence[bool]) -> list[list[int]]:
    """Return for each flag its place among those that are set, as a list of none or one."""
    ends = np.cumsum(flags).tolist()
    return [[end - 1] if flag else [] for flag, end in zip(flags, ends, strict=True)]
