"""What the pretend tenant remembers of sign-ins in progress, and of the tokens that came of them.

Plain mutable records without behaviour, like `records`; the two logs stand there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Session:
    """A signed-in browser or broker session.

    `amr` lists what was proven ("pwd", "tap", "whfb", "fido", "phoneapp", "mfa"); `mfa_at` is when MFA was last met;
    a session born of a pass carries `pass_id` and dies with that pass. `modes` is what was proven in the words of
    authentication strengths; `address` and `system` are whence and on what the person signed in.
    """

    id: str
    user_id: str
    amr: list[str]
    created: datetime
    mfa_at: datetime | None = None
    pass_id: str | None = None
    expires: datetime | None = None
    device_id: str | None = None
    revoked: bool = False
    modes: frozenset[str] = frozenset()
    address: str = ""
    system: str = ""


@dataclass(slots=True)
class Flow:
    """An authorize request on its way through the sign-in pages; `parameters` are its query values."""

    id: str
    client_id: str
    parameters: dict[str, str]
    created: datetime
    nonce: str = ""
    user_id: str | None = None
    session_id: str | None = None
    method_asked: str | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    device_code: str | None = None


@dataclass(slots=True)
class DeviceGrant:
    """A device code on its way: `state` is pending, approved or declined; `session_id` whose it became."""

    device_code: str = field(repr=False)
    user_code: str
    client_id: str
    scope: str
    expires: datetime
    state: str = "pending"
    session_id: str | None = None
    polled: datetime | None = None


@dataclass(slots=True)
class CodeGrant:
    """An authorization code not yet redeemed."""

    code: str = field(repr=False)
    flow_id: str
    client_id: str
    user_id: str
    session_id: str
    redirect_uri: str
    scope: str
    expires: datetime
    nonce: str | None = None
    code_challenge: str | None = None
    plain_challenge: bool = False


@dataclass(slots=True)
class RefreshToken:
    """A refresh token; it is as good as its session."""

    token: str = field(repr=False)
    client_id: str
    user_id: str
    session_id: str
    scope: str
    expires: datetime


@dataclass(slots=True)
class AccessToken:
    """A bearer token that was handed out: `kind` is "app" or "delegated", `audience` a resource origin or app id."""

    token: str = field(repr=False)
    app_id: str
    kind: str
    permissions: frozenset[str]
    expires: datetime
    audience: str
    user_id: str | None = None
    session_id: str | None = None
