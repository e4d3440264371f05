"""From the global options to an Agent and an operator; what every command that works on a tenant starts with."""

from __future__ import annotations

import getpass
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager

import click

from agent import errors, logs, ports, settings, wiring
from agent.actions import authority, operators
from agent.cli.main import Globals
from agent.domain import asks, characters
from agent.domain.people import LOCAL, Operator, Role
from agent.ports import Agent


def load_settings(options: Globals, *, acts: bool = False) -> settings.Settings:
    """The settings of this call; logging is set up by the way. Raises Misconfigured, and WrongUsage for a role.

    A command that `acts` has its operator sign in, who may choose among the roles they hold. Where operators sign in,
    nobody can choose a role just to look.
    """
    logs.set_up(sys.stderr)
    loaded = settings.load(options.settings, settings.environment())
    if options.role and loaded.operators_sign_in and not acts:
        raise errors.WrongUsage(
            "--as means nothing here: nobody signs in for this command.",
            "Where operators sign in, roles come from their Entra groups. Leave --as out.",
        )
    return loaded


@contextmanager
def agent_for(options: Globals, *, acts: bool = False) -> Iterator[Agent]:
    """An Agent for the length of a command; `acts` for those that have their operator sign in."""
    agent = wiring.build(load_settings(options, acts=acts), options.outside)
    try:
        yield agent
    finally:
        agent.close()


def acting(options: Globals, agent: Agent, deed: authority.Deed) -> tuple[Agent, Operator]:
    """Who acts, and the agent that acts for them; raises as `identified`. Close the agent that was given."""
    by = identified(options, agent, deed)
    return in_own_name(agent, by), by


def operator(options: Globals) -> Operator:
    """The machine's user in the role played: for what takes the machine's own files, and no sign-in."""
    role = Role(options.role or "technician")
    return Operator(f"{LOCAL}{role}", f"{_user()} ({role})", role)


def in_own_name(agent: Agent, by: Operator) -> Agent:
    """The agent that acts in the name of somebody who signed in a moment ago, where the settings want that."""
    return operators.in_own_name(agent, by, _asking("Sign in once more, to act in your own name"))


def identified(options: Globals, agent: Agent, deed: authority.Deed) -> Operator:
    """Who acts: after a sign-in in their own browser, or in the role played, whatever that may do.

    Raises as `operators.sign_in`.
    """
    chosen = Role(options.role) if options.role else None
    if not agent.settings.operators_sign_in:
        return operator(options)
    _say_how_on_the_sandbox(agent)
    by = operators.sign_in(agent, _asking("Sign in as the operator"), deed, chosen)
    _say(f"Signed in: {characters.shown(by.name)} ({by.role})")
    return by


def answering(options: Globals, agent: Agent, ask: asks.Ask) -> Operator:
    """Who answers an ask: whoever is named signs in as themselves, anybody else in a role that may.

    Raises as `identified`.
    """
    if not (ask.named and agent.settings.operators_sign_in):
        return identified(options, agent, authority.answering(() if ask.named else ask.roles))
    _say_how_on_the_sandbox(agent)
    by = operators.named(agent, _asking("Sign in as the person whom the ask names"), ask.named)
    _say(f"Signed in: {characters.shown(by.name)}")
    return by


def _say_how_on_the_sandbox(agent: Agent) -> None:
    if agent.settings.sandbox:
        _say("On the sandbox, in another terminal: tapslip sandbox person sign-in UPN 'ADDRESS'")


def _asking(what: str) -> ports.Shown:
    """How somebody at this terminal is asked to sign in; on standard error, because the other may be JSON."""

    def browser(address: str) -> None:
        _say(f"{what}; this opens in your browser:\n  {address}")
        webbrowser.open(address)

    return ports.Shown(browser, lambda address, code: _say(f"{what}: open {address} and type {code}"))


def _say(line: str) -> None:
    click.echo(line, err=True)


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
