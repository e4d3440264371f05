"""The paper, read as a person and a scanner read it: from the page as it is printed."""

from __future__ import annotations

import ctypes
import dataclasses
import datetime
import sys
import traceback
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from pypdfium2 import raw

from agent import errors
from agent.domain import secrets
from agent.slips import slip, stocks, templates, typesetting, wording
from tests import secrecy

SHORT = "+drk0zqA"
CODE = "+drk0zqA!O1l"
LONG = "aB3+xY7!Ol0I" * 4
UPN = "adele.vance@contoso-logistics.example"
START = "https://aka.ms/mysecurityinfo"
STOCKS = ("a4", "a6")
VARIANTS = (slip.HAND_OVER, slip.TECHNICIAN)
STEPS = (
    slip.Step("Plug in power and the network cable. No cable? Choose your Wi-Fi and type its password."),
    slip.Step("Choose country and keyboard. Check that the @ key types @."),
    slip.Step("The screen must name Contoso. It says “personal or work”? Restart once; still so: call."),
    slip.Step("Enter your user name.", "user_name"),
    slip.Step("Enter the code. Asked for a password? “Use your Temporary Access Pass instead”.", "code"),
    slip.Step("Wait 30 to 90 minutes with the lid open. The laptop may restart.", "wait"),
    slip.Step("Lock screen? Other user → Sign-in options → globe → Sign in, then the same name and code.", "code"),
    slip.Step("Windows Hello: choose OK, perhaps the code again, then face or finger, then a PIN."),
    slip.Step("Press Win+L and sign in with the PIN."),
    slip.Step("Open Teams: you are done."),
)
EARLY = datetime.datetime(2026, 11, 23, 8, 0, tzinfo=datetime.UTC)
CONTENT = slip.SlipContent(
    number="K7Q2MX",
    variant=slip.HAND_OVER,
    organisation="Contoso Logistics",
    support="+49 30 5550 123",
    person_name="Adele Vance",
    user_name=UPN,
    distinguishing=("Finance", "Berlin, 4.12", "Staff no. 20417"),
    device_label="Laptop ThinkPad T14",
    serial="PF3X9K2L",
    journey_title="Windows laptop: Autopilot",
    works_from=EARLY,
    works_until=EARLY + datetime.timedelta(minutes=190),
    zone="Europe/Berlin",
    keep_until_step=8,
    steps=STEPS,
    start_page="",
    watermark="",
)


@dataclasses.dataclass(frozen=True)
class Paper:
    text: str
    barcodes: frozenset[str]
    fonts: frozenset[str]
    largest: str
    inside: bool
    title: str
    pages: int

    def says(self, words: str) -> bool:
        """Whether the words stand there, wherever the lines were broken."""
        return "".join(words.split()) in "".join(self.text.split())


def change(**changes: Any) -> slip.SlipContent:
    return dataclasses.replace(CONTENT, **changes)


def live(content: slip.SlipContent = CONTENT, code: str = CODE, stock: str = "a4") -> bytes:
    return slip.render_live(content, secrets.PassCode(code), stock, "en")


def read(pdf: bytes, dots: int = 150) -> Paper:
    document = pypdfium2.PdfDocument(pdf)
    page = document[0]
    words = page.get_textpage()
    boxes = [words.get_charbox(place) for place in range(words.count_chars())]
    bitmap = page.render(scale=dots / 72, grayscale=True)
    pixels = memoryview(bytes(bitmap.buffer)).cast("B", (bitmap.height, bitmap.stride))
    paper = Paper(
        text=words.get_text_range().replace("\ufffe", "-").replace("\x02", "-"),  # a hyphen that ends a line
        barcodes=frozenset(found.text for found in zxingcpp.read_barcodes(pixels)),
        fonts=frozenset(font_name(thing) for thing in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT])),
        largest=largest(words),
        inside=all(
            left >= 0 and low >= 0 and right <= page.get_width() and high <= page.get_height()
            for left, low, right, high in boxes
        ),
        title=document.get_metadata_dict()["Title"],
        pages=len(document),
    )
    document.close()
    return paper


