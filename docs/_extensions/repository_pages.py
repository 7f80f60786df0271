"""Brings the Markdown pages outside `docs/` into the site, with valid links.

Links in Markdown point to files of the repository, so that they work where the repository is
browsed. The pages of `experiments/`, `benchmarks/`, the changelog and the guide for contributors
are copied to `docs/repository/`, and links to them are changed to the copies while Sphinx reads.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COPIES = "repository"
FOLDERS = ("experiments", "benchmarks")
FILES = ("CHANGELOG.md", "CONTRIBUTING.md")
IN_NAVIGATION = (*FILES, "experiments/README.md", "benchmarks/README.md")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?!https?://|#|mailto:)([^()\s]+)\)")
PATTERN = re.compile(r"^([\w/]+\*)\n", re.MULTILINE)
FENCE = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)


def copied() -> list[str]:
    """Returns the pages outside `docs/` that the site contains, as paths in the repository."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md")]
    return [*FILES, *sorted(path.relative_to(ROOT).as_posix() for path in found)]


def with_site_links(text: str, source: str) -> str:
    """Returns Markdown of the file `source` of the repository, with links for its page."""
    parts = FENCE.split(text)
    parts[::2] = [LINK.sub(lambda match: _link(match, source), part) for part in parts[::2]]
    return "".join(parts)


def page_of(path: str) -> str | None:
    """Returns the page of a file of the repository, as a path in `docs/`."""
    if path == "README.md":
        return "index.md"
    if path in copied():
        return f"{COPIES}/{path}"
    return path.removeprefix("docs/") if path.startswith("docs/") else None


def _link(match: re.Match[str], source: str) -> str:
    image, text, target = match.groups()
    target, hash_, fragment = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    if (ROOT / path).is_dir():
        return f"{text} (`{path}/`)" if f"`{path}" not in text else text
    start = f"docs/{posixpath.dirname(page_of(source) or '')}"
    page = None if image else page_of(path)
    place = path if page is None else f"docs/{page}"
    return f"{image}[{text}]({posixpath.relpath(place, start)}{hash_}{fragment})"


def _copy(app: Any) -> None:
    folder, written = Path(app.srcdir) / COPIES, set()
    for name in copied():
        place = folder / name
        text = with_site_links((ROOT / name).read_text(), name)
        if name not in IN_NAVIGATION:
            text = f"---\norphan: true\n---\n{text}"
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists() or place.read_text() != text:
            place.write_text(text)
        written.add(place)
    for stale in set(folder.rglob("*.md")) - written:
        stale.unlink()


def without_empty_patterns(text: str) -> str:
    """Returns a page without the patterns of its table of contents that match no page."""
    return PATTERN.sub(lambda match: match[0] * any(DOCS.glob(f"{match[1]}.md")), text)


def _read(app: Any, name: str, source: list[str]) -> None:
    if name == "index":  # Sphinx warns of a pattern without a page, and not every page is there.
        source[0] = without_empty_patterns(source[0])
    if not name.startswith((COPIES, "api/")):
        source[0] = with_site_links(source[0], f"docs/{name}.md")


def setup(app: Any) -> dict[str, bool]:
    """Copies the pages before Sphinx looks for documents, and changes links while it reads."""
    app.connect("builder-inited", _copy, priority=100)
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
