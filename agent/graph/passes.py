"""Temporary Access Passes: listed, minted once, deleted. The code goes straight into its own type.

learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethod. Version 1.0: beta has lost `isUsable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agent import errors
from agent.domain import passes, secrets
from agent.domain.facts import Fact
from agent.graph import answers, calls, urls

REGISTRATION = "issuer"
PERMISSION = "UserAuthMethod-TAP.Read.All"


class GraphPasses:
    """Fits `ports.Passes`."""

    def __init__(self, graph: calls.Calls) -> None:
        self._graph = graph

    def of(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[passes.TenantPass, ...]]]:
        """What the tenant lists for each person, none or one, expired ones too."""
        asked = {person: _collection(person) for person in person_ids}
        return self._graph.many(
            lambda person: self._of(asked[person]), asked, first=lambda person: calls.First(asked[person])
        )

    def create(
        self, person_id: str, terms: passes.Terms, may_go: Callable[[], None] = lambda: None
    ) -> passes.MintedPass:
        """Mint one, once; `may_go` is asked just before each request that would make it, and raises to hold it back.

        Raises TenantRefused, TenantThrottled, TenantUnreachable or Misconfigured when surely nothing was made, and
        OutcomeUnknown when the request left and no whole answer came.
        learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods
        """
        answer = self._graph.create(_collection(person_id), REGISTRATION, _body(terms), may_go)
        minted = _minted(answers.content(answer) or {}, answer.reference)
        if minted is None:
            raise calls.outcome_unknown(answer.reference)
        return minted

    def ready(self) -> None:
        """Nothing, if a token can be had; raises Misconfigured, TenantUnreachable, and Refused for a past sign-in."""
        self._graph.tokens.bearer(REGISTRATION)

    def busy_for(self) -> float:
        """Seconds until the tenant lets us make passes again; 0.0 when it does now."""
        return self._graph.closed_for(REGISTRATION)

    def removal_due(self, until: datetime) -> None:
        """A pass will have to go until then: creations leave the last fifth of the write limit to its deletion."""
        self._graph.removal_due(REGISTRATION, until)

    def delete(self, person_id: str, tenant_id: str) -> str:
        """Delete one; gone already is fine. Gives the request's id.

        Raises TenantRefused, TenantThrottled or TenantUnreachable.
        """
        return self._graph.delete(_collection(person_id, tenant_id), REGISTRATION)

    def _of(self, address: urls.Address) -> Fact[tuple[passes.TenantPass, ...]]:
        def read() -> tuple[passes.TenantPass, ...]:
            try:
                rows = self._graph.rows(address)
            except errors.TenantRefused as refused:
                if refused.status != 404:
                    raise
                rows = []
            return tuple(_listed(row, address) for row in rows)

        return self._graph.fact(read, f"GET {address.shape}", PERMISSION)


def _collection(person_id: str, tenant_id: str = "") -> urls.Address:
    one = (urls.guid(tenant_id),) if tenant_id else ()
    return urls.address(urls.V1, "users", urls.guid(person_id), "authentication", "temporaryAccessPassMethods", *one)


def _body(terms: passes.Terms) -> dict[str, Any]:
    body: dict[str, Any] = {"lifetimeInMinutes": terms.lifetime, "isUsableOnce": terms.one_time}
    if terms.start is not None:
        body["startDateTime"] = terms.start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return body


def _minted(row: answers.Row, reference: str) -> passes.MintedPass | None:
    """The new pass with its code, or None when the answer lacks something that only this answer tells."""
    code, made = row.get("temporaryAccessPass"), _pass(row)
    if not isinstance(code, str) or not code or made is None:
        return None
    return passes.MintedPass(made, secrets.PassCode(code), reference)


def _listed(row: answers.Row, address: urls.Address) -> passes.TenantPass:
    """A row of the list: one that cannot be read would hide a live pass, so nothing is known then."""
    found = _pass(row)
    if found is None:
        raise errors.TenantUnreachable(
            f"Microsoft Graph lists a pass at {address.shape} without its id or times.", "Try again later."
        )
    return found


def _pass(row: answers.Row) -> passes.TenantPass | None:
    identity, lifetime = answers.text(row, "id"), answers.number(row, "lifetimeInMinutes")
    created = answers.time(row, "createdDateTime")
    start: datetime | None = answers.time(row, "startDateTime") or created
    if not urls.is_guid(identity) or lifetime is None or start is None:
        return None
    return passes.TenantPass(
        id=identity.lower(),
        created=created,
        start=start,
        lifetime=lifetime,
        one_time=answers.flag(row, "isUsableOnce") is True,
        usable=answers.flag(row, "isUsable") is True,
        reason=answers.text(row, "methodUsabilityReason"),
        last_used=answers.time(row, "lastUsedDateTime"),
    )
