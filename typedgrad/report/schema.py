"""The published schema of the reports that are printed as JSON."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def schema(kind: str = "") -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of all reports, or of one kind of them.

    Kinds are 'comparison', 'comparisons', 'blame', 'blames', 'tuning', 'page' and 'differences'. It
    is a file of the package, typedgrad/report/schema.json.
    """
    text = files("typedgrad.report").joinpath("schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    if kind:
        del found["anyOf"]
        found["$ref"] = f"#/$defs/{kind}"
    return found
