"""How a command reaches the services: those of `onhand up` by its folder, others by address and token."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import typer

from onhand.cli import keys
from onhand.cli.errors import UpError
from onhand.cli.runtime import Runtime
from onhand.cli.scopes import scopes
from onhand.kit.clock import SystemClock


@dataclass(frozen=True)
class Door:
    """An address and a token that opens it."""

    target: str
    token: str


def door(service: str, target: str, data_dir: Path) -> Door:
    """Return the door of a service: `target` with ONHAND_TOKEN, or that of the `onhand up` in `data_dir`."""
    if target:
        token = os.environ.get("ONHAND_TOKEN", "")
        if not token:
            raise typer.BadParameter("--target needs a token in ONHAND_TOKEN")
        return Door(target, token)
    runtime = running(data_dir)
    now = SystemClock().now()
    token = keys.mint(runtime.keys_dir, "operator", scopes(), keys.ALL_LOCATIONS, timedelta(hours=12), now)
    return Door(runtime.addresses[service], token)


def running(data_dir: Path) -> Runtime:
    """Return what runs in `data_dir`, or tell the user that nothing does."""
    try:
        return Runtime.load(data_dir)
    except UpError as error:
        raise typer.BadParameter(str(error)) from None
