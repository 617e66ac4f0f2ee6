"""The IR of the encoder: what is done with each instruction, in three routines.

`levels` gives each instruction a key by stretch, level, code and shape, `arrange` puts them in the
order of the sorted keys, and `encode` gives out registers and writes the records.
"""

from __future__ import annotations

from functools import cache

from typedgrad.engines.llvm.encode_cuts import LONG, LONG_BITS, WINDOW, cut, mark, parts_of
from typedgrad.engines.llvm.encode_job import (
    AHEAD,
    CUT,
    DENSE,
    EVEN,
    FOR_EVER,
    LEAST,
    LISTED,
    PAIRED,
    PLACE,
    RECORD,
    RELEASED,
    SINGLE,
    Parts,
)
from typedgrad.engines.llvm.routine import Test, Variable, Whole

ASKED = 512  # numbers that are asked for at a time
TRIES = 8  # blocks that are looked at before a new one is made
GROUP = 21  # bits of its code and its shape
MIX = -7046029254386353131


@cache
def encoder_ir() -> str:
    """Return the IR of the three routines; each takes the address of a job."""
    return _levels() + _arrange() + _Encoder().text()


def _levels() -> str:
    p = Parts("levels")
    r, shapes = p.r, p.blocks
    digits = r.field("digits").now
    with r.each(0, p.count) as i:
        begin, end = p.starts[i], p.starts[i + 1]
        stretch = i >> PLACE
        near = (stretch << PLACE) + p.first
        level, shape = r.variable(0), r.variable(p.codes[i] | ((end - begin) << 16))
        with r.each(begin, end) as k:
            a = p.args[k]
            with r.when(k - begin < LONG):  # enough to tell folds apart
                mixed = (shape.now ^ shapes[a]) * MIX
                shape.set(mixed ^ (mixed >> 32))
            with r.when(a >= near):
                above, now = p.order[a - p.first] + 1, level.now
                level.set((now < above).choose(above, now))
        p.order[i] = level.now
        shapes[p.first + i] = shape.now
        part = (shape.now & (2**32 - 1)) >> (digits * -1 + 32)
        group = (p.codes[i] << digits) | part
        key = (stretch << PLACE | level.now) << GROUP | group
        p.keys[i] = (key << PLACE) | (i & ((1 << PLACE) - 1))
    return r.text()


def _arrange() -> str:
    """Order, and the last place where each value is used.

    What runs backwards through its arguments is turned round. `registers` has the place of a
    value in the order, until it gets a register.
    """
    p = Parts("arrange")
    r = p.r
    j, cuts = r.variable(0), r.variable(0)
    with r.loop(lambda: j.now < p.count):
        start = j.now
        group = p.keys[start] >> PLACE
        j.add(1)
        with r.loop(lambda: (p.keys[j.now] >> PLACE).equals(group)):
            j.add(1)
        stop = j.now
        p.ends[start] = stop
        turned = _is_turned(p, start, stop)
        with r.each(start, stop) as k:
            i = _instruction(p.keys[turned.choose(start + stop - 1 - k, k)])
            p.order[k] = i
            p.registers[p.first + i] = p.first + k
            begin, end = p.starts[i], p.starts[i + 1]
            whole = r.variable(begin)
            few = (end - begin >= LONG) & (stop - start < LEAST)
            with r.when(few), r.when((p.kinds[p.codes[i] * 2] & CUT).differs(0)):
                cut(p, i, k, cuts)
                whole.set(end)
            with r.each(whole.now, end) as at:
                a = p.args[at]
                with r.when(p.last[a].differs(FOR_EVER)):
                    p.last[a] = k
    r.field("cuts").set(cuts.now)
    return r.text()


def _instruction(key: Whole) -> Whole:
    """Return the instruction of a key: its stretch, and its place there."""
    stretch = key >> (GROUP + 2 * PLACE)
    return (stretch << PLACE) | (key & ((1 << PLACE) - 1))


