"""The pages hold together: links lead somewhere, targets exist, and the walk-through is what is tested."""

import re
from pathlib import Path

import pytest

from local.layout import ROOT
from tests.dags.test_new_table import DIMENSION, WARRANTY

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "infra" / "README.md"])
TARGETS = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_leads_to_what_is_there(page: Path):
    text = page.read_text(encoding="utf-8")

    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    inner = [link for link in links if link and "://" not in link]
    assert [link for link in inner if not (page.parent / link).exists()] == []
    assert set(re.findall(r"`make ([a-z]+)", text)) <= TARGETS


@pytest.mark.parametrize("name", ["SECURITY.md", "CONTRIBUTING.md", "docs/deploy.md"])
def test_a_page_names_files_that_are_there(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")

    # What is made (dist/, .local/) or is an example is not there.
    named = re.findall(r"`((?:\.ci|dags|docs|include|infra|local|plugins|tests|web)/[\w./-]*)`", text)
    made = {"include/contracts/totesys/warranty.yaml", "include/contracts/warehouse/dim_warranty.yaml"}
    assert [path for path in named if path not in made and not (ROOT / path).exists()] == []


def test_the_walk_through_for_a_new_table_is_the_one_that_is_tested():
    blocks = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL)

    assert blocks == [WARRANTY, DIMENSION]
