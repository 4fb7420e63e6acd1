"""How semantic models hang together by their entities: which dimensions a model's rows can be split by, and on what way.

Ways lead from rows to what they refer to, of which there is one at most. The other way round, rows would be counted
several times (fan-out): there is no such way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from quayside.serving.metrics.definitions import Dimension, SemanticModel

_HOPS = 3
Models = Mapping[str, SemanticModel]


@dataclass(frozen=True, slots=True)
class Found:
    """A dimension that was found.

    :param path: (entity, semantic model) of each join on the way; empty where the rows have it themselves
    """

    dimension: Dimension
    path: tuple[tuple[str, str], ...]


def reachable(models: Models, start: str, dialect: str) -> dict[str, Found | None]:
    """Return the dimensions of a model's rows in one engine, by name; None where a short name could mean several.

    The nearest of a name is meant; each also has a full name, the entities on its way before it: ``staff__department``.
    """
    found: dict[str, Found | None] = {}
    ways: list[tuple[str, tuple[tuple[str, str], ...]]] = [(start, ())]
    for _ in range(_HOPS + 1):
        near: dict[str, list[Found]] = {}
        for model, path in ways:
            for dimension in models[model].dimensions.values():
                if dialect in dimension.dialects:
                    reached = Found(dimension, path)
                    near.setdefault(dimension.name, []).append(reached)
                    found["__".join([*(entity for entity, _ in path), dimension.name])] = reached
        for name, several in near.items():
            found.setdefault(name, several[0] if len(several) == 1 else None)
        ways = [step for way in ways for step in _next(models, start, *way, dialect)]
    return found


def _next(
    models: Models, start: str, model: str, path: tuple[tuple[str, str], ...], dialect: str
) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    seen = {start, *(name for _, name in path)}
    mine = {entity.name for entity in models[model].entities if dialect in entity.dialects}
    return [
        (other.name, (*path, (entity.name, other.name)))
        for other in models.values()
        if other.name not in seen and dialect in other.relations
        for entity in other.entities
        if entity.name in mine and entity.type != "foreign" and dialect in entity.dialects
    ]


def counted_twice(models: Models, start: str, name: str) -> str | None:
    """Return the model that has a dimension which a model's rows reach only against the way, if one does."""
    mine = {entity.name for entity in models[start].entities}
    for other in models.values():
        named = other.dimensions.get(name)
        if named and named.type != "time" and any(entity.name in mine for entity in other.entities):
            return other.name
    return None
