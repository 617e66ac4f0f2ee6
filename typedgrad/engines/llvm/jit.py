"""From IR text to machine code: each text is compiled once in a process and stays for ever."""

from __future__ import annotations

from threading import RLock
from types import ModuleType
from typing import Any

from typedgrad.errors import MissingExtra

_LOCK = RLock()
_CODES: dict[tuple[str, int, int, bool], Code] = {}


class Code:
    """Compiled functions; the engine that owns their memory is kept with them."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def address(self, name: str) -> int:
        """Return the address of a function."""
        with _LOCK:
            found: int = self._owner.get_function_address(name)
        return found


def binding() -> ModuleType:
    """Return llvmlite's binding. Raises `MissingExtra` where it is not installed."""
    try:
        import llvmlite.binding as llvm
    except ImportError as error:
        raise MissingExtra(feature="the llvm engine", package="llvmlite", extra="llvm") from error
    return llvm


def is_there() -> bool:
    """Tell whether llvmlite can be imported."""
    try:
        binding()
    except MissingExtra:
        return False
    return True


def compiled(text: str, passes: int = 2, level: int = 2, variables: bool = False) -> Code:
    """Return the code of a module of IR for this machine.

    `passes` is the level of optimisation of the IR, `level` that of the code, each from 0 to 3.
    With `variables`, what the text keeps in memory on the stack is put into registers first.
    Nothing is contracted or reordered as long as the text has no fast-math flags. Raises
    `MissingExtra` where llvmlite is not installed.
    """
    with _LOCK:
        key = (text, passes, level, variables)
        found = _CODES.get(key)
        if found is None:
            found = _CODES[key] = _compile(*key)
    return found


def _compile(text: str, passes: int, level: int, variables: bool) -> Code:
    binding()
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=_features(), opt=level, jit=True
    )
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    if variables:
        manager: Any = vars(llvm)["create_new_module_pass_manager"]()
        manager.add_sroa_pass()
        tuning = llvm.create_pipeline_tuning_options()
        manager.run(module, llvm.create_pass_builder(machine, tuning))
    if passes:
        options = llvm.create_pipeline_tuning_options(speed_level=passes)
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
    owner = llvm.create_mcjit_compiler(module, machine)
    owner.finalize_object()
    return Code(owner)


def _features() -> str:
    """Return the features of this machine's processor, or nothing where LLVM does not know them."""
    import llvmlite.binding as llvm

    try:
        return llvm.get_host_cpu_features().flatten()
    except RuntimeError:
        return ""
