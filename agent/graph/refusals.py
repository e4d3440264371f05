"""Graph's refusals in sentences, each with what to do about it.

Told apart by status first and by a part of the message second: the code is a contract, but for passes it is always one
and the same (learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass).
"""

from __future__ import annotations

from agent import errors
from agent.graph import answers
from agent.graph.transport import Answer

_PASS_REFUSALS = {
    "Invalid LifetimeInMinutes": (
        "The tenant refuses the lifetime",
        "Choose a lifetime inside the policy's range, or have the policy changed in the Entra admin centre.",
    ),
    "Invalid IsUsableOnce": (
        "The tenant's policy allows one-time passes only",
        "Have “Require one-time use” switched off in the Temporary Access Pass policy, or issue a one-time pass.",
    ),
    "UserCredentialPolicy does not allow": (
        "The tenant's Temporary Access Pass policy is off, or does not cover this person",
        "Add the person to a group that the policy includes; after that it can take a few minutes.",
    ),
    "external guest user": (
        "This person is an external guest, whose passes only the home organisation can make",
        "Ask the home organisation, or use an account of this tenant.",
    ),
}


def error(answer: Answer, shape: str, retry_after: float | None) -> errors.AgentError:
    """The error for an answer that is no success: refused, throttled, or no answer of Graph's at all."""
    code, message = answers.problem(answer)
    if answer.status in {429, 503}:
        return throttled(answer.reference, retry_after)
    if answer.status < 400:
        return errors.TenantUnreachable(
            f"The request was answered with {answer.status}, a redirect, which Microsoft Graph never sends.",
            "Check the network for a proxy or captive portal.",
            answer.reference,
        )
    if answer.status >= 500 and answer.status != 501:
        return errors.TenantUnreachable(
            f"Microsoft Graph answered {answer.status} for {shape}.", "Try again in a few minutes.", answer.reference
        )
    summary, advice = _sentences(answer.status, message, shape)
    return errors.TenantRefused(summary, advice, answer.reference, status=answer.status, code=code)


def not_checked(refused: errors.TenantRefused, permission: str) -> str:
    """Why something could not be read."""
    if "Premium" in refused.code:
        return "The tenant's licence does not open this log (it needs Microsoft Entra ID P1)."
    return f"Microsoft Graph does not let Tapslip read this; it would with the permission {permission}."


def throttled(reference: str, retry_after: float | None) -> errors.TenantThrottled:
    """The error for a tenant that wants to be left alone for longer than we may wait."""
    wait = f"in {retry_after:.0f} seconds" if retry_after else "in a minute"
    return errors.TenantThrottled(
        "Microsoft Graph is asked for too much at the moment.",
        f"Try again {wait}.",
        reference,
        retry_after=retry_after,
    )


def _sentences(status: int, message: str, shape: str) -> tuple[str, str]:
    said = f": “{message}”" if message else ""
    for part, (summary, advice) in _PASS_REFUSALS.items():
        if part in message:
            return f"{summary}{said}.", advice
    if status == 401:
        return f"Microsoft Graph does not accept our token for {shape}{said}.", "Check the registration in Entra."
    if status == 403:
        return (
            f"Microsoft Graph does not allow {shape}{said}.",
            "Give the registration the permission it lacks, with admin consent; tapslip doctor names it.",
        )
    if status == 404:
        return f"There is nothing at {shape} any more{said}.", "Look it up again."
    return (
        f"Microsoft Graph refused {shape} with {status}{said}.",
        "See the message; try again or tell support the reference.",
    )
