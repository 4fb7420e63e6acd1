"""Serving: what people and programs are shown of the platform, and who may see what."""