def font_name(thing: Any) -> str:
    """The font of a piece of text without its subset tag; "!" before it if it is not in the file."""
    font = raw.FPDFTextObj_GetFont(thing.raw)
    held = ctypes.create_string_buffer(100)
    raw.FPDFFont_GetBaseFontName(font, held, 100)
    name = held.value.decode().partition("+")[2]
    return name if raw.FPDFFont_GetIsEmbedded(font) == 1 else f"!{name}"


def largest(words: Any) -> str:
    """The signs printed in the largest size, in order."""
    places = range(words.count_chars())
    sizes = [round(raw.FPDFText_GetFontSize(words.raw, place), 1) for place in places]
    signs = [chr(raw.FPDFText_GetUnicode(words.raw, place)) for place in places]
    return "".join(sign for sign, size in zip(signs, sizes, strict=True) if size == max(sizes) and not sign.isspace())


@pytest.mark.parametrize("stock", STOCKS)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("code", [SHORT, CODE, LONG])
def test_everything_fits_on_one_page_and_every_drawing_reads_back(stock: str, variant: str, code: str) -> None:
    """Ten steps, a start page and the band of the sandbox are the fullest slip there is."""
    paper = read(live(change(variant=variant, start_page=START, watermark="SANDBOX: not a real pass"), code, stock))
    on_this_variant = {code} if variant == slip.TECHNICIAN else set()
    assert paper.barcodes == {UPN, START, CONTENT.serial} | on_this_variant
    assert paper.pages == 1
    assert paper.inside
    assert paper.says("SANDBOX: not a real pass")


@pytest.mark.parametrize("stock", STOCKS)
@pytest.mark.parametrize("code", [SHORT, CODE, LONG])
def test_the_code_is_the_largest_thing_on_the_slip(stock: str, code: str) -> None:
    assert read(live(change(variant=slip.TECHNICIAN, start_page=START), code, stock)).largest == code


@pytest.mark.parametrize("stock", STOCKS)
def test_the_slip_opens_and_closes_with_what_every_slip_says(stock: str) -> None:
    paper = read(live(stock=stock))
    for words in (
        "Contoso Logistics",
        "Slip K7Q2MX",
        "Adele Vance",
        "Finance · Berlin, 4.12 · Staff no. 20417",
        UPN,
        "Laptop ThinkPad T14",
        "PF3X9K2L",
        "Works from Mon, 23 Nov 2026, 09:00 to 12:10 (Europe/Berlin)",
        "KEEP until step 8",
        "+drk 0zqA !O1l",
        "In this code: + plus, 0 zero, ! exclamation mark, O capital O, 1 one, l small L.",
        "Code refused? Wait 3 minutes, try again, then call +49 30 5550 123.",
        "Never tell it to a caller.",
        "Done: tear up.",
        "Wait: it can take a few minutes before the page offers the pass.",
        *(step.text for step in STEPS),
    ):
        assert paper.says(words), words


@pytest.mark.parametrize("stock", STOCKS)
def test_the_hand_over_slip_holds_the_code_as_text_only(stock: str) -> None:
    forms = secrecy.find(CODE, [live(stock=stock)])
    assert forms
    assert not [hit for hit in forms if "QR" in hit.place]
    technician = secrecy.find(CODE, [live(change(variant=slip.TECHNICIAN), stock=stock)])
    assert [hit for hit in technician if "QR" in hit.place]


@pytest.mark.parametrize("code", ["#$*_\\`<&", "\"'()[]{}", "~~^^//--", "fifl&lt;"])
def test_a_code_is_printed_verbatim(code: str) -> None:
    paper = read(live(change(variant=slip.TECHNICIAN), code))
    assert code in paper.barcodes
    assert paper.says(code)


@pytest.mark.parametrize("stock", STOCKS)
@pytest.mark.parametrize(
    "name", ['#read("x") *b* $x$ <a> @b //c', "=cmd|' /C calc'!A0", "^XZ^XA <svg onload=1>", "-- a"]
)
def test_markup_in_a_name_prints_as_plain_text(stock: str, name: str) -> None:
    assert read(slip.render(change(person_name=name), stock, "en")).says(name)


