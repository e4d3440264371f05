"""The sandbox's reading of `$filter`."""

from __future__ import annotations

import pytest

from agent.sandbox.wire import filters

ROW = {
    "serialNumber": "PF4TH1'05",
    "createdDateTime": "2026-11-23T09:00:00.5Z",
    "accountEnabled": True,
    "status": {"errorCode": 0},
    "physicalIds": ["[ZTDID]:abc", "[HWID]:h:1"],
    "employeeId": None,
    "technologies": "mdm,configManager",
}


@pytest.mark.parametrize(
    "text",
    [
        "serialNumber eq 'pf4th1''05'",
        "contains(serialNumber,'th1''')",
        "startswith(SerialNumber, 'PF')",
        "createdDateTime ge 2026-11-23T09:00:00Z and createdDateTime lt 2026-11-23T11:00:00+01:00",
        "accountEnabled eq false or accountEnabled eq true",
        "status/errorCode eq 0 and (employeeId eq null or employeeId eq '1')",
        "physicalIds/any(p:p eq '[ZTDID]:abc')",
        "physicalIds/any(p: startswith(p,'[HWID]'))",
        "technologies has 'mdm' and technologies has 'configManager'",
    ],
)
def test_what_the_row_fulfils_is_let_through(text: str) -> None:
    assert filters.parse(text).holds(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "serialNumber eq 'PF4TH1'",
        "serialNumber ne 'pf4th1''05'",
        "createdDateTime gt 2026-11-23T09:00:01Z",
        "accountEnabled eq 'true'",
        "employeeId gt '1'",
        "status/errorCode eq 130503",
        "nothing/deeper eq 1",
        "physicalIds/any(p:p eq '[ZTDID]')",
        "technologies has 'config'",
    ],
)
def test_what_it_does_not_fulfil_is_held_back(text: str) -> None:
    assert not filters.parse(text).holds(ROW)


@pytest.mark.parametrize(
    "text", ["", "serialNumber", "a eq", "a like 'b'", "a eq 'b", "(a eq 1", "a eq 1)", "contains(a)", "'a' eq a"]
)
def test_what_cannot_be_read_says_so(text: str) -> None:
    with pytest.raises(filters.UnreadableFilter):
        filters.parse(text)


def test_the_asked_paths_and_operators_are_told() -> None:
    condition = filters.parse("(a eq 1 or contains(b,'x')) and c/any(i:i eq 2)")

    assert filters.comparisons(condition) == [("a", "eq"), ("b", "contains"), ("c", "any")]
