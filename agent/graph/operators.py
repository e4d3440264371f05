"""Operators: who they are, and passes made and deleted in their own name.

The registration `operators` identifies and has no rights. The registration `issuer` is asked, in the same browser, for
a token in the operator's name: Entra then enforces their directory role, its administrative unit and that nobody makes
a pass for themselves, and its audit names them.
learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods (delegated permissions and roles)
"""

from __future__ import annotations

from collections.abc import Callable

from agent import errors, ports
from agent.domain import passes, people
from agent.graph import passes as app_passes
from agent.graph import sign_in
from agent.graph.calls import Calls


class GraphOperators:
    """Fits `ports.Operators`; `permission` is the delegated one that passes need in this cloud."""

    def __init__(self, calls: Calls, sign_ins: sign_in.SignIns, permission: str) -> None:
        self._calls = calls
        self._sign_ins = sign_ins
        self._permission = permission

    def identify(self, shown: ports.Shown) -> ports.SignedIn:
        """Who sits there; raises Refused, Misconfigured and TenantUnreachable."""
        identity = self._sign_ins.identify(shown)
        return ports.SignedIn(identity.object_id, identity.user_name)

    def passes_as(self, by: people.Operator, shown: ports.Shown) -> OwnPasses:
        """Passes in the name of an operator who signed in a moment ago; raises as `identify`, and for another's."""
        registration = app_passes.REGISTRATION
        signed_in = self._sign_ins.delegated(registration, (self._permission,), shown, known=by.name)
        if signed_in.identity.object_id != by.id:
            raise errors.Refused(
                f"Two people signed in: {by.name}, and then {signed_in.identity.user_name or 'somebody else'}.",
                "Start again, and choose the same account both times.",
                codes=("sign_in",),
            )
        return OwnPasses(self._calls.acting(registration, signed_in.bearer), by.name)


class OwnPasses(app_passes.GraphPasses):
    """Fits `ports.Passes`: made and deleted with an operator's own token, listed as ever."""

    def __init__(self, graph: Calls, operator: str) -> None:
        super().__init__(graph)
        self._operator = operator

    def create(
        self, person_id: str, terms: passes.Terms, may_go: Callable[[], None] = lambda: None
    ) -> passes.MintedPass:
        """As `GraphPasses.create`; also raises Refused when the sign-in has ended, before anything was made."""
        try:
            return super().create(person_id, terms, may_go)
        except errors.TenantRefused as refused:
            raise self._explained(refused, "make a pass for") from None

    def delete(self, person_id: str, tenant_id: str) -> str:
        """As `GraphPasses.delete`; also raises Refused when the sign-in has ended."""
        try:
            return super().delete(person_id, tenant_id)
        except errors.TenantRefused as refused:
            raise self._explained(refused, "delete the pass of") from None

    def _explained(self, refused: errors.TenantRefused, deed: str) -> errors.TenantRefused:
        """What Entra's own rules for the operator say, in a sentence."""
        summary, advice = refused.summary, refused.advice
        if refused.status == 401:
            summary, advice = f"Entra no longer accepts the sign-in of {self._operator}.", "Run the command again."
        elif refused.status == 403:
            summary = f"Entra does not let {self._operator} {deed} this person."
            advice = (
                "It takes the role Authentication Administrator (where that is limited to administrative units, for "
                "this person's; if you are only eligible, activate it and sign in again). It reaches neither yourself "
                "nor administrators."
            )
        return errors.TenantRefused(summary, advice, refused.reference, status=refused.status, code=refused.code)
