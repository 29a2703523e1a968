"""The program: its commands, and what all of them have in common."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sheetline.workbook.cli import (
    command_check,
    command_diff,
    command_drift,
    command_eval,
    command_files,
    command_functions,
    command_lineage,
    command_replay,
    command_run,
    command_show,
    command_trace,
)
from sheetline.workbook.cli.faults import Session, reported


class Commands(TyperGroup):
    """All commands; whatever one of them raises becomes words and an exit code in one place."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the call names."""
        with reported(ctx.ensure_object(Session)):
            return super().invoke(ctx)


app = typer.Typer(
    name="sheetline",
    cls=Commands,
    help="Spreadsheet formulas over whole columns, and workbooks that say where each column comes from.",
    epilog="Exit codes: 0 done; 1 the data broke a rule; 2 the call, formula or workbook is wrong; "
    "3 a source or output can't be reached.",
    no_args_is_help=True,
    # Plain help: rich alone would take longer to load than most formulas to run.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from sheetline import __version__

        print(f"sheetline {__version__}")
        raise typer.Exit


@app.callback()
def common(
    ctx: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of a bug (as SHEETLINE_DEBUG=1 does).")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options in front of the command."""
    ctx.ensure_object(Session).debug = debug


app.command("run")(command_run.run)
app.command("check")(command_check.check)
app.command("drift")(command_drift.drift)
app.command("show")(command_show.show)
app.command("lineage")(command_lineage.lineage)
app.command("eval")(command_eval.evaluate)
app.command("functions")(command_functions.functions)
app.command("fmt")(command_files.fmt)
app.command("schema")(command_files.schema)
app.command("replay")(command_replay.replay)
app.command("diff")(command_diff.diff)
app.command("trace")(command_trace.trace)
app.command("explain")(command_trace.explain)
