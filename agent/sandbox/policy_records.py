"""What the pretend tenant remembers about policies that reach devices and people: what each sets, and for whom.

Plain mutable records without behaviour, like `device_records`; `areas.device_policies` says whom one reaches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

ALL_DEVICES = "all_devices"
"""Target that stands for every device; `records.ALL_USERS` stands for everybody."""


@dataclass(slots=True)
class Assignment:
    """One target of a policy: a group's id, `records.ALL_USERS` or `ALL_DEVICES`, or a group that it leaves out.

    `filter_lets_in` is None without an assignment filter; else what that filter, which Graph only names by its id,
    says of the devices it meets (learn.microsoft.com/mem/intune/fundamentals/filters).
    """

    target: str
    excluded: bool = False
    filter_lets_in: bool | None = None


@dataclass(slots=True)
class ConfigurationPolicy:
    """A policy of the settings catalogue (beta deviceManagementConfigurationPolicy).

    `settings` are choices: definition id to the id of the chosen option.
    """

    id: str
    name: str
    platforms: str = "windows10"
    technologies: str = "mdm"
    template_id: str = ""
    template_family: str = "none"
    created: datetime | None = None
    settings: dict[str, str] = field(default_factory=dict)
    assignments: list[Assignment] = field(default_factory=list)


@dataclass(slots=True)
class CustomConfiguration:
    """A custom profile for Windows (learn.microsoft.com/graph/api/resources/intune-deviceconfig-
    windows10customconfiguration): `settings` are whole numbers by OMA-URI.

    With `hello_blocked` set it is a profile of identity protection instead, the older way of saying who gets Hello.
    """

    id: str
    name: str
    created: datetime | None = None
    settings: dict[str, int] = field(default_factory=dict)
    hello_blocked: bool | None = None
    assignments: list[Assignment] = field(default_factory=list)


@dataclass(slots=True)
class MobilityPolicy:
    """Whose devices one management service enrols by itself, the MDM user scope (beta mobilityManagementPolicy).

    `applies_to` is "none", "all" or "selected": then it is the people of `group_ids`.
    """

    id: str
    name: str
    applies_to: str = "all"
    group_ids: list[str] = field(default_factory=list)
