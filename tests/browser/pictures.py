"""Takes the pictures of docs/web.md from the platform that runs: `python -m tests.browser.pictures [NAME…] [--to FOLDER]`.

Wait until the two years are in, or the pictures show gaps: the page "Data health" tells.
"""

import argparse
import base64
import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from local import people, web
from local.layout import ROOT, Layout
from local.settings import Settings
from tests.browser.conftest import ARGUMENTS, PHONE, WIDE, drawn, find_chromium, sign_in

SLOW = 60_000  # milliseconds: a first answer is computed
TALL = 1300  # pixels of a page at most: what is below is more of the same
COLOURS = 256  # of a picture: the most frequent, a third of the size
PIXELS = """async png => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const reader = new FileReader();
  reader.readAsDataURL(new Blob([canvas.getImageData(0, 0, image.width, image.height).data]));
  return new Promise(done => { reader.onload = () => done(reader.result.split(",")[1]); });
}"""


@dataclass(frozen=True)
class Picture:
    """A page as one sees it.

    :param route: behind the address's ``#/``; None is the sign-in
    """

    name: str
    route: str | None
    phone: bool = False
    dark: bool = False


PICTURES = (
    Picture("sign-in", None),
    Picture("sign-in-phone", None, phone=True, dark=True),
    Picture("overview", ""),
    Picture("trading-today", "dashboards/trading_today"),
    Picture("trading-today-phone", "dashboards/trading_today", phone=True, dark=True),
    Picture("sales-against-wages", "dashboards/sales_against_wages?compare=previous_period"),
    Picture("sales-against-wages-phone", "dashboards/sales_against_wages?grain=week", phone=True),
    Picture("roster-against-timesheets", "dashboards/roster_against_timesheets"),
    Picture("roster-against-timesheets-phone", "dashboards/roster_against_timesheets", phone=True),
    Picture("gaming-floor", "dashboards/gaming_floor", dark=True),
    Picture("gaming-floor-phone", "dashboards/gaming_floor", phone=True),
    Picture("products", "dashboards/products"),
    Picture("products-phone", "dashboards/products", phone=True),
    Picture("members", "dashboards/members?compare=previous_year"),
    Picture("members-phone", "dashboards/members", phone=True),
    Picture("totesys-sales", "dashboards/totesys_sales"),
    Picture("totesys-sales-phone", "dashboards/totesys_sales", phone=True),
    Picture("totesys-purchases", "dashboards/totesys_purchases_and_payments"),
    Picture("totesys-purchases-phone", "dashboards/totesys_purchases_and_payments", phone=True),
    Picture("data-health", "data-health"),
    Picture("data-health-phone", "data-health", phone=True, dark=True),
    Picture("users", "users"),
    Picture("users-phone", "users", phone=True),
    Picture("user", "users/manager"),
    Picture("user-phone", "users/manager", phone=True),
)


def main() -> None:
    """Take all pictures, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "images")
    given = parser.parse_args()
    settings = Settings(Layout.here().state / "settings.json")
    executable = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        for picture in PICTURES:
            if not given.names or picture.name in given.names:
                take(browser, picture, settings, given.to / f"web-{picture.name}.png")
        browser.close()


def take(browser: Browser, picture: Picture, settings: Settings, file: Path) -> None:
    """Open a page as an administrator, wait until it is complete, and write what is seen of it."""
    size, theme = PHONE if picture.phone else WIDE, "dark" if picture.dark else "light"
    context = browser.new_context(
        viewport=size, color_scheme=theme, locale="en-AU", timezone_id="Australia/Sydney", reduced_motion="reduce"
    )
    context.set_default_timeout(SLOW)
    page = context.new_page()
    page.goto(web.url(settings))
    if picture.route is not None:
        sign_in(page, people.address("admin"), settings.logins["admin"])
        expect(page.locator("nav.places")).to_be_attached(timeout=SLOW)
        _go(page, picture.route)
    expect(page.locator(".skeleton")).to_have_count(0, timeout=SLOW)
    height = min(TALL, max(size["height"], page.evaluate("() => document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": size["width"], "height": height})
    page.mouse.move(0, 0)  # nothing is pointed at
    taken = page.screenshot(animations="disabled")
    page.goto("about:blank")  # where no policy forbids to look into a picture
    pixels = base64.b64decode(page.evaluate(PIXELS, base64.b64encode(taken).decode()))
    file.write_bytes(small_png(pixels, size["width"], height))
    print(f"{file}  {file.stat().st_size // 1000} kB", flush=True)
    context.close()


def small_png(pixels: bytes, width: int, height: int) -> bytes:
    """Return pixels of four bytes as a PNG with a palette; a rare colour becomes the frequent one that is nearest."""
    colours = memoryview(pixels).cast("I").tolist()
    found = [colour for colour, _ in Counter(colours).most_common()]
    rgb = {colour: struct.pack("=I", colour)[:3] for colour in found}
    palette = found[:COLOURS]
    place = {colour: min(range(len(palette)), key=lambda at: _apart(rgb[colour], rgb[palette[at]])) for colour in found}
    places = bytes(map(place.__getitem__, colours))
    lines = b"".join(b"\0" + places[at : at + width] for at in range(0, len(places), width))
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0),
        b"PLTE": b"".join(rgb[colour] for colour in palette),
        b"IDAT": zlib.compress(lines, 9),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
    )


def _apart(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _go(page: Page, route: str) -> None:
    page.goto(f"{page.url.split('#')[0]}#/{route if not route.startswith('users/') else 'users'}")
    if route.startswith("users/"):
        page.locator("tr", has_text=people.address(route.partition("/")[2])).get_by_role("link").click()
        expect(page.get_by_role("region", name="Audit trail, table")).to_be_visible(timeout=SLOW)
    if route.startswith("dashboards"):
        expect(page.get_by_text("Computed")).to_be_visible(timeout=SLOW)
        drawn(page)


if __name__ == "__main__":
    main()
