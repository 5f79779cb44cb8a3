"""`bingx-async demo`: watch the governor work."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import anyio
import click
from rich.console import Console

from bingx_async.demo.run import run
from bingx_async.demo.scenario import LEAST_SECONDS, Settings
from bingx_async.emulator import MODELS, Model

INTERRUPTED = 130
SECONDS = click.FloatRange(LEAST_SECONDS, 3600)


@click.command(context_settings={"show_default": True})
@click.option("--seconds", type=SECONDS, default=Settings().seconds, help="How long to drive at full load.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Save the last frame as a picture.")
@click.option("--model", type=click.Choice(MODELS), default=Settings().model, help="How the emulated exchange counts.")
def demo(seconds: float, svg: Path | None, model: Model) -> None:
    """Drive three accounts at full load against an emulated exchange and watch.

    Needs no keys and no network. Exits with 1 if a call was refused beyond the one that is provoked, or if a quota
    was not used to 90 %.
    """
    if svg is not None and not (svg.absolute().parent.is_dir() and os.access(svg.absolute().parent, os.W_OK)):
        raise click.BadParameter(f"cannot write to the directory {str(svg.parent)!r}", param_hint="--svg")
    try:
        report = anyio.run(run, Settings(seconds, model), Console(), svg)
    except KeyboardInterrupt:
        click.echo("interrupted: everything is closed", err=True)
        sys.exit(INTERRUPTED)
    except BaseExceptionGroup as failures:
        raise _broken_pipe_of(failures) from None
    if svg is not None:
        click.echo(f"the last frame is in {svg}")
    sys.exit(0 if report.is_kept else 1)


def _broken_pipe_of(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failures as they are, or as one `BrokenPipeError` if the reader of the output has gone: click ends it."""
    _, others = failures.split(BrokenPipeError)
    return failures if others is not None else BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
