"""`midtrace plugins`: what is installed, from where, and what failed to load."""

from __future__ import annotations

import click

from ..plugins import survey
from ..records import dump


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def plugins(*, as_json: bool) -> None:
    """List monitors, verifiers, extractors, sources and tasks, built in or brought by other packages."""
    found = survey()
    if as_json:
        rows = [
            {
                "kind": p.kind,
                "name": p.name,
                "target": p.target,
                "distribution": p.distribution,
                "error": p.error,
            }
            for p in found
        ]
        click.echo(dump({"plugins": rows}))
        return
    for plugin in found:
        state = f"FAILED: {plugin.error}" if plugin.error else "ok"
        click.echo(f"{plugin.kind:<11} {plugin.name:<14} {plugin.distribution:<18} {plugin.target}  {state}")
