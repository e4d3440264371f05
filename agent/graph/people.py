"""The directory through Graph: who somebody is, and which groups they are in. Methods and roles stand beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from agent import errors
from agent.domain import people
from agent.domain.facts import Fact, Known, NotChecked
from agent.graph import answers, methods, roles, urls
from agent.graph.calls import Calls, First

FIND_PERMISSION = "User.Read.All"
GROUPS_PERMISSION = "GroupMember.Read.All"

#: checkMemberGroups takes so many ids at once (learn.microsoft.com/graph/api/directoryobject-checkmembergroups).
GROUPS_AT_ONCE = 20

_PERSON = {
    "$select": "id,displayName,userPrincipalName,userType,accountEnabled,department,jobTitle,officeLocation,employeeId,"
    "isManagementRestricted,creationType,externalUserState,identities,signInSessionsValidFromDateTime,"
    "createdDateTime",
    "$expand": "manager($select=id,displayName)",
}


class GraphPeople:
    """Fits `ports.People`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def find(self, names: Sequence[str]) -> Mapping[str, Fact[people.Person | None]]:
        """By object id where it is a GUID, else by user name in any case; raises Refused for what cannot be a name."""
        asked = {name: _by_id(name) if urls.is_guid(name.strip()) else _by_user_name(name) for name in names}
        return self._calls.many(
            lambda name: self._find(name.strip(), asked[name]), asked, first=lambda name: First(asked[name])
        )

    def manager(self, person_id: str) -> Fact[people.Addressee | None]:
        """Whom somebody reports to, where they have a mail address; learn.microsoft.com/graph/api/user-list-manager."""
        query = {"$select": "displayName,mail"}
        address = urls.address(urls.V1, "users", urls.guid(person_id), "manager", query=query)

        def read() -> people.Addressee | None:
            for row in self._one(address):
                if to := answers.text(row, "mail"):
                    return people.Addressee(answers.text(row, "displayName"), to)
            return None

        return self._calls.fact(read, f"GET {address.shape}", FIND_PERMISSION)

    def methods(
        self, person_ids: Sequence[str], only: Mapping[str, Collection[people.MethodKind]] | None = None
    ) -> Mapping[str, Fact[tuple[people.SignInMethod, ...]]]:
        """Every registered method but the pass and the password, with the time of its last use where beta shows it."""
        return methods.read(self._calls, person_ids, only or {})

    def roles(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[people.HeldRole, ...]]]:
        """Directory roles held directly, by group or eligible."""
        return roles.read(self._calls, person_ids)

    def service_plans(self, person_ids: Sequence[str]) -> Mapping[str, Fact[frozenset[str]]]:
        """Names of the licence plans that each person may use; learn.microsoft.com/graph/api/user-list-licensedetails.

        A plan that is switched off for the person is not one of them; one that is still being set up is.
        """
        return self._calls.many(self._plans, person_ids, first=lambda person: First(_licences(person)))

    def groups(self, person_ids: Sequence[str], among: Collection[str]) -> Mapping[str, Fact[frozenset[str]]]:
        """Of the groups `among`, those that contain the person, transitively.

        learn.microsoft.com/graph/api/directoryobject-checkmembergroups
        """
        strange = [group for group in among if not urls.is_guid(group)]
        if strange:
            reason = NotChecked(f"{len(strange)} group(s) have ids that Microsoft Graph cannot be asked about.")
            return dict.fromkeys(person_ids, reason)
        wanted = sorted({group.lower() for group in among})
        chunks = [wanted[at : at + GROUPS_AT_ONCE] for at in range(0, len(wanted), GROUPS_AT_ONCE)]
        found = self._calls.many(
            lambda key: self._groups(*key),
            [(urls.guid(person), tuple(chunk)) for person in person_ids for chunk in chunks],
            first=lambda key: First(_check_groups(key[0]), body={"groupIds": list(key[1])}),
        )
        by_person: dict[str, list[Fact[frozenset[str]]]] = {
            person: [fact for (owner, _), fact in found.items() if owner == person.lower()] for person in person_ids
        }
        return {person: self._together(facts) for person, facts in by_person.items()}

    def _find(self, name: str, address: urls.Address) -> Fact[people.Person | None]:
        by_id = urls.is_guid(name)

        def read() -> people.Person | None:
            rows = self._one(address) if by_id else self._calls.rows(address)
            key = "id" if by_id else "userPrincipalName"
            same = [row for row in rows if answers.text(row, key).casefold() == name.casefold()]
            persons = [each for each in map(_person, same) if each is not None]
            answers.skipped(len(same) - len(persons), address.shape)
            return persons[0] if persons else None

        return self._calls.fact(read, f"GET {address.shape}", FIND_PERMISSION)

    def _plans(self, person_id: str) -> Fact[frozenset[str]]:
        address = _licences(person_id)

        def read() -> frozenset[str]:
            plans = [plan for row in self._calls.rows(address) for plan in answers.inner_rows(row, "servicePlans")]
            usable = [plan for plan in plans if answers.text(plan, "provisioningStatus") != "Disabled"]
            return frozenset(answers.text(plan, "servicePlanName") for plan in usable) - {""}

        return self._calls.fact(read, f"GET {address.shape}", FIND_PERMISSION)

    def _one(self, address: urls.Address) -> list[answers.Row]:
        try:
            return [self._calls.get(address)]
        except errors.TenantRefused as refused:
            if refused.status != 404:
                raise
            return []

    def _groups(self, person: urls.Segment, chunk: tuple[str, ...]) -> Fact[frozenset[str]]:
        address = _check_groups(person)

        def read() -> frozenset[str]:
            value = self._calls.ask(address, {"groupIds": list(chunk)}).get("value")
            if not isinstance(value, list):
                raise errors.TenantUnreachable(f"What came back for {address.shape} is no list.", "Try again later.")
            return frozenset(group.lower() for group in value if isinstance(group, str)) & frozenset(chunk)

        try:
            return self._calls.fact(read, f"POST {address.shape}", GROUPS_PERMISSION)
        except errors.TenantRefused as refused:
            if refused.status != 404:
                raise
            return NotChecked("The person is no longer in the directory.")

    def _together(self, facts: Sequence[Fact[frozenset[str]]]) -> Fact[frozenset[str]]:
        known: frozenset[str] = frozenset()
        for fact in facts:
            if isinstance(fact, NotChecked):
                return fact
            known |= fact.value
        if facts and isinstance(facts[-1], Known):
            return Known(known, facts[-1].source, facts[-1].at)
        return self._calls.fact(frozenset, "no group was asked about", "")


