"""What every request and answer of the pages goes through: whose address was asked for, and the security headers."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import flask

#: Other names that lead here are somebody's attempt to read these pages through a name of their own.
HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
_OFF: Final = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read", "clipboard-write"),
    *("display-capture", "encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope", "hid"),
    *("identity-credentials-get", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi"),
    *("otp-credentials", "payment", "picture-in-picture", "publickey-credentials-create"),
    *("publickey-credentials-get", "screen-wake-lock", "serial", "storage-access", "sync-xhr", "usb"),
    *("window-management", "xr-spatial-tracking"),
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF),
}

#: For files whose address changes with their content.
IMMUTABLE: Final = "public, max-age=31536000, immutable"
#: For fragments that are asked for again and again with an ETag.
REVALIDATED: Final = "private, no-cache"


def is_ours(host: str) -> bool:
    """Whether a Host header names this machine's loopback, whatever the port."""
    try:
        return urlsplit(f"//{host}").hostname in HOSTS
    except ValueError:
        return False


def protect(response: flask.Response) -> flask.Response:
    """Add the headers; what says nothing about caching is not to be stored at all. No HSTS: this is loopback."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")
    return response
