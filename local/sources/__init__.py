"""Stand-ins for the systems that the platform reads from."""
