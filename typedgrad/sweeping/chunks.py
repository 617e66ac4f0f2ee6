"""The folder of a sweep: a manifest and one file for each finished chunk of points.

Every file is written beside its place and then put there, so that none is ever half there.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

import numpy as np

from typedgrad.errors import BadFolder, BrokenSweep, OtherSweep
from typedgrad.sweeping.grids import is_mapping

FORMAT = 1
MANIFEST = "manifest.json"
DAMAGED = (
    *(OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, RuntimeError),
)
ARRAYS: dict[str, Any] = {
    "points": np.float64,
    "digits": np.float32,
    "states": np.uint8,
    "parted": np.bool,
}


class Chunk(NamedTuple):
    """The digits of the points from `begin` to `end`.

    `points` has the shape (axes, points), `digits` (precisions, entries, points), `states` and
    `parted` (precisions, points). `about` is plain data: who judged, what parted, what raised.
    """

    begin: int
    end: int
    points: Any
    digits: Any
    states: Any
    parted: Any
    about: dict[str, Any]


class Folder:
    """The files of one sweep; `manifest` is what the sweep is, as plain data."""

    def __init__(self, path: str | os.PathLike[str], manifest: dict[str, Any]) -> None:
        self.path: Path = Path(path)
        self.manifest = manifest
        self.digest: str = digest_of(manifest)
        self.damaged: list[str] = []

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield where each chunk begins and ends."""
        points, size = int(self.manifest["points"]), int(self.manifest["chunk"])
        return ((begin, min(begin + size, points)) for begin in range(0, points, size))

    def file(self, begin: int) -> Path:
        """Return the place of the chunk that begins at a point."""
        return self.path / f"chunk-{begin:010d}.npz"

    def write(self, chunk: Chunk) -> None:
        """Write a finished chunk."""
        arrays = {name: getattr(chunk, name) for name in ARRAYS}
        told = {"sweep": self.digest, "end": chunk.end, **chunk.about}
        about = json.dumps({**told, "sum": checksum(told, arrays)})
        buffer = BytesIO()
        np.savez(buffer, allow_pickle=False, about=np.array(about), **arrays)
        write_whole(self.file(chunk.begin), buffer.getvalue())

    def read(self, begin: int, end: int) -> Chunk | None:
        """Return a chunk, or None if it is not there, or damaged, which is noted."""
        path = self.file(begin)
        if not path.exists():
            return None
        try:
            return self._read(path, begin, end)
        except DAMAGED:
            self.damaged.append(path.name)
            return None

    def _read(self, path: Path, begin: int, end: int) -> Chunk:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            about: dict[str, Any] = json.loads(str(file["about"]))
            found = {name: file[name] for name in ARRAYS}
        if about.pop("sum") != checksum(about, found):
            raise ValueError
        if about.pop("sweep") != self.digest or about.pop("end") != end:
            raise ValueError
        precisions, count = len(self.manifest["precisions"]), end - begin
        shapes = {
            "points": (len(self.manifest["ranges"]), count),
            "digits": (precisions, len(self.manifest["entries"]), count),
            "states": (precisions, count),
            "parted": (precisions, count),
        }
        for name, dtype in ARRAYS.items():
            if found[name].dtype != dtype or found[name].shape != shapes[name]:
                raise ValueError
        return Chunk(begin, end, **found, about=about)


