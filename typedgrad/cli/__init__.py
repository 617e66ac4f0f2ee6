"""The command: arguments become calls, results become text; nothing is computed here."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module

import click
from typing_extensions import override

from typedgrad.errors import TypedgradError

EXAMPLES = """\b
Two examples:
  typedgrad compare loss.py:loss --at x=1000,y=0.001
  typedgrad explain TG101

A Python number that knows its precision, and counts its right digits."""


def version_shown(context: click.Context, _: click.Parameter, asked: bool) -> None:
    """Print the version and leave."""
    if asked:
        from typedgrad.report.doctor import installed

        click.echo(f"typedgrad {installed('typedgrad') or '(not installed, run from its source)'}")
        context.exit()


COMMANDS = {
    "blame": "blaming:blame_command",
    "compare": "comparing:compare_command",
    "check": "gating:check_command",
    "gate": "gating:gate_command",
    "graph": "reporting:graph_command",
    "diff": "reporting:diff_command",
    "sweep": "sweeping:sweep_command",
    "tune": "tuning:tune_command",
    "explain": "helping:explain_command",
    "doctor": "helping:doctor_command",
}


class Commands(click.Group):
    """The commands by name, each loaded when it is asked for."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        room, _, name = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(f"typedgrad.cli.{room}"), name)
        return found


@click.group(cls=Commands, help=EXAMPLES, context_settings={"max_content_width": 100})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=version_shown)
def command() -> None:
    """The command itself; its parts follow."""


def main() -> None:
    """Run the command; wrong use is one error on stderr and exit status 2."""
    from typedgrad.cli.screen import closed, explained

    try:
        try:
            command.main(prog_name="typedgrad")
        except OSError as error:
            raise closed(error) from None
    except TypedgradError as error:
        if "--traceback" in sys.argv:
            traceback.print_exception(error)
        click.echo(explained(error), err=True)
        raise SystemExit(2) from None