def _licences(person_id: str) -> urls.Address:
    return urls.address(urls.V1, "users", urls.guid(person_id), "licenseDetails")


def _check_groups(person: urls.Segment) -> urls.Address:
    return urls.address(urls.V1, "users", person, "checkMemberGroups")


def _by_id(name: str) -> urls.Address:
    return urls.address(urls.V1, "users", urls.guid(name.strip()), query=_PERSON)


def _by_user_name(name: str) -> urls.Address:
    return urls.address(
        urls.V1, "users", query={"$filter": f"userPrincipalName eq {urls.literal(name.strip())}", **_PERSON}
    )


def _person(row: answers.Row) -> people.Person | None:
    """A person, or None for a row without a usable id and user name."""
    identity, user_name = answers.text(row, "id"), answers.text(row, "userPrincipalName")
    if not urls.is_guid(identity) or not user_name:
        return None
    return people.Person(
        id=identity.lower(),
        user_name=user_name,
        display_name=answers.text(row, "displayName") or user_name,
        kind=_kind(row),
        enabled=answers.flag(row, "accountEnabled") is True,
        department=answers.text(row, "department"),
        job_title=answers.text(row, "jobTitle"),
        office=answers.text(row, "officeLocation"),
        staff_number=answers.text(row, "employeeId"),
        manager=answers.text(answers.inner(row, "manager"), "displayName"),
        manager_id=answers.text(answers.inner(row, "manager"), "id").lower(),
        sessions_valid_from=answers.time(row, "signInSessionsValidFromDateTime"),
        created=answers.time(row, "createdDateTime"),
        # null means no (learn.microsoft.com/graph/api/resources/user)
        restricted=answers.flag(row, "isManagementRestricted") is True,
    )


def _kind(row: answers.Row) -> people.PersonKind:
    """External when any sign says that the home identity is elsewhere; `userType` alone would not tell.

    learn.microsoft.com/entra/external-id/user-properties
    """
    external = (
        answers.text(row, "creationType") == "Invitation"
        or "#EXT#" in answers.text(row, "userPrincipalName").upper()
        or any(
            answers.text(identity, "signInType") == "federated"
            and answers.text(identity, "issuer") == "ExternalAzureAD"
            for identity in answers.inner_rows(row, "identities")
        )
    )
    if external:
        return people.PersonKind.EXTERNAL_GUEST
    guest = answers.text(row, "userType").lower() == "guest"
    return people.PersonKind.INTERNAL_GUEST if guest else people.PersonKind.MEMBER
