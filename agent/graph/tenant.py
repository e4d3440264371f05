"""What holds for the whole tenant: the pass policy, the enrolment status page, its name, our tokens and the clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from agent import errors, ports
from agent.domain import device_policies, passes
from agent.domain.facts import Fact, Known, NotChecked
from agent.graph import answers, device_rules, rights, urls, windows_policies
from agent.graph.calls import Calls

POLICY_PERMISSION = "Policy.Read.AuthenticationMethod"
STATUS_PAGE_PERMISSION = "DeviceManagementServiceConfig.Read.All"
ORGANISATION_PERMISSION = "DeviceManagementServiceConfig.Read.All"

POLICY = ("policies", "authenticationMethodsPolicy", "authenticationMethodConfigurations", "TemporaryAccessPass")
_STATUS_PAGE = "windows10EnrollmentCompletionPageConfiguration"


class GraphTenant:
    """Fits `ports.Tenant`."""

    def __init__(self, calls: Calls, clock: ports.Clock) -> None:
        self._calls = calls
        self._clock = clock

    def policy(self) -> Fact[passes.PassPolicy]:
        """The Temporary Access Pass policy; NotChecked also when it lacks a number that terms depend on.

        learn.microsoft.com/graph/api/temporaryaccesspassauthenticationmethodconfiguration-get
        """
        address = urls.address(urls.V1, *POLICY)
        fact = self._calls.fact(lambda: _policy(self._calls.get(address)), f"GET {address.shape}", POLICY_PERMISSION)
        if isinstance(fact, Known) and fact.value is None:
            return NotChecked("The Temporary Access Pass policy came without all of its numbers.")
        return fact  # type: ignore[return-value]  # None was told apart just above

    def group_names(self, group_ids: Collection[str]) -> Mapping[str, str]:
        """The display names of groups, where they can be read; learn.microsoft.com/graph/api/group-get."""

        def read(group: str) -> str:
            address = urls.address(urls.V1, "groups", urls.guid(group), query={"$select": "id,displayName"})
            try:
                return answers.text(self._calls.get(address), "displayName")
            except errors.TenantRefused:
                return ""

        found = self._calls.many(read, sorted(group_ids))
        return {group: name for group, name in found.items() if name}

    def groups_missing(self, group_ids: Collection[str]) -> frozenset[str]:
        """Those of these groups that the tenant does not have; one that may not be read counts as there."""

        def missing(group: str) -> bool:
            address = urls.address(urls.V1, "groups", urls.guid(group), query={"$select": "id"})
            try:
                self._calls.get(address)
            except errors.TenantRefused as refused:
                return refused.status == 404
            return False

        found = self._calls.many(missing, sorted(group_ids))
        return frozenset(group for group, gone in found.items() if gone)

    def status_page(self) -> Fact[passes.StatusPage]:
        """The longest time-out of all enrolment status pages; updates if any page installs them.

        Which page a device gets depends on its groups and theirs on the clock, so the longest is planned for.
        learn.microsoft.com/mem/intune/enrollment/windows-enrollment-status
        """
        address = urls.address(urls.BETA, "deviceManagement", "deviceEnrollmentConfigurations")
        return self._calls.fact(
            lambda: _status_page(self._calls.rows(address)), f"GET {address.shape}", STATUS_PAGE_PERMISSION
        )

    def join_rules(self) -> Fact[device_policies.JoinRules]:
        """Who may join devices, and how many a person may own."""
        return device_rules.join_rules(self._calls)

    def enrolment_rules(self) -> Fact[device_policies.EnrolmentRules]:
        """What may enrol and how: restrictions for Windows, status pages, the tenant-wide setting for Windows Hello."""
        return device_rules.enrolment_rules(self._calls)

    def windows_policies(self) -> Fact[tuple[device_policies.DevicePolicy, ...]]:
        """The policies that say something of Windows Hello or of web sign-in, with their targets."""
        return windows_policies.read(self._calls)

    def organisation(self) -> Fact[ports.Organisation]:
        """Name and id; learn.microsoft.com/graph/api/organization-list."""
        address = urls.address(urls.V1, "organization", query={"$select": "id,displayName"})

        def read() -> ports.Organisation:
            rows = self._calls.rows(address)
            if not rows or not answers.text(rows[0], "id"):
                raise errors.TenantUnreachable("Microsoft Graph names no organisation.", "Try again later.")
            return ports.Organisation(answers.text(rows[0], "id").lower(), answers.text(rows[0], "displayName"))

        return self._calls.fact(read, f"GET {address.shape}", ORGANISATION_PERMISSION)

    def token(self, registration: str) -> Fact[str]:
        """That a registration gets a token: Known(its app id), or why not; raises TenantUnreachable."""
        try:
            self._calls.tokens.bearer(registration)
            client_id = self._calls.tokens.client_id(registration)
        except errors.Misconfigured as wrong:
            return NotChecked(f"{wrong.summary} {wrong.advice}".strip())
        return Known(client_id, "POST /oauth2/v2.0/token", self._clock.now())

    def rights(self, registration: str) -> Fact[frozenset[str]]:
        """The permissions in a registration's token; raises TenantUnreachable and Misconfigured as a token does."""
        carried = rights.in_token(self._calls.tokens.bearer(registration))
        if carried is None:
            return NotChecked("The token of this registration cannot be read.")
        return Known(carried, "the token's roles", self._clock.now())

    def certificate_ends(self, registration: str) -> datetime | None:
        """When the registration's certificate ends; None when it uses none, or it cannot be read."""
        return rights.certificate_ends(self._calls.tokens.credential(registration))

    def skew(self) -> Fact[float]:
        """Seconds by which our clock is ahead of Graph's Date header (whole seconds: it has no finer)."""
        address = urls.address(urls.V1, "organization", query={"$select": "id"})
        fact = self._calls.fact(lambda: self._ahead(address), f"GET {address.shape}", ORGANISATION_PERMISSION)
        if isinstance(fact, Known) and fact.value is None:
            return NotChecked("Microsoft Graph's answer carried no Date.")
        return fact  # type: ignore[return-value]  # None was told apart just above

    def _ahead(self, address: urls.Address) -> float | None:
        answered = answers.date(self._calls.head(address).headers.get("Date", ""))
        return None if answered is None else (self._clock.now().replace(microsecond=0) - answered).total_seconds()


