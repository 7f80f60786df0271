"""Import order of the package, and the public names that other code may use."""

import ast
import sys
from pathlib import Path

import pytest

import minmax_jax as mm

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "minmax_jax"

# Files and folders may import those of earlier rows only. Entries of one row do not import one
# another. Within a folder, imports are free unless the folder has its own list.
ORDER = {
    "minmax_jax": [
        {"_util"},
        {"field", "parallel", "players", "schedules", "solve"},
        {"accumulate", "constraints", "fsdp", "games", "transforms"},
        {"diagnostics", "optimizers"},
        {"tune"},
        {"tuning_table"},
        {"__init__"},
        {"gan"},
        {"__main__"},
    ],
    "minmax_jax._util": [
        {"__init__", "products", "repeat", "types"},
        {"notes", "trees"},
        {"checks", "sharding"},
        {"blue", "calls", "treeplex"},
        {"batched_norms"},
        {"norms"},
        {"krylov", "loops"},
    ],
    "minmax_jax.gan": [
        {"base"},
        {"data", "networks"},
        {"objective"},
        {"config"},
        {"training"},
        {"multihost"},
        {"run"},
        {"generation"},
        {"evaluation"},
        {"trainer"},
        {"comparison", "sweeps"},
        {"__init__"},
        {"cli"},
    ],
}
THIRD_PARTY = {"jax", "optax", "numpy", "scipy"}  # jax depends on numpy and scipy.
PUBLIC_MODULES = {"diagnostics", "fsdp", "games", "parallel"}  # Exported modules of the core.


def names(path):
    """Yields (module, name) for every import of a file. The name is None for `import module`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from ((node.module, alias.name) for alias in node.names)


def imports(path):
    """Yields the modules that a file imports, with the submodules that it takes from packages."""
    for module, name in names(path):
        whole = f"{module}.{name}"
        is_module = name is not None and _exists(ROOT / whole.replace(".", "/"))
        yield whole if is_module else module


def _exists(path):
    return path.is_dir() or path.with_suffix(".py").exists()


def exports(path):
    """Returns the names in `__all__` of a file, without importing it."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{path} has no __all__")


def files(folder):
    return sorted((ROOT / folder).rglob("*.py"))


def label(path):
    return str(path.relative_to(ROOT))


def part_of(module, package):
    """Returns the file or folder of `package` that a module belongs to, or None."""
    if module != package and not module.startswith(f"{package}."):
        return None
    return module.removeprefix(package).strip(".").split(".")[0] or "__init__"


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


ordered_files = [
    pytest.param(package, path, id=f"{package}: {label(path)}")
    for package in ORDER
    for path in files(package.replace(".", "/"))
]
core_files = [path for path in files("minmax_jax") if "gan" not in path.parts]


@pytest.mark.parametrize("package", ORDER)
def test_import_order_lists_every_file_and_folder(package):
    folder = ROOT / package.replace(".", "/")
    present = {path.stem for path in folder.glob("*.py")}
    present |= {path.name for path in folder.iterdir() if any(path.glob("*.py"))}
    listed = set.union(*ORDER[package])
    assert present | {"__init__"} == listed | {"__init__"}


@pytest.mark.parametrize(("package", "path"), ordered_files)
def test_file_imports_earlier_parts_only(package, path):
    rows = ORDER[package]
    own = part_of(module_of(path), package)
    row = next(index for index, parts in enumerate(rows) if own in parts)
    allowed = set().union({own}, *rows[:row])
    for module in imports(path):
        part = part_of(module, package)
        assert part is None or part in allowed, f"{label(path)} must not import {module}"


@pytest.mark.parametrize("path", core_files, ids=label)
def test_core_imports_jax_and_optax_only(path):
    for module in imports(path):
        top = module.split(".")[0]
        assert top in THIRD_PARTY | {"minmax_jax"} | set(sys.stdlib_module_names), module


