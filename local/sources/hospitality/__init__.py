"""The hotels' vendors: SwiftPOS, Humanforce and the gaming machines, simulated from a seed."""

from local.sources.hospitality.clock import Clock
from local.sources.hospitality.vendors import Vendors
from local.sources.hospitality.world import World

__all__ = ["Clock", "Vendors", "World"]
