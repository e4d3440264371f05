"""A person's registered methods, collection by collection: the narrow permissions do not open the aggregate list.

Where the watcher was granted more than it needs (the doctor says so), the aggregate list is asked for instead: one
request for a person in place of seven. Read from beta, which shows `lastUsedDateTime`. The device of a Hello key or
platform credential is told only by a GET of the single method with `$expand=device`.
"""

from __future__ import annotations

from collections.abc import Collection as Container
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent import errors
from agent.domain import people
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.people import MethodKind
from agent.graph import answers, rights, urls
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

#: Any of these opens the aggregate list too; learn.microsoft.com/graph/api/authentication-list-methods.
BROAD = frozenset({"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"})
EVERYTHING = Collection("methods", MethodKind.OTHER, "UserAuthenticationMethod.Read.All")

_BY_TYPE = {
    "windowsHelloForBusinessAuthenticationMethod": COLLECTIONS[0],
    "microsoftAuthenticatorAuthenticationMethod": COLLECTIONS[1],
    "fido2AuthenticationMethod": COLLECTIONS[2],
    "platformCredentialAuthenticationMethod": COLLECTIONS[3],
    "phoneAuthenticationMethod": COLLECTIONS[4],
    "emailAuthenticationMethod": COLLECTIONS[5],
    "softwareOathAuthenticationMethod": COLLECTIONS[6],
}
#: In the aggregate list only, and asked for elsewhere or not at all.
_LEFT_OUT = {"passwordAuthenticationMethod", "temporaryAccessPassAuthenticationMethod"}

Methods = tuple[people.SignInMethod, ...]
Only = Mapping[str, Container[MethodKind]]


def read(calls: Calls, person_ids: Sequence[str], only: Only) -> Mapping[str, Fact[Methods]]:
    """The methods of each person, all or `only` those kinds; one collection that may not be read: not checked."""
    ids = {person: urls.guid(person) for person in person_ids}
    at_once = bool(ids) and _may_read_everything(calls)
    asked = [
        (ids[person], collection)
        for person in person_ids
        for collection in ([EVERYTHING] if at_once else _wanted(only.get(person)))
    ]
    listed = calls.many(lambda key: _list(calls, *key), asked, first=lambda key: First(_collection(*key)))
    bound = [
        (person, collection, method.id)
        for (person, _), fact in listed.items()
        if isinstance(fact, Known)
        for method in fact.value
        for collection in COLLECTIONS
        if collection.with_device and collection.kind is method.kind
    ]
    devices = calls.many(lambda key: _device(calls, *key), bound, first=lambda key: First(_single(*key)))
    bound_to = {(person, method_id): device for (person, _, method_id), device in devices.items()}
    nothing = calls.fact(tuple[people.SignInMethod, ...], "no kind was asked about", "")
    return {person: _together(person.lower(), listed, bound_to) or nothing for person in person_ids}


def _may_read_everything(calls: Calls) -> bool:
    return bool(BROAD & (rights.in_token(calls.tokens.bearer("watcher")) or frozenset()))


def _wanted(kinds: Container[MethodKind] | None) -> list[Collection]:
    return [collection for collection in COLLECTIONS if kinds is None or collection.kind in kinds]


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
        methods = [_method(row, _kind(row, collection)) for row in found if answers.kind(row) not in _LEFT_OUT]
        kept = tuple(method for method in methods if method is not None)
        answers.skipped(len(methods) - len(kept), address.shape)
        return kept

    return calls.fact(rows, f"GET {address.shape}", collection.permission)


def _kind(row: answers.Row, collection: Collection) -> MethodKind:
    """As the collection says; in the aggregate list as the row's type says, and a new type is `other`."""
    if collection is not EVERYTHING:
        return collection.kind
    return _BY_TYPE.get(answers.kind(row), EVERYTHING).kind


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
    bound_to: Mapping[tuple[urls.Segment, str], str | None],
) -> Fact[Methods] | None:
    """Everything that was listed of a person; None when nothing was asked for."""
    found: list[people.SignInMethod] = []
    latest: Known[Methods] | None = None
    for (owner, _), fact in listed.items():
        if owner != person:
            continue
        if isinstance(fact, NotChecked):
            return fact
        latest = fact if latest is None or fact.at > latest.at else latest
        for method in fact.value:
            device = bound_to.get((owner, method.id), method.device_id)
            if device is not None:
                found.append(replace(method, device_id=device or method.device_id))
    if latest is None:
        return None
    return Known(tuple(found), "GET /beta/users/{id}/authentication/…Methods", latest.at)
