"""What the tenant's logs show: sign-ins with the method that answered, and passes made and deleted.

Logs come late, and are revised: rows are a hint, never a reason to believe that nothing happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from agent import ports
from agent.domain.facts import Fact, NotChecked
from agent.graph import answers, urls
from agent.graph.calls import Calls

PERMISSION = "AuditLog.Read.All"

#: So many people in one filter: Graph limits what a filter may hold, and the address its length.
PERSONS_AT_ONCE = 15

#: learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities, "Authentication Methods"
_PASS_REASON = "temporary access pass method"  # noqa: S105  a part of Microsoft's sentence
_PASS_ID = "TemporaryAccessPass.TemporaryAccessPass.Id"  # noqa: S105  the name of a property


class GraphActivity:
    """Fits `ports.Activity`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def sign_ins(self, person_ids: Sequence[str], since: datetime) -> Mapping[str, Fact[tuple[ports.SignIn, ...]]]:
        """Interactive sign-ins since then, newest first; learn.microsoft.com/graph/api/signin-list (beta)."""
        ids = list(dict.fromkeys(urls.guid(person) for person in person_ids))
        found: dict[str, Fact[tuple[ports.SignIn, ...]]] = {}
        for at in range(0, len(ids), PERSONS_AT_ONCE):
            found |= self._sign_ins(ids[at : at + PERSONS_AT_ONCE], since)
        return {person: found[person.lower()] for person in person_ids}

    def pass_audits(self, since: datetime) -> Fact[tuple[ports.PassAudit, ...]]:
        """Passes made and deleted since then; learn.microsoft.com/graph/api/directoryaudit-list."""
        query = {"$filter": f"activityDateTime ge {_moment(since)} and loggedByService eq 'Authentication Methods'"}
        address = urls.address(urls.V1, "auditLogs", "directoryAudits", query=query)

        def read() -> tuple[ports.PassAudit, ...]:
            audits = (_audit(row) for row in self._calls.rows(address))
            found = [audit for audit in audits if audit is not None and audit.at >= since]
            return tuple(sorted(found, key=lambda audit: audit.at, reverse=True))

        return self._calls.fact(read, f"GET {address.shape}", PERMISSION)

    def _sign_ins(self, persons: Sequence[str], since: datetime) -> dict[str, Fact[tuple[ports.SignIn, ...]]]:
        """One request for several people, one after the other: the logs give five answers in ten seconds."""
        among = " or ".join(f"userId eq {urls.literal(person)}" for person in persons)
        query = {"$filter": f"({among}) and createdDateTime ge {_moment(since)}"}
        address = urls.address(urls.BETA, "auditLogs", "signIns", query=query)

        def read() -> tuple[ports.SignIn, ...]:
            rows = self._calls.rows(address)
            signed = [each for each in map(_sign_in, rows) if each is not None]
            answers.skipped(len(rows) - len(signed), address.shape)
            return tuple(sorted((each for each in signed if each.at >= since), key=lambda each: each.at, reverse=True))

        fact = self._calls.fact(read, f"GET {address.shape}", PERMISSION)
        if isinstance(fact, NotChecked):
            return dict.fromkeys(persons, fact)
        return {person: replace(fact, value=_own(fact.value, person)) for person in persons}


def _own(signed: Sequence[ports.SignIn], person: str) -> tuple[ports.SignIn, ...]:
    return tuple(each for each in signed if each.person_id == person)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sign_in(row: answers.Row) -> ports.SignIn | None:
    at, code = answers.time(row, "createdDateTime"), answers.number(answers.inner(row, "status"), "errorCode")
    if at is None or code is None or not answers.text(row, "id"):
        return None
    details = answers.inner_rows(row, "authenticationDetails")
    # of a sign-in that succeeded, only the steps that did; of one that failed, what was tried
    tried = [step for step in details if code != 0 or answers.flag(step, "succeeded") is True]
    methods = dict.fromkeys(answers.text(step, "authenticationMethod") for step in tried)
    # learn.microsoft.com/graph/api/resources/devicedetail
    device = answers.inner(row, "deviceDetail")
    return ports.SignIn(
        id=answers.text(row, "id"),
        person_id=answers.text(row, "userId").lower(),
        at=at,
        succeeded=code == 0,
        methods=tuple(method for method in methods if method),
        application=answers.text(row, "appDisplayName"),
        error_code=code,
        device_id=answers.identifier(device, "deviceId").lower(),
        operating_system=answers.text(device, "operatingSystem"),
        address=answers.text(row, "ipAddress"),
        access=answers.text(row, "conditionalAccessStatus"),
    )


def _audit(row: answers.Row) -> ports.PassAudit | None:
    """A row about a pass, or None. App-only creation may be logged in the words of a person's own."""
    at, reason = answers.time(row, "activityDateTime"), answers.text(row, "resultReason").lower()
    made = "registered" in reason
    if at is None or _PASS_REASON not in reason or not (made or "deleted" in reason):
        return None
    if answers.text(row, "result").lower() not in {"", "success"}:
        return None
    target = next(iter(answers.inner_rows(row, "targetResources")), {})
    by = answers.inner(row, "initiatedBy")
    maker = answers.text(answers.inner(by, "app"), "appId") or answers.text(answers.inner(by, "user"), "id")
    return ports.PassAudit(
        at=at,
        person_id=answers.text(target, "id").lower(),
        made=made,
        app_id=maker.lower(),
        pass_id=_pass_id(target),
    )


def _pass_id(target: answers.Row) -> str:
    """The pass's id out of the modified properties, which write values as JSON text."""
    for changed in answers.inner_rows(target, "modifiedProperties"):
        if answers.text(changed, "displayName") == _PASS_ID:
            value = answers.text(changed, "newValue") or answers.text(changed, "oldValue")
            return value.strip('[]" ').lower()
    return ""
