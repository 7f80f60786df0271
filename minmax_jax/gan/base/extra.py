"""Checks that the packages of the extra `gan` are installed.

`minmax_jax.gan` imports this module first, because the check must come before its other imports.
"""

import importlib.util

PACKAGES = {
    "flax": "flax",
    "scipy": "scipy",
    "PIL": "pillow",
    "matplotlib": "matplotlib",
    "sklearn": "scikit-learn",
}
"""The packages without which `minmax_jax.gan` cannot be imported, by the name of their module."""


def check_installed() -> None:
    """Checks that all packages can be found.

    Raises:
      ModuleNotFoundError: If a package is missing. The one-line message says what to install.
    """
    for module, package in PACKAGES.items():
        if importlib.util.find_spec(module) is None:
            raise ModuleNotFoundError(
                f"minmax_jax.gan needs the package {package}, which is not installed. "
                "Install the extra: pip install 'minmax-jax[gan]'",
                name=module,
            )


check_installed()
