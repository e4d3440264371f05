"""Characters that make a text read as something else, on paper and on a terminal."""

from __future__ import annotations

import json

import pytest

from agent.domain import characters


@pytest.mark.parametrize("sign", ["\x1b", "\x9b", "\n", "\u202e", "\u2066", "\u2028", "\ud800"])
def test_what_would_print_other_than_it_reads_is_found_and_never_shown(sign: str) -> None:
    text = f"Mara{sign}[31mQuist"
    assert characters.misleading(text) == sign
    assert characters.shown(text) == "Mara\N{REPLACEMENT CHARACTER}[31mQuist"


@pytest.mark.parametrize("sign", ["\u200b", "\u200e", "\u061c", "\ufeff", "\U000e0041"])
def test_marks_that_nobody_sees_are_not_sent_to_a_terminal(sign: str) -> None:
    assert characters.shown(f"a{sign}b") == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize("name", ["Siobhán O'Rourke", "عبد الرحمن", "می\u200cخواهم", "林 美玲"])
def test_names_of_every_script_stay_as_they_are(name: str) -> None:
    assert characters.shown(name) == name
    assert characters.misleading(name) == ""


def test_json_keeps_its_meaning_and_moves_no_cursor() -> None:
    value = {"name": "Mara\u202eQuist\x9b \U000e0041 Ä", "lines": [1, 2]}
    text = characters.escaped(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(text) == value
    assert "Ä" in text
    assert not {"\u202e", "\x9b", "\U000e0041"} & set(text)
