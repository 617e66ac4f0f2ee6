"""Reports as files of JSON, read back: what was asked, and the digits that were found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from typedgrad.errors import NoReport

MOST_BYTES = 200_000_000
VERSIONS: dict[str, tuple[int, ...]] = {"comparison": (1, 2), "comparisons": (2,), "blame": (1,)}
Key: TypeAlias = tuple[str, str, str]


class Document(NamedTuple):
    """What `diff` needs of a report; a key of `digits` is a point, a precision and an entry.

    The point is empty where the report is about one point, which then is `point`.
    """

    kind: str
    function: str
    point: str
    digits: dict[Key, float | None]


def read(path: str) -> Document:
    """Return the report that a file holds; raises `NoReport` where it holds none."""
    data = _json(path)
    try:
        return _document(_dict(data, path), path)
    except NoReport:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        missing = f"it has no {error}" if isinstance(error, KeyError) else "its parts do not fit"
        raise NoReport(path=path, why=missing) from None


def _json(path: str) -> Any:
    file = Path(path)
    if not file.is_file():
        why = "it is a folder" if file.is_dir() else "there is no such file"
        raise NoReport(path=path, why=why)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise NoReport(path=path, why=f"it has more than {MOST_BYTES // 1_000_000} MB")
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        why = error.strerror or type(error).__name__
    except json.JSONDecodeError as error:
        why = f"line {error.lineno}, column {error.colno} is no JSON"
    except UnicodeDecodeError:
        why = "it is no text in UTF-8"
    except RecursionError:
        why = "it is nested too deeply"
    raise NoReport(path=path, why=why)


def _dict(data: Any, path: str) -> dict[str, Any]:
    """Return the report itself, which a page carries inside."""
    if not isinstance(data, dict):
        raise NoReport(path=path, why=f"it is a JSON {type(data).__name__}")
    found: dict[str, Any] = {**data}
    return _dict(found["comparison"], path) if "comparison" in found else found


def _document(found: dict[str, Any], path: str) -> Document:
    marks = {"digits": "comparison", "entry": "blame", "worst": "comparisons"}
    kind = next((kind for mark, kind in marks.items() if mark in found), "")
    if not kind:
        return _all(found, path)
    version = found.get("version")
    if version not in VERSIONS[kind]:
        known = " and ".join(map(str, VERSIONS[kind]))
        why = f"a {kind} of version {version!r}, and the versions {known} can be read"
        raise NoReport(path=path, why=why)
    point = _point(found["point"]) if kind != "comparisons" else ""
    return Document(kind, str(found["function"]), point, _digits(kind, found))


def _all(found: dict[str, Any], path: str) -> Document:
    """Return the report of `blame --of all`: one blame for each result."""
    parts: list[dict[str, Any]] = [{**x} for x in found.values() if isinstance(x, dict)]
    blames = [_document(part, path) for part in parts if "entry" in part]
    if not blames or len(blames) < len(found):
        raise NoReport(path=path, why="it holds neither digits nor an entry")
    digits = {key: x for blame in blames for key, x in blame.digits.items()}
    return blames[0]._replace(digits=digits)


def _digits(kind: str, found: dict[str, Any]) -> dict[Key, float | None]:
    if kind == "blame":
        return {("", found["precision"], found["of"]): _number(found["entry"]["digits"])}
    points = (
        [("", found)]
        if kind == "comparison"
        else [(_point(point["point"]), point) for point in found["points"]]
    )
    return {
        (place, precision, entry): _number(digits)
        for place, point in points
        for precision, row in point["digits"].items()
        for entry, digits in row.items()
    }


def _number(digits: Any) -> float | None:
    return None if digits is None else float(digits)


def _point(point: dict[str, Any]) -> str:
    def text(x: Any) -> str:
        return x if isinstance(x, str) else f"[{', '.join(x)}]"

    return ", ".join(f"{name}={text(x)}" for name, x in point.items())
