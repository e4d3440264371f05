"""The apps on a virtual device: ids as their maker ships them, and what each signs in for."""

from __future__ import annotations

from agent.sandbox.areas import microsoft_apps
from agent.sandbox.virtual import signing_in

DEVICE_REGISTRATION = microsoft_apps.DEVICE_REGISTRATION
INTUNE_ENROLMENT = microsoft_apps.INTUNE_ENROLMENT


def _app(app: microsoft_apps.MicrosoftApp, resource: str) -> signing_in.App:
    return signing_in.App(app.id, app.returns_to, resource)


BROKER = _app(microsoft_apps.BROKER, DEVICE_REGISTRATION)
WINDOWS_SIGN_IN = _app(microsoft_apps.WINDOWS_SIGN_IN, DEVICE_REGISTRATION)
SETUP_ASSISTANT = _app(microsoft_apps.SETUP_ASSISTANT, INTUNE_ENROLMENT)
COMPANY_PORTAL = _app(microsoft_apps.COMPANY_PORTAL, INTUNE_ENROLMENT)
AUTHENTICATOR = _app(microsoft_apps.AUTHENTICATOR, DEVICE_REGISTRATION)
TEAMS = _app(microsoft_apps.TEAMS, "https://graph.microsoft.com")
