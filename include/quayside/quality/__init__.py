"""Quality: the gate between stages, quarantine, and reconciliation."""
