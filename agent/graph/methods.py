"""A person's registered methods, collection by collection: the narrow permissions do not open the aggregate list.

Read from beta, which shows `lastUsedDateTime`. The device of a Hello key or platform credential is told only by a GET
of the single method with `$expand=device`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent import errors
from agent.domain import people
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.people import MethodKind
from agent.graph import answers, urls
from agent.graph.calls import Calls, First


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection under `/users/{id}/authentication`, and the least permission that reads it."""

    segment: str
    kind: MethodKind
    permission: str
    with_device: bool = False


#: learn.microsoft.com/graph/api/resources/authenticationmethods-overview; permissions as in the permissions reference.
COLLECTIONS = (
    Collection(
        "windowsHelloForBusinessMethods", MethodKind.HELLO, "UserAuthMethod-WindowsHello.Read.All", with_device=True
    ),
    Collection("microsoftAuthenticatorMethods", MethodKind.AUTHENTICATOR, "UserAuthMethod-MicrosoftAuthApp.Read.All"),
    Collection("fido2Methods", MethodKind.PASSKEY, "UserAuthMethod-Passkey.Read.All"),
    Collection(
        "platformCredentialMethods",
        MethodKind.PLATFORM_CREDENTIAL,
        "UserAuthMethod-PlatformCred.Read.All",
        with_device=True,
    ),
    Collection("phoneMethods", MethodKind.PHONE, "UserAuthMethod-Phone.Read.All"),
    Collection("emailMethods", MethodKind.EMAIL, "UserAuthMethod-Email.Read.All"),
    Collection("softwareOathMethods", MethodKind.SOFTWARE_OATH, "UserAuthMethod-SoftwareOATH.Read.All"),
)

Methods = tuple[people.SignInMethod, ...]


def read(calls: Calls, person_ids: Sequence[str]) -> Mapping[str, Fact[Methods]]:
    """All methods of each person; one collection that may not be read makes the whole fact not checked."""
    asked = [(urls.guid(person), collection) for person in person_ids for collection in COLLECTIONS]
    listed = calls.many(lambda key: _list(calls, *key), asked, first=lambda key: First(_collection(*key)))
    bound = [
        (person, collection, method.id)
        for (person, collection), fact in listed.items()
        if isinstance(fact, Known) and collection.with_device
        for method in fact.value
    ]
    devices = calls.many(lambda key: _device(calls, *key), bound, first=lambda key: First(_single(*key)))
    return {person: _together(person.lower(), listed, devices) for person in person_ids}


def _collection(person: urls.Segment, collection: Collection) -> urls.Address:
    return urls.address(urls.BETA, "users", person, "authentication", collection.segment)


def _list(calls: Calls, person: urls.Segment, collection: Collection) -> Fact[Methods]:
    address = _collection(person, collection)

    def rows() -> Methods:
        try:
            found = calls.rows(address)
        except errors.TenantRefused as refused:
            # An empty platformCredentialMethods has been seen to answer 404; a person who is gone has none either.
            if refused.status != 404:
                raise
            found = []
        methods = [_method(row, collection.kind) for row in found]
        kept = tuple(method for method in methods if method is not None)
        answers.skipped(len(methods) - len(kept), address.shape)
        return kept

    return calls.fact(rows, f"GET {address.shape}", collection.permission)


def _method(row: answers.Row, kind: MethodKind) -> people.SignInMethod | None:
    if not answers.text(row, "id"):
        return None
    created = answers.time(row, "createdDateTime")
    names = ("displayName", "phoneNumber", "emailAddress", "phoneType")
    return people.SignInMethod(
        id=answers.text(row, "id"),
        kind=kind,
        name=next(filter(None, (answers.text(row, name) for name in names)), ""),
        created=created,
        device_id=answers.identifier(answers.inner(row, "device"), "deviceId"),
        aaguid=answers.text(row, "aaGuid"),
        # learn.microsoft.com/graph/api/resources/microsoftauthenticatorauthenticationmethod: else there is no time
        phone_sign_in=kind is MethodKind.AUTHENTICATOR and (created is not None or bool(answers.inner(row, "device"))),
        last_used=answers.time(row, "lastUsedDateTime"),
    )


def _single(person: urls.Segment, collection: Collection, method_id: str) -> urls.Address:
    return urls.address(
        urls.BETA,
        *("users", person, "authentication", collection.segment, urls.opaque(method_id)),
        query={"$expand": "device"},
    )


def _device(calls: Calls, person: urls.Segment, collection: Collection, method_id: str) -> str | None:
    """The Entra deviceId that a method is bound to, empty when Graph does not tell, None when the method is gone."""
    try:
        row = calls.get(_single(person, collection, method_id))
        return answers.identifier(answers.inner(row, "device"), "deviceId")
    except errors.TenantRefused as refused:
        if refused.status != 404:
            raise
        return None


def _together(
    person: str,
    listed: Mapping[tuple[urls.Segment, Collection], Fact[Methods]],
    devices: Mapping[tuple[urls.Segment, Collection, str], str | None],
) -> Fact[Methods]:
    found: list[people.SignInMethod] = []
    latest: Known[Methods] | None = None
    for (owner, collection), fact in listed.items():
        if owner != person:
            continue
        if isinstance(fact, NotChecked):
            return fact
        latest = fact if latest is None or fact.at > latest.at else latest
        for method in fact.value:
            device = devices.get((owner, collection, method.id), method.device_id)
            if device is not None:
                found.append(replace(method, device_id=device or method.device_id))
    if latest is None:
        raise RuntimeError("a person whose methods were never asked for")
    return Known(tuple(found), "GET /beta/users/{id}/authentication/…Methods", latest.at)