def _is_turned(p: Parts, start: Whole, stop: Whole) -> Test:
    """Return whether the first argument that changes after the first instruction goes down."""
    r = p.r
    step = r.variable(0)
    with r.when(stop - start >= LEAST):
        one, two = (p.starts[_instruction(p.keys[start + k])] for k in range(2))
        end = p.starts[_instruction(p.keys[start]) + 1]
        with r.each(0, end - one) as k, r.when(step.now.equals(0)):
            step.set(p.registers[p.args[two + k]] - p.registers[p.args[one + k]])
    return step.now < 0


class _Encoder(Parts):
    """The routine that writes the records."""

    def __init__(self) -> None:
        super().__init__("encode")
        r = self.r
        self.width = r.field("width").now
        self.free, self.sizes, self.bases = (r.array(x) for x in ("free", "sizes", "bases"))
        self.alive, self.spare = r.array("alive"), r.array("spare")
        self.deltas, self.records, self.list = (r.array(x) for x in ("deltas", "records", "list"))
        self.used, self.place = r.variable(self.first + 1), r.variable(0)
        self.written, self.rolled = r.variable(0), r.variable(0)
        self.ahead = r.field("ahead").now
        self.asked, self.told = r.variable(0), r.variable(0)
        self.singles, self.spares, self.made = r.variable(0), r.variable(0), r.variable(0)
        self.block, self.next = r.variable(SINGLE), r.variable(0)
        self.stop, self.plain, self.run = r.variable(0), r.variable(0), r.variable(1)

    def text(self) -> str:
        r, j = self.r, self.r.variable(0)
        with r.loop(lambda: j.now < self.count):
            at = j.now
            with r.when(at.equals(self.stop.now)):
                with r.when((at & ((1 << WINDOW) - 1)).equals(0) & (at >= 1)):
                    for write in (self.part, self.free_parts):
                        parts_of(self, (at >> WINDOW) - 1, write)
                self.stop.set(self.ends[at])
                self.plain.set(at)
                self.block.set(SINGLE)
                with r.when(self.stop.now - at >= LEAST):
                    self.take_block(self.stop.now - at)
            with r.when(self.ahead.differs(0) & self.rolled.now.differs(0)):
                self.ask()
            self.record(at)
            j.set(at + self.run.now)
        for name, value in (("listed", self.place), ("used", self.used), ("written", self.written)):
            r.field(name).set(value.now)
        r.field("rolled").set(self.rolled.now)
        return r.text()

    def ask(self) -> None:
        """Write, now and then, a record that asks for what is read a while later.

        As much is asked for as was written since the last one, so that nothing is left out. Where
        no record stands for many, none asks: the machine for single ones is left small.
        """
        r, place = self.r, self.place.now
        records, numbers = (self.written.now - self.asked.now) * RECORD, place - self.told.now
        with r.when(records + numbers >= ASKED):
            at = self.written.now * RECORD
            record = (self.ahead, records + RECORD, place + AHEAD, numbers)
            for k, number in enumerate(record):
                self.records[at + k] = number
            self.written.add(1)
            self.asked.set(self.written.now)
            self.told.set(place)

    def part(self, window: Whole, i: Whole, start: Whole, stop: Whole) -> None:
        """Write the record that adds some terms of a fold up."""
        at = self.written.now * RECORD
        self.fold(at, i, start, stop)
        target = self.r.variable(0)
        self.take_single(target)
        self.records[at + 1] = target.now
        self.registers[self.first + i] = target.now
        self.written.add(1)

    def free_parts(self, window: Whole, i: Whole, start: Whole, stop: Whole) -> None:
        """Free what parts take last, when all of the window have taken it."""
        with self.taken(i, start, stop) as a:
            self.free_last(a, mark(window))

    def fold(self, at: Whole, i: Whole, start: Whole, stop: Whole) -> None:
        """Write what is taken: some terms and, before them, the total of those before."""
        r, place, total = self.r, self.place, self.registers[self.first + i]
        c = self.codes[i]
        self.records[at] = (self.kinds[c * 2] & 65535) | (c << 16)
        self.records[at + 2] = place.now
        self.records[at + 3] = stop - start + (start >= 1).choose(1, 0)
        sides, terms = self.sides(i)
        with r.each(0, sides) as side:
            with r.when(start >= 1):
                self.list[place.now] = side.equals(0).choose(total, self.first)
                place.add(1)
            begin = self.starts[i] + side * terms
            with r.each(begin + start, begin + stop) as k:
                self.list[place.now] = self.register(k)
                place.add(1)
        with r.when(start >= 1):
            self.give_single(total)

    def take_block(self, size: Whole) -> None:
        """Take a block that is free and not much too large, or make one."""
        r = self.r
        need = size + self.width - 1
        tries = r.variable(0)
        with r.loop(
            lambda: (
                self.block.now.equals(SINGLE) & (tries.now < TRIES) & (tries.now < self.spares.now)
            )
        ):
            tries.add(1)
            at, top = self.spares.now - tries.now, self.spares.now - 1
            found = self.spare[at]
            room = self.sizes[found]
            with r.when((room >= need) & (need * 4 >= room)):
                self.block.set(found)
                self.spare[at] = self.spare[top]
                self.spares.set(top)
        with r.when(self.block.now.equals(SINGLE)):
            made = self.made.now
            self.block.set(made)
            self.sizes[made] = need
            self.bases[made] = self.used.now
            self.used.add(need)
            self.made.add(1)
        self.alive[self.block.now] = size
        self.next.set(self.bases[self.block.now])

    def record(self, j: Whole) -> None:
        """Write one record, for one instruction or as many as can be."""
        r, i, run = self.r, self.order[j], self.run
        begin = self.starts[i]
        n, c = self.starts[i + 1] - begin, self.codes[i]
        kind, many = self.kinds[c * 2], self.kinds[c * 2 + 1]
        run.set(1)
        with r.when(many.differs(0) & (j >= self.plain.now) & (self.stop.now - j >= LEAST)):
            self.measure(j, begin, n, many)
        at = self.written.now * RECORD
        alone, together = run.now.equals(1), run.now >= 2
        done = r.variable(0)
        with r.when(alone):
            with r.when(n >= LONG), r.when((kind & CUT).differs(0)):
                done.set(self.begun[begin >> LONG_BITS])
            with r.when(done.now.equals(0)):
                self.records[at] = (kind & 65535) | (c << 16)
                self.arguments(at, begin, n, kind)
            with r.when(done.now >= 1):
                self.fold(at, i, done.now, self.terms(n, kind))
                with self.taken(i, done.now, self.terms(n, kind)) as a:
                    self.free_last(a, j)
        with r.when(together):
            self.rolled.set(1)
            self.records[at] = (many & 65535) | (c << 16)
            self.streams(at, begin, n, kind)
        target = r.variable(self.next.now)
        with r.each(j, j + run.now) as q:
            with r.when(done.now.equals(0)):
                i = self.order[q]
                with r.each(self.starts[i], self.starts[i + 1]) as k:
                    self.free_last(self.args[k], q)
            self.give(q, target)
        self.records[at + 1] = (alone).choose(target.now, self.next.now - run.now)
        self.written.add(1)

    def measure(self, j: Whole, begin: Whole, n: Whole, many: Whole) -> None:
        """Find how many instructions from j on have arguments at equal distances."""
        r, run = self.r, self.run
        even, ones, more = r.variable(0), r.variable(0), r.variable(1)
        second = self.order[j + 1]
        other = self.starts[second]
        with r.when((self.starts[second + 1] - other).differs(n)):
            more.set(0)
        with r.when(more.now.equals(1)), r.each(0, n) as k:
            delta = self.register(other + k) - self.register(begin + k)
            self.deltas[k] = delta
            even.set(even.now | delta)
            ones.set(ones.now | (delta ^ 1))
        with r.loop(lambda: more.now.equals(1) & (j + run.now < self.stop.now)):
            count, tried = run.now, r.variable(0)
            q = self.order[j + count]
            at = self.starts[q]
            more.set((self.starts[q + 1] - at).equals(n).choose(1, 0))
            with r.loop(lambda: more.now.equals(1) & (tried.now < n)):
                k = tried.now
                wanted = self.register(begin + k) + self.deltas[k] * count
                more.set(self.register(at + k).equals(wanted).choose(1, 0))
                tried.set(k + 1)
            run.add(more.now)
        self.plain.set(j + run.now)
        with r.when((even.now & -2).differs(0)):
            run.set((many & EVEN).equals(0).choose(run.now & (self.width * -1), 1))
        with r.when(ones.now.differs(0) & (many & DENSE).differs(0)):
            run.set(1)
        with r.when(run.now < LEAST):
            run.set(1)

    def register(self, at: Whole) -> Whole:
        return self.registers[self.args[at]]

    def arguments(self, at: Whole, begin: Whole, n: Whole, kind: Whole) -> None:
        """Write the registers of two arguments, or a list."""
        r, place = self.r, self.place.now
        with r.each(0, n) as k:
            self.list[place + k] = self.register(begin + k)
        self.records[at + 2] = self.list[place]
        self.records[at + 3] = self.list[place + n - 1]
        with r.when((kind & LISTED).differs(0)):
            self.records[at + 2] = place
            self.records[at + 3] = self.terms(n, kind)
            self.place.add(n)

    def terms(self, n: Whole, kind: Whole) -> Whole:
        return (kind & PAIRED).equals(0).choose(n, n >> 1)

    def streams(self, at: Whole, begin: Whole, n: Whole, kind: Whole) -> None:
        """Write the number of terms, and where each argument begins and how it goes on."""
        place = self.place.now
        self.records[at + 2] = place
        self.records[at + 3] = self.run.now
        self.list[place] = self.terms(n, kind)
        with self.r.each(0, n) as k:
            to = place + k * 2
            self.list[to + 1] = self.register(begin + k)
            self.list[to + 2] = self.deltas[k]
        self.place.add(n * 2 + 1)

    def free_last(self, a: Whole, now: Whole) -> None:
        """Free the register of a value if this is where it is used last."""
        with self.r.when(self.last[a].equals(now)):
            self.last[a] = RELEASED
            self.release(self.registers[a], self.blocks[a])

    def give(self, q: Whole, target: Variable) -> None:
        """Give the result of an instruction a register."""
        r, i = self.r, self.order[q]
        target.set(self.next.now)
        with r.when(self.block.now.equals(SINGLE)):
            self.take_single(target)
        with r.when(self.block.now >= 0):
            self.next.add(1)
        y = self.first + i
        self.registers[y] = target.now
        self.blocks[y] = self.block.now
        with r.when(self.last[y].equals(-1)):
            self.release(target.now, self.block.now)

    def take_single(self, target: Variable) -> None:
        """Take the register that has been free for the shortest time, or a new one."""
        r, some = self.r, self.singles.now
        with r.when(some.equals(0)):
            target.set(self.used.now)
            self.used.add(1)
        with r.when(some >= 1):
            self.singles.set(some - 1)
            target.set(self.free[some - 1])

    def give_single(self, register: Whole) -> None:
        """Give back a register that is in no block."""
        self.free[self.singles.now] = register
        self.singles.add(1)

    def release(self, register: Whole, block: Whole) -> None:
        """Give back a register, or one of a block."""
        r = self.r
        with r.when(block.equals(SINGLE)):
            self.give_single(register)
        with r.when(block >= 0):
            left = self.alive[block] - 1
            self.alive[block] = left
            with r.when(left.equals(0)):
                self.spare[self.spares.now] = block
                self.spares.add(1)
