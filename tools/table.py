"""Write docs/table.md, the page of all rows: `python -m tools.table`; --check compares."""

from __future__ import annotations

import sys
from pathlib import Path

from typedgrad.op import Op
from typedgrad.ops import TABLE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "table.md"
HEAD = """# The rows

Written by `python -m tools.table` from the op table; do not edit. Each row is a function of the
package, and a method of `Value` if it does not take sequences. The conventions at edges are the
[ten rules](rules.md).

| function | what it is | domain | at edges and kinks | where the form comes from |
| --- | --- | --- | --- | --- |
"""


def line(op: Op) -> str:
    """Return the line of one row."""
    call = f"`{op.name}({', '.join(op.args)})`"
    cells = (call, op.doc, op.domain, op.kinks, op.source)
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |\n"


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(line(op) for op in TABLE.values() if not op.companion)


def main(*args: str) -> int:
    """Write the page, or with --check compare it."""
    if "--check" not in args:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == page():
        return 0
    print("docs/table.md is not current: run `python task.py faces`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
