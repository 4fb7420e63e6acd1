"""How this platform speaks with a PostgreSQL source, whichever driver connects.

Whatever the source's defaults are, values are written so that the reader understands them, dead peers are noticed
within a minute, and a policy that would hide rows is an error instead of missing rows.
"""

SETTINGS = {
    "datestyle": "ISO",
    "timezone": "UTC",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "row_security": "off",
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "0",
}
KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_COUNT = 30, 10, 3  # seconds, seconds, probes
