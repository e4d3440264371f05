"""Who may do what: the table of roles, asked by every verb before it does anything.

On a real tenant only somebody who signed in is an operator; on the sandbox a role may be played, unless the settings
have operators sign in there too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from agent import errors
from agent.domain.people import LOCAL, Operator, Role
from agent.ports import Agent

#: The program itself, as it stands in the audit when it tracks and tidies.
ITSELF = Operator(f"{LOCAL}tapslip", "Tapslip", Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that needs a role: what it is, and the roles that allow it, the highest first."""

    said: str
    roles: tuple[Role, ...]

    @property
    def allowed(self) -> str:
        """The roles in words: “a lead, an approver or a technician”."""
        named = [f"{'an' if role.value[0] in 'aeiou' else 'a'} {role}" for role in self.roles]
        return " or ".join(filter(None, [", ".join(named[:-1]), named[-1]]))


# Whoever looks after the program makes no passes with it; whoever approves makes none either, but may stop what was
# approved; and anybody who holds a role may pull the brake.
ISSUE = Deed("issue passes", (Role.LEAD, Role.TECHNICIAN))
CLAIM = Deed("claim tickets", (Role.LEAD, Role.TECHNICIAN))
RELEASE = Deed("release a ticket that a restore holds", (Role.LEAD,))
VOID = Deed("void tickets or destroy slips", (Role.LEAD, Role.APPROVER, Role.TECHNICIAN))
REVOKE = Deed("withdraw passes or close journeys", (Role.LEAD, Role.APPROVER, Role.TECHNICIAN))
APPROVE = Deed("approve", (Role.APPROVER,))
FREEZE = Deed("freeze", (Role.LEAD, Role.ADMIN, Role.APPROVER, Role.AUDITOR, Role.TECHNICIAN))
UNFREEZE = Deed("lift a freeze", (Role.LEAD, Role.ADMIN))
ANSWER = Deed("answer what others ask", tuple(Role))
SETTLE = Deed("settle an alert", (Role.LEAD, Role.ADMIN, Role.AUDITOR))
EXPORT_AUDIT = Deed("read the audit", (Role.AUDITOR, Role.LEAD, Role.APPROVER, Role.TECHNICIAN))
CHANGE_POLICY = Deed("change the pass policy", (Role.ADMIN,))


def answering(roles: Collection[Role]) -> Deed:
    """To answer an ask that is put to these roles; to none, where a person is named, whatever they hold."""
    return replace(ANSWER, roles=tuple(role for role in ANSWER.roles if role in roles) or ANSWER.roles)


def may(agent: Agent, by: Operator, deed: Deed) -> None:
    """Refuse whoever may not: Misconfigured for somebody who did not sign in where they must, Refused by role."""
    if agent.settings.operators_sign_in and not by.signed_in:
        raise errors.Misconfigured(
            f"On a real tenant, nobody may {deed.said} without the operator's own Entra sign-in.",
            "Run the command at a terminal with a browser, or rehearse with `tenant: sandbox`.",
        )
    if by.role not in deed.roles:
        allowed = deed.allowed
        raise errors.Refused(
            f"The role {by.role} may not {deed.said}.", f"{allowed[0].upper()}{allowed[1:]} may.", codes=("role",)
        )


def may_issue(agent: Agent, by: Operator) -> None:
    """Refuse anyone who may not make a pass; raises as `may`."""
    may(agent, by, ISSUE)


def may_revoke(agent: Agent, by: Operator) -> None:
    """Refuse anyone who may not take a pass away or close a journey; raises as `may`."""
    may(agent, by, REVOKE)
