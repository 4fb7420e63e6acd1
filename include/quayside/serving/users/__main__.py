"""Invite an administrator, where there is none yet who could: ``python -m quayside.serving.users ADDRESS NAME``."""

import json
import sys

from quayside.serving.users import forms
from quayside.serving.users.record import By
from quayside.serving.users.settings import UserSettings
from quayside.serving.users.users import Users


def main(address: str, name: str) -> None:
    """Invite somebody as an administrator, and print their id."""
    form = forms.invitation(json.dumps({"email": address, "display_name": name, "role": "admin"}))
    user = Users.of(UserSettings.from_environment()).invite(form, By("operator", "command-line"))
    print(user.user_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
