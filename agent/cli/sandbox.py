"""`tapslip sandbox`: the pretend tenant alone; `device …` and `person …` move its virtual devices and people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from agent import wiring
from agent.cli import hosting, opening
from agent.cli.door import Door
from agent.domain.secrets import Secret


@click.group(invoke_without_command=True)
@click.option("--port", type=int, default=0, help="Port on loopback; default any free one.")
@click.option("--seed", type=int, help="Same seed, same ids; default this folder's own.")
@click.option("--speed", type=click.FloatRange(min=0.01), default=1.0, help="Divides the durations of enrolment steps.")
@click.option("--latency", type=click.FloatRange(0, 60), default=0.0, help="Seconds before each answer.")
@click.option(
    "--throttling",
    type=click.Choice(["on", "reports", "off"]),
    default="on",
    help="Microsoft's published limits; 'reports': only those of the reports.",
)
@click.option(
    "--throttle-factor", type=click.FloatRange(0.001, 1000), default=1.0, help="Shortens windows and counts alike."
)
@click.option("--people-file", type=click.Path(path_type=Path), help="A seed file of your own (YAML).")
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help=hosting.RECORD_HELP)
@click.option("--state-dir", type=click.Path(path_type=Path), help="Folder of the ready line; default from settings.")
@click.pass_context
def sandbox(ctx: click.Context, /, state_dir: Path | None, **wished: Any) -> None:
    """Serve a pretend tenant until stopped; prints one JSON line when it is ready."""
    ctx.obj = (opening.globals_of(ctx), state_dir)
    if ctx.invoked_subcommand is not None:
        return
    with hosting.hosted(_folder(ctx), hosting.Wish(**wished)) as running:
        running.served.wait(announce=lambda: print(json.dumps(running.ready), flush=True))


def _folder(ctx: click.Context) -> Path:
    options, state_dir = ctx.obj
    return state_dir.resolve() if state_dir else opening.load_settings(options).state_dir


@sandbox.group()
def device() -> None:
    """Look at the virtual devices and move them."""


@contextmanager
def _door(ctx: click.Context) -> Iterator[Door]:
    folder = _folder(ctx)
    door = Door(wiring.read_ready(folder))
    try:
        yield door
    finally:
        door.close()


def _show(device_shown: dict[str, Any]) -> None:
    asks = {"user_name_and_code": "user name and code", "code": "code"}.get(device_shown["asks"], "")
    click.echo(f"{device_shown['serial']:12} {device_shown['model']:28} {device_shown['screen']}")
    click.echo(f"    {device_shown['message']}" + (f"  [waits for: {asks}]" if asks else ""))


@device.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def list_devices(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001  click's way
    """Every virtual device and what its screen says."""
    with _door(ctx) as door:
        found = door.devices()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for one in found:
        _show(one)


@device.command("power-on")
@click.argument("serial")
@click.pass_context
def power_on(ctx: click.Context, serial: str) -> None:
    """Switch a device on."""
    with _door(ctx) as door:
        _show(door.move(serial, "power-on"))


@device.command("sign-in")
@click.argument("serial")
@click.option("--person", metavar="UPN", default="", help="Who types; needed the first time.")
@click.option("--lost", "lost_method", metavar="METHOD_ID", default="", help="The method to delete (trusted PC only).")
@click.option(
    "--sets-up", type=click.Choice(["passkey", "phone-sign-in", "push"]), help="What a person's own phone sets up."
)
@click.option("--approve-on", metavar="SERIAL", default="", help="The phone that answers an MFA prompt.")
@click.option("--phone-number", metavar="NUMBER", default="", help="What is registered when a policy interrupts.")
@click.pass_context
def sign_in(ctx: click.Context, /, serial: str, **typed: str) -> None:
    """Type user name and code; the code is read from standard input (an empty line: the person has none)."""
    with _door(ctx) as door:
        code = _typed()
        _show(door.move(serial, "sign-in", code=code, **typed))


def _typed() -> Secret | None:
    if sys.stdin.isatty():
        text: str = click.prompt("Code", hide_input=True, default="", show_default=False, err=True)
    else:
        text = sys.stdin.readline()
    text = text.strip()
    return Secret(text) if text else None


@device.command("press")
@click.argument("serial")
@click.argument("button", type=click.Choice(["provision", "reseal", "approve"]))
@click.pass_context
def press(ctx: click.Context, serial: str, button: str) -> None:
    """Press what only some devices have: a technician's Provision and Reseal, Authenticator's Approve."""
    with _door(ctx) as door:
        _show(door.move(serial, button))


@device.command("unlock")
@click.argument("serial")
@click.pass_context
def unlock(ctx: click.Context, serial: str) -> None:
    """Lock the device and sign in with the new credential."""
    with _door(ctx) as door:
        _show(door.move(serial, "unlock"))


@device.command("reset")
@click.argument("serial")
@click.pass_context
def reset(ctx: click.Context, serial: str) -> None:
    """Put a device back into its box."""
    with _door(ctx) as door:
        _show(door.move(serial, "reset"))


@sandbox.group()
def person() -> None:
    """The people of the tenant who can sign in by themselves."""


@person.command("list")
@click.pass_context
def list_people(ctx: click.Context) -> None:
    """Everybody who holds a key of their own."""
    with _door(ctx) as door:
        for one in door.people():
            click.echo(f"{one['person']:40} {one['name']} ({one['key']})")


@person.command("sign-in")
@click.argument("upn")
@click.argument("address")
@click.pass_context
def sign_in_person(ctx: click.Context, upn: str, address: str) -> None:
    """Open the address of a waiting sign-in in their browser, and go through with their key."""
    with _door(ctx) as door:
        door.sign_in(upn, address)
    click.echo(f"✓ {upn} went through; the program that waits knows now.")
