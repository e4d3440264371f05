"""What decides over sign-ins, through Graph: Conditional Access, the places it names, and what may be registered.

Conditional Access takes one request a second, so nothing of it is read that no policy calls for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.domain import access, destinations, registration
from agent.domain.facts import Fact
from agent.graph import answers, urls
from agent.graph.calls import Calls, First

PERMISSION = "Policy.Read.All"
OWNERS_PERMISSION = "GroupMember.Read.All"
DOMAINS_PERMISSION = "Domain.Read.All"
METHODS_PERMISSION = "Policy.Read.AuthenticationMethod"

_ROOT = ("identity", "conditionalAccess")
_ENABLED = "enabled"
#: Conditions under which a policy waits for a risk.
_RISKS = ("userRiskLevels", "signInRiskLevels", "servicePrincipalRiskLevels")


class GraphAccess:
    """Fits `ports.Access`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def policies(self) -> Fact[tuple[access.AccessPolicy, ...]]:
        """The enabled Conditional Access policies; learn.microsoft.com/graph/api/conditionalaccessroot-list-policies.

        A strength comes with its combinations inside the policy that wants it.
        """
        address = urls.address(urls.V1, *_ROOT, "policies")

        def read() -> tuple[access.AccessPolicy, ...]:
            rows = self._calls.rows(address)
            return tuple(_policy(row) for row in rows if answers.text(row, "state") == _ENABLED)

        return self._calls.fact(read, f"GET {address.shape}", PERMISSION)

    def places(self) -> Fact[tuple[access.NamedPlace, ...]]:
        """The named locations; learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations."""
        address = urls.address(urls.V1, *_ROOT, "namedLocations")

        def read() -> tuple[access.NamedPlace, ...]:
            return tuple(
                access.NamedPlace(
                    answers.text(row, "id").lower(),
                    answers.text(row, "displayName"),
                    answers.flag(row, "isTrusted") is True,
                )
                for row in self._calls.rows(address)
            )

        return self._calls.fact(read, f"GET {address.shape}", PERMISSION)

    def role_owners(self) -> Fact[Mapping[str, tuple[str, ...]]]:
        """Who owns a group that can carry directory roles; learn.microsoft.com/graph/api/group-list-owners.

        What a person owns cannot be asked by an app (learn.microsoft.com/graph/api/user-list-ownedobjects), so the
        groups are asked: a tenant has 500 of them at most.
        """
        query = {"$filter": "isAssignableToRole eq true", "$select": "id,displayName,isAssignableToRole"}
        address = urls.address(urls.V1, "groups", query=query)

        def read() -> Mapping[str, tuple[str, ...]]:
            groups = _groups_of(self._calls.rows(address))
            owners = self._calls.many(
                lambda group: self._calls.rows(_owners(group)), groups, first=lambda group: First(_owners(group))
            )
            found: dict[str, tuple[str, ...]] = {}
            for group, rows in owners.items():
                for owner in {answers.text(row, "id").lower() for row in rows}:
                    found[owner] = (*found.get(owner, ()), groups[group])
            return found

        return self._calls.fact(read, f"GET {address.shape}/{{id}}/owners", OWNERS_PERMISSION)

    def federated(self) -> Fact[Mapping[str, str]]:
        """The federated domains; learn.microsoft.com/graph/api/domain-list and -list-federationconfiguration."""
        address = urls.address(urls.V1, "domains", query={"$select": "id,authenticationType"})

        def read() -> Mapping[str, str]:
            rows = self._calls.rows(address)
            names = [answers.text(row, "id").lower() for row in rows if _is_federated(row)]
            found = self._calls.many(lambda name: self._calls.rows(_federation(name)), names)
            return {
                name: answers.text(rows[0], "federatedIdpMfaBehavior") if rows else "" for name, rows in found.items()
            }

        return self._calls.fact(read, f"GET {address.shape}", DOMAINS_PERMISSION)

    def destinations(self) -> Fact[destinations.Destinations]:
        """What may be registered; learn.microsoft.com/graph/api/authenticationmethodspolicy-get."""
        address = urls.address(urls.V1, "policies", "authenticationMethodsPolicy", "authenticationMethodConfigurations")
        return self._calls.fact(
            lambda: _destinations(self._calls.rows(address)), f"GET {address.shape}", METHODS_PERMISSION
        )

    def security_defaults(self) -> Fact[bool]:
        """learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get."""
        address = urls.address(urls.V1, "policies", "identitySecurityDefaultsEnforcementPolicy")

        def read() -> bool:
            return answers.flag(self._calls.get(address), "isEnabled") is True

        return self._calls.fact(read, f"GET {address.shape}", PERMISSION)

    def campaign(self) -> Fact[registration.Campaign]:
        """learn.microsoft.com/graph/api/resources/authenticationmethodsregistrationcampaign, inside the policy."""
        address = urls.address(urls.V1, "policies", "authenticationMethodsPolicy")
        return self._calls.fact(lambda: _campaign(self._calls.get(address)), f"GET {address.shape}", METHODS_PERMISSION)


def _campaign(row: answers.Row) -> registration.Campaign:
    """Targets that ask for anything but Authenticator are none: a passkey is what journeys set up anyway."""
    held = answers.inner(answers.inner(row, "registrationEnforcement"), "authenticationMethodsRegistrationCampaign")
    exclude, include = (
        answers.inner_rows(held, "excludeTargets"),
        [one for one in answers.inner_rows(held, "includeTargets") if _asks_for_authenticator(one)],
    )
    named = {answers.text(one, "id").lower(): answers.text(one, "targetType") for one in (*include, *exclude)}
    state = answers.text(held, "state")
    return registration.Campaign(
        reach=registration.Reach(state) if state in set(registration.Reach) else registration.Reach.MICROSOFT_DECIDES,
        include=frozenset(answers.text(one, "id").lower() for one in include),
        exclude=frozenset(answers.text(one, "id").lower() for one in exclude),
        groups=frozenset(one for one, kind in named.items() if kind == "group") - {destinations.EVERYBODY},
    )


