"""Writes the pages of the API: one page per public name, and one index per group.

The pages come from `__all__` of each module, so that no public name can lack one. The families of
optimizers are those of the table in `README.md`, and the groups of `minmax_jax.gan` are the
comments in its `__all__`.
"""

import functools
import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
API = ROOT / "docs" / "api"
MODULES = {  # modules with a page of their own, besides the core and the GAN trainer
    "Games with known solutions": "minmax_jax.games",
    "Diagnostics": "minmax_jax.diagnostics",
    "Several devices": "minmax_jax.parallel",
    "Sharded parameters": "minmax_jax.fsdp",
}
SHORT = {"minmax_jax": "mm", "minmax_jax.gan": "gan"}


class Group(NamedTuple):
    """Public names that share an index page or a section of it.

    Attributes:
      title: Heading.
      names: Full names, such as `minmax_jax.sgda`.
    """

    title: str
    names: tuple[str, ...]


@functools.cache
def public_names() -> dict[str, str]:
    """Returns the full name of every object that has a page, by each of its short names."""
    names = {}
    for group in (group for groups in pages().values() for group in groups):
        for full in group.names:
            module, _, name = full.rpartition(".")
            names[full] = full
            names.setdefault(name, full)
            names[f"{SHORT.get(module, module.replace('minmax_jax', 'mm', 1))}.{name}"] = full
    return names


@functools.cache
def pages() -> dict[str, tuple[Group, ...]]:
    """Returns the groups of each index page, by the title of the page."""
    core = importlib.import_module("minmax_jax")
    parts: dict[str, list[str]] = {}
    for name in _objects(core):
        parts.setdefault(_part(core, name), []).append(f"minmax_jax.{name}")
    modules = {
        title: (Group(title, tuple(f"{module}.{name}" for name in _objects(_module(module)))),)
        for title, module in MODULES.items()
        if importlib.util.find_spec(module)
    }
    return {
        "Games and solving": (Group("Games and solving", tuple(parts["solving"])),),
        "Optimizers": tuple(_families(parts["optimizers"])),
        "Building blocks": (
            Group("Building blocks", tuple(parts["transforms"])),
            Group("States", tuple(parts["states"])),
        ),
        "Constrained problems": (Group("Constrained problems", tuple(parts["constraints"])),),
        **modules,
        "GAN trainer": tuple(_gan_groups()),
    }


def _module(name: str) -> ModuleType:
    return importlib.import_module(name)


def _objects(module: ModuleType) -> list[str]:
    """Returns the public names of a module that are functions, classes or values."""
    names = getattr(module, "__all__", None)
    if names is None:  # a module of functions, which imports other names
        own = {name: getattr(value, "__module__", "") for name, value in vars(module).items()}
        names = [name for name, home in own.items() if home == module.__name__ and name[0] != "_"]
    return [name for name in names if not inspect.ismodule(getattr(module, name))]


def _part(core: ModuleType, name: str) -> str:
    """Returns the part of the core to which a public name belongs."""
    value = getattr(core, name)
    module = getattr(value, "__module__", None) or ""
    if name in core.optimizers or value is core.optimizers:
        return "optimizers"
    if name.endswith("State") or name in ("GreedyStatus", "DiagnosticInputs"):
        return "states"
    folder = module.removeprefix("minmax_jax.").split(".")[0]
    return folder if folder in ("transforms", "constraints") else "solving"


def _families(names: list[str]) -> Iterator[Group]:
    """Yields the families of optimizers in the order of the table in `README.md`."""
    left, family = set(names), ""
    table = (ROOT / "README.md").read_text().partition("## Optimizers")[2].partition("\n## ")[0]
    families: dict[str, list[str]] = {}
    for row in re.findall(r"^\|(.+)\|$", table, re.MULTILINE):
        cells = [cell.strip() for cell in row.split("|")]
        family = cells[0] or family
        found = [f"minmax_jax.{name}" for name in re.findall(r"`(\w+)`", cells[1])]
        families.setdefault(family, []).extend(name for name in found if name in left)
        left -= set(found)
    for family, found in families.items():
        if found:
            yield Group(family[0].upper() + family[1:], tuple(found))
    yield Group("By name", tuple(sorted(left)))


def _gan_groups() -> Iterator[Group]:
    """Yields the groups of `minmax_jax.gan`, named by the comments in its `__all__`."""
    gan = _module("minmax_jax.gan")
    text = inspect.getsource(gan).partition("__all__ = [")[2].partition("]")[0]
    for title, names in re.findall(r"# (?!noqa)(.+)\n((?:\s+\"\w+\",\n)+)", text):
        found = [name for name in re.findall(r'"(\w+)"', names) if name in _objects(gan)]
        if found:
            heading = title[0].upper() + title[1:]
            yield Group(heading, tuple(f"minmax_jax.gan.{name}" for name in found))


def write(folder: Path) -> None:
    """Writes all pages to a folder, and touches only files whose content changes."""
    written = set()
    index = ["API", "===", "", ".. toctree::", "   :maxdepth: 1", ""]
    for title, groups in pages().items():
        file = re.sub(r"\W+", "_", title.lower())
        index.append(f"   {file}")
        written |= _write(folder / f"{file}.rst", _index_page(title, groups))
        for name in (name for group in groups for name in group.names):
            written |= _write(folder / "names" / f"{name}.rst", _name_page(name))
    written |= _write(folder / "index.rst", "\n".join(index) + "\n")
    for stale in set(folder.rglob("*.rst")) - written:
        stale.unlink()


def _index_page(title: str, groups: tuple[Group, ...]) -> str:
    lines = [title, "=" * len(title), ""]
    for group in groups:
        if group.title != title:
            lines += [group.title, "-" * len(group.title), ""]
        lines += [".. autosummary::", "   :nosignatures:", ""]
        lines += [f"   ~{name}" for name in group.names if name != "minmax_jax.optimizers"]
        lines += ["", ".. toctree::", "   :hidden:", ""]
        lines += [f"   {_label(name)} <names/{name}>" for name in group.names] + [""]
    return "\n".join(lines)


def _label(name: str) -> str:
    return name.rpartition(".")[2]


def _name_page(name: str) -> str:
    module, _, label = name.rpartition(".")
    value = getattr(_module(module), label)
    kind = "class" if inspect.isclass(value) else "function" if inspect.isroutine(value) else "data"
    options = {"class": ["   :members:"], "data": ["   :no-value:"]}.get(kind, [])
    lines = [label, "=" * len(label), "", f".. currentmodule:: {module}", ""]
    lines += [f".. auto{kind}:: {label}", *options, ""]
    return "\n".join(lines)


def _write(path: Path, text: str) -> set[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return {path}


def setup(app: Any) -> dict[str, bool]:
    """Writes the pages before Sphinx looks for documents."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "api"), priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
