"""The pictures of the docs."""

import re
import struct
import zlib

from local.layout import ROOT
from tests.browser.pictures import PICTURES, small_png


def test_a_picture_keeps_its_colours_where_a_palette_holds_them() -> None:
    red, blue = b"\xff\x00\x00\xff", b"\x00\x00\xff\xff"
    png = small_png(red * 3 + blue * 1 + red * 2, 3, 2)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(png):
        [length] = struct.unpack_from(">I", png, at)
        chunks[png[at + 4 : at + 8]] = png[at + 8 : at + 8 + length]
        at += 12 + length
    assert struct.unpack_from(">II", chunks[b"IHDR"]) == (3, 2)
    assert chunks[b"PLTE"] == red[:3] + blue[:3]
    assert zlib.decompress(chunks[b"IDAT"]) == b"\0" + b"\0\0\0" + b"\0" + b"\1\0\0"


def test_the_docs_show_every_picture_that_is_taken_and_no_other() -> None:
    text = (ROOT / "docs" / "web.md").read_text(encoding="utf-8")
    taken = {f"web-{picture.name}.png" for picture in PICTURES}
    assert set(re.findall(r"images/(web-[\w-]+\.png)", text)) == taken
    assert {path.name for path in (ROOT / "docs" / "images").glob("web-*.png")} == taken