def _asks_for_authenticator(target: answers.Row) -> bool:
    return answers.text(target, "targetedAuthenticationMethod") == "microsoftAuthenticator"


def _is_federated(row: answers.Row) -> bool:
    return answers.text(row, "authenticationType") == "Federated"


def _federation(name: str) -> urls.Address:
    return urls.address(urls.V1, "domains", urls.opaque(name), "federationConfiguration")


def _owners(group: str) -> urls.Address:
    return urls.address(urls.V1, "groups", urls.guid(group), "owners", query={"$select": "id"})


def _groups_of(rows: list[answers.Row]) -> dict[str, str]:
    """Groups that can carry roles, by id, with their names; the filter is not trusted."""
    carrying = [row for row in rows if answers.flag(row, "isAssignableToRole") is True]
    return {answers.text(row, "id").lower(): answers.text(row, "displayName") for row in carrying}


def _destinations(rows: list[answers.Row]) -> destinations.Destinations:
    by_kind = {answers.text(row, "id").lower(): row for row in rows}
    fido, app = by_kind.get("fido2", {}), by_kind.get("microsoftauthenticator", {})
    profiles = answers.inner_rows(fido, "passkeyProfiles")
    return destinations.Destinations(
        passkeys=_method(fido, lambda target: answers.texts(target, "allowedPasskeyProfiles")),
        authenticator=_method(app, lambda target: frozenset({answers.text(target, "authenticationMode") or "any"})),
        self_service=answers.flag(fido, "isSelfServiceRegistrationAllowed") is not False,
        rule=_key_rule(fido),
        profiles={answers.text(one, "id"): _key_rule(one) for one in profiles},
    )


def _method(row: answers.Row, adds: Callable[[answers.Row], frozenset[str]]) -> destinations.MethodPolicy:
    targets = answers.inner_rows(row, "includeTargets")
    return destinations.MethodPolicy(
        answers.text(row, "state") == _ENABLED,
        {answers.text(target, "id").lower(): adds(target) for target in targets},
        frozenset(answers.text(target, "id").lower() for target in answers.inner_rows(row, "excludeTargets")),
    )


def _key_rule(row: answers.Row) -> destinations.KeyRule:
    held = answers.inner(row, "keyRestrictions")
    aaguids = frozenset(one.lower() for one in answers.texts(held, "aaGuids"))
    allow = answers.text(held, "enforcementType") == "allow"
    return destinations.KeyRule(answers.flag(held, "isEnforced") is True, allow, aaguids)


def _policy(row: answers.Row) -> access.AccessPolicy:
    conditions, grants = answers.inner(row, "conditions"), answers.inner(row, "grantControls")
    apps, users = answers.inner(conditions, "applications"), answers.inner(conditions, "users")
    systems, places = answers.inner(conditions, "platforms"), answers.inner(conditions, "locations")
    device_filter = answers.inner(answers.inner(conditions, "devices"), "deviceFilter")
    strength = answers.inner(grants, "authenticationStrength")
    return access.AccessPolicy(
        id=answers.text(row, "id").lower(),
        name=answers.text(row, "displayName"),
        include=_who(users, "include"),
        exclude=_who(users, "exclude"),
        resources=_ids(apps, "includeApplications"),
        without=_ids(apps, "excludeApplications"),
        actions=answers.texts(apps, "includeUserActions"),
        clients=answers.texts(conditions, "clientAppTypes") or frozenset({"all"}),
        places=_ids(places, "includeLocations"),
        without_places=_ids(places, "excludeLocations"),
        systems=answers.texts(systems, "includePlatforms"),
        without_systems=answers.texts(systems, "excludePlatforms"),
        filter_mode=answers.text(device_filter, "mode"),
        filter_rule=answers.text(device_filter, "rule"),
        controls=answers.texts(grants, "builtInControls"),
        strength=_strength(strength) if strength else None,
        terms_of_use=bool(answers.texts(grants, "termsOfUse")),
        other_providers=bool(answers.texts(grants, "customAuthenticationFactors")),
        every_control=answers.text(grants, "operator") == "AND",
        apart=_apart(conditions),
    )


def _who(users: answers.Row, side: str) -> access.Who:
    guests = answers.inner(users, f"{side}GuestsOrExternalUsers")
    kinds = answers.text(guests, "guestOrExternalUserTypes").split(",")
    return access.Who(_ids(users, f"{side}Users"), _ids(users, f"{side}Groups"), frozenset(kinds) - {""})


def _ids(row: answers.Row, name: str) -> frozenset[str]:
    """Ids in lower case; Graph's words such as All as they are."""
    return frozenset(one.lower() if urls.is_guid(one) else one for one in answers.texts(row, name))


def _strength(row: answers.Row) -> access.Strength:
    return access.Strength(answers.text(row, "displayName"), answers.texts(row, "allowedCombinations"))


def _apart(conditions: answers.Row) -> bool:
    """Whether a policy looks at what no journey brings about: risk, transferred sign-ins, apps' own identities."""
    risks = any(answers.texts(conditions, name) for name in _RISKS) or bool(
        answers.text(conditions, "insiderRiskLevels")
    )
    flows = bool(answers.text(answers.inner(conditions, "authenticationFlows"), "transferMethods"))
    principals = answers.inner(conditions, "clientApplications")
    return risks or flows or bool(answers.texts(principals, "includeServicePrincipals"))
