"""The directory's queries in the sandbox: what Graph finds, orders, counts and refuses, and what changed since."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.contracts.sandbox_side import Side


@pytest.fixture
def side() -> Side:
    return Side()


def names(side: Side, query: str, *, path: str = "/users", advanced: bool = False) -> list[str]:
    """Display names at a path, in order."""
    level = "eventual" if advanced else "session"
    body = side.get(f"/v1.0{path}?{quote(query, safe='$&=,')}", ConsistencyLevel=level)
    return [row["displayName"] for row in body["value"]]


def refused(side: Side, query: str, *, path: str = "/users", level: str = "session") -> str:
    """The code of a refusal with 400."""
    address = f"/v1.0{path}?{quote(query, safe='$&=,')}"
    error: dict[str, Any] = side.get(address, status=400, ConsistencyLevel=level)["error"]
    return str(error["code"])


def number(side: Side, path: str) -> int:
    """The bare number at a `$count`."""
    answer = side.send("GET", f"/v1.0{path}", ConsistencyLevel="eventual")
    assert answer.headers["Content-Type"].startswith("text/plain")
    return int(answer.data)


def test_people_are_found_by_in_and_by_what_their_names_begin_with(side: Side) -> None:
    assert names(side, "$filter=employeeId in ('1187','1188')") == ["Mara Quist", "Jonas Ferreira"]
    assert names(side, "$filter=startsWith(displayName,'alex')") == ["Alex Morgan", "Alex Morgan"]
    assert names(side, "$filter=accountEnabled eq false") == ["Victor Lamb"]
    assert names(side, "$filter=(department eq 'Legal') or mail eq 'mara.quist@tallisharbour.example'") == [
        "Mara Quist",
        "Siobhán O'Rourke",
    ]
    identity = "identities/any(c:c/issuerAssignedId eq 'kim.doyle@tallisharbour.example' and c/issuer eq 'x')"
    assert names(side, f"$filter={identity}") == []


def test_in_takes_fifteen_values_and_a_value_a_hundred_and_twenty_signs(side: Side) -> None:
    values = ",".join(f"'{number}'" for number in range(16))

    assert refused(side, f"$filter=employeeId in ({values})") == "Request_UnsupportedQuery"
    assert names(side, f"$filter=employeeId in ({values.rpartition(',')[0]})") == []
    assert refused(side, f"$filter=displayName eq '{'x' * 121}'") == "Request_UnsupportedQuery"


@pytest.mark.parametrize(
    "query",
    [
        "$filter=displayName ne 'x'",
        "$filter=not(startsWith(displayName,'a'))",
        "$filter=endsWith(mail,'example')",
        '$search="displayName:mara"',
        "$filter=startsWith(displayName,'a')&$orderby=displayName",
    ],
)
def test_advanced_queries_need_the_header(side: Side, query: str) -> None:
    assert refused(side, query) == "Request_UnsupportedQuery"
    assert names(side, f"{query}&$count=true", advanced=True)


def test_most_advanced_filters_need_the_count_too(side: Side) -> None:
    assert refused(side, "$filter=displayName ne 'x'", level="eventual") == "Request_UnsupportedQuery"
    assert names(side, '$search="displayName:mara"', advanced=True) == ["Mara Quist"]


def test_search_takes_names_word_by_word_and_everything_else_from_its_beginning(side: Side) -> None:
    assert names(side, '$search="displayName:quist"', advanced=True) == ["Mara Quist"]
    assert names(side, '$search="displayName:uist"', advanced=True) == []
    assert names(side, '$search="mail:mara.q"', advanced=True) == ["Mara Quist"]
    assert names(side, '$search="displayName:alex" AND "displayName:mor"', advanced=True) == ["Alex Morgan"] * 2
    assert names(side, '$search="displayName:mara" OR "displayName:jonas"', advanced=True) == [
        "Mara Quist",
        "Jonas Ferreira",
    ]


def test_order_count_and_top(side: Side) -> None:
    everybody = names(side, "$orderby=displayName desc")
    first = side.get("/v1.0/users?$top=2&$count=true&$orderby=displayName", ConsistencyLevel="eventual")

    assert everybody == sorted(everybody, key=str.lower, reverse=True)
    assert first["@odata.count"] == len(everybody)
    assert len(first["value"]) == 2
    assert "@odata.count" not in side.get("/v1.0/users?$count=true")
    assert number(side, "/users/$count") == len(everybody)
    assert side.get("/v1.0/users/$count", status=400)["error"]["code"] == "Request_BadRequest"
    assert refused(side, "$top=1000") == "BadRequest"
    assert refused(side, "$skip=1") == "Request_BadRequest"


def test_a_list_refuses_what_only_a_single_person_has(side: Side) -> None:
    key = side.person("mara.quist").id

    side.get("/v1.0/users?$select=aboutMe", status=501)
    assert side.get(f"/v1.0/users/{key}?$select=aboutMe")["aboutMe"] is None
    assert refused(side, "$select=shoeSize") == "BadRequest"


def test_managers_are_expanded_to_the_top(side: Side) -> None:
    key = side.person("mara.quist").id
    found = side.get(f"/v1.0/users/{key}?$expand=manager($levels=max;$select=id,displayName)&$select=id")

    assert found["manager"]["displayName"] == "Helen Strand"
    assert found["manager"]["manager"]["displayName"] == "Ines Okafor"
    assert "manager" not in found["manager"]["manager"]
    assert "manager" not in side.get(f"/v1.0/users/{key}?$expand=manager")["manager"]


def test_changes_come_by_the_link_of_the_last_page(side: Side) -> None:
    first = side.get("/v1.0/users/delta?$select=displayName,jobTitle&$top=7")
    rows = list(first["value"])
    while "@odata.nextLink" in first:
        first = side.get(first["@odata.nextLink"].removeprefix(side.tenant.origin))
        rows += first["value"]
    link = first["@odata.deltaLink"].removeprefix(side.tenant.origin)
    assert len(rows) == len(side.tenant.directory.users)
    assert side.get(link)["value"] == []

    side.person("mara.quist").job_title = "Harbour Master"
    gone = side.person("peter.ashdown").id
    del side.tenant.directory.users[gone]
    changes = side.get(link)["value"]
    assert [row.get("jobTitle") for row in changes] == ["Harbour Master", None]
    assert changes[1] == {"id": gone, "@removed": {"reason": "changed"}}
    side.get("/v1.0/users/delta?$deltatoken=unknown", status=410)
    assert side.get("/v1.0/users/delta?$deltatoken=latest")["value"] == []


def test_groups_hold_people_straight_and_through_groups(side: Side) -> None:
    by_name = {group.name: group.id for group in side.tenant.directory.groups.values()}
    everyone = f"/groups/{by_name['All staff']}"
    mara = f"/users/{side.person('mara.quist').id}"

    straight = names(side, "$select=displayName", path=f"{everyone}/members")
    assert straight == ["Leith Harbour House", "Ostend Quay", "Lisbon Annexe"]
    assert "Mara Quist" in names(side, "$select=displayName", path=f"{everyone}/transitiveMembers")
    assert names(side, "$top=5", path=f"{mara}/memberOf") == ["Leith Harbour House"]
    assert set(names(side, "$top=5", path=f"{mara}/transitiveMemberOf")) == {"Leith Harbour House", "All staff"}
    assert number(side, f"{everyone}/transitiveMembers/microsoft.graph.user/$count") == 18
    assert refused(side, "$top=5", path=f"{everyone}/members/microsoft.graph.user") == "Request_UnsupportedQuery"


def test_groups_of_a_person_and_objects_by_their_ids(side: Side) -> None:
    by_name = {group.name: group.id for group in side.tenant.directory.groups.values()}
    mara = side.person("mara.quist").id
    path = f"/v1.0/users/{mara}/getMemberGroups"

    held = side.send("POST", path, {"securityEnabledOnly": True}).get_json()["value"]
    assert sorted(held) == sorted([by_name["All staff"], by_name["Leith Harbour House"]])
    assert side.send("POST", path, {}).status_code == 400
    ids = {"ids": [mara, by_name["Guests"], "0" * 36], "types": ["user"]}
    (row,) = side.send("POST", "/v1.0/directoryObjects/getByIds", ids).get_json()["value"]
    assert (row["@odata.type"], row["displayName"]) == ("#microsoft.graph.user", "Mara Quist")


def test_roles_through_groups_are_transitive_assignments(side: Side) -> None:
    base = "/beta/roleManagement/directory"
    key = side.person("tomasz.brandt").id
    path = f"{base}/transitiveRoleAssignments?$count=true&$filter=principalId eq '{key}'"
    (row,) = side.get(path, ConsistencyLevel="eventual")["value"]

    assert row["roleDefinitionId"] == "c4e39bd9-1100-46d3-8c65-fb160da0071f"
    side.get(path, status=400)
    privileged = side.get(f"{base}/roleDefinitions?$filter=isPrivileged eq true")["value"]
    assert "Global Administrator" in [role["displayName"] for role in privileged]


def test_licences_are_counted_and_told_person_by_person(side: Side) -> None:
    (sku,) = side.get("/v1.0/subscribedSkus")["value"]
    guest = next(user for user in side.tenant.directory.users.values() if not user.licences)

    assert sku["consumedUnits"] == len([user for user in side.tenant.directory.users.values() if user.licences])
    assert side.get(f"/v1.0/subscribedSkus/{sku['id']}")["skuPartNumber"] == "EMS"
    (held,) = side.get(f"/v1.0/users/{side.person('mara.quist').id}/licenseDetails")["value"]
    assert {plan["servicePlanName"] for plan in held["servicePlans"]} >= {"AAD_PREMIUM", "INTUNE_A"}
    assert side.get(f"/v1.0/users/{guest.id}/licenseDetails")["value"] == []


def test_the_registration_report_says_who_is_passwordless(side: Side) -> None:
    base = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
    found = side.get(f"{base}?$filter=isPasswordlessCapable eq true")["value"]
    ruth = side.get(f"{base}/{side.person('ruth.adeyemi').id}")

    assert {row["userDisplayName"] for row in found} >= {"Helen Strand", "Nils Haugen"}
    assert (ruth["isPasswordlessCapable"], ruth["isMfaRegistered"]) == (False, True)
    assert ruth["methodsRegistered"] == ["microsoftAuthenticatorPush", "mobilePhone"]
    keys = side.get(f"{base}?$filter=methodsRegistered/any(m:m eq 'passKeyDeviceBound')")["value"]
    assert "Nils Haugen" in [row["userDisplayName"] for row in keys]
    side.get(f"{base}?$filter=lastUpdatedDateTime ge 2026-01-01T00:00:00Z", status=400)


def test_groups_are_found_by_their_kind_their_owners_and_whether_they_hold_anybody(side: Side) -> None:
    owned = "$filter=owners/$count eq 0&$select=id,displayName"

    assert names(side, "$filter=groupTypes/any(c:c eq 'Unified')", path="/groups") == []
    assert refused(side, owned, path="/groups") == "Request_UnsupportedQuery"
    found = names(side, f"{owned}&$count=true", path="/groups", advanced=True)
    assert "All staff" in found
    assert "Role: Authentication Administrators" not in found
    assert names(side, "$filter=assignedLicenses/any()", path="/groups") == []
    group = side.get("/v1.0/groups?$filter=displayName eq 'Lisbon Annexe'&$expand=members($select=id,displayName)")
    assert [row["displayName"] for row in group["value"][0]["members"]] == ["Priya Venkat", "Jonas Ferreira"]


def test_the_last_sign_in_is_there_for_who_names_it(side: Side) -> None:
    key = side.person("mara.quist").id

    assert "signInActivity" not in side.get(f"/v1.0/users/{key}")
    assert side.get(f"/v1.0/users/{key}?$select=signInActivity")["signInActivity"] is None
