"""`midtrace pools`: the shared pools of a cluster, and how to end one."""

from __future__ import annotations

import os

import click

from ..engines.joining import Address
from ..engines.ray_settings import prepare
from ..errors import UsageError
from ..records import dump


@click.command()
@click.option("--address", metavar="HOST:PORT", help="The cluster; default: RAY_ADDRESS.")
@click.option("--stop", metavar="NAME", help="End this pool; its workers end with it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def pools(*, address: str | None, stop: str | None, as_json: bool) -> None:
    """List the shared pools of a Ray cluster, or end one.

    A program makes a pool with open_runtime(pool=Pool(NAME)); with detached=True it stays until it is ended here.
    """
    given = address or os.environ.get("RAY_ADDRESS")
    if not given:
        raise UsageError("expected --address HOST:PORT or RAY_ADDRESS: pools are on a cluster")
    where = Address.read(given)
    prepare(where)
    from ..engines.ray import list_pools, stop_pool  # noqa: PLC0415  (imports ray)

    if stop is not None:
        stop_pool(where, stop)
        click.echo(dump({"stopped": stop}) if as_json else f"{stop} is ended")
        return
    found = list_pools(where)
    if as_json:
        click.echo(dump({"pools": [each._asdict() for each in found]}))
        return
    for each in found:
        use = f"{each.workers} workers, {each.free} free, {each.drivers} programs"
        click.echo(f"{each.name:<24} midtrace {each.version}: {use}")
    if not found:
        click.echo(f"no pools at {where}")
