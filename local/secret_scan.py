"""Look for secrets in all files that git knows or would take. Run in the environment `audit`.

usage: python -m local.secret_scan

What looks like a secret and is none stands in .secrets.baseline, each with ``"is_secret": false`` once somebody has looked
at it; SECURITY.md says how it gets there. What is found is told by its place, never by what it says.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.core import baseline

BASELINE = ".secrets.baseline"


def found() -> list[str]:
    """Return where in the checkout that is the current folder secrets are that nobody has looked at: ``file:line: kind``.

    :raises RuntimeError: it is no git checkout, so that nobody knows which files are meant
    """
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(listing, capture_output=True, text=True)
    if answer.returncode:
        raise RuntimeError(f"This is no git checkout: {answer.stderr.strip()}")
    names = [name for name in answer.stdout.split("\0") if name not in ("", BASELINE) and Path(name).is_file()]
    known = baseline.load(baseline.load_from_file(BASELINE))  # it also says how to look
    seen = {secret for _, secret in known if secret.is_secret is False}
    now = SecretsCollection()
    now.scan_files(*names)
    return sorted(f"{secret.filename}:{secret.line_number}: {secret.type}" for _, secret in now if secret not in seen)


def main() -> None:
    """Print what was found; end with 1 if there is any."""
    secrets = found()
    if secrets:
        print("\n".join(secrets))
        sys.exit(f"Remove and revoke what is a secret. What is none: SECURITY.md says how to add it to {BASELINE}.")


if __name__ == "__main__":
    main()
