"""Data health: whether each dataset keeps what its contract promises, from the ledger alone."""

from quayside.serving.health.health import Health as Health
from quayside.serving.health.promises import Promise as Promise
from quayside.serving.health.promises import load_promises as load_promises
