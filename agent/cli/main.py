"""`tapslip`: the command group and the one funnel through which every error reaches a person.

Commands are imported when they are used, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import click

from agent import errors
from agent.domain import characters

if TYPE_CHECKING:
    from agent import wiring

_COMMANDS: Final = {
    "demo": "The whole story in one command, on a pretend tenant.",
    "sandbox": "The pretend tenant alone, and its virtual devices.",
    "doctor": "Is everything in order? Says what is not, and the remedy.",
    "preflight": "Would a pass work for this person and device? Spends nothing.",
    "issue": "Make one pass for a person's kit, on paper or on the screen.",
    "ticket": "Paper without a code; the pass is minted when it is claimed.",
    "slip": "How a paper will look, and what became of one.",
    "track": "Follow every open journey; take away passes nobody needs.",
    "status": "The journeys and how they stand.",
    "worklist": "What a person has to look at, and the one thing to do.",
    "revoke": "Take the pass away from a journey and all that share it.",
    "close": "Close one journey; the pass goes if no other needs it.",
    "ask": "What waits for the yes or no of another person.",
    "freeze": "Stop making passes, everywhere, at once.",
    "unfreeze": "Ask the other office to lift the freeze.",
    "incident": "Who used which pass, and what appeared since.",
    "serve": "The board in a browser, with tracking in the background.",
    "policy": "The tenant's pass policy, explained; changed by an administrator.",
    "migrate": "Bring the database to this version.",
    "backup": "Copy the database, in use as it is, into a new file.",
    "restore": "Put a backup in the database's place; keeps the present one.",
    "profile": "Check profile files.",
    "audit": "The decisions: verify, hold against the tenant's log, export.",
}
_MODULES: Final = {
    "demo": "agent.cli.demo",
    "sandbox": "agent.cli.sandbox",
    "doctor": "agent.cli.doctor",
    "preflight": "agent.cli.issuing",
    "issue": "agent.cli.issuing",
    "ticket": "agent.cli.ticketing",
    "slip": "agent.cli.papers",
    "track": "agent.cli.following",
    "status": "agent.cli.following",
    "worklist": "agent.cli.finding_out",
    "revoke": "agent.cli.ending",
    "close": "agent.cli.ending",
    "ask": "agent.cli.deciding",
    "freeze": "agent.cli.deciding",
    "unfreeze": "agent.cli.deciding",
    "incident": "agent.cli.finding_out",
    "serve": "agent.cli.serve",
    "policy": "agent.cli.policy",
    "migrate": "agent.cli.upkeep",
    "backup": "agent.cli.upkeep",
    "restore": "agent.cli.upkeep",
    "profile": "agent.cli.upkeep",
    "audit": "agent.cli.audit",
}
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Globals:
    """The options before the command: the settings file, and the role played on the sandbox.

    `outside` stands in for clock, chance and the line to the tenant, where somebody other than a shell runs a command.
    """

    settings: str | None = None
    role: str | None = None
    outside: wiring.Outside | None = None


class _Lazy(click.Group):
    """Knows every command's name and sentence; loads its module when it is called or asked for help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if name not in _MODULES:
            return None
        module = importlib.import_module(_MODULES[name])
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--settings", metavar="FILE", help="Settings file (default: TAPSLIP_SETTINGS, else ./tapslip.yaml).")
@click.option(
    "--as",
    "role",
    type=click.Choice(["technician", "lead", "approver", "auditor", "admin"]),
    help="The role you act in: on the sandbox any (default: technician), else one that you hold.",
)
@click.version_option(package_name="tapslip", prog_name="tapslip")
@click.pass_context
def tapslip(ctx: click.Context, settings: str | None, role: str | None) -> None:
    """Takes a person and a boxed device to a passwordless sign-in.

    Start with `tapslip demo`: it needs no tenant and touches nothing real.
    """
    ctx.obj = replace(ctx.find_object(Globals) or Globals(), settings=settings, role=role)


def say_error(problem: errors.AgentError) -> None:
    """What happened, what to do, and the tenant's reference, on standard error."""
    click.secho(characters.shown(problem.summary), err=True, bold=True)
    for line in problem.advice.splitlines():
        click.echo(f"  {characters.shown(line)}", err=True)
    if problem.reference:
        click.echo(f"  Reference: {problem.reference}", err=True)


def _unforeseen(problem: BaseException) -> int:
    """A bug of ours: says so, and where its trace is kept (its text may hold anything, so it is not shown)."""
    from agent.cli import crash

    click.secho("Something went wrong inside Tapslip; this is a bug, not your mistake.", err=True, bold=True)
    where = crash.keep(problem)
    if where:
        click.echo(f"  Send {where} to whoever looks after Tapslip; it holds no code and no secret.", err=True)
    return errors.AgentError.exit_code


@contextlib.contextmanager
def _ending_tidily() -> Iterator[None]:
    """SIGTERM and a closed terminal end a command as Ctrl-C does, so that a pass half handed over is taken back."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    there = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ours = [number for number in there if signal.getsignal(number) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        ours = []
    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def main(arguments: Sequence[str] | None = None, outside: wiring.Outside | None = None) -> int:
    """Run one command; returns the exit code (0 to 6, or 130 when interrupted)."""
    with _ending_tidily():
        return _run(arguments, Globals(outside=outside))


def _run(arguments: Sequence[str] | None, given: Globals) -> int:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        code = tapslip.main(args=arguments, prog_name="tapslip", standalone_mode=False, obj=given)
    except errors.AgentError as problem:
        say_error(problem)
        return problem.exit_code
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as problem:
        problem.show()
        return errors.WrongUsage.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except Exception as problem:  # noqa: BLE001  the funnel is where a bug must end
        return _unforeseen(problem)
    return code if isinstance(code, int) else 0
