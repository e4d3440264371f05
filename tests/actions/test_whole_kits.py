"""A preflight foresees the pass that would be made: one for the person's other open journeys too."""

from __future__ import annotations

from agent.actions import preflight
from tests.world import World

MARA, LAPTOP, PHONE = "mara.quist", "windows-autopilot=PF4TH101", "ios-company-portal=H4TH301QLM"


def test_a_preflight_foresees_the_terms_of_the_whole_kit(w: World) -> None:
    w.take(MARA, LAPTOP)
    report = preflight.preflight(w.agent, w.asked(MARA, PHONE, replace=True))
    assert [item.profile.name for item in report.asked.items] == ["ios-company-portal", "windows-autopilot"]
    assert report.verdict.terms == w.take(MARA, PHONE, replace=True).row.terms


def test_what_has_come_between_an_open_journey_and_its_device_is_said_with_the_next(w: World) -> None:
    w.take(MARA, LAPTOP)
    (record,) = [one for one in w.sandbox.tenant.devices.autopilot.values() if one.serial == "PF4TH101"]
    record.user_principal_name = w.upn("chidi.eze")
    found = preflight.preflight(w.agent, w.asked(MARA, PHONE, replace=True)).verdict.refusals
    assert [(finding.code, finding.about) for finding in found] == [("assigned_to_other", LAPTOP)]
