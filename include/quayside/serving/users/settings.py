"""Where users are kept: read from the environment, which Terraform's outputs fill."""

import os
from dataclasses import dataclass
from typing import Self

from quayside.errors import Terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings:
    """Names of what keeps users.

    :param users_table: DynamoDB table of their records
    :param user_pool_id: Cognito user pool of their accounts
    """

    users_table: str
    user_pool_id: str

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``QUAYSIDE_<NAME>`` for every field.

        :raises Terminal: one is not set
        """
        names = {name: f"QUAYSIDE_{name.upper()}" for name in cls.__dataclass_fields__}
        missing = [variable for variable in names.values() if not os.environ.get(variable)]
        if missing:
            raise Terminal(f"Not set in the environment: {', '.join(missing)}. Terraform's outputs have the values.")
        return cls(**{name: os.environ[variable] for name, variable in names.items()})
