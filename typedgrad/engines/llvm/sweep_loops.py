"""The loops of a batch kernel as text: operations on vectors of points, a group after another."""

from __future__ import annotations

from typing import Any

from typedgrad.engines.engine import LANES
from typedgrad.engines.llvm.bodies import Format, literal, operation
from typedgrad.engines.llvm.graph import CONSTANT, INPUT, is_test
from typedgrad.engines.llvm.guards import Need
from typedgrad.engines.llvm.segments import Plan, Step

MOST_BYTES = 512  # of a row of a block: with more, rows get into the way of each other
BUDGET = 192 * 1024  # bytes for all slots of a block
LINE = 64
WIDE = 16  # bytes of the numbers that have no vectors


class Layout:
    """Where everything lies in the workspace, in bytes."""

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
        self.written = written
        self.summed = summed
        self.tuned = tuned
        self.zero: Any = plan.graph.zero
        self.group: int = {4: 2 * LANES, 8: LANES}.get(fmt.size, 1)
        flagged = [n for step in plan.each.steps for n, _ in step.flags]
        self.flagged: dict[int, int] = {n: k for k, n in enumerate(flagged)}
        self.rows: int = sum(map(len, written))
        self.totals: int = sum(map(len, summed))
        slots, columns = plan.each.size, len(plan.columns)
        staged = slots + columns + self.rows
        unit = max(self.group, LANES)  # so that a block begins at lane 0
        points = BUDGET // (max(staged, 1) * fmt.size) // unit * unit
        self.points: int = max(unit, min(MOST_BYTES // fmt.size, points))
        self.row: int = self.points * fmt.size
        self.end: int = 0
        self.ins: int = self._take(columns * 8)
        self.outs: int = self._take(self.rows * 8)
        self.cells: int = self._take(len(plan.cells) * fmt.size)
        self.sums: int = self._take(self.totals * LANES * fmt.size)
        self.flags: int = self._take(len(flagged))
        self.slots: int = self._take(slots * self.row)
        self.stage_in: int = self._take(columns * self.row)
        self.stage_out: int = self._take(self.rows * self.row)

    def _take(self, size: int) -> int:
        begin = self.end
        self.end += -(-size // LINE) * LINE
        return begin

    def cell(self, n: int) -> int:
        """Return where a shared node lies."""
        return self.cells + self.plan.cells[n] * self.fmt.size

    def flag(self, n: int) -> int:
        """Return where it lies whether a barrier is needed in this block."""
        return self.flags + self.flagged[n]

    def column(self, n: int) -> tuple[int, bool]:
        """Return where a node's block of points lies, and whether that is only its address."""
        if self.plan.graph.ops[n] == INPUT:
            return self.ins + 8 * self.plan.columns.index(n), True
        return self.slots + self.plan.each.slots[n] * self.row, False


class Writer:
    """The text of one loop."""

    def __init__(self, layout: Layout, step: Step, lanes: int) -> None:
        self.layout = layout
        self.plan: Plan = layout.plan
        self.graph: Any = layout.plan.graph
        self.fmt: Format = layout.fmt
        self.step = step
        self.lanes = lanes
        t = self.fmt.name
        self.kind: str = f"<{lanes} x {t}>" if lanes > 1 else t
        self.flag: str = f"<{lanes} x i1>" if lanes > 1 else "i1"
        self.suffix: str = f"v{lanes}{self.fmt.suffix}" if lanes > 1 else self.fmt.suffix
        self.head: list[str] = []
        self.lines: list[str] = []
        self.names: dict[int, str] = {}
        self.own: set[int] = {*step.nodes, *step.again}
        self.pointers: dict[int, str] = {}
        self.count: int = 0
        self.block: str = "loop"

    def fresh(self) -> str:
        """Return a name that is free."""
        self.count += 1
        return f"%t{self.count}"

    def add(self, line: str) -> str:
        """Write a line and return the name of its result."""
        name = self.fresh()
        self.lines.append(f"  {name} = {line}")
        return name

    def base(self, offset: int, indirect: bool = False) -> str:
        """Return a pointer into the workspace, or the pointer that lies there."""
        found = self.pointers.get(offset)
        if found is None:
            found = self.pointers[offset] = f"%b{offset}"
            if indirect:
                self.head.append(f"  %i{offset} = getelementptr i8, ptr %W, i64 {offset}")
                self.head.append(f"  {found} = load ptr, ptr %i{offset}")
            else:
                self.head.append(f"  {found} = getelementptr i8, ptr %W, i64 {offset}")
        return found

    def at(self, base: str) -> str:
        """Return the place of this group of points in a column."""
        return self.add(f"getelementptr {self.fmt.name}, ptr {base}, i64 %i")

    def splat(self, x: Any) -> str:
        """Return a scalar as an operand, the same for all points."""
        text = literal(x, self.fmt)
        return f"splat ({self.fmt.name} {text})" if self.lanes > 1 else text

    def value(self, n: int) -> str:
        """Return a node's name in this loop; it is loaded or compared here where it must be."""
        found = self.names.get(n)
        if found is None:
            found = self.names[n] = self._value(n)
        return found

    def _value(self, n: int) -> str:
        op = self.graph.ops[n]
        if op == CONSTANT:
            return self.splat(self.graph.given[n])
        if is_test(op) or n in self.own:
            return self.operation(n)
        if n in self.plan.shared:
            return self.broadcast(self.layout.cell(n))
        base = self.base(*self.layout.column(n))
        align = self.fmt.size if op == INPUT else min(LINE, self.lanes * self.fmt.size)
        return self.add(f"load {self.kind}, ptr {self.at(base)}, align {align}")

    def broadcast(self, offset: int) -> str:
        """Return what lies in a cell, the same for all points."""
        x = self.add(f"load {self.fmt.name}, ptr {self.base(offset)}")
        if self.lanes == 1:
            return x
        one = self.add(f"insertelement {self.kind} poison, {self.fmt.name} {x}, i64 0")
        zeros = f"<{self.lanes} x i32> zeroinitializer"
        return self.add(f"shufflevector {self.kind} {one}, {self.kind} poison, {zeros}")

    def operation(self, n: int) -> str:
        """Write an operation of this loop."""
        op = self.graph.ops[n]
        args = [self.value(k) for k in self.graph.args[n]]
        if op == "not":
            true = "splat (i1 true)" if self.lanes > 1 else "true"
            return self.add(f"xor {self.flag} {args[0]}, {true}")
        if op == "select" and self.fmt.size == WIDE and self.layout.tuned:
            return self.branch(*args)
        return self.add(operation(op, self.kind, self.suffix, self.flag, args))

    def branch(self, test: str, then: str, otherwise: str) -> str:
        """Return one of two numbers by a jump: in tuned code of the widest format it is quicker."""
        before, label = self.block, self.fresh()[1:]
        self.lines += [f"  br i1 {test}, label %{label}a, label %{label}b", f"{label}a:"]
        self.lines += [f"  br label %{label}b", f"{label}b:"]
        self.block = f"{label}b"
        return self.add(f"phi {self.kind} [ {then}, %{label}a ], [ {otherwise}, %{before} ]")

    def store(self, value: str, base: str, align: int) -> None:
        """Write the numbers of this group to a column."""
        place = self.at(base)
        self.lines.append(f"  store {self.kind} {value}, ptr {place}, align {align}")

    def body(self) -> None:
        """Write the operations, and store what leaves the loop."""
        nodes, done = self.step.nodes, 0
        for region in self.step.regions:
            self.compute(nodes[done : region.begin])
            self.guarded(nodes[region.begin : region.end], region.need)
            done = region.end
        self.compute(nodes[done:])
        for n, need in self.step.flags:
            place = self.base(self.layout.flag(n))
            old = self.add(f"load i8, ptr {place}")
            new = self.add(f"zext i1 {self.wanted(need)} to i8")
            both = self.add(f"or i8 {old}, {new}")
            self.lines.append(f"  store i8 {both}, ptr {place}")
        for j in self.step.outputs:
            self.output(j, self.value(self.graph.outputs[j]))

    def compute(self, nodes: list[int]) -> None:
        """Write some of the operations, and store what other loops read."""
        slots, layout = self.plan.each.slots, self.layout
        for n in nodes:
            name = self.value(n)
            if n in slots:
                align = min(LINE, self.lanes * self.fmt.size)
                self.store(name, self.base(layout.slots + slots[n] * layout.row), align)
            elif n in self.plan.cells:
                base = self.base(self.layout.cell(n))
                self.lines.append(f"  store {self.fmt.name} {name}, ptr {base}")

    def guarded(self, nodes: list[int], need: Need) -> None:
        """Write operations that are left out where no point of the group needs them."""
        wanted = self.wanted(need)
        before, label, outside = self.block, self.fresh()[1:], dict(self.names)
        self.lines += [f"  br i1 {wanted}, label %{label}a, label %{label}b", f"{label}a:"]
        self.block = f"{label}a"
        self.compute(nodes)
        self.lines += [f"  br label %{label}b", f"{label}b:"]
        zero = "zeroinitializer" if self.lanes > 1 else literal(self.layout.zero, self.fmt)
        inside, self.names = self.names, outside
        for n in nodes:
            sides = f"[ {inside[n]}, %{self.block} ], [ {zero}, %{before} ]"
            self.names[n] = self.add(f"phi {self.kind} {sides}")
        self.block = f"{label}b"

    def wanted(self, need: Need) -> str:
        """Return whether some point of the group needs what has this need."""
        true = "splat (i1 true)" if self.lanes > 1 else "true"
        some = ""
        for path in sorted(need):
            every = ""
            for test, holds in path:
                flag = self.value(test)
                flag = flag if holds else self.add(f"xor {self.flag} {flag}, {true}")
                every = self.add(f"and {self.flag} {every}, {flag}") if every else flag
            some = self.add(f"or {self.flag} {some}, {every}") if some else every
        if self.lanes == 1:
            return some
        return self.add(f"call i1 @llvm.vector.reduce.or.v{self.lanes}i1({self.flag} {some})")

    def output(self, j: int, value: str) -> None:
        """Write an output to its row and add it to its total."""
        layout = self.layout
        for place in layout.written[j]:
            self.store(value, self.base(layout.outs + 8 * place, indirect=True), self.fmt.size)
        for place in layout.summed[j]:
            self.total(self.base(layout.sums + place * LANES * self.fmt.size), value)

    def total(self, base: str, value: str) -> None:
        """Add the points of a group to their lanes, in order; those behind the last add nothing."""
        t = self.fmt.name
        if self.lanes == 1:
            lane = self.add(f"and i64 %i, {LANES - 1}")
            place = self.add(f"getelementptr {t}, ptr {base}, i64 {lane}")
            old = self.add(f"load {t}, ptr {place}")
            new = self.add(f"fadd {t} {old}, {value}")
            self.lines.append(f"  store {t} {new}, ptr {place}")
            return
        kind = f"<{LANES} x {t}>"
        total = self.add(f"load {kind}, ptr {base}, align {LANES * self.fmt.size}")
        for part in range(0, self.lanes, LANES):
            numbers = ", ".join(f"i32 {k}" for k in range(part, part + LANES))
            mask = f"<{LANES} x i32> <{numbers}>"
            own, there = value, "%there"
            if self.lanes > LANES:
                own = self.add(f"shufflevector {self.kind} {value}, {self.kind} poison, {mask}")
                flags = f"{self.flag} %there, {self.flag} poison"
                there = self.add(f"shufflevector {flags}, {mask}")
            new = self.add(f"fadd {kind} {total}, {own}")
            total = self.add(f"select <{LANES} x i1> {there}, {kind} {new}, {kind} {total}")
        self.lines.append(f"  store {kind} {total}, ptr {base}, align {LANES * self.fmt.size}")

    def function(self, name: str) -> str:
        """Return the function: a loop over groups of points."""
        self.body()
        n, there = self.lanes, ""
        if n > 1 and any(self.layout.summed[j] for j in self.step.outputs):
            numbers = ", ".join(f"i64 {k}" for k in range(n))
            there = (
                f"  %o = insertelement <{n} x i64> poison, i64 %left, i64 0\n"
                f"  %os = shufflevector <{n} x i64> %o, <{n} x i64> poison,"
                f" <{n} x i32> zeroinitializer\n"
                f"  %there = icmp ult <{n} x i64> <{numbers}>, %os\n"
            )
        lines = "\n".join(self.lines)
        head = "\n".join(self.head)
        return (
            f"define internal void @{name}(ptr %W, i64 %n) #0 {{\nentry:\n{head}\n"
            f"  br label %loop\nloop:\n  %i = phi i64 [ 0, %entry ], [ %next, %{self.block} ]\n"
            f"  %left = sub i64 %n, %i\n{there}{lines}\n  %next = add i64 %i, {n}\n"
            f"  %more = icmp ult i64 %next, %n\n  br i1 %more, label %loop, label %done\n"
            f"done:\n  ret void\n}}\n"
        )
