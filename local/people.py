"""The first users of the web app, one of each role, who need no invitation: their passwords are in settings.json."""

from __future__ import annotations

import json

from local import infra
from local.layout import Layout
from local.processes import complete
from local.services import base_environment
from local.settings import Settings

VENUES = {"manager": [1], "viewer": [1]}  # who sees all venues has none of their own


def address(role: str) -> str:
    """Return the e-mail address of a role's first user."""
    return f"{role}@quayside.example"


def provide(layout: Layout, settings: Settings, outputs: dict[str, str]) -> None:
    """Make those that are not there yet.

    :param outputs: Terraform's
    :raises ProcessFailed: with what was refused
    """
    env = {**base_environment(), **infra.aws_environment(settings), "PYTHONPATH": str(layout.root / "include")}
    env.update({f"QUAYSIDE_{name.upper()}": outputs[name] for name in ("users_table", "user_pool_id")})
    wish = [
        {"email": address(role), "role": role, "venues": VENUES.get(role), "password": password}
        for role, password in settings.logins.items()
    ]
    command = [str(layout.python("airflow")), "-m", "local.first_users"]
    complete("first-users", command, run=layout.run, env=env, cwd=layout.root, text=json.dumps(wish))
