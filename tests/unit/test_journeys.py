"""A journey's evidence is a set, and it is closed once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.domain import devices
from agent.domain.journeys import Journey, JourneyState, Observation, Sight, family
from agent.domain.people import MethodKind, Person, SignInMethod

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OPEN = Journey("J1", "mara", "mara@x", "Mara", "windows-autopilot", "", "PF4TH101", "P1", NOON, "Tess")


def test_what_was_seen_twice_is_kept_once() -> None:
    seen = Observation(Sight.MANAGED, "row-1", NOON, "GET /managedDevices")
    assert OPEN.with_seen([seen]).with_seen([seen, seen]).observations == {seen}


def test_a_closed_journey_stays_as_it_is() -> None:
    closed = OPEN.closed(JourneyState.DONE, NOON, "well")
    assert (closed.state, closed.closed_at, closed.note) == (JourneyState.DONE, NOON, "well")
    with pytest.raises(ValueError, match="from done to revoked"):
        closed.closed(JourneyState.REVOKED, NOON)
    with pytest.raises(ValueError, match="from open to open"):
        OPEN.closed(JourneyState.OPEN, NOON)


def test_a_family_is_what_was_open_at_some_time_since() -> None:
    early, late = OPEN.closed(JourneyState.DONE, NOON), OPEN.closed(JourneyState.DONE, NOON + timedelta(hours=2))
    assert family([early, late, OPEN], NOON + timedelta(hours=1)) == (late, OPEN)


def test_the_newest_enrolment_of_a_serial_counts() -> None:
    undated, old = devices.ManagedDevice("m0", "S1"), devices.ManagedDevice("m1", "S1", enrolled_at=NOON)
    new = devices.ManagedDevice("m2", "S1", enrolled_at=NOON + timedelta(days=1))
    assert devices.newest((undated, new, old)) == new
    assert devices.newest((undated,)) == undated
    assert devices.newest(()) is None


@pytest.mark.parametrize(
    ("method", "strong", "elsewhere", "in_authenticator"),
    [
        (SignInMethod("1", MethodKind.HELLO), True, False, False),
        (SignInMethod("2", MethodKind.PLATFORM_CREDENTIAL), True, False, False),
        (SignInMethod("3", MethodKind.PASSKEY), True, True, False),
        (SignInMethod("4", MethodKind.PASSKEY, aaguid="90A3CCDF-635C-4729-A248-9B709135078F"), True, True, True),
        (SignInMethod("5", MethodKind.AUTHENTICATOR), False, False, False),
        (SignInMethod("6", MethodKind.AUTHENTICATOR, phone_sign_in=True), True, True, True),
        (SignInMethod("7", MethodKind.PHONE), False, False, False),
        (SignInMethod("8", MethodKind.SOFTWARE_OATH), False, False, False),
        (SignInMethod("9", MethodKind.PASSWORD), False, False, False),
    ],
)
def test_what_a_method_is_worth(method: SignInMethod, strong: bool, elsewhere: bool, in_authenticator: bool) -> None:
    assert (method.strong, method.usable_elsewhere, method.in_authenticator) == (strong, elsewhere, in_authenticator)


def test_two_people_of_one_name_are_told_apart_by_what_is_known() -> None:
    one = Person("1", "alex.morgan@x", "Alex Morgan", department="Finance", office="Leith", staff_number="1140")
    assert one.distinguishing == ("Finance", "Leith", "Staff no. 1140")
    other = Person("3", "alex.morgan3@x", "Alex Morgan", manager="Ines Okafor")
    assert other.distinguishing == ("Manager: Ines Okafor",)
    assert Person("2", "alex.morgan2@x", "Alex Morgan").distinguishing == ()
