"""Refusals in Microsoft's shapes: Graph's error body, the methods workload's, and Intune's double-encoded envelope."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.sandbox import errors


def body(error: errors.GraphError, *, request_id: str, client_request_id: str, now: datetime) -> dict[str, Any]:
    """The JSON of an error (learn.microsoft.com/graph/errors): both ids, and the date without a zone."""
    inner = {
        "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    if error.flavour == "methods":
        inner = {"message": error.message, **inner}
    if error.flavour == "throttled":
        inner = {"code": "429", "status": "429", "message": "Please retry after", **inner}
    message = _intune_message(error, request_id) if error.flavour == "intune" else error.message
    return {"error": {"code": error.code, "message": message, "innerError": inner}}


def _intune_message(error: errors.GraphError, request_id: str) -> str:
    """Intune puts a JSON document into `message` (microsoftgraph/msgraph-sdk-powershell issues 2464, 1260)."""
    return json.dumps(
        {
            "_version": 3,
            "Message": f"{error.message} - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000"
            f" - Activity ID: {request_id} - Url: https://fef.msub01.manage.microsoft.com/",
            "CustomApiErrorPhrase": "",
            "RetryAfter": None,
            "ErrorSourceService": "",
            "HttpHeaders": "{}",
        }
    )


def workload(path: str) -> str:
    """Which workload answers for a path below the version: "methods", "intune" or "graph" (the directory)."""
    lowered = path.lower()
    if lowered.startswith(("/devicemanagement", "/deviceappmanagement")):
        return "intune"
    return "methods" if "/authentication/" in lowered else "graph"


def denied(path: str) -> errors.GraphError:
    """403 as the workload behind `path` words it."""
    kind = workload(path)
    if kind == "methods":
        return errors.GraphError(403, "accessDenied", "Request Authorization failed", flavour=kind)
    if kind == "intune":
        return errors.GraphError(
            403, "Forbidden", "Application is not authorized to perform this operation.", flavour=kind
        )
    return errors.GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def unauthenticated(message: str, *, origin: str = "") -> errors.GraphError:
    """401 for a missing, unknown, foreign or expired token; `origin` is where a token is to be had."""
    return errors.GraphError(401, "InvalidAuthenticationToken", message, headers=_challenge(origin))


def claims_needed(message: str, claims: Mapping[str, Any], *, origin: str) -> errors.GraphError:
    """401 with a claims challenge: sign in again, and ask for these claims
    (learn.microsoft.com/entra/identity-platform/claims-challenge)."""
    asked = base64.b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode()
    headers = _challenge(origin)
    headers["WWW-Authenticate"] += f', error="insufficient_claims", claims="{asked}"'
    return errors.GraphError(401, "InvalidAuthenticationToken", message, headers=headers)


def _challenge(origin: str) -> dict[str, str]:
    where = f"{origin}/common/oauth2/authorize"
    client = "00000003-0000-0000-c000-000000000000"
    return {"WWW-Authenticate": f'Bearer realm="", authorization_uri="{where}", client_id="{client}"'}


def no_signed_in_person() -> errors.GraphError:
    """400 for an app that asks for `/me`."""
    return errors.GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")


def throttled(
    retry_after: int | None, *, intune: bool = False, headers: Mapping[str, str] | None = None
) -> errors.GraphError:
    """429 (learn.microsoft.com/graph/throttling); `retry_after` is in seconds, None leaves the header out."""
    told = dict(headers or {}) | ({} if retry_after is None else {"Retry-After": str(retry_after)})
    if intune:
        return errors.GraphError(429, "TooManyRequests", "An error has occurred.", headers=told, flavour="intune")
    return errors.GraphError(429, "TooManyRequests", "Please retry again later.", headers=told, flavour="throttled")


def unknown_segment(segment: str) -> errors.GraphError:
    """400 for a path that this version of Graph does not have."""
    return errors.GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def nested_batch() -> errors.GraphError:
    """400 for a batch inside a batch."""
    return errors.GraphError(400, "BadRequest", "Batch requests cannot be nested.")


def not_implemented(method: str, path: str) -> errors.GraphError:
    """501, loudly: the sandbox does not know this path."""
    return errors.GraphError(501, "notImplemented", f"The sandbox tenant does not know {method} {path}.")