def digest_of(manifest: Mapping[str, Any]) -> str:
    """Return a text that tells sweeps apart."""
    return sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def checksum(told: Mapping[str, Any], arrays: Mapping[str, Any]) -> str:
    """Return a text that changes with any bit of a chunk."""
    found = sha256(json.dumps(told, sort_keys=True).encode())
    for name in ARRAYS:
        found.update(np.ascontiguousarray(arrays[name]).tobytes())
    return found.hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; raises `BadFolder`."""
    beside = path.with_name(f"{path.name}.{token_hex(6)}.tmp")
    try:
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        why = error.strerror or str(error)
        hint = "give a folder that can be written to as out"
        raise BadFolder(action="write", path=str(path), why=why, hint=hint) from error
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def opened(path: str | os.PathLike[str]) -> Folder:
    """Return the folder of a sweep that is there; raises `BrokenSweep` and `BadFolder`."""
    place = Path(path) / MANIFEST
    hint = "give the folder that was given as out when the sweep was made"
    try:
        manifest: Any = json.loads(place.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        why = "it holds no manifest.json" if Path(path).is_dir() else "there is no such folder"
        raise BrokenSweep(path=str(path), why=why, hint=hint) from None
    except OSError as error:
        why = error.strerror or str(error)
        raise BadFolder(action="read", path=str(place), why=why, hint=hint) from error
    except (ValueError, RecursionError):
        raise BrokenSweep(path=str(path), why="its manifest is damaged", hint=hint) from None
    if not is_mapping(manifest) or not _is_known(manifest):
        raise broken(path)
    return Folder(path, dict(manifest))


def broken(path: str | os.PathLike[str]) -> BrokenSweep:
    """Return the error for a manifest that is not ours."""
    hint = "make the sweep again in a new folder"
    return BrokenSweep(path=str(path), why=f"its manifest is not one of format {FORMAT}", hint=hint)


KINDS: dict[str, Any] = {
    "format": int,
    "version": str,
    "function": str,
    "source": str,
    "precisions": dict,
    "program": str,
    "ranges": dict,
    "fixed": dict,
    "samples": (int, type(None)),
    "seed": int,
    "entries": list,
    "points": int,
    "chunk": int,
}


def _is_known(manifest: Mapping[str, Any]) -> bool:
    """Tell whether a manifest has all that ours have."""
    if manifest.keys() != KINDS.keys() or manifest["format"] != FORMAT:
        return False
    good = all(isinstance(manifest[name], kind) for name, kind in KINDS.items())
    return good and manifest["points"] >= 1 and manifest["chunk"] >= 1


def prepared(
    path: str | os.PathLike[str], manifest: dict[str, Any], is_chunk_given: bool
) -> Folder:
    """Return the folder for a sweep, made where it is not there, or gone on with.

    Raises `OtherSweep` by the name of what differs, `BadFolder` for what is no folder of a sweep.
    """
    where = Path(path)
    if (where / MANIFEST).exists():
        folder = opened(where)
        old = folder.manifest
        wanted = manifest if is_chunk_given else {**manifest, "chunk": old["chunk"]}
        _require_same(where, old, wanted)
        return folder
    hint = "give a new folder, or one that is empty, as out"
    try:
        where.mkdir(parents=True, exist_ok=True)
        if any(where.iterdir()):
            why = "it holds other files"
            raise BadFolder(action="write the sweep to", path=str(path), why=why, hint=hint)
    except BadFolder:
        raise
    except OSError as error:
        why = "it is a file" if where.is_file() else error.strerror or str(error)
        raise BadFolder(action="make the folder", path=str(path), why=why, hint=hint) from error
    write_whole(where / MANIFEST, json.dumps(manifest, indent=1).encode())
    return Folder(where, manifest)


NAMES = {
    "version": "the typedgrad version",
    "source": "the source text of the function",
    "program": "the operations of the function",
    "samples": "the number of random points",
    "chunk": "the chunk size",
    "precisions": "the precisions",
}


def _require_same(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    for key in KINDS:
        if old[key] != new[key]:
            there, here = _told(old[key], new[key])
            facts = dict(what=NAMES.get(key, f"the {key}"), there=there, here=here)
            raise OtherSweep(path=str(path), **facts)


def _told(old: Any, new: Any) -> tuple[str, str]:
    """Return two things that differ as short texts; of mappings, the first entry that differs."""
    if is_mapping(old) and is_mapping(new):
        key = next((k for k in {**old, **new} if old.get(k) != new.get(k)), None)
        if key is not None:
            there, here = (_entry(key, x) for x in (old, new))
            return there, here
        return ", ".join(old)[:60], ", ".join(new)[:60]
    return str(old)[:60], str(new)[:60]


def _entry(key: str, given: Mapping[str, Any]) -> str:
    x = given.get(key, {"text": "nothing"})
    return f"{key}={x['text'] if is_mapping(x) and 'text' in x else x}"[:60]
