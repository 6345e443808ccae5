"""`midtrace models`: which model files are known, and bring one into the cache."""

from __future__ import annotations

import click

from ..models import KNOWN, obtain
from ..models.fetch import cache_folder
from ..models.known import known
from ..records import dump
from ..records.json import Json
from .progress import Bar


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def models(name: str | None, *, as_json: bool) -> None:
    """List the known models, or fetch the one called NAME and print its path."""
    if name is not None:
        model = known(name)
        with Bar() as bar:
            path = obtain(model, bar.update)
        click.echo(dump({"name": model.name, "path": str(path), "sha256": model.sha256}) if as_json else str(path))
        return
    rows: list[Json] = [
        {
            "name": model.name,
            "sha256": model.sha256,
            "size": model.size,
            "licence": model.licence,
            "cached": (cache_folder() / model.file).exists(),
            "note": model.note,
        }
        for model in KNOWN
    ]
    if as_json:
        click.echo(dump({"cache": str(cache_folder()), "models": rows}))
        return
    for model in KNOWN:
        here = "in the cache" if (cache_folder() / model.file).exists() else "not fetched"
        click.echo(f"{model.name:<20} {model.size / 1e6:7.0f} MB  {model.licence:<11} {here:<13} {model.note}")
        click.echo(f"{'':<20} sha256 {model.sha256}")
