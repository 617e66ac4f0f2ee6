"""What every error has: a code, what it says, one cure, and its facts."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override

HOME = "typedgrad.errors"


class TypedgradError(Exception):
    """The root of all errors that typedgrad raises on purpose."""

    code: ClassVar[str] = "TG000"
    says: ClassVar[str] = "{what}"
    cure: ClassVar[str] = "run `typedgrad doctor` and report what it prints"

    @override
    def __init_subclass__(cls) -> None:
        """Give our errors one home in tracebacks, whichever room of it they live in."""
        super().__init_subclass__()
        if cls.__module__.startswith(HOME):
            cls.__module__ = HOME

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.text())

    def text(self) -> str:
        """Return what happened, one line of help and the code, in this order."""
        what, cure = self.says.format(**self.facts), self.cure.format(**self.facts)
        return f"{what}\nhelp: {cure}\n[{self.code}]"

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.facts)


def _rebuild(kind: type[TypedgradError], facts: dict[str, object]) -> TypedgradError:
    return kind(**facts)


def every_error() -> dict[str, type[TypedgradError]]:
    """Return the error classes by code, in the order of the codes."""
    kinds = TypedgradError.__subclasses__()
    return {kind.code: kind for kind in sorted(kinds, key=lambda kind: kind.code)}
