"""A world whose tenant is a real one to the client: Microsoft's own hosts, operators who sign in, roles by groups.

The hosts are those of the client's own table; the sandbox tenant stands behind them in this process. The sign-in
library looks at the machine's clock, so this world begins now.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from agent import ports, settings, wiring
from agent.actions import authority, operators
from agent.actions import issue as issuing
from agent.domain.people import Operator, Role
from agent.sandbox import mount, records
from agent.sandbox.areas import roles as directory_roles
from tests.world import SeededChance, SharedClock, World, seeded
from tests.wsgi_adapter import WsgiAdapter

LOGIN, GRAPH = "https://login.microsoftonline.com", "https://graph.microsoft.com"
#: Who holds which role here, by the groups that the settings name.
STAFF: Mapping[Role, tuple[str, ...]] = {
    Role.TECHNICIAN: ("omar.siddiq", "tomasz.brandt"),
    Role.LEAD: ("tomasz.brandt",),
    Role.APPROVER: ("priya.venkat",),
    Role.AUDITOR: ("priya.venkat",),
    Role.ADMIN: ("ines.okafor",),
}


@dataclass
class Operated(World):
    """A world in which somebody of the staff acts, after a sign-in in their own browser."""

    def sign_in(self, person: str, deed: authority.Deed = authority.ISSUE, role: Role | None = None) -> Operator:
        """The operator, identified and with a role."""
        return operators.sign_in(self.agent, self.at_browser(person), deed, role)

    def as_operator(self, person: str, deed: authority.Deed = authority.ISSUE) -> tuple[ports.Agent, Operator]:
        """The operator, and the agent that acts in their name."""
        by = self.sign_in(person, deed)
        return operators.in_own_name(self.agent, by, self.at_browser(person)), by

    def issued_by(self, operator: str, person: str, *wanted: str, **more: Any) -> issuing.Issued:
        """A pass to a screen, by an operator who signed in for it."""
        agent, by = self.as_operator(operator)
        return issuing.issue(agent, self.request_for_screen(person, *wanted, by=by, **more))

    def at_browser(self, person: str) -> ports.Shown:
        """Wherever a browser opens, this person goes through with their key."""
        return browser(lambda address: self.sandbox.staff.sign_in(self.upn(person), address))

    def may_make_passes(self, person: str) -> None:
        """The directory role that Entra wants, held from now on."""
        template = directory_roles.AUTHENTICATION_ADMINISTRATOR
        made = records.RoleAssignment(
            self.sandbox.tenant.new_id(), self.user(person).id, template, "Authentication Administrator"
        )
        self.sandbox.tenant.directory.role_assignments[made.id] = made

    def group(self, role: Role) -> records.Group:
        """The group of a role."""
        (named,) = self.agent.settings.roles.groups(role)
        return self.sandbox.tenant.directory.groups[named]

    def rows(self) -> list[ports.AuditEntry]:
        """Every decision, oldest first."""
        with self.agent.store.begin() as tx:
            return list(reversed(tx.audit.recent(1000)))


def browser(go_through: Callable[[str], Mapping[str, Any]]) -> ports.Shown:
    """What the tenant sends back to a program is brought to it."""

    def visit(address: str) -> None:
        came = go_through(address)
        requests.post(came["form_action"], data=came["fields"], timeout=10)

    return ports.Shown(lambda address: threading.Thread(target=visit, args=(address,)).start(), lambda *_: None)


@contextmanager
def operated(folder: Path, **overrides: str) -> Iterator[Operated]:
    """A fresh world at a real tenant; `overrides` are settings."""
    clock = SharedClock(datetime.now(UTC))
    sandbox = seeded(clock, LOGIN)
    adapter = WsgiAdapter(sandbox.wsgi, clock.now)
    held = {"state_dir": str(folder / "state"), "organisation.name": "Tallis Harbour Ltd"}
    held |= _registrations(sandbox) | _role_groups(sandbox)
    chosen = settings.load(None, {}, overrides=held | overrides)
    agent = wiring.build(chosen, wiring.Outside(clock, SeededChance(), {LOGIN: adapter, GRAPH: adapter}))
    try:
        yield Operated(clock, sandbox, agent, folder / "slips", adapter)
    finally:
        agent.close()


def _registrations(sandbox: mount.Sandbox) -> dict[str, str]:
    line = sandbox.ready_line()
    return {"tenant.tenant_id": line["tenant_id"]} | {
        f"tenant.registrations.{name}.{key}": held[f"client_{theirs}"]
        for name, held in line["registrations"].items()
        for key, theirs in (("client_id", "id"), ("secret", "secret"))
    }


def _role_groups(sandbox: mount.Sandbox) -> dict[str, str]:
    """A group for each role, with its people, and one for those who may get passes; the settings that name them."""
    tenant = sandbox.tenant
    by_name = {user.upn.partition("@")[0]: user.id for user in tenant.directory.users.values()}
    everybody = next(group.id for group in tenant.directory.groups.values() if group.name == "All staff")
    named = {"guard_rails.people": everybody}
    for role, people in STAFF.items():
        made = records.Group(tenant.new_id(), f"Tapslip {role}s", [by_name[person] for person in people])
        tenant.directory.groups[made.id] = made
        named[f"roles.{role}"] = made.id
    return named
