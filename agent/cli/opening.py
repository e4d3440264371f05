"""From the global options to an Agent and an operator; what every command that works on a tenant starts with."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from agent import errors, logs, settings, wiring
from agent.cli.main import Globals
from agent.domain.people import Operator, Role
from agent.ports import Agent


def load_settings(options: Globals) -> settings.Settings:
    """The settings of this call; logging is set up by the way. Raises Misconfigured, and WrongUsage for a role.

    On a real tenant nobody can choose a role by an option, not even to look.
    """
    logs.set_up(sys.stderr)
    loaded = settings.load(options.settings, settings.environment())
    if options.role and not loaded.sandbox:
        raise errors.WrongUsage(
            "--as is for the sandbox only.", "On a real tenant your role comes from your Entra groups."
        )
    return loaded


@contextmanager
def agent_for(options: Globals) -> Iterator[Agent]:
    """An Agent for the length of a command."""
    agent = wiring.build(load_settings(options))
    try:
        yield agent
    finally:
        agent.close()


def operator(options: Globals) -> Operator:
    """Who acts: the machine's user in the role played."""
    role = Role(options.role or "technician")
    return Operator(f"local:{role}", f"{_user()} ({role})", role)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "somebody"


def on_terminal() -> bool:
    """Whether a person is looking at standard output."""
    return sys.stdout.isatty()


def globals_of(ctx: click.Context) -> Globals:
    """The global options of this call."""
    found = ctx.find_object(Globals)
    return found if found is not None else Globals()
