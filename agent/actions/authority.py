"""Who may do what. Until operators can sign in, nobody mints or deletes anything on a real tenant."""

from __future__ import annotations

from agent import errors
from agent.domain.people import Operator, Role
from agent.ports import Agent

#: The program itself, as it stands in the audit when it tracks and tidies.
ITSELF = Operator("local:tapslip", "Tapslip", Role.ADMIN)

# Whoever looks after the program makes no passes with it, and whoever approves may stop what was approved.
_MAY_ISSUE = {Role.TECHNICIAN, Role.LEAD}
_MAY_REVOKE = {Role.TECHNICIAN, Role.LEAD, Role.APPROVER}


def may_issue(agent: Agent, by: Operator) -> None:
    """Refuse anyone who may not make a pass: Misconfigured on a real tenant, Refused by role."""
    _sandbox_only(agent)
    if by.role not in _MAY_ISSUE:
        raise errors.Refused(
            f"The role {by.role} may not issue passes.", "A technician or a lead may.", codes=("role",)
        )


def may_revoke(agent: Agent, by: Operator) -> None:
    """Refuse anyone who may not take a pass away or close a journey; raises as `may_issue`."""
    _sandbox_only(agent)
    if by.role not in _MAY_REVOKE:
        raise errors.Refused(
            f"The role {by.role} may not withdraw passes or close journeys.",
            "A technician, a lead or an approver may.",
            codes=("role",),
        )


def _sandbox_only(agent: Agent) -> None:
    if not agent.settings.sandbox:
        raise errors.Misconfigured(
            "On a real tenant, minting and deleting passes needs the operator's own Entra sign-in, "
            "which this version does not have.",
            "Use preflight, status, track and doctor here; rehearse the rest with `tenant: sandbox`.",
        )
