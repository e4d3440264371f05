"""Federated domains: a pass is asked for before the other provider is, but for one step-up.

learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.cases import Case, Finding, Level
from agent.domain.facts import NotChecked
from agent.domain.people import MethodKind
from agent.domain.rules import places, saying

#: federatedIdpMfaBehavior of a domain whose provider alone may do MFA.
ENFORCED = "enforceMfaByFederatedIdp"
_STEPS_UP = frozenset({MethodKind.HELLO, MethodKind.PLATFORM_CREDENTIAL})


def judge(case: Case) -> Iterator[Finding]:
    """What somebody of a federated domain will see, and where the other provider comes between."""
    fact, person = case.tenant.access.federated, case.known_person
    if isinstance(fact, NotChecked):
        yield saying.unchecked("federation", "Whether the person's domain is federated", fact, refuses=False)
        return
    domain = person.user_name.rpartition("@")[2].lower() if person else ""
    if domain not in fact.value:
        return
    yield Finding(
        "federated_domain",
        Level.OK,
        f"{domain} is federated: the sign-in page still asks for the pass. If it goes to your own provider instead, "
        "the pass is not active yet: wait a few minutes and begin again.",
        evidence=fact.evidence,
    )
    if fact.value[domain] == ENFORCED and case.profile.registers & _STEPS_UP:
        yield saying.warning(
            "federated_step_up",
            f"For {domain} the other provider alone may do MFA. If more than 10 minutes have gone by when the device's "
            "key is made, the page goes there and takes no pass.",
            who="a Hybrid Identity Administrator",
            place=places.DOMAINS.below(domain).then("set federatedIdpMfaBehavior to acceptIfMfaDoneByFederatedIdp"),
            fact=fact,
        )
