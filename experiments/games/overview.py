"""One table of all methods: problems, cost, verification and oracle calls."""

import re
from pathlib import Path
from typing import Any

from experiments.games import profile

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"
"""Page with two tables that describe optimizers and building blocks."""

TITLE = """\
# All methods

[Methods](../../../docs/methods.md) explains the columns. `python -m experiments.games` writes them.
"""

Descriptions = dict[str, tuple[str, str, str]]
"""From a method, or a method with the name of an argument, to the cells of its description."""


def overview(result: dict[str, Any], page: str) -> str:
    """Returns a Markdown page whose table joins a record with the descriptions of the methods.

    Args:
      result: Record of the experiment.
      page: Text of `PAGE`.

    Raises:
      ValueError: If the page does not describe a method of the record.
    """
    known = descriptions(page)
    head, rule, *rows = profile.table(result).splitlines()
    lines = [
        TITLE,
        head.replace("| method |", "| method | problems | cost | verified against |"),
        rule.replace("|---|", "|---|---|---|---|", 1),
    ]
    for row in rows:
        _, name, calls = row.split("|", 2)
        cells = " | ".join(known[key_of(name.strip(" `"), known)])
        lines.append(f"|{name}| {cells} |{calls}")
    return "\n".join(lines)


def descriptions(page: str) -> Descriptions:
    """Returns the problems, cost and verification of each method on the page.

    Methods that share a row have costs of their own, separated by semicolons, or the same cost.
    """
    found: Descriptions = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`"):
            names, costs = re.findall(r"`([^`]+)`", cells[0]), cells[2].split("; ")
            each = costs if len(costs) == len(names) else [cells[2]] * len(names)
            for name, cost in zip(names, each, strict=True):
                found[name] = (cells[1], cost, cells[3])
    return found


def key_of(method: str, known: Descriptions) -> str:
    """Returns the key of the description of a method of the record.

    A variant such as `extragradient(relaxation=0.5)` has a description of its own, or that of its
    method. `sgda(complex_trace)` has that of the building block.
    """
    name, _, inside = method.rstrip(")").partition("(")
    argument = inside.partition("=")[0]
    for key in (method, f"{name}({argument}=)", argument if name == "sgda" else name):
        if key in known:
            return key
    raise ValueError(f"docs/methods.md has no row that describes {method}. Add one.")
