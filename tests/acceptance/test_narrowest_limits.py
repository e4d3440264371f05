"""Twenty journeys at the narrowest reading of Microsoft's limits: five requests about methods in ten seconds.

Through the real commands, from the first to the last, with one clock for both sides that is turned by whoever waits.
learn.microsoft.com/graph/throttling-limits names authentication methods among the reports
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent import sandbox
from agent.cli import reading
from tests.cli.moved import Moved, moved
from tests.cli.terminal import DOMAIN

SEED = Path(sandbox.__file__).with_name("seed.yaml")
PEOPLE = {f"starter.{number:02}@{DOMAIN}": f"PF4TH2{number:02}" for number in range(20)}
#: What is true before anybody touches the device, and in the end.
BOXED = {"registered", "profile_ready"}
REACHED = BOXED | {
    *("signed_in", "joined", "enrolled", "user_bound", "entra_registered", "hello_set_up", "strong_method_set_up"),
    *("credential_used", "pass_gone"),
}


class Bench(Moved):
    """Twenty laptops, and the people they are for."""

    def seed(self) -> None:
        """Start over with twenty more people, each with a laptop like the starter's."""
        seed = yaml.safe_load(SEED.read_text("utf-8"))
        laptop, like = seed["autopilot"]["devices"][0], seed["people"]["mara.quist"]
        seed["autopilot"]["devices"] += [laptop | {"serial": serial} for serial in PEOPLE.values()]
        names = [person.partition("@")[0] for person in PEOPLE]
        seed["people"] |= {name: like | {"name": name, "staff_number": name[-2:]} for name in names}
        for group in seed["groups"].values():
            group["members"] += names if "mara.quist" in group.get("members", ()) else []
        self.tenancy.door("seed", **seed)
        self.tenancy.door("options", "PATCH", throttling="on", methods_limit="reports")

    def codes(self) -> dict[str, str]:
        """Each serial's code, as read from its paper."""
        places = {row["journey_id"]: row["place"] for row in self.terminal.rows("slips") if row["state"] == "live"}
        rows = self.terminal.rows("journeys")
        return {row["serial"]: reading.code_on(Path(places[row["id"]])).expose() for row in rows}

    def devices(self) -> dict[str, dict[str, Any]]:
        """The laptops' screens by serial."""
        rows = self.tenancy.door("devices", "GET")["devices"]
        return {row["serial"]: row for row in rows if row["serial"] in PEOPLE.values()}

    def standings(self) -> list[dict[str, Any]]:
        """The twenty journeys as `status` has them."""
        rows: list[dict[str, Any]] = self.terminal.run("status", "--json").json()
        return rows

    def walk(self, codes: dict[str, str]) -> None:
        """Everybody takes their laptop from the box to the new credential, while we look now and then."""
        owners = {serial: person for person, serial in PEOPLE.items()}
        for serial in owners:
            self.tenancy.door(f"devices/{serial}/power-on")
        for minute in range(180):
            screens = self.devices()
            if all(row["finished"] for row in screens.values()):
                return
            for serial, row in screens.items():
                if row["asks"]:
                    self.tenancy.door(f"devices/{serial}/sign-in", person=owners[serial], code=codes[serial])
            if minute % 20 == 10:
                assert self.terminal.run("track", "--once").code == 0
            self.clock.pass_minutes(1)
        raise AssertionError(self.devices())


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    """Nothing is on record, and the tenant is narrow."""
    with moved(tmp_path, capsys) as found:
        made = Bench(found.terminal, found.tenancy, found.world)
        made.seed()
        yield made


def test_twenty_journeys_go_from_the_box_to_done_under_five_requests_in_ten_seconds(bench: Bench) -> None:
    for person, serial in PEOPLE.items():
        said = bench.terminal.issue(person, f"windows-autopilot={serial}", variant="technician")
        assert said.code == 0, said
    began = bench.clock.at
    assert bench.terminal.run("track", "--once").code == 0
    assert bench.clock.at - began < timedelta(minutes=7), "twenty people with nine requests each take six"
    assert all(set(row["milestones"]) <= BOXED for row in bench.standings()), "nobody has touched a device yet"
    bench.walk(bench.codes())
    assert {row["state"] for row in bench.standings()} == {"open"}, "no credential was used yet"
    for serial in PEOPLE.values():
        bench.tenancy.door(f"devices/{serial}/unlock")
    began = bench.clock.at
    said = bench.terminal.run("track")
    assert (said.code, said.err) == (0, "")
    assert bench.clock.at - began < timedelta(minutes=20), "it hung"
    shown = bench.standings()
    assert {(row["person"], row["state"], *row["unexpected"]) for row in shown} == {(one, "done") for one in PEOPLE}
    assert [set(row["milestones"]) - {"compliant"} for row in shown] == [REACHED] * 20
    assert [row["state"] for row in bench.terminal.rows("passes")] == ["gone"] * 20
    counted = bench.tenancy.door("counters", "GET")
    assert counted["requests"]["POST /users/{id}/authentication/temporaryAccessPassMethods"] == 20
    assert counted["throttled"]["methods"] > 20
    assert counted["early_returns"] == 0
    bench.tenancy.door("options", "PATCH", throttling="off")
    assert [bench.tenancy.passes_of(person) for person in PEOPLE] == [[]] * 20
    assert bench.terminal.run("audit", "verify").code == 0
