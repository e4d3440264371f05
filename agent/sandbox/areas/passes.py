"""Temporary Access Passes: one per person, under the tenant's policy.

    (none) --create--> scheduled --start--> usable --end--> expired        a second create replaces in any state
                                      \\--one-time use--> used up           delete ends any of them

Whether a pass is usable, and why not, is computed when it is read
(learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethod).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import activity, people

LIFETIME_LIMITS = (10, 43200)
"""Minutes that a policy's own limits must lie in."""

LENGTH_LIMITS = (8, 48)
VIEW_KIND = "passes"

_OUT_OF_SCOPE = (
    "Converged UserCredentialPolicy does not allow creating or updating this authentication method. "
    "AuthMethodType [TemporaryAccessPass]."
)
_FORCED_ONE_TIME = (
    "Invalid IsUsableOnce specified. Tenant Policy does not allow multiple use temporary access pass method."
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a create asked for; None leaves it to the policy (`lifetime_minutes`, `one_time`) or means now (`start`)."""

    start: datetime | None = None
    lifetime_minutes: int | None = None
    one_time: bool | None = None


def end(access_pass: records.AccessPass) -> datetime:
    """When a pass stops working; its lifetime counts from its start."""
    return access_pass.start + timedelta(minutes=access_pass.lifetime_minutes)


def in_scope(tenant: tenants.Tenant, user: records.User) -> bool:
    """Whether the policy lets the person have a pass; exclusion wins, and changes of groups count late."""
    policy = tenant.credentials.policy
    groups = tenant.view.read(people.MEMBERSHIP_KIND, user.id, people.group_ids_of(tenant, user.id))
    if not policy.enabled or groups.intersection(policy.exclude):
        return False
    return records.ALL_USERS in policy.include or bool(groups.intersection(policy.include))


def usability(tenant: tenants.Tenant, access_pass: records.AccessPass) -> tuple[bool, str]:
    """(`isUsable`, `methodUsabilityReason`) as of now."""
    now = tenant.now()
    if now >= end(access_pass):
        return False, "Expired"
    if access_pass.one_time and access_pass.used:
        return False, "OneTimeUsed"
    user = tenant.directory.users[access_pass.user_id]
    forced = tenant.credentials.policy.one_time and not access_pass.one_time
    if forced or not in_scope(tenant, user):
        return False, "DisabledByPolicy"
    if now < access_pass.start:
        return False, "NotYetValid"
    return True, "EnabledByPolicy"


def seen(tenant: tenants.Tenant, user: records.User) -> records.AccessPass | None:
    """The person's pass as a reader sees it, which may lag."""
    return tenant.view.read(VIEW_KIND, user.id, tenant.credentials.passes.get(user.id))


def find(tenant: tenants.Tenant, user: records.User, pass_id: str) -> records.AccessPass:
    """The person's pass of that id; raises GraphError 404, also for one that was replaced."""
    access_pass = seen(tenant, user)
    if access_pass is None or access_pass.id != pass_id.lower():
        raise errors.GraphError(404, "resourceNotFound", "The requested resource was not found.", flavour="methods")
    return access_pass


def create(tenant: tenants.Tenant, user: records.User, terms: Terms, *, made_by: str) -> records.AccessPass:
    """Make a pass, replacing any the person had, whatever its state; raises GraphError with Microsoft's texts."""
    policy = tenant.credentials.policy
    _check_person(tenant, user)
    one_time = policy.one_time if terms.one_time is None else terms.one_time
    if policy.one_time and not one_time:
        raise _refused(_FORCED_ONE_TIME)
    lifetime = policy.default if terms.lifetime_minutes is None else terms.lifetime_minutes
    if not policy.minimum <= lifetime <= policy.maximum:
        raise _refused(
            f"Invalid LifetimeInMinutes specified. The valid range between {policy.minimum} and {policy.maximum}."
        )
    now = tenant.now()
    if tenant.options.past_start_refused and terms.start is not None and terms.start < now:
        raise _refused("Invalid StartDateTime specified. The start time is in the past.")
    tenant.view.before_change(VIEW_KIND, user.id, tenant.credentials.passes.get(user.id))
    made = records.AccessPass(
        id=tenant.new_id(),
        user_id=user.id,
        code=tenant.new_code(policy.length),
        created=now,
        start=terms.start or now,
        lifetime_minutes=lifetime,
        one_time=one_time,
        made_by=made_by,
    )
    tenant.credentials.passes[user.id] = made
    activity.record_pass_created(tenant, made)
    return made


def delete(tenant: tenants.Tenant, user: records.User, pass_id: str, *, by: str) -> None:
    """Take a pass away; its code and whatever was signed in with it end at once. Raises GraphError 404."""
    present = tenant.credentials.passes.get(user.id)
    if present is None or present.id != pass_id.lower():
        find(tenant, user, pass_id)
        return
    tenant.view.before_change(VIEW_KIND, user.id, present)
    del tenant.credentials.passes[user.id]
    activity.record_pass_deleted(tenant, present, by=by)


def change_policy(tenant: tenants.Tenant, changes: dict[str, Any]) -> None:
    """Apply a PATCH to the policy (Graph's names); raises GraphError 400, and then changes nothing."""
    policy = tenant.credentials.policy
    names = {
        "minimumLifetimeInMinutes": "minimum",
        "maximumLifetimeInMinutes": "maximum",
        "defaultLifetimeInMinutes": "default",
        "defaultLength": "length",
        "isUsableOnce": "one_time",
    }
    wanted = {ours: changes.get(theirs, getattr(policy, ours)) for theirs, ours in names.items()}
    state = changes.get("state", "enabled" if policy.enabled else "disabled")
    if state not in ("enabled", "disabled") or not isinstance(wanted["one_time"], bool):
        raise _refused("The authentication method configuration is invalid.")
    _check_numbers(wanted)
    include = _targets(changes, "includeTargets", policy.include)
    exclude = _targets(changes, "excludeTargets", policy.exclude)
    for name, value in wanted.items():
        setattr(policy, name, value)
    policy.enabled, policy.include, policy.exclude = state == "enabled", include, exclude
    policy.changed_at = tenant.now()


def reset_policy(tenant: tenants.Tenant) -> None:
    """Back to what a new tenant has: switched off, for everybody, 60 minutes (60 to 480), 8 signs, multi-use
    (learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethodconfiguration)."""
    tenant.credentials.policy = records.PassPolicy(enabled=False, changed_at=tenant.now())


def _check_person(tenant: tenants.Tenant, user: records.User) -> None:
    if people.is_external_guest(user):
        raise _refused("Temporary Access Pass cannot be added to an external guest user.")
    if not in_scope(tenant, user) and not tenant.options.creation_outside_policy:
        status = tenant.options.scope_refusal_status
        raise _refused(_OUT_OF_SCOPE, status=status, code="accessDenied" if status == 403 else "badRequest")


def _refused(message: str, *, status: int = 400, code: str = "badRequest") -> errors.GraphError:
    return errors.GraphError(status, code, message, flavour="methods")


def _check_numbers(wanted: dict[str, Any]) -> None:
    numbers = [wanted[name] for name in ("minimum", "default", "maximum", "length")]
    if any(isinstance(number, bool) or not isinstance(number, int) for number in numbers):
        raise _refused("The authentication method configuration is invalid.")
    minimum, default, maximum, length = numbers
    least, most = LIFETIME_LIMITS
    if not (least <= minimum <= default <= maximum <= most and LENGTH_LIMITS[0] <= length <= LENGTH_LIMITS[1]):
        raise _refused("The authentication method configuration is invalid: lifetimes or length out of range.")


def _targets(changes: dict[str, Any], name: str, present: list[str]) -> list[str]:
    if name not in changes:
        return list(present)
    sent = changes[name]
    if not isinstance(sent, list) or not all(isinstance(item, dict) and "id" in item for item in sent):
        raise _refused("The authentication method configuration is invalid: targets.")
    return [str(item["id"]) for item in sent]
