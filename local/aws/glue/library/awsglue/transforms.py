"""Transforms of dynamic frames, all of them refused; AWS's own scripts import them by ``*`` and seldom use them."""

from . import Refused as _Refused

_NAMES = """
    ApplyMapping DropFields DropNullFields ErrorsAsDynamicFrame Filter FindIncrementalMatches FindMatches FlatMap
    GlueTransform Join Map MapToCollection Relationalize RenameField ResolveChoice SelectFields SelectFromCollection
    Spigot SplitFields SplitRows Unbox UnnestFrame
"""
globals().update({name: _Refused(name) for name in _NAMES.split()})
