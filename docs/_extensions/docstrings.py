"""Prepares docstrings for Sphinx: formulas, text blocks and links to names."""

import re
from collections.abc import Iterator
from typing import Any

from api_pages import public_names
from formulas import is_formula

LINK = re.compile(r"(`[^`<>]+<https?://[^`>]+>`)_(?!_)", re.DOTALL)
NAME = re.compile(r"(?<![`:\w])`((?:mm\.|gan\.)?[A-Za-z_][\w.]*)`(?![`_])")
BAR = re.compile(r"`[^`]*`|\|")
SECTION = re.compile(
    r"^(Args|Returns|Raises|Examples?|References?|Attributes|Yields|Notes?|Warnings?):$"
)


def prepare(lines: list[str]) -> list[str]:
    """Returns the lines of a docstring as reStructuredText with Google sections."""
    text = "\n".join(_blocks(list(_without_bars(lines))))
    # Links with the same text may have different targets: anonymous links allow that.
    text = LINK.sub(r"\1__", text)
    return NAME.sub(_linked, text).split("\n")


def _without_bars(lines: list[str]) -> Iterator[str]:
    """Escapes the bars of absolute values, except in examples and formulas."""
    section = ""
    for line in lines:
        section = line if SECTION.match(line) else section
        code = section.startswith("Example") or (not section and line.startswith("    "))
        yield line if code else BAR.sub(lambda m: m[0] if m[0] != "|" else r"\|", line)


def _linked(match: re.Match[str]) -> str:
    target = public_names().get(match[1])
    return match[0] if target is None else f":py:obj:`{match[1]} <{target}>`"


def _blocks(lines: list[str]) -> Iterator[str]:
    """Marks indented blocks of the description as formulas or as literal text."""
    start = 0
    while start < len(lines) and not SECTION.match(lines[start]):
        end = start
        while end < len(lines) and lines[end].startswith("    "):
            end += 1
        before = lines[start - 1].strip() if start else ""
        if end > start and not before:
            block = lines[start:end]
            directive = ".. formula::" if is_formula(block) else ".. code-block:: text"
            yield from ("", directive, "", *block, "")
            start = end
        else:
            yield lines[start]
            start += 1
    yield from lines[start:]


def _process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = prepare(lines)


def _skip(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Skips the fields of named tuples, which the section `Attributes` describes."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def setup(app: Any) -> dict[str, bool]:
    """Connects `prepare` in front of napoleon."""
    app.connect("autodoc-process-docstring", _process, priority=100)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