@pytest.mark.parametrize("field", ["person_name", "user_name", "serial", "organisation", "journey_title"])
@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\n", "\x00", "\x85", "\ud800", "\u2028"])
def test_invisible_characters_are_refused_by_name(field: str, sign: str) -> None:
    with pytest.raises(errors.Refused) as refused:
        slip.render(change(**{field: f"Adele{sign}Vance"}), "a4", "en")
    assert f"U+{ord(sign):04X}" in refused.value.summary
    assert field.replace("_", " ") in refused.value.summary
    assert refused.value.advice


@pytest.mark.parametrize("stock", STOCKS)
@pytest.mark.parametrize("name", ["Wolfeschlegelsteinhausenbergerdorff " * 3, "X" * 120, "Ann " * 30])
def test_very_long_names_and_serials_stay_on_the_paper(stock: str, name: str) -> None:
    upn = f"{'a.very.long.local.part.' * 3}@{'a-rather-long-domain.' * 2}contoso.example"
    serial = "VMWARE-" + "56-4d-8c-" * 11
    paper = read(live(change(person_name=name, user_name=upn, serial=serial, distinguishing=(name,)), stock=stock))
    assert paper.inside
    assert paper.pages == 1
    assert paper.barcodes == {upn}
    assert all(paper.says(words) for words in (upn, serial))
    assert paper.largest == CODE


@pytest.mark.parametrize(
    ("name", "font"),
    [
        ("عبد الرحمن المنصوري", "NotoSansArabic-Bold"),
        ("שרה כהן", "NotoSansHebrew-Bold"),
        ("प्रिया शर्मा", "NotoSans-Bold"),
        ("Жанна Łukasz Nguyễn", "NotoSans-Bold"),
    ],
)
def test_names_of_other_scripts_have_their_own_font(name: str, font: str) -> None:
    assert font in read(slip.render(change(person_name=name), "a6", "en")).fonts


@pytest.mark.parametrize("stock", STOCKS)
def test_a_word_wider_than_the_paper_goes_on_in_the_next_line(stock: str) -> None:
    endless = "Wi-Fi:" + "q" * 180
    content = change(steps=(slip.Step(endless), *STEPS[:5]), support=endless, organisation=endless, keep_until_step=0)
    paper = read(live(content, stock=stock))
    assert paper.inside
    assert paper.says(endless)


def test_all_fonts_are_in_the_file_and_codes_use_the_monospaced_one() -> None:
    fonts = read(live()).fonts
    assert not [name for name in fonts if name.startswith("!")]
    assert {"AtkinsonHyperlegibleMono-Bold", "AtkinsonHyperlegibleNext-Regular"} <= fonts


def test_the_same_slip_has_the_same_bytes_and_names_only_its_number() -> None:
    assert live() == live()
    assert slip.render(CONTENT, "a6", "en") == slip.render(CONTENT, "a6", "en")
    assert read(live()).title == CONTENT.number


@pytest.mark.parametrize("stock", STOCKS)
def test_a_slip_without_its_code_yet_says_so_and_one_that_needs_none_does_not(stock: str) -> None:
    assert read(slip.render(CONTENT, stock, "en")).says("The code is printed here when the slip is issued.")
    paper = read(slip.render(change(needs_code=False), stock, "en"))
    assert not paper.says("The code is printed here")
    assert paper.says("Need help? Call +49 30 5550 123.")


def test_the_end_on_another_day_is_written_with_its_day() -> None:
    late = change(works_until=EARLY + datetime.timedelta(hours=20), zone="America/New_York")
    wanted = "Works from Mon, 23 Nov 2026, 03:00 to 23:00 (America/New York)"
    assert read(slip.render(late, "a4", "en")).says(wanted)
    later = change(works_until=EARLY + datetime.timedelta(hours=20))
    wanted = "Works from Mon, 23 Nov 2026, 09:00 to Tue, 24 Nov 2026, 05:00 (Europe/Berlin)"
    assert read(slip.render(later, "a4", "en")).says(wanted)


