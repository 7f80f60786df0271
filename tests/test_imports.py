"""Imports point one way, and the core imports jax and optax alone."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "minmax_jax"
LAYERS = {  # file or folder -> what it may import from the package
    "_types": set(),
    "_calls": set(),
    "_tree": {"_types"},
    "_checks": {"_types"},
    "_krylov": {"_types", "_tree"},
    "_gmres": {"_types", "_tree", "_krylov"},
    "_ascent": {"_types", "_tree", "_calls"},
    "_acceptance": {"_types", "_checks", "_calls", "_ascent", "players"},
    "_greedy_state": {"_types", "_tree", "_ascent", "_acceptance"},
    "_local_game": {"_types", "_tree", "_checks", "_krylov", "_gmres"},
    "field": {"_types", "_tree", "_checks"},
    "players": {"_types", "_tree", "_checks", "field"},
    "diagnostics": {"_types", "_tree", "_checks", "_calls", "_ascent", "field", "diagnostics"},
    "schedules": {"_types", "_checks"},
    "solve": {"_types", "_tree", "_checks", "field"},
    "parallel": {"_types", "_tree", "_checks", "field"},
    "games": {"_types", "_tree", "_checks", "field", "games"},
}
LAYERS["transforms"] = set(LAYERS) - {"games", "solve", "parallel"}
LAYERS["optimizers"] = LAYERS["transforms"] | {"transforms", "optimizers"}
LAYERS["__init__"] = set(LAYERS)
THIRD_PARTY = {"jax", "optax", "numpy"}  # numpy comes with jax
STANDARD = set(sys.stdlib_module_names)

core_files = sorted(path for path in PACKAGE.rglob("*.py") if "gan" not in path.parts)


def imports(path):
    """Modules that a file imports, `package.module` where it takes a module from a package."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "minmax_jax":
                yield from (f"minmax_jax.{alias.name}" for alias in node.names)
            else:
                yield node.module


def layer_of(path):
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@pytest.mark.parametrize("path", core_files, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_core_file_imports_only_what_its_layer_may(path):
    layer = layer_of(path)
    for module in imports(path):
        top, _, rest = module.partition(".")
        if top != "minmax_jax":
            assert top in THIRD_PARTY or top in STANDARD, f"{path} imports {module}"
            continue
        below = rest.split(".")[0]
        assert below in LAYERS[layer], f"{layer} must not import {module}"


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "transforms").glob("[!_]*.py")), ids=lambda p: p.stem
)
def test_transforms_do_not_import_one_another(path):
    assert not [module for module in imports(path) if module.startswith("minmax_jax.transforms")]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.name))
def test_package_imports_neither_experiments_nor_tests(path):
    for module in imports(path):
        assert module.split(".")[0] not in {"experiments", "benchmarks", "tests"}


def test_gan_is_built_from_public_names():
    for path in sorted((PACKAGE / "gan").rglob("*.py")):
        for module in imports(path):
            if module.startswith("minmax_jax.") and not module.startswith("minmax_jax.gan"):
                assert "._" not in module, f"{path} imports {module}"
