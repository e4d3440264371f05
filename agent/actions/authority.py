"""Who may do what. Until operators can sign in, nobody mints or deletes anything on a real tenant."""

from __future__ import annotations

from agent import errors
from agent.domain.people import Operator, Role
from agent.ports import Agent

#: The program itself, as it stands in the audit when it tracks and tidies.
ITSELF = Operator("local:tapslip", "Tapslip", Role.ADMIN)

_MAY_ISSUE = {Role.TECHNICIAN, Role.LEAD, Role.ADMIN}


def may_change_passes(agent: Agent, by: Operator) -> None:
    """Refuse anyone who may not issue, close or revoke: Misconfigured on a real tenant, Refused by role."""
    if not agent.settings.sandbox:
        raise errors.Misconfigured(
            "On a real tenant, minting and deleting passes needs the operator's own Entra sign-in, "
            "which this version does not have.",
            "Use preflight, status, track and doctor here; rehearse the rest with `tenant: sandbox`.",
        )
    if by.role not in _MAY_ISSUE:
        raise errors.Refused(
            f"The role {by.role} may not issue or withdraw passes.",
            "A technician, a lead or an admin may.",
            codes=("role",),
        )
