"""Microsoft's own apps that people and devices sign in to: well-known ids, names, and where they return to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MicrosoftApp:
    """One app: its well-known id, its name in the sign-in log, and where it takes the answer of a sign-in."""

    id: str
    name: str
    returns_to: str


BROKER = MicrosoftApp("29d9ed98-a469-4536-ade2-f981bc1d605e", "Microsoft Authentication Broker", "ms-aadj://auth")
WINDOWS_SIGN_IN = MicrosoftApp("38aa3b87-a06d-4817-b275-7a316988d93b", "Windows Sign In", "ms-appx-web://websignin")
COMPANY_PORTAL = MicrosoftApp(
    "9ba1a5c7-f17a-4de9-a1f1-6178c8d51223", "Microsoft Intune Company Portal", "msauth.companyportal://auth"
)
SETUP_ASSISTANT = MicrosoftApp(
    "e6e2fc1f-aff8-43ae-8a6f-0b0b9b32e6f5", "Setup Assistant", "apple-remotemanagement://auth"
)
AUTHENTICATOR = MicrosoftApp(
    "4813382a-8fa7-425e-ab75-3b753aab3abb", "Microsoft Authenticator App", "msauth.authenticator://auth"
)
MY_SIGN_INS = MicrosoftApp("19db86c3-b2b9-44cc-b339-36da233a3be2", "My Signins", "")
TEAMS = MicrosoftApp("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams", "msauth.teams://auth")

DEVICE_REGISTRATION = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9"
"""Audience of tokens for joining, registering and key provisioning (Device Registration Service)."""

INTUNE_ENROLMENT = "d4ebce55-015a-49b5-a083-c84d1797ae8c"
"""Audience of tokens for management enrolment (Microsoft Intune Enrollment)."""

RESOURCE_NAMES = {
    DEVICE_REGISTRATION: "Device Registration Service",
    INTUNE_ENROLMENT: "Microsoft Intune Enrollment",
    "00000003-0000-0000-c000-000000000000": "Microsoft Graph",
}

BY_ID = {
    app.id: app for app in (BROKER, WINDOWS_SIGN_IN, COMPANY_PORTAL, SETUP_ASSISTANT, AUTHENTICATOR, MY_SIGN_INS, TEAMS)
}
