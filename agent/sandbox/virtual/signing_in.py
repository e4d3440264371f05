"""A person at a sign-in page: types what they have, and stops where the page wants something they have not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.sandbox.virtual import browser as browsers
from agent.sandbox.virtual import keys

ACCESS_PASS = "accessPass"  # noqa: S105 - the name of a form
PASSWORD = "password"  # noqa: S105 - the name of a form


@dataclass(frozen=True, slots=True)
class App:
    """The app that asks for a sign-in, as its maker built it: id, address it takes the answer at, what it wants."""

    client_id: str
    redirect_uri: str
    resource: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What the person brings: the user name, a code from a slip, a password they know. Never shown.

    `meets` is what they do about a page that wants more than that, such as an approval on another phone; it gives the
    page that follows, or the same one when they can do nothing.
    """

    person: str
    code: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    meets: Callable[[browsers.Browser, browsers.Page], browsers.Page] | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A key at hand and the way of signing in it belongs to."""

    way: str
    key: keys.DeviceKey


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an app got; `refresh` is empty when none was given."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stopped:
    """The page the sign-in stopped at, and the number and text of its error if it showed one."""

    page: str
    number: str = ""
    problem: str = ""

    @property
    def sentence(self) -> str:
        """What the screen says, in one sentence or two."""
        if self.problem:
            return self.problem
        return {
            PASSWORD: "The page asks for a password: no usable Temporary Access Pass is offered.",
            "federated": "The page goes to the organisation's own provider, which takes no Temporary Access Pass.",
            "mfa-approve": "The page waits for an approval in Authenticator on a phone.",
            "mfa-register": "The page wants Authenticator set up on a phone before it goes on.",
            "interrupt": "The page wants Authenticator for approvals, or a phone number, before it goes on. "
            "It offers neither a passkey, nor a security key, nor phone sign-in.",
            "campaign": "The page wants Authenticator for approvals set up. Choose “Skip for now” if it is there.",
        }.get(self.page, f"The page asks for '{self.page}'.")


class Window:
    """One browser window on a device and the apps signed in through it; cookies last as long as the window."""

    def __init__(self, browser: browsers.Browser, tenant_id: str) -> None:
        self.browser = browser
        self._tenant_id = tenant_id

    def sign_in(
        self, app: App, brings: Typed | Held | None, *, person: str = "", extra: Mapping[str, str] | None = None
    ) -> Tokens | Stopped:
        """Sign in to an app: the tokens, or where it stopped. Without anything to bring, only the session counts."""
        query = {
            "client_id": app.client_id,
            "response_type": "code",
            "redirect_uri": app.redirect_uri,
            "scope": f"{app.resource}/.default openid offline_access",
            **(extra or {}),
        }
        page = self.browser.open(f"/{self._tenant_id}/oauth2/v2.0/authorize", query)
        page = walk(self.browser, page, brings, person=person)
        if not page.left_for:
            return Stopped(page.name, page.problem_code, page.problem)
        return self._tokens(app, {"grant_type": "authorization_code", "code": page.answers.get("code", "")})

    def refresh(self, app: App, refresh_token: str, *, resource: str) -> Tokens | Stopped:
        """Trade a refresh token for tokens of another resource; `Stopped` with AADSTS130507 when its pass is gone."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._tokens(app, {**form, "scope": f"{resource}/.default offline_access"})

    def _tokens(self, app: App, form: Mapping[str, str]) -> Tokens | Stopped:
        sent = {"client_id": app.client_id, "redirect_uri": app.redirect_uri, **form}
        answer = self.browser.token(self._tenant_id, sent)
        body = answer.json()
        if answer.status != 200:
            return Stopped("token", str(body.get("error", answer.status)), str(body.get("error_description", "")))
        return Tokens(body["access_token"], body.get("refresh_token", ""))


def walk(
    browser: browsers.Browser, page: browsers.Page, brings: Typed | Held | None, *, person: str = ""
) -> browsers.Page:
    """Go through the sign-in pages as far as they let this person go; the last page."""
    if brings is None or page.left_for:
        return page
    name = page.form("user-name")
    if name is not None:
        page = browser.submit(name, {"loginfmt": brings.person if isinstance(brings, Typed) else person})
    if isinstance(brings, Held):
        return press(browser, _with_key(browser, page, brings), "later", {})
    return _with_words(browser, page, brings)


def _with_key(browser: browsers.Browser, page: browsers.Page, held: Held) -> browsers.Page:
    page = _choose(browser, page, held.way)
    form = page.form(held.way)
    return page if form is None else browser.submit(form, {"value": held.key.sign(page.nonce)})


def _with_words(browser: browsers.Browser, page: browsers.Page, typed: Typed) -> browsers.Page:
    way, value = (ACCESS_PASS, typed.code) if typed.code else (PASSWORD, typed.password)
    page = _choose(browser, page, way)
    form = page.form(way)
    if form is None or not value:
        return page
    page = browser.submit(form, {"value": value})
    return page if page.left_for or typed.meets is None else typed.meets(browser, page)


def press(browser: browsers.Browser, page: browsers.Page, form: str, values: Mapping[str, str]) -> browsers.Page:
    """Send the form of that name with these values; the same page where it has no such form."""
    found = page.form(form)
    return page if found is None else browser.submit(found, values)


def _choose(browser: browsers.Browser, page: browsers.Page, way: str) -> browsers.Page:
    return press(browser, page, f"way-{way}", {})
