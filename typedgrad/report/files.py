"""Files of reports: each is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from typedgrad.errors import FileNotWritten


def check_place(path: str | os.PathLike[str]) -> None:
    """Raise `FileNotWritten` for a folder, a path in no folder, or one closed to writing.

    A command asks before it works, so that a long run does not end in this error.
    """
    target = Path(path)
    if target.is_dir():
        raise FileNotWritten(path=target, why="it is a folder")
    if not target.parent.is_dir():
        raise FileNotWritten(path=target, why=f"there is no folder {target.parent}")
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise FileNotWritten(path=target, why="Permission denied")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text to a file in one step; a file that is there already is replaced.

    Raises `FileNotWritten` where that cannot be done; then nothing has changed.
    """
    check_place(path)
    try:
        _replace(Path(os.path.realpath(path)), text)
    except OSError as error:
        raise FileNotWritten(path=path, why=error.strerror or type(error).__name__) from None


def _replace(target: Path, text: str) -> None:
    """Write beside the target, then take its place; a pipe or a device is written to directly."""
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8", newline="\n")
        return
    beside = target.with_name(f".{target.name[:40]}.{token_hex(4)}")
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if target.exists():
            beside.chmod(target.stat().st_mode & 0o777)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
