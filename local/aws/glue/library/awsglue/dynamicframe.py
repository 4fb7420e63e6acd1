"""Dynamic frames, all of them refused."""

from . import Refused

DynamicFrame = Refused("DynamicFrame")
DynamicFrameCollection = Refused("DynamicFrameCollection")
DynamicFrameReader = Refused("DynamicFrameReader")
DynamicFrameWriter = Refused("DynamicFrameWriter")
