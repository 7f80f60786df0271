"""Writes the parts of the pages that come from recorded results."""

import re
from pathlib import Path

from experiments.claims.row import Row

FOLDER = Path(__file__).parent
SUMMARY = FOLDER.parent / "README.md"
BLOCK = re.compile(r"(<!-- (\w[\w-]*) -->\n).*?(<!-- end -->)", re.DOTALL)
"""Part of a page between two markers, which is replaced."""


def pages(groups: dict[str, list[Row]]) -> dict[Path, str]:
    """Returns the current text of the summary and of all pages, by file.

    Args:
      groups: Rows by paper.
    """
    found = {SUMMARY: replace(SUMMARY.read_text(), {"claims": summary(groups)}, SUMMARY)}
    for row, claim in zip(*full_claims(groups), strict=True):
        path = FOLDER / f"{row.name}.md"
        blocks = {"verdict": verdict(row, claim), **{n: make() for n, make in row.tables.items()}}
        found[path] = replace(path.read_text(), blocks, path)
    return found


def summary(groups: dict[str, list[Row]]) -> str:
    """Returns the table of all claims."""
    lines = [
        "| Claim | Setting | Verdict | Deciding figure | Page |",
        "|---|---|---|---|---|",
    ]
    for paper, rows in groups.items():
        lines.append(f"| **{paper}** | | | | |")
        lines += [
            f"| {row.claim} | {row.setting} | {emphasized(row.verdict)} | {row.decides()} "
            f"| [{row.name}](claims/{row.name}.md) |"
            for row in rows
        ]
    return "\n".join(lines)


def full_claims(groups: dict[str, list[Row]]) -> tuple[list[Row], list[str]]:
    """Returns all rows, and their claims without reference to the row before.

    "The same on MNIST" becomes the claim that it refers to, followed by "Tested here on MNIST".
    """
    rows, claims, base = [], [], ""
    for row in (row for rows in groups.values() for row in rows):
        same, _, rest = row.claim.partition("The same")
        if same:
            base = row.claim
        addition = f". Tested here{rest}" if rest else ""
        rows.append(row)
        claims.append(base + addition)
    return rows, claims


def verdict(row: Row, claim: str) -> str:
    """Returns the paragraph with the claim and its verdict."""
    end = "" if claim.endswith("?") else "."
    note = f" ({row.note})" if row.note else ""
    return (
        f"**Claim.** {claim}{end}\n\n"
        f"**Verdict.** {emphasized(row.verdict)}. Deciding figure: {row.decides()}{note}."
    )


def emphasized(text: str) -> str:
    """Returns a verdict with its first words, up to the colon, in italics."""
    word, colon, rest = text.partition(":")
    return f"*{word}*{colon}{rest}"


def replace(text: str, blocks: dict[str, str], path: Path) -> str:
    """Returns the text with new blocks.

    Raises:
      ValueError: If the text has other blocks than the given ones.
    """
    names = [match[2] for match in BLOCK.finditer(text)]
    if sorted(names) != sorted(blocks):
        raise ValueError(f"{path}: has blocks {names}, expected {sorted(blocks)}")
    return BLOCK.sub(lambda match: f"{match[1]}{blocks[match[2]]}\n{match[3]}", text)
