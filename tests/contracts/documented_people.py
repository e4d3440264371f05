"""Keys, seeds and rules of the documented pairs about people, groups, roles, policies and methods."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from agent.sandbox import records
from agent.sandbox.areas import methods, people
from tests.contracts import documented_examples as examples
from tests.contracts.documented_examples import Stage

_RETIRED = "a kind that Microsoft's metadata no longer has; it became a mode of Microsoft Authenticator"
_INTUNE_VIEW = "Intune's page of its own property, which a user does not show unless asked"
_PASSWORDLESS = "beta/passwordlessmicrosoftauthenticatorauthenticationmethodconfiguration"

DISAGREEING: dict[str, str] = {
    f"{_PASSWORDLESS}-delete#1": _RETIRED,
    f"{_PASSWORDLESS}-get#1": _RETIRED,
    f"{_PASSWORDLESS}-update#1": _RETIRED,
    "v1.0/intune-onboarding-user-get#1": _INTUNE_VIEW,
    "v1.0/intune-onboarding-user-list#1": _INTUNE_VIEW,
    "beta/smsauthenticationmethodconfiguration-update#1": "an older page: v1.0's and its siblings' say 204",
    "beta/group-list-transitivemembers#5": "a slip: asks for users and shows a group's properties",
}
"""Id of a pair -> why the sandbox does not follow the page: an older API, or a slip of the page."""

examples.OUT_OF_SCOPE.append((r"POST /\$batch", "its items are OneDrive's and Planner's"))

_COMPUTED = {"@odata.type", "@odata.context", "@odata.id", "id", "userPrincipalName", "createdDateTime"}


def _further(item: dict[str, Any]) -> dict[str, Any]:
    """The documented properties that a record keeps as they are."""
    return {name: copy.deepcopy(value) for name, value in item.items() if name not in _COMPUTED and value is not None}


def _users(stage: Stage) -> None:
    others = [user for user in stage.side.tenant.directory.users.values() if user is not stage.person]
    for user, item in zip([stage.person, *others], stage.items or [{}], strict=False):
        _describe_user(stage, user, item)


def _describe_user(stage: Stage, user: records.User, item: dict[str, Any]) -> None:
    user.display_name = stage.wanted_name(item.get("displayName", user.display_name))
    user.properties |= _further(item) | {"displayName": user.display_name}


def _describe_group(stage: Stage, group: records.Group, item: dict[str, Any]) -> None:
    group.name = stage.wanted_name(item.get("displayName", group.name))
    group.properties |= _further(item) | {"displayName": group.name}


def _groups(stage: Stage) -> None:
    items = stage.items or [{}]
    for group, item in zip(stage.side.tenant.directory.groups.values(), items, strict=False):
        _describe_group(stage, group, item)


def _members(stage: Stage) -> None:
    """Fill the group with a person and a group for each documented member."""
    directory = stage.side.tenant.directory
    group = directory.groups[_group_key(stage)]
    users = list(directory.users.values())
    groups = [other for other in directory.groups.values() if other is not group]
    for at, item in enumerate(stage.items or [{}]):
        if "group" not in str(item.get("@odata.type", "")).lower():
            _describe_user(stage, users[at], item)
        if "user" not in str(item.get("@odata.type", "")).lower():
            _describe_group(stage, groups[at], item)
        group.member_ids += [users[at].id, groups[at].id]


def _member_of(stage: Stage) -> None:
    """Make the person a member of a group for each documented one."""
    held = people.direct_groups_of(stage.side.tenant, stage.person.id)
    for group, item in zip(held * 3, stage.items or [{}], strict=False):
        _describe_group(stage, group, item)


def _organisation(stage: Stage) -> None:
    for item in stage.items[:1]:
        stage.side.tenant.directory.organisation.properties |= _further(item)


def _methods(kind: str) -> Callable[[Stage], None]:
    def seed(stage: Stage) -> None:
        held = stage.side.tenant.credentials.methods[stage.person.id]
        held[:] = [method for method in held if method.kind != kind]
        for item in stage.items or [{"id": f"the {kind}"}]:
            held.append(
                records.Method(
                    id=str(item.get("id", f"the {kind}")),
                    user_id=stage.person.id,
                    kind=kind,
                    display_name=item.get("displayName"),
                    created=stage.side.clock.now - timedelta(days=9),
                    properties={
                        n: v for n, v in _further(item).items() if n not in ("displayName", "creationDateTime")
                    },
                )
            )

    return seed


def _method_key(kind: str) -> Callable[[Stage], str]:
    def key(stage: Stage) -> str:
        return next(m.id for m in stage.side.tenant.credentials.methods[stage.person.id] if m.kind == kind)

    return key


def _phone_seed(stage: Stage) -> None:
    _methods("phone")(stage)
    for method in stage.side.tenant.credentials.methods[stage.person.id]:
        if method.kind == "phone" and "phoneType" not in method.properties:
            method.id = records.MOBILE_PHONE_METHOD_ID
            state = "ready" if stage.pair["url"].endswith("disableSmsSignIn") else "notConfigured"
            method.properties |= {"phoneNumber": "+1 2065555555", "phoneType": "mobile", "smsSignInState": state}


def _pass(stage: Stage) -> None:
    """A pass as the page shows it: scheduled where it says so."""
    item = stage.items[0] if stage.items else {}
    begin = timedelta(hours=1 if item.get("methodUsabilityReason") == "NotYetValid" else 0)
    tenant = stage.side.tenant
    if stage.pair["method"] != "POST":
        tenant.credentials.passes[stage.person.id] = records.AccessPass(
            id=tenant.new_id(),
            user_id=stage.person.id,
            code="TAPRocks!",
            created=stage.side.clock.now,
            start=stage.side.clock.now + begin,
            lifetime_minutes=item.get("lifetimeInMinutes", 60),
            one_time=item.get("isUsableOnce", False),
            made_by="a page",
        )


def _configurations(stage: Stage) -> None:
    """Lay the documented configurations over those that this version has."""
    policies = stage.side.tenant.credentials.method_policies
    for item in stage.items:
        for documented in item.get("authenticationMethodConfigurations", [item]):
            if documented.get("id") not in (None, "TemporaryAccessPass"):
                policies[documented["id"]] = {
                    n: v for n, v in documented.items() if not n.startswith("@") and n != "id"
                }


def _operation(stage: Stage) -> None:
    now = stage.side.clock.now
    stage.side.tenant.credentials.operations["an operation"] = records.Operation(
        "an operation", stage.person.id, "running", now, now
    )


def _group_key(stage: Stage) -> str:
    return next(iter(stage.side.tenant.directory.groups))


def _nothing(_stage: Stage) -> None:
    """Here the tenant's own seed will do."""


