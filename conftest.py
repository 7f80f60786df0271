"""Imports the package before pytest collects the examples in its docstrings."""

import importlib
from pathlib import Path

PACKAGE = Path(__file__).parent / "minmax_jax"


def pytest_collect_file(file_path: Path) -> None:
    """Imports the package of a file in the ordinary way.

    For the first file of a package, pytest would import the module a second time and bind its name
    in the package to the module. `minmax_jax.solve` and `minmax_jax.games.keswani` would then be
    modules instead of functions.
    """
    if PACKAGE in file_path.parents:
        inside_gan = "gan" in file_path.relative_to(PACKAGE).parts
        importlib.import_module("minmax_jax.gan" if inside_gan else "minmax_jax")
