"""The route table's rows for authentication methods, of anybody and of oneself; `routes` takes them in.

Microsoft's list gives every kind the same pattern of permissions, with these exceptions: passkeys (a list by few
permissions, `/me` without the broad ones), and making a pass for oneself.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.sandbox.areas import methods as held_methods
from agent.sandbox.wire import credentials, methods, rights
from agent.sandbox.wire.exchange import BETA, BOTH, Handler, Route

_PASSES = "temporaryAccessPassMethods"
_PASS = "TAP"  # noqa: S105 - a permission's word
_PASSKEY = "Passkey"
_SELF_PASSKEY = ("UserAuthMethod-Passkey.Read", "UserAuthMethod-Passkey.ReadWrite")
_SELF_BROAD = ("UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite")

_PHONE = "phoneMethods/{method_id}"
_EMAIL = "emailMethods/{method_id}"
_PAGES = {
    ("PUT", _PHONE): "phoneauthenticationmethod-update",
    ("PUT", _EMAIL): "emailauthenticationmethod-update",
    ("POST", f"{_PHONE}/enableSmsSignIn"): "phoneauthenticationmethod-enablesmssignin",
    ("POST", f"{_PHONE}/disableSmsSignIn"): "phoneauthenticationmethod-disablesmssignin",
    ("DELETE", "passwordMethods/{method_id}"): "passwordauthenticationmethod",
    ("GET", "qrCodePinMethod"): "qrcodepinauthenticationmethod-get",
}
"""Pages of what Microsoft's OpenAPI description lacks, in one version or both."""


def _read(tail: str, granular: str | None, handler: Handler, versions: tuple[str, ...] = BOTH) -> Iterator[Route]:
    """A GET under a person and under `/me`; there an app's words are the broad ones alone."""
    people = rights.readers_delegated(granular)
    path = f"/users/{{id}}/authentication/{tail}"
    page = _PAGES.get(("GET", tail), "")
    yield Route("GET", path, rights.readers(granular), handler, versions, delegated=people, page=page)
    mine = f"/me/authentication/{tail}"
    yield Route("GET", mine, rights.readers(None), handler, versions, delegated=people, page=page)


def _write(
    method: str, tail: str, granular: str | None, handler: Handler, versions: tuple[str, ...] = BOTH
) -> Iterator[Route]:
    """A change under a person and under `/me`."""
    people = rights.writers_delegated(granular)
    path = f"/users/{{id}}/authentication/{tail}"
    page = _PAGES.get((method, tail), "")
    apps, own = rights.writers(granular), rights.writers(None)
    yield Route(method, path, apps, handler, versions, delegated=people, page=page)
    yield Route(method, f"/me/authentication/{tail}", own, handler, versions, delegated=people, page=page)


def _passes() -> Iterator[Route]:
    yield from _read(_PASSES, _PASS, credentials.list_passes)
    yield from _read(f"{_PASSES}/{{method_id}}", _PASS, credentials.get_pass)
    yield from _write("DELETE", f"{_PASSES}/{{method_id}}", _PASS, credentials.delete_pass)
    yield Route("POST", f"/users/{{id}}/authentication/{_PASSES}", rights.writers(_PASS), credentials.create_pass)
    mine = ("UserAuthMethod-TAP.ReadWrite", "UserAuthMethod-TAP.ReadWrite.All")
    yield Route("POST", f"/me/authentication/{_PASSES}", (), credentials.create_pass, delegated=mine)


def _passkeys() -> Iterator[Route]:
    segment = "fido2Methods"
    listed, one = methods.list_kind(segment), methods.get_one(segment)
    gone = methods.delete(segment)
    theirs, item = f"/users/{{id}}/authentication/{segment}", f"/users/{{id}}/authentication/{segment}/{{method_id}}"
    few = (*_SELF_BROAD, *_SELF_PASSKEY, "UserAuthMethod-Passkey.Read.All")
    yield Route("GET", theirs, ("UserAuthMethod-Passkey.Read.All",), listed, delegated=few)
    yield Route("GET", item, rights.readers(_PASSKEY), one, delegated=rights.readers_delegated(_PASSKEY))
    yield Route("DELETE", item, rights.writers(_PASSKEY), gone, delegated=rights.writers_delegated(_PASSKEY))
    own = (*_SELF_BROAD, *_SELF_PASSKEY)
    yield Route("GET", f"/me/authentication/{segment}", (), listed, delegated=own)
    yield Route("GET", f"/me/authentication/{segment}/{{method_id}}", (), one, delegated=own)
    own_write = ("UserAuthenticationMethod.ReadWrite", "UserAuthMethod-Passkey.ReadWrite")
    yield Route("DELETE", f"/me/authentication/{segment}/{{method_id}}", (), gone, delegated=own_write)


def _collection(segment: str, collection: held_methods.Collection) -> Iterator[Route]:
    versions = BETA if collection.beta_only else BOTH
    word, item = collection.permission, f"{segment}/{{method_id}}"
    yield from _read(segment, word, methods.list_kind(segment), versions)
    yield from _read(item, word, methods.get_one(segment), versions)
    yield from _write("DELETE", item, word, methods.delete(segment), versions)
    if collection.has_device:
        yield from _read(f"{item}/device", word, methods.get_device(segment), versions)


def _changes() -> Iterator[Route]:
    yield from _write("POST", "phoneMethods", "Phone", methods.add_phone)
    yield from _write("PATCH", _PHONE, "Phone", methods.change_phone)
    yield from _write("PUT", _PHONE, "Phone", methods.put_phone, BETA)
    yield from _write("POST", f"{_PHONE}/enableSmsSignIn", "Phone", methods.switch_sms(enabled=True))
    yield from _write("POST", f"{_PHONE}/disableSmsSignIn", "Phone", methods.switch_sms(enabled=False))
    yield from _write("POST", "emailMethods", "Email", methods.add_email)
    yield from _write("PATCH", _EMAIL, "Email", methods.change_email)
    yield from _write("PUT", _EMAIL, "Email", methods.change_email, BETA)


def _all() -> Iterator[Route]:
    yield from _read("methods", None, methods.list_all)
    yield from _read("methods/{method_id}", None, methods.get_any)
    yield from _passes()
    yield from _passkeys()
    for segment, collection in held_methods.COLLECTIONS.items():
        if segment != "fido2Methods":
            yield from _collection(segment, collection)
    yield from _changes()
    yield from _read("qrCodePinMethod", "QR", methods.no_qr_code, BETA)
    yield from _read("operations", None, methods.list_operations)
    delegated = rights.readers_delegated(None)
    item = "/users/{id}/authentication/operations/{operation_id}"
    yield Route("GET", item, (), methods.get_operation, delegated=delegated)
    yield Route("GET", item.replace("/users/{id}", "/me"), (), methods.get_operation, delegated=delegated)


ROWS: tuple[Route, ...] = tuple(_all())
"""All of the above, for `routes.TABLE`."""
