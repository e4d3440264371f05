"""The scanner is believed only because it is first shown to see each form, and to tell a code from its neighbour."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import time
import urllib.parse
import zipfile
import zlib
from pathlib import Path
from typing import Any, cast

import pytest
import typst

from agent.slips import barcodes
from tests import secrecy

CODE = "+dr/zq&D\"x'O!l10"
NEIGHBOUR = "+dr/zq&D\"x'O!l1O"
LONG = "aB3+xY7!Ol0I" * 4
AROUND = b"before {} after"


def named(text: str) -> str:
    names = {"+": "&plus;", "/": "&sol;", "!": "&excl;", "&": "&amp;", '"': "&quot;", "'": "&apos;"}
    return "".join(names.get(sign, sign) for sign in text)


def grouped(between: str, code: str = CODE) -> str:
    return between.join(code[place : place + 4] for place in range(0, len(code), 4))


def pdf(source: str, **files: bytes) -> bytes:
    return typst.compile(cast("Any", {"main.typ": source.encode(), **files}), format="pdf")


def qr_as(kind: str, code: str) -> bytes:
    svg = barcodes.qr(code).svg().encode()
    source = '#set page(width: 60mm, height: 60mm, margin: 5mm)\n#image("qr.svg", width: 40mm)'
    return typst.compile(cast("Any", {"main.typ": source.encode(), "qr.svg": svg}), format=cast("Any", kind))


def zipped(*contents: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.bin", content)
    return held.getvalue()


def bare_deflate(content: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(content) + machine.flush()


def planted(code: str) -> dict[str, bytes]:
    plain = code.encode()
    text = AROUND.replace(b"{}", plain)
    literal = json.dumps(code)
    return {
        "plain": text,
        "url": urllib.parse.quote(code, safe="").encode(),
        "url in small letters": "".join(f"%{ord(sign):02x}" for sign in code).encode(),
        "url twice": urllib.parse.quote(urllib.parse.quote(code, safe=""), safe="").encode(),
        "hex": b"00" + plain.hex().encode() + b"ff",
        "hex in capitals": plain.hex().upper().encode(),
        "hex with blanks": plain.hex(" ").encode(),
        "hex of utf-16": code.encode("utf-16-le").hex().encode(),
        "utf-16 le": f"größe {code}".encode("utf-16-le"),
        "utf-16 be": b"x" + code.encode("utf-16-be"),
        "json": json.dumps({"code": code}).encode(),
        "json in json": json.dumps(json.dumps({"code": code})).encode(),
        "json escapes": "".join(f"\\u{ord(sign):04X}" for sign in code).encode(),
        "python repr": repr([code]).encode(),
        "html": html.escape(code).encode(),
        "html by name": named(code).encode(),
        "html by number": "".join(f"&#{ord(sign)};" for sign in code).encode(),
        "html in hex": "".join(f"&#x{ord(sign):X};" for sign in code).encode(),
        "html of json": html.escape(literal).encode(),
        "groups with blanks": grouped(" ").encode(),
        "groups with hyphens": grouped("-").encode(),
        "groups with hard blanks": grouped("\u00a0").encode(),
        "groups with thin blanks": grouped("\u202f").encode(),
        "groups with entities": grouped("&nbsp;").encode(),
        "groups in lines": grouped("\r\n").encode(),
        "groups in tags": grouped('</span> <span class="group">').encode(),
        "gzip": b"head" + gzip.compress(text) + b"tail",
        "gzip cut short": gzip.compress(text + bytes(range(256)) * 40)[:-300],
        "two gzips": gzip.compress(b"nothing here") + gzip.compress(text),
        "zlib in gzip": gzip.compress(b"head" + zlib.compress(text, 1)),
        "deflate": bare_deflate(text * 3),
        "zip": zipped(b"nothing", text),
        "zip in zip, cut short": zipped(zipped(text))[:-40],
        "base64 of gzip": base64.b64encode(gzip.compress(text)),
        "base64 of utf-16": base64.b64encode(b"x" + code.encode("utf-16-le")),
        "pdf": pdf('#set page(height: auto)\n#sys.inputs\n#read("c")', c=plain),
        "pdf in groups": pdf('#read("c").clusters().chunks(4).map(c => c.join()).join(h(1em))', c=plain),
        "qr in pdf": qr_as("pdf", code),
        "qr in png": qr_as("png", code),
        "qr in png in base64": b"data:image/png;base64," + base64.b64encode(qr_as("png", code)),
        "qr in svg in html": b"<p>" + barcodes.qr(code).svg().encode() + b"</p>",
        "qr in pdf in zip": zipped(qr_as("pdf", code)),
    }


FORMS = planted(CODE)


@pytest.mark.parametrize("form", FORMS)
def test_a_planted_code_is_seen(form: str) -> None:
    assert secrecy.find(CODE, [FORMS[form]])


@pytest.mark.parametrize("form", FORMS)
def test_a_code_that_differs_in_its_last_symbol_is_not_reported(form: str) -> None:
    assert secrecy.find(NEIGHBOUR, [FORMS[form]]) == []


@pytest.mark.parametrize("before", range(3))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("code", [CODE, LONG, "a?>~b?>~"])
def test_base64_is_seen_at_every_alignment(before: int, encode: Any, code: str) -> None:
    assert secrecy.find(code, [b"v=" + encode(b"x" * before + code.encode() + b"and more")])


def test_base64_in_lines_of_seventy_six_is_seen() -> None:
    assert secrecy.find(LONG, [base64.encodebytes(b"x" * 50 + LONG.encode())])


def test_a_code_of_letters_only_is_not_reported_in_other_case() -> None:
    assert secrecy.find("abcdEFGH", [b"ABCDefgh"]) == []


def test_folders_files_and_their_names_are_searched(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.log").write_bytes(LONG.encode())
    (tmp_path / "slip-abcdEFGH.pdf").write_bytes(b"")
    assert [hit.place for hit in secrecy.find(LONG, [tmp_path])] == [str(tmp_path / "deep" / "a.log")]
    assert secrecy.find("abcdEFGH", [tmp_path])[0].place.endswith("(its name)")


def test_the_hit_says_where_and_how() -> None:
    hits = secrecy.find(CODE, [("spool", b"xx" + gzip.compress(CODE.encode()))])
    assert hits == [secrecy.Hit("spool > gzip@2", "written")]


def test_fifty_megabytes_are_searched_in_reasonable_time() -> None:
    lines = b'{"at": "2026-11-23T08:00:00Z", "slip": "K7Q2MX", "id": "8a55b4e2-8be5-4c7b-9d3e-1f0a5e1c9d77"}\n'
    noise = bytes(range(256)) * 40_000
    began = time.monotonic()
    assert secrecy.find(CODE, [lines * 400_000, noise]) == []
    assert time.monotonic() - began < 60