@pytest.mark.parametrize(
    ("changes", "stock", "language", "known"),
    [
        ({}, "a5", "en", "a4, a6"),
        ({}, "a4", "tlh", "en"),
        ({}, "a4", "../en", "en"),
        ({"zone": "Mars/Olympus"}, "a4", "en", "Europe/Berlin"),
        ({"zone": "../../etc/passwd"}, "a4", "en", "Europe/Berlin"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(
    changes: dict[str, Any], stock: str, language: str, known: str
) -> None:
    with pytest.raises(errors.Misconfigured) as refused:
        slip.rehearse(change(**changes), stock, language)
    assert known in refused.value.advice


def test_a_rehearsal_passes_for_what_will_be_printed_and_refuses_what_does_not_fit() -> None:
    slip.rehearse(CONTENT, "a6", "en")
    slip.rehearse(change(needs_code=False), "a6", "en")
    too_much = change(steps=STEPS * 3)
    with pytest.raises(errors.Refused, match="one page") as refused:
        slip.rehearse(too_much, "a6", "en", code_length=8)
    assert "larger paper" in refused.value.advice
    with pytest.raises(errors.Refused, match="one page"):
        live(too_much, stock="a6")


@pytest.mark.parametrize(
    ("source", "sign"),
    [
        ('#eval("1")', "eval"),
        ('#plugin("x.wasm")', "plugin"),
        ('#import "@preview/x:1.0.0": y', "@"),
        ("#let e = std.at", "std"),
        ('#import "\\u{40}preview/x:1.0.0"', "\\u{"),
    ],
)
def test_a_template_that_could_run_or_fetch_something_is_refused(tmp_path: Path, source: str, sign: str) -> None:
    (tmp_path / "sheet.typ").write_text(f"hello\n{source}")
    with pytest.raises(errors.Misconfigured, match=r"sheet\.typ:2: ") as refused:
        slip.rehearse(CONTENT, "a4", "en", templates_dir=tmp_path)
    assert f"“{sign}”" in refused.value.summary


def test_a_templates_folder_with_a_link_or_something_else_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match="no templates folder"):
        templates.load(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(errors.Misconfigured, match="does not belong"):
        templates.load(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own")
def test_a_link_among_the_templates_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sheet.typ").symlink_to(templates.BUILT_IN / "sheet.typ")
    with pytest.raises(errors.Misconfigured, match="does not belong"):
        templates.load(tmp_path)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("#panic(sys.inputs.view)", errors.Misconfigured),
        ('#read("/etc/hostname")', errors.Misconfigured),
        ('#let s = "aaaaaaaa"\n#for i in range(40) { s = s + s }', errors.AgentError),
    ],
    ids=["crash", "foreign file", "memory"],
)
def test_a_live_slip_that_fails_tells_nothing_of_the_code(tmp_path: Path, source: str, error: type) -> None:
    (tmp_path / "sheet.typ").write_text(source)
    with pytest.raises(error) as failed:
        slip.render_live(CONTENT, secrets.PassCode(CODE), "a4", "en", templates_dir=tmp_path)
    told = "".join(traceback.format_exception(failed.value))
    assert secrecy.find(CODE, [told.encode()]) == []
    assert UPN not in told


def test_a_slip_that_contradicts_itself_is_a_bug_of_the_caller() -> None:
    for wrong in ({"number": "K7-Q2"}, {"variant": "both"}, {"keep_until_step": 11}):
        with pytest.raises(ValueError, match=r"slip|step"):
            slip.render(change(**wrong), "a4", "en")


def test_every_language_has_every_word_and_every_paper_its_template() -> None:
    english = wording.load("en")
    for language in wording.known():
        words = wording.load(language)
        assert words.words.keys() == english.words.keys()
        assert words.chips.keys() == english.chips.keys()
    assert {paper.template for paper in stocks.known().values()} <= templates.load().keys()


def test_the_fonts_lie_in_the_package_with_their_licences() -> None:
    assert len(list(typesetting.FONTS.glob("*.ttf"))) == 12
    assert all("SIL Open Font License" in path.read_text("utf-8") for path in typesetting.FONTS.glob("OFL-*.txt"))