def _policy(row: answers.Row) -> passes.PassPolicy | None:
    names = ("minimumLifetimeInMinutes", "maximumLifetimeInMinutes", "defaultLifetimeInMinutes", "defaultLength")
    numbers = [number for number in (answers.number(row, name) for name in names) if number is not None]
    one_time = answers.flag(row, "isUsableOnce")
    if len(numbers) != len(names) or one_time is None or not answers.text(row, "state"):
        return None
    minimum, maximum, default, length = numbers
    return passes.PassPolicy(
        enabled=answers.text(row, "state").lower() == "enabled",
        include=_targets(row, "includeTargets"),
        exclude=_targets(row, "excludeTargets"),
        minimum=minimum,
        maximum=maximum,
        default=default,
        one_time=one_time,
        length=length,
    )


def _targets(row: answers.Row, name: str) -> frozenset[str]:
    return frozenset(answers.text(target, "id").lower() for target in answers.inner_rows(row, name)) - {""}


def _status_page(rows: list[answers.Row]) -> passes.StatusPage:
    pages = [row for row in rows if answers.kind(row) == _STATUS_PAGE]
    timeouts = [number for row in pages if (number := answers.number(row, "installProgressTimeoutInMinutes"))]
    updates = any(answers.flag(row, "installQualityUpdates") is True for row in pages)
    return passes.StatusPage(max(timeouts, default=passes.StatusPage().timeout), updates)
