"""The local AWS: ministack on one port, started by ``python -m local.aws`` in an environment of its own."""
