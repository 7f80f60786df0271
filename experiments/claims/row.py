"""Rows of the table of claims."""

import functools
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from experiments._shared.command import RESULTS

VERDICTS = (
    "supported",
    "supported in part",
    "contradicted",
    "premise absent",
    "inconclusive",
    "not tested as published",
    "survey",
)
"""Words that begin a verdict. Surveys test no claim of a paper."""
MAX_WORDS = 12


class Row(NamedTuple):
    """One claim.

    Attributes:
      name: Name of its page.
      claim: The claim, in a few words.
      setting: Setting of the experiment: the paper's, reduced or reconstructed.
      verdict: Verdict in at most 12 words that begins with one of `VERDICTS`.
      decides: Function that returns the deciding figure, from the recorded results.
      tables: Functions that return the Markdown tables of the page, by name.
      note: Explanation of the deciding figure, which the page puts behind it. In `README.md`, the
        text above the table explains the figures of all rows.
    """

    name: str
    claim: str
    setting: str
    verdict: str
    decides: Callable[[], str]
    tables: dict[str, Callable[[], str]]
    note: str = ""


@functools.cache
def result(path: str) -> dict[str, Any]:
    """Returns a recorded result, by its path in `experiments/results` without `.json`."""
    return json.loads((RESULTS / f"{path}.json").read_text())


def table(head: str, rows: list[list[Any]]) -> str:
    """Formats a Markdown table; all columns but the first are aligned to the right.

    Args:
      head: Headings, separated by vertical bars.
      rows: Cells of every row.
    """
    lines = [f"| {head} |", "|---|" + "---:|" * head.replace("\\|", "").count("|")]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])