def _own_groups(stage: Stage, _body: Any) -> dict[str, Any]:
    held = [group.id for group in people.groups_of(stage.side.tenant, stage.person.id)]
    return {"groupIds": [*held[:1], "4fe90ae7-065a-478b-9400-e0a0e1cbd540"]}


def _known_ids(stage: Stage, body: Any) -> dict[str, Any]:
    return {**body, "ids": [stage.person.id, _group_key(stage)]}


_KIND_OF = {segment.lower(): collection.kind for segment, collection in methods.COLLECTIONS.items()}

examples.KEYS.update(
    {
        "users": lambda stage: stage.person.id,
        "groups": _group_key,
        "organization": lambda stage: stage.side.tenant.id,
        "operations": lambda _stage: "an operation",
        "temporaryaccesspassmethods": lambda stage: stage.side.tenant.credentials.passes[stage.person.id].id,
        **{segment: _method_key(kind) for segment, kind in _KIND_OF.items()},
    }
)
examples.SEEDERS.update(
    {
        "users": _users,
        "me": _users,
        "groups": _groups,
        "members": _members,
        "transitivemembers": _members,
        "memberof": _member_of,
        "transitivememberof": _member_of,
        "organization": _organisation,
        "temporaryaccesspassmethods": _pass,
        "authenticationmethodspolicy": _configurations,
        "authenticationmethodconfigurations": _configurations,
        "operations": _operation,
        "directoryroles": _nothing,
        "checkmembergroups": _nothing,
        "getmembergroups": _nothing,
        "licensedetails": _nothing,
        **{segment: _methods(kind) for segment, kind in _KIND_OF.items()},
        "phonemethods": _phone_seed,
    }
)
examples.CHANGED_BODY.update(
    {"checkmembergroups": _own_groups, "getbyids": _known_ids},
)
