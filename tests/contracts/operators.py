"""Somebody of the staff signs in at a registration with the key they carry, over the sandbox's own pages."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from agent.sandbox import records
from tests.contracts.sandbox_side import Side

REDIRECT = "http://localhost:50123"


def authorize(side: Side, registration: str, **more: str) -> str:
    """The address an app sends its browser to."""
    query = {
        "client_id": side.registration(registration).app_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid profile offline_access",
        **more,
    }
    return f"{side.tenant.origin}/{side.tenant.id}/oauth2/v2.0/authorize?{urlencode(query)}"


def returned(stands: dict[str, Any]) -> dict[str, str]:
    """What the browser brought back to the app."""
    query = parse_qs(urlsplit(stands["left_for"]).query)
    return {name: values[0] for name, values in query.items()}


def signs_in(side: Side, key: str, registration: str = "full", **more: str) -> dict[str, Any]:
    """The token response for a person who went through the browser."""
    stands = side.sandbox.staff.sign_in(side.person(key).upn, authorize(side, registration, **more))
    form = {
        "grant_type": "authorization_code",
        "client_id": side.registration(registration).app_id,
        "redirect_uri": REDIRECT,
        "code": returned(stands)["code"],
    }
    answer: dict[str, Any] = side.ask_token(form).get_json()
    return answer


def bearer(side: Side, key: str, scope: str = "UserAuthMethod-TAP.ReadWrite.All", registration: str = "full") -> str:
    """The Authorization header of a person who signed in for this scope."""
    return f"Bearer {signs_in(side, key, registration, scope=f'openid offline_access {scope}')['access_token']}"


def give_role(side: Side, key: str, role: str) -> None:
    """A directory role for somebody, from now on."""
    made = records.RoleAssignment(side.tenant.new_id(), side.person(key).id, side.tenant.new_id(), role)
    side.tenant.directory.role_assignments[made.id] = made


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return read
