"""`typedgrad explain` and `typedgrad doctor`."""

from __future__ import annotations

import click

from typedgrad.errors import UnknownCode, every_error


@click.command("explain")
@click.argument("code", required=False)
@click.option("--all", "everything", is_flag=True, help="Print every page, as Markdown.")
def explain_command(code: str | None, everything: bool) -> None:
    """Explain an error by its code.

    \b
      typedgrad explain TG101
    """
    from typedgrad.report.text import errors_page, page

    known = every_error()
    if everything:
        click.echo(errors_page(), nl=False)
    elif code is None:
        for kind in known.values():
            click.echo(f"{kind.code}  {(kind.__doc__ or '').partition(chr(10))[0]}")
    elif code.upper() in known:
        click.echo(page(known[code.upper()]))
    else:
        raise UnknownCode(code_asked=code, known=", ".join(known))


@click.command("doctor")
def doctor_command() -> None:
    """Print the versions, what longdouble is on this machine, and which extras are live."""
    from typedgrad.report.doctor import findings

    for line in findings():
        click.echo(line)
