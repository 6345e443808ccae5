"""The `midtrace` command: what all subcommands share."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from ..errors import MidtraceError
from .check import check
from .demo import demo
from .models import models
from .plugins import plugins
from .pools import pools

BAD_INPUT = 2
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="midtrace")
def commands() -> None:
    """Verify a language model's reasoning while it streams."""


for command in (check, demo, models, plugins, pools):
    commands.add_command(command)


def main() -> NoReturn:
    """Run the command line; every error is one line on standard error."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        status = commands.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as page:
        click.echo(page.format_message(), err=True)
        status = BAD_INPUT
    except click.ClickException as error:
        click.echo(f"midtrace: {error.format_message()}", err=True)
        status = BAD_INPUT
    except MidtraceError as error:
        click.echo(f"midtrace: {error}", err=True)
        status = BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        click.echo("midtrace: interrupted", err=True)
        status = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; what Python would say of it at exit helps nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def _as_interrupt(_signal: int, frame: FrameType | None) -> None:
    """End on SIGTERM as on Ctrl-C: engines close, and no process is left behind."""
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        handler(signal.SIGINT, frame)
    else:  # started in the background, where a shell switches Ctrl-C off
        raise KeyboardInterrupt
