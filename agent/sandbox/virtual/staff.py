"""The people of the seed who hold a key of their own: they sign in at a browser, as an operator does.

Their keys follow from tenant, user name and the key's name alone, so that a restarted sandbox knows them again.
Everything goes over HTTP; the answer is where the browser was sent, for whoever waits there.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.virtual import browser as browsers
from agent.sandbox.virtual import keys, signing_in


class StaffError(Exception):
    """Something that this person cannot do, in a sentence."""


def key_of(tenant_id: str, upn: str, name: str) -> keys.DeviceKey:
    """The security key of that name that somebody carries."""
    return keys.DeviceKey(f"{tenant_id} {upn.lower()} {name}")


class Staff:
    """Everybody in the tenant who holds such a key."""

    def __init__(self, tenant: tenants.Tenant, transport: browsers.Transport) -> None:
        self._tenant = tenant
        self._transport = transport

    def list(self) -> list[dict[str, Any]]:
        """Who can sign in by themselves: user name, name, and the way."""
        with self._tenant.lock:
            users = list(self._tenant.directory.users.values())
            return [
                {"person": user.upn, "name": user.display_name, "way": method.kind, "key": method.display_name}
                for user in users
                for method in [self._held(user)]
                if method is not None
            ]

    def sign_in(self, person: str, address: str, browser: browsers.Browser | None = None) -> dict[str, Any]:
        """Open an address of the tenant's sign-in in that browser, else a fresh one, and go through with the key.

        Gives `left_for` (where the browser was sent), or the `page` it stopped at with its `problem`; `fields` are
        those of a form that goes to the app, `form_action` where to. Raises `StaffError`.
        """
        held = self._brings(person)
        window = browser or self.window()
        parts = urlsplit(address)
        if f"{parts.scheme}://{parts.netloc}" != self._tenant.origin:
            raise StaffError(f"The address is not at {self._tenant.origin}.")
        page = window.open(f"{parts.path}?{parts.query}")
        return shown(signing_in.walk(window, page, held, person=person))

    def enter_code(self, person: str, user_code: str, *, approve: bool = True) -> dict[str, Any]:
        """Type a device code at `/devicelogin`, sign in, and say yes (or no) to the question. Raises `StaffError`."""
        held = self._brings(person)
        window = self.window()
        page = window.open("/devicelogin")
        form = page.form("device-code")
        if form is None:
            raise StaffError(f"The page asks for '{page.name}', not for a code.")
        page = signing_in.walk(window, window.submit(form, {"otc": user_code}), held, person=person)
        decision = page.form("continue" if approve else "cancel")
        return shown(page if decision is None else window.submit(decision, {}))

    def window(self) -> browsers.Browser:
        """A browser with no cookies."""
        return browsers.Browser(self._transport, self._tenant.origin)

    def _brings(self, person: str) -> signing_in.Held:
        with self._tenant.lock:
            users = self._tenant.directory.users.values()
            user = next((user for user in users if user.upn.lower() == person.strip().lower()), None)
            method = None if user is None else self._held(user)
        if user is None or method is None:
            raise StaffError(f"Nobody here called '{person}' holds a key of their own.")
        return signing_in.Held(method.kind, key_of(self._tenant.id, user.upn, method.display_name or ""))

    def _held(self, user: records.User) -> records.Method | None:
        for method in self._tenant.credentials.methods.get(user.id, []):
            key = key_of(self._tenant.id, user.upn, method.display_name or "") if method.public_key else None
            if key is not None and key.public == method.public_key:
                return method
        return None


def shown(page: browsers.Page) -> dict[str, Any]:
    """Where a browser stands, as JSON."""
    back = page.form("form-post")
    return {
        "left_for": page.left_for,
        "page": page.name,
        "problem": page.problem,
        "form_action": back.action if back else "",
        "fields": back.fields if back else {},
    }
