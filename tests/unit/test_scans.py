"""Scans: candidates in order, and every other barcode on a box named as what it is."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import errors
from agent.domain import scans

SERIALS = st.text(string.ascii_uppercase + string.digits, min_size=5, max_size=20).filter(
    lambda text: not scans.read(text).refused
)


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("PF3ABCDE", ("PF3ABCDE",)),
        (" pf3 abcde\r\n", ("pf3 abcde", "PF3ABCDE")),
        ("SC02XK1ABCD", ("SC02XK1ABCD", "C02XK1ABCD")),
        ("sam12345", ("sam12345", "SAM12345", "AM12345")),
        ("SAM1", ("SAM1",)),
        ("ＰＦ３ＡＢＣＤＥ", ("PF3ABCDE",)),
    ],
)
def test_a_scan_is_tried_raw_then_normalised_then_without_a_leading_s(text: str, candidates: tuple[str, ...]) -> None:
    assert scans.read(text).candidates == candidates


@given(SERIALS, st.sampled_from(["", "S"]), st.sampled_from(["", "\r", "\r\n", "\t", " "]))
def test_a_scanners_additions_never_hide_the_serial(serial: str, prefix: str, suffix: str) -> None:
    assert serial in scans.read(prefix + serial + suffix).candidates


@given(SERIALS)
def test_a_serial_as_printed_is_always_the_first_candidate(serial: str) -> None:
    assert scans.read(serial).candidates[0] == serial


@given(st.text(max_size=150))
def test_every_text_is_either_refused_with_a_sentence_or_has_printable_candidates(text: str) -> None:
    scan = scans.read(text)
    assert scan.raw == text
    assert bool(scan.refused) is not bool(scan.candidates)
    assert all(candidate.isascii() and candidate.isprintable() for candidate in scan.candidates)


@pytest.mark.parametrize(
    "text",
    [
        *("To be filled by O.E.M.", "TO BE FILLED BY O.E.M", "Default string", "System Serial Number", "None", "0"),
        *("00000000", "XXXXXXX", "N/A", "Not Specified", "---", "123456789"),
    ],
)
def test_a_makers_placeholder_is_refused(text: str) -> None:
    scan = scans.read(text)
    assert scan.candidates == ()
    assert "placeholder" in scan.refused


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("A" * 50 + "B" * 51, "100 characters"),
        ("ABC\x1b[2JDEF", "characters that no serial number has"),
        ("ABC\u202e123", "characters that no serial number has"),
        ("Ünlü123", "characters that no serial number has"),
        ("https://example.com/SERIAL1", "web address"),
    ],
)
def test_what_can_be_no_serial_is_refused_with_the_reason(text: str, word: str) -> None:
    scan = scans.read(text)
    assert word in scan.refused
    assert scan.candidates == ()


@pytest.mark.parametrize(
    ("text", "word", "last"),
    [
        ("1S20XW0000GEPF3ABCDE", "serial number PF3ABCDE", "PF3ABCDE"),
        ("1s4068ab1lv12345", "serial number LV12345", "LV12345"),
        ("12542331601", "service tag 5RFDP01", "5RFDP01"),
        ("125-423-316-01", "service tag 5RFDP01", "5RFDP01"),
        ("490154203237518", "IMEI", "490154203237518"),
        ("4901542032375101", "IMEI", "4901542032375101"),
        ("89049032004008882600012345678901", "EID", "89049032004008882600012345678901"),
        ("8944110068256270054", "ICCID", "8944110068256270054"),
        ("4006381333931", "EAN", "4006381333931"),
        ("036000291452", "UPC", "036000291452"),
        ("1PMLPF3LL/A", "part number", "1PMLPF3LL/A"),
        ("00:1B:63:84:45:E6", "MAC", "00:1B:63:84:45:E6"),
    ],
)
def test_another_barcode_of_the_box_is_named_and_stays_a_candidate(text: str, word: str, last: str) -> None:
    scan = scans.read(text)
    assert word in scan.is_a
    assert scan.candidates[0] == text
    assert scan.candidates[-1] == last
    assert not scan.refused


@pytest.mark.parametrize("text", ["490154203237519", "4006381333932", "036000291453", "99999999998", "5CD1234XYZ"])
def test_a_wrong_check_digit_or_an_ordinary_serial_is_not_named(text: str) -> None:
    assert scans.read(text).is_a == ""


@given(st.text(string.ascii_uppercase + string.digits, min_size=7, max_size=7).filter(lambda tag: tag[0] != "0"))
def test_dells_code_gives_back_the_service_tag_it_was_made_from(tag: str) -> None:
    scan = scans.read(str(int(tag, 36)))
    assert scan.refused or scan.candidates[-1] == tag


@pytest.mark.parametrize(
    "name",
    ["ada@example.com", "O'Brien@example.com", "a/b#c?d@example.com", "x_ext#EXT#@example.com", "ÄDA@bücher.example"],
)
def test_a_user_name_is_kept_as_typed_but_for_the_blanks_around_it(name: str) -> None:
    assert scans.user_name(f"\t {name}\n") == name


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "empty"),
        ("ada", "one @"),
        ("@example.com", "one @"),
        ("ada@", "one @"),
        ("ada@example@com", "one @"),
        ("ada lovelace@example.com", "blank"),
        ("ada\u00a0l@example.com", "blank"),
        ("ada\u202e@example.com", "cannot be seen"),
        ("ada\x00@example.com", "cannot be seen"),
        ("a" * 102 + "@example.com", "113"),
    ],
)
def test_what_is_no_user_name_is_refused_with_the_reason_and_an_example(name: str, word: str) -> None:
    with pytest.raises(errors.Refused) as refusal:
        scans.user_name(name)
    assert word in refusal.value.summary
    assert "ada@example.com" in refusal.value.advice
    assert refusal.value.codes == ("user_name_malformed",)
