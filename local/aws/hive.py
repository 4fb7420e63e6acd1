"""The words in which Hive, and so the catalog, writes types."""


def parts(words: str) -> list[str]:
    """Split what is within a type's brackets at the commas that are not within brackets of its own."""
    found, depth = [""], 0
    for letter in words:
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found
