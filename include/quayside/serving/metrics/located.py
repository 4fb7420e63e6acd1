"""YAML whose parts know their file and line, so that an error can say where to look."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from quayside.errors import Terminal

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Part:
    """One value in a file: a mapping, a list or a scalar."""

    def __init__(self, place: str, node: yaml.Node) -> None:
        self._place, self._node = place, node

    def error(self, message: str) -> Terminal:
        """Return the error that this value is wrong, with file and line."""
        return Terminal(f"{self._place}:{self._node.start_mark.line + 1}: {message}")

    def fields(self, required: str, optional: str = "") -> dict[str, "Part"]:
        """Return a mapping's values.

        :param required: names, separated by blanks, that have to be there
        :param optional: names that may be
        :raises Terminal: another name, one twice, or one is missing
        """
        if not isinstance(self._node, yaml.MappingNode):
            raise self.error(f"here belongs a mapping with {required}.")
        known, found = {*required.split(), *optional.split()}, dict[str, Part]()
        for key, value in self._node.value:
            name = str(key.value)
            if name not in known or name in found:
                why = "stands twice" if name in found else f"is not known; known are {', '.join(sorted(known))}"
                raise Part(self._place, key).error(f"{name} {why}.")
            found[name] = Part(self._place, value)
        missing = [name for name in required.split() if name not in found]
        if missing:
            raise self.error(f"{', '.join(missing)} is missing.")
        return found

    def entries(self) -> dict[str, "Part"]:
        """Return a mapping's values, whatever their names are.

        :raises Terminal: it is no mapping, or a name stands twice
        """
        names = [str(key.value) for key, _ in self._node.value] if isinstance(self._node, yaml.MappingNode) else []
        return self.fields("", " ".join(names))

    def items(self) -> Iterator["Part"]:
        """Yield a list's values.

        :raises Terminal: it is no list
        """
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.error("here belongs a list.")
        for node in self._node.value:
            yield Part(self._place, node)

    def text(self) -> str:
        """Return a text on one line.

        :raises Terminal: it is no text
        """
        value = self.scalar()
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"here belongs a text, not {value!r}.")
        return " ".join(value.split())

    def number(self) -> int:
        """Return a whole number.

        :raises Terminal: it is none
        """
        value = self.scalar()
        if type(value) is not int:
            raise self.error(f"here belongs a whole number, not {value!r}.")
        return value

    def one_of(self, words: tuple[str, ...]) -> str:
        """Return one of some words.

        :raises Terminal: it is another
        """
        value = self.text()
        if value not in words:
            raise self.error(f"{value} is not known; known are {', '.join(words)}.")
        return value

    def names(self) -> tuple[str, ...]:
        """Return a list of texts.

        :raises Terminal: it is no such list
        """
        return tuple(item.text() for item in self.items())

    def scalar(self) -> Any:
        """Return a plain value as YAML reads it.

        :raises Terminal: it is a list or a mapping
        """
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.error("here belongs a plain value.")
        return yaml.SafeLoader("").construct_object(self._node)


def read(path: Path, place: str) -> Part:
    """Read a file.

    :param place: what the file is called in errors
    :raises Terminal: it is no YAML
    """
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise Terminal(f"{place}:{line}: not YAML: {getattr(error, 'problem', error)}.") from error
    if node is None:
        raise Terminal(f"{place}:1: the file is empty.")
    return Part(place, node)
