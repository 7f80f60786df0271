"""Checks the wording of documents, docstrings, comments and messages.

Run it with `python tests/prose.py`. It reads every Markdown and Python file that
git tracks or would track, prints one line per finding, and fails if there are any.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
OWN = ("tests/prose.py", "tests/test_prose.py")  # these two quote what they reject
MAX_SUMMARY = 80
MAX_TEST_NAME = 60

PHRASES = {
    "is had by": "name the subject and use an active verb",
    "that of those": "repeat the noun",
    "see there": "repeat the text, or write `See` and a name",
    "speaking under the name": "write `error messages use the name`",
    "of its own accord": "write `automatically`",
    "anew": "write `again`",
    "lest": "write `so that … not`",
    "likewise": "write `also`, or repeat the text",
    "whoever": "name the subject",
    "stands between": "name what happens",
}
NUMBER = re.compile(r"(?<![\w\])])\.\d")
CODE = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)]*\)|<[^>\n]*>|https?://\S+", re.DOTALL)


class Finding(NamedTuple):
    """One place that needs other words.

    Attributes:
      line: Number of the line, starting at 1.
      text: What is wrong, and the remedy.
    """

    line: int
    text: str


def check_markdown(text: str) -> list[Finding]:
    """Returns the findings in a Markdown document."""
    prose = CODE.sub(lambda code: re.sub(r"[^\n]", "x", code[0]), text)  # keeps line numbers
    return [*_phrases(prose), *_numbers(prose)]


def check_python(text: str) -> list[Finding]:
    """Returns the findings in a Python module."""
    tree = ast.parse(text)
    return [*_phrases(text), *_summary(tree), *_test_names(tree)]


def _phrases(text: str) -> Iterator[Finding]:
    for phrase, remedy in PHRASES.items():
        words = r"\s+(?:#\s+)?".join(phrase.split())  # also across a line break
        for match in re.finditer(rf"\b{words}\b", text, re.IGNORECASE):
            yield Finding(_line(text, match), f"{phrase!r}: {remedy}.")


def _numbers(prose: str) -> Iterator[Finding]:
    for match in NUMBER.finditer(prose):
        yield Finding(_line(prose, match), f"{match[0]!r}: write the leading zero, as in 0.47.")


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _summary(tree: ast.Module) -> Iterator[Finding]:
    first = (ast.get_docstring(tree) or ".").splitlines()[0]
    if len(first) > MAX_SUMMARY:
        text = f"module docstring: {len(first)} characters in the first line, at most"
        yield Finding(1, f"{text} {MAX_SUMMARY}; shorten it to one plain sentence.")
    if first[-1] not in ".?!":
        yield Finding(1, "module docstring: end its first sentence on the first line.")


def _test_names(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            if len(node.name) > MAX_TEST_NAME:
                text = f"{node.name}: {len(node.name)} characters, at most {MAX_TEST_NAME}"
                yield Finding(node.lineno, f"{text}; name one behavior.")


def main(only: list[str]) -> int:
    """Prints the findings below the given paths (default: everywhere); returns an exit code."""
    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *only]
    names = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    count = 0
    for name in sorted(set(names.splitlines())):
        check = {".md": check_markdown, ".py": check_python}.get(Path(name).suffix)
        if check is None or name in OWN or not (ROOT / name).exists():
            continue
        for finding in sorted(check((ROOT / name).read_text())):
            print(f"{name}:{finding.line}: {finding.text}")
            count += 1
    return min(count, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
