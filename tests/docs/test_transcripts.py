"""The transcripts in the documentation are what the real AWS CLI prints against the local AWS."""

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from local.layout import ROOT
from tests.support.aws import PLATFORM, REGION, local_aws

PAGE = ROOT / "docs" / "local-aws.md"
END = "end-of-one-command"
AT_ONCE = 2


def sections() -> dict[str, list[tuple[str, list[str]]]]:
    """Return heading → (command, lines it is to print) of every console block below it."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for section in re.split(r"^#+ ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        steps: list[tuple[str, list[str]]] = []
        for block in re.findall(r"^```console\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                if line.startswith("$ "):
                    steps.append((line[2:], []))
                elif line.startswith("> ") or line == ">":  # the command goes on
                    steps[-1] = (f"{steps[-1][0]}\n{line[2:]}", [])
                else:
                    steps[-1][1].append(line)
        if steps:
            found[section.partition("\n")[0]] = steps
    return found


def pattern(lines: list[str]) -> str:
    """Return what printed lines must match: ``…`` is anything, on a line of its own any lines, ``<word>`` one word."""
    text = "".join(r"(.*\n)*" if line.strip() == "…" else f"{re.escape(line)}\n" for line in lines)
    return re.sub(r"<\w+>", r"\\S+", text.replace("…", ".*"))


def play(commands: list[str], endpoint: str, folder: Path) -> list[str]:
    """Return what each command prints in one shell like the reader's, with the CLI on its path, in an empty folder."""
    environment = {
        "PATH": f"{PLATFORM / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }
    script = "\n".join(f"{command}\necho {END}" for command in commands)
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    answer = subprocess.run(
        ["sh", "-c", script], cwd=folder, env=environment, text=True, timeout=240, check=False, **pipes
    )
    lines = answer.stdout.replace(END, f"\n{END}").splitlines()
    # How far a copy has come stands in a line that a terminal shows over and over.
    kept = [line.rstrip() for line in lines if line and not line.startswith("Completed ")]
    return [text.lstrip("\n") for text in "\n".join([*kept, ""]).split(f"{END}\n")[:-1]]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, "Future[list[str]]"]]:
    """Heading → what the commands below it print, against a local AWS like that of `make aws`, empty at first."""
    with local_aws(tmp_path_factory.mktemp("aws")) as endpoint, ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            heading: pool.submit(play, [command for command, _ in steps], endpoint, tmp_path_factory.mktemp("shell"))
            for heading, steps in sections().items()
        }


@pytest.mark.parametrize("heading", sections())
def test_the_cli_prints_what_the_documentation_shows(heading: str, played: dict[str, "Future[list[str]]"]):
    for (command, shown), printed in zip(sections()[heading], played[heading].result(), strict=True):
        expected = "\n".join(shown)
        assert re.fullmatch(pattern(shown), printed), f"$ {command}\n{printed}\nThe documentation shows:\n{expected}"


def test_wildcards_stand_for_what_changes_and_for_nothing_else():
    shown = ["1 of <number> …", "…", "end"]

    assert re.fullmatch(pattern(shown), "1 of 20 files\nmore\nand more\nend\n")
    assert re.fullmatch(pattern(shown), "1 of 20 files\nend\n")
    assert not re.fullmatch(pattern(shown), "1 of 2 0\nend\nmore\n")
    assert not re.fullmatch(pattern(["a.b"]), "axb\n")
