"""`typedgrad check` and `typedgrad gate`: a project's gates, and what they say."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click

from typedgrad.cli.screen import readable
from typedgrad.cli.targets import function_at

FORMATS = click.Choice(["text", "json", "github"])


@click.command("check")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.option("--traceback", is_flag=True, help="Show the whole stack of an error.")
def check_command(paths: tuple[str, ...], form: str, traceback: bool) -> None:
    """Find mixed precisions before the code runs: mypy's own run, with the cure of each line.

    \b
      typedgrad check src/
      typedgrad check src/ tests/ --format github

    mypy reads your configuration. Exit status: 0 fine, 1 errors, 2 wrong use or mypy sees nothing.
    """
    from typedgrad.gates.shown import checked_github, checked_text
    from typedgrad.gates.types import check_types

    found = check_types(paths)
    if form == "json":
        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    else:
        click.echo(readable(checked_github(found) if form == "github" else checked_text(found)))
    if not found:
        raise SystemExit(1)


@click.command("gate")
@click.argument("project", metavar="[PYPROJECT]", default="pyproject.toml")
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.option("--traceback", is_flag=True, help="Show the whole stack of an error.")
def gate_command(project: str, form: str, traceback: bool) -> None:
    """Judge the digits that a project requires in [[tool.typedgrad.require]] of pyproject.toml.

    \b
      typedgrad gate
      typedgrad gate sub/pyproject.toml --format github

    Exit status: 0 all are met, 1 some are not, 2 wrong use.
    """
    from typedgrad.gates.shown import outcomes_github, outcomes_text

    path = Path(project)
    with redirect_stdout(sys.stderr):  # what the user's files print is not the report
        outcomes = judged(path / "pyproject.toml" if path.is_dir() else path)
    enough = all(outcome.enough for outcome in outcomes)
    if form == "json":
        found = [outcome.to_dict() for outcome in outcomes]
        data = {"version": 1, "passed": enough, "requirements": found}
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        shown = outcomes_github(outcomes) if form == "github" else outcomes_text(outcomes)
        click.echo(readable(shown))
    if not enough:
        raise SystemExit(1)


def judged(path: Path) -> tuple[Any, ...]:
    """Read the requirements, load each target once and judge them all."""
    from typedgrad.gates.digits import judge, located, naming
    from typedgrad.gates.requirements import requirements

    loaded: dict[str, Any] = {}
    wanted = requirements(path)
    for requirement in wanted:
        target = located(requirement, path)
        with naming(requirement, path):
            if target not in loaded:
                loaded[target] = function_at(target)
    return tuple(
        outcome
        for requirement in wanted
        for outcome in judge(requirement, loaded[located(requirement, path)], path)
    )
