"""What a policy of Intune's settings catalogue sets, and whom a policy is assigned to, out of Graph's rows (beta).

learn.microsoft.com/graph/api/resources/intune-deviceconfigv2-devicemanagementconfigurationsettinginstance
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.device_policies import Everything, Target
from agent.graph import answers

_EVERYTHING = {
    "allLicensedUsersAssignmentTarget": Everything.PEOPLE,
    "allDevicesAssignmentTarget": Everything.DEVICES,
}


def settings(policy: answers.Row) -> Iterator[tuple[str, str]]:
    """(definition, chosen option or text) of all that a policy with `settings` expanded sets, in lower case."""
    for setting in answers.inner_rows(policy, "settings"):
        yield from _set(answers.inner(setting, "settingInstance"))


def _set(instance: answers.Row) -> Iterator[tuple[str, str]]:
    """Those inside groups too."""
    definition = answers.text(instance, "settingDefinitionId").lower()
    choice, text = answers.inner(instance, "choiceSettingValue"), answers.inner(instance, "simpleSettingValue")
    if definition and (choice or text):
        yield definition, answers.text(choice or text, "value").lower()
    for group in (choice, *answers.inner_rows(instance, "groupSettingCollectionValue")):
        for child in answers.inner_rows(group, "children"):
            yield from _set(child)


def targets(policy: answers.Row) -> tuple[Target, ...]:
    """Whom a policy is assigned to whose `assignments` were expanded."""
    return tuple(_target(answers.inner(each, "target")) for each in answers.inner_rows(policy, "assignments"))


def _target(target: answers.Row) -> Target:
    kind = answers.kind(target)
    filtered = answers.text(target, "deviceAndAppManagementAssignmentFilterType") not in {"", "none"}
    return Target(
        group=answers.text(target, "groupId").lower(),
        everything=_EVERYTHING.get(kind),
        left_out=kind == "exclusionGroupAssignmentTarget",
        filtered=filtered,
    )
