"""Policies that decide where a PC's person arrives: the settings catalogue and custom profiles, read for two settings.

Definition ids are those that Intune itself writes: Windows Hello's in a group for the tenant, once for devices and once
for users; web sign-in's beside the others (learn.microsoft.com/windows/client-management/mdm/passportforwork-csp and
/policy-csp-authentication). How a list is asked for is how Microsoft's own assessment asks
(github.com/microsoft/zerotrustassessment).
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.domain.device_policies import DevicePolicy
from agent.domain.facts import Fact
from agent.graph import answers, catalogue, urls
from agent.graph.calls import Calls

PERMISSION = "DeviceManagementConfiguration.Read.All"

_CATALOGUE = {
    "$filter": "platforms has 'windows10' and technologies has 'mdm'",
    "$select": "id,name,platforms,technologies",
    "$expand": "assignments,settings",
}
_WEB_SIGN_IN = "device_vendor_msft_policy_config_authentication_enablewebsignin"
_HELLO = "_vendor_msft_passportforwork_{tenantid}_policies_"
_HELLO_URI = "/policies/usepassportforwork"
_TPM_URI = "/policies/requiresecuritydevice"
_WEB_URI = "/policy/config/authentication/enablewebsignin"
_ON = {"1": True, "2": False}
_TRUTH = {"true": True, "false": False}


def read(calls: Calls) -> Fact[tuple[DevicePolicy, ...]]:
    """Those that say something of Hello or web sign-in; both in beta, for v1.0 shows no assignment filter."""
    policies = urls.address(urls.BETA, "deviceManagement", "configurationPolicies", query=_CATALOGUE)
    profiles = urls.address(urls.BETA, "deviceManagement", "deviceConfigurations", query={"$expand": "assignments"})

    def found() -> tuple[DevicePolicy, ...]:
        asked = {policies: _policy, profiles: _profile}
        rows = calls.many(calls.rows, asked)
        made = [make(row) for address, make in asked.items() for row in rows[address]]
        return tuple(one for one in made if (one.hello, one.needs_tpm, one.web_sign_in) != (None, None, None))

    return calls.fact(found, f"GET {policies.shape}", PERMISSION)


def _policy(row: answers.Row) -> DevicePolicy:
    chosen = dict(catalogue.settings(row))
    web = chosen.get(_WEB_SIGN_IN, "")
    return DevicePolicy(
        answers.text(row, "name"),
        catalogue.targets(row),
        hello=_said(chosen, "usepassportforwork"),
        needs_tpm=_said(chosen, "requiresecuritydevice"),
        web_sign_in=_ON.get(web.rpartition("_")[2]),
    )


def _said(chosen: Mapping[str, str], setting: str) -> bool | None:
    """What is chosen for devices or for users; two that differ forbid."""
    options = (chosen.get(f"{kind}{_HELLO}{setting}", "") for kind in ("device", "user"))
    told = [_TRUTH[word] for word in (option.rpartition("_")[2] for option in options) if word in _TRUTH]
    return all(told) if told else None


def _profile(row: answers.Row) -> DevicePolicy:
    """A profile: a custom one by its OMA-URIs, that of identity protection by what it blocks."""
    told = {answers.text(one, "omaUri").lower(): one.get("value") for one in answers.inner_rows(row, "omaSettings")}
    hello = next((value for uri, value in told.items() if uri.endswith(_HELLO_URI)), None)
    tpm = next((value for uri, value in told.items() if uri.endswith(_TPM_URI)), None)
    web = next((value for uri, value in told.items() if uri.endswith(_WEB_URI)), None)
    blocked = answers.flag(row, "windowsHelloForBusinessBlocked")
    return DevicePolicy(
        answers.text(row, "displayName"),
        catalogue.targets(row),
        hello=not blocked if blocked is not None else _as_flag(hello),
        needs_tpm=_as_flag(tpm),
        web_sign_in=_ON.get(str(web)),
    )


def _as_flag(value: object) -> bool | None:
    return _TRUTH.get(str(value).lower()) if value is not None else None