@pytest.mark.parametrize("path", files("minmax_jax/transforms"), ids=label)
def test_transforms_do_not_import_one_another(path):
    own = part_of(module_of(path), "minmax_jax.transforms")
    for module in imports(path):
        assert part_of(module, "minmax_jax.transforms") in (None, own), module


@pytest.mark.parametrize("path", core_files, ids=label)
def test_parts_of_a_transform_are_private_to_its_folder(path):
    own = part_of(module_of(path), "minmax_jax.transforms")
    for module, name in names(path):
        part = part_of(module, "minmax_jax.transforms")
        if part not in (None, own):
            assert module == f"minmax_jax.transforms.{part}", f"{label(path)} imports {module}"
            assert name is not None and not name.startswith("_"), f"{module}.{name} is private"


@pytest.mark.parametrize("path", files("minmax_jax"), ids=label)
def test_package_imports_neither_experiments_nor_tests(path):
    for module in imports(path):
        assert module.split(".")[0] not in {"experiments", "benchmarks", "tests"}


@pytest.mark.parametrize("path", files("minmax_jax/gan"), ids=label)
def test_gan_uses_public_names_of_the_core(path):
    check_public(path, {"minmax_jax": PUBLIC_MODULES}, skip="minmax_jax.gan")


@pytest.mark.parametrize("path", files("experiments") + files("benchmarks"), ids=label)
def test_experiments_and_benchmarks_use_public_names(path):
    check_public(path, {"minmax_jax": PUBLIC_MODULES | {"gan"}, "minmax_jax.gan": set()})


def check_public(path, packages, skip=None):
    """Checks that a file imports exported names only.

    `packages` maps each public package to its public modules, from which names may be imported.
    """
    for module, name in names(path):
        if part_of(module, "minmax_jax") is None or (skip and part_of(module, skip)):
            continue
        package, _, last = module.rpartition(".")
        if module in packages:
            exported = exports(ROOT / module.replace(".", "/") / "__init__.py")
            public = name is None or name in exported | packages[module]
        else:
            public = last in packages.get(package, ()) and not str(name).startswith("_")
        assert public, f"{label(path)} must not import {name or ''} from {module}"
    aliases = {"mm": "minmax_jax", "gan": "minmax_jax.gan"}
    for node in ast.walk(ast.parse(path.read_text())):
        package = aliases.get(getattr(getattr(node, "value", None), "id", ""))
        if isinstance(node, ast.Attribute) and package in packages:
            exported = exports(ROOT / package.replace(".", "/") / "__init__.py")
            public = node.attr in exported | packages[package]
            assert public, f"{label(path)} must not use {package}.{node.attr}"


def test_exported_optimizers_equal_the_mapping():
    modules = {path.stem for path in (PACKAGE / "optimizers").glob("[!_]*.py")}
    assert set(mm.optimizers) == modules
    for name, optimizer in mm.optimizers.items():
        assert optimizer.__name__ == name and getattr(mm, name) is optimizer
        assert name in mm.__all__
    assert modules == {name for name in exports(PACKAGE / "__init__.py") if name in modules}


def test_all_lists_every_public_name_of_the_core():
    source = ast.parse((PACKAGE / "__init__.py").read_text())
    imported = {
        alias.asname or alias.name
        for node in source.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert exports(PACKAGE / "__init__.py") == (imported - {"by_name"}) | {"optimizers"}


SLOW = {"datasets", "matplotlib", "scipy", "sklearn", "tensorboardX", "wandb"}
"""Libraries that take long to import. Training starts without them."""


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_slow_libraries_are_imported_in_functions(path):
    for node in ast.parse(path.read_text()).body:  # Not the bodies of functions.
        found = node.names if isinstance(node, ast.Import) else []
        modules = [alias.name for alias in found]
        if isinstance(node, ast.ImportFrom):
            modules = [node.module]
        assert not {module.split(".")[0] for module in modules} & SLOW
