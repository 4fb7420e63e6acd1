"""The web app's own checks: style, types, unit tests, build, size."""

import gzip
import json
import re

from tests.browser.build import WEB, built, script

BUDGET = 300_000  # bytes, gzipped, of all that a browser loads


def test_the_types_are_those_of_the_api_description() -> None:
    script("types:check")


def test_the_style_is_kept() -> None:
    script("lint")


def test_the_types_fit() -> None:
    script("typecheck")


def test_the_units_do_what_they_say() -> None:
    assert re.search(r"Tests +\d+ passed", script("test"))


def test_the_whole_app_is_small() -> None:
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in built().rglob("*") if path.is_file()}
    assert sum(sizes.values()) < BUDGET, sizes


def test_nothing_but_the_sign_in_is_loaded_before_it_is_needed() -> None:
    page = (built() / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r'(?:src|href)="\./(assets/[^"]+\.js)"', page)
    assert sum(len(gzip.compress((built() / name).read_bytes())) for name in scripts) < 60_000
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page), (
        "inline code breaks the content security policy"
    )


def test_versions_are_exact_and_no_address_of_a_registry_is_committed() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert not [name for name, package in lock.items() if "resolved" in package]
    assert not [
        name for name, package in lock.items() if name and not package.get("integrity", "").startswith("sha512-")
    ]
    own = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    versions = {**own["dependencies"], **own["devDependencies"]}
    assert not [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)]


def test_nothing_is_loaded_from_elsewhere() -> None:
    known = (
        "http://www.w3.org/",
        "https://echarts.apache.org",
        "https://preactjs.com",
        "http://localhost",
        "http://127.0.0.1",
        "https://github.com",
    )
    for path in built().rglob("*"):
        if path.suffix in (".js", ".css", ".html"):
            found = re.findall(r"https?://[\w.-]+[^\s\"'`)\\]*", path.read_text(encoding="utf-8"))
            assert not [address for address in found if not address.startswith(known)], path.name
