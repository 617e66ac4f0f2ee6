"""The generated stubs are current, and every row is in them."""

import ast
from pathlib import Path

import pytest

from tools import faces
from typedgrad import ops
from typedgrad.op import Op

FOLDER = Path(ops.__file__).parent


def functions(stub: str) -> set[str]:
    """Return the names of all functions and methods of a stub."""
    tree = ast.parse((FOLDER / stub).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_stubs_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert faces.main("--check") == 0, capsys.readouterr().err


def test_a_stale_stub_is_named_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(faces, "FOLDER", tmp_path)
    assert faces.main("--check") == 1
    assert "methods.pyi is not current; run: python -m tools.faces" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_every_public_name_is_a_function_of_the_stub() -> None:
    assert functions("__init__.pyi") == set(ops.__all__)


def test_every_row_of_numbers_is_a_method_of_the_stub() -> None:
    assert functions("methods.pyi") == {op.name for op in faces.rows() if not op.sequences}


@pytest.mark.parametrize("op", faces.rows(), ids=lambda op: op.name)
def test_every_row_has_its_doc_in_the_stub(op: Op) -> None:
    assert faces.quoted(op.doc) in (FOLDER / "__init__.pyi").read_text(encoding="utf-8")
