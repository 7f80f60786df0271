"""Stands in for packages that are not installed and not needed by the benchmarks.

`minmax_jax.gan` describes its flags with tyro. The benchmarks parse no flags of the trainer, so
that they also run on machines without tyro. Only attributes used at import are provided.
"""

import importlib.util
import sys
import types
from typing import Any


def install() -> None:
    """Registers a stand-in for tyro if it is not installed."""
    if "tyro" not in sys.modules and importlib.util.find_spec("tyro") is None:
        for module in make_tyro():
            sys.modules[module.__name__] = module


def make_tyro() -> tuple[types.ModuleType, ...]:
    """Returns modules with the names of tyro's, whose attributes do nothing."""
    names = ("tyro", "tyro.conf", "tyro.constructors", "tyro.extras")
    root, *parts = (_Inert(name) for name in names)
    for part in parts:
        setattr(root, part.__name__.rpartition(".")[2], part)
    root.__path__ = []  # a package, so that its modules can be imported
    return root, *parts


class _Inert(types.ModuleType):
    """A module in which every name is an `_InertObject`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _InertObject()


class _InertObject:
    """An object that can be called and subscripted, with itself or a decorated value as result."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        is_decorated = len(args) == 1 and not options and callable(args[0])
        return args[0] if is_decorated else self

    def __getitem__(self, item: Any) -> Any:
        return self
