"""``make aws``: the local AWS without the rest, for whoever writes a Lambda, a Glue script or a query."""

from __future__ import annotations

import json
import time
import urllib.request

from local import environments, infra, processes, services
from local.layout import Layout
from local.processes import ProcessFailed
from local.settings import Settings, shell_exports, write_private

ROOT_USER = """\
IAM policies are enforced. The key `test` is the account's root user, whom nothing is refused: make users and roles
with it, and sign in as these."""


def start(layout: Layout, auth: str) -> None:
    """Start it in the background and print how to use it, or where it is if it runs already.

    :param auth: ``true`` to enforce IAM policies, or ``false``
    :raises ProcessFailed: it does not start, or the one that runs is started otherwise than asked
    """
    if auth not in ("true", "false"):
        raise ProcessFailed(f"AUTH is true or false, not {auth!r}.")
    settings = Settings(layout.state / "settings.json")
    if processes.running(services.AWS, run=layout.run) is not None:
        _show_running(layout, settings, auth)
        return
    needed = ("platform", "lambda", "spark")
    environments.install_all(layout, [name for name in environments.outdated(layout) if name in needed], print)
    began = time.monotonic()
    services.start_aws(layout, settings, auth=auth == "true")
    seconds = time.monotonic() - began
    file = layout.state / "env"
    exports = shell_exports(infra.aws_environment(settings))
    write_private(file, f"# Written by make aws. Load it with:  . {file}\n{exports}")
    print(f"The local AWS is ready at {_endpoint(settings)} after {seconds:.1f} s; its data is in {layout.aws}.")
    print(f"This points a shell's programs to it:  . {file}\n\n{exports}")
    if auth == "true":
        print(f"{ROOT_USER}\n")
    print("`make down` stops it. docs/local-aws.md tells what it can do.")


def _show_running(layout: Layout, settings: Settings, auth: str) -> None:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        f"{_endpoint(settings)}/_ministack/health", timeout=5
    ) as answer:
        enforced = json.load(answer)["auth"] == "enabled"
    if enforced != (auth == "true"):
        raise ProcessFailed(
            f"The local AWS runs already, at {_endpoint(settings)}, with AUTH={str(enforced).lower()}.\n"
            f"`make down`, then `make aws AUTH={auth}`, starts it as you ask."
        )
    print(f"The local AWS runs already, at {_endpoint(settings)}.")
    print(f"This points a shell's programs to it:  . {layout.state / 'env'}\n`make down` stops it.")


def _endpoint(settings: Settings) -> str:
    return infra.aws_environment(settings)["AWS_ENDPOINT_URL"]
