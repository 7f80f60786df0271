"""The benchmark suites by name.

Each suite runs in a separate process, because JAX fixes the number of devices at start.
"""

import difflib
import importlib
import os
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

DEVICES: Mapping[str, int] = MappingProxyType(
    {
        "update": 1,
        "step": 1,
        "trainer": 1,
        "solve": os.cpu_count() or 1,
        "scaling": 8,
        "quality": 1,
        "overhead": 1,
        "start": 1,
        "constrained": 1,
        "streaming": 1,
        "decoding": 1,
    }
)
"""Mapping from a suite to its number of CPU devices.

Every suite is a module with `Config`, `QUICK`, `run(config, note)` and `report(result)`, and
optionally `GPU` (the configuration on a GPU) and `draw(result, path)`. A suite that keeps the
results of its cases as they come has the third argument `keep` of `run`.
"""


def load(name: str) -> ModuleType:
    """Returns the module of a suite.

    Raises:
      SystemExit: If there is no suite of that name. The message lists the nearest names.
    """
    if name not in DEVICES:
        near = difflib.get_close_matches(name, DEVICES) or DEVICES
        raise SystemExit(f"benchmarks: unknown suite {name!r}; choose from {', '.join(near)}.")
    return importlib.import_module(f"benchmarks.{name}")


def environment(name: str) -> dict[str, str]:
    """Returns the environment of the process in which a suite runs."""
    flag = f"--xla_force_host_platform_device_count={DEVICES.get(name, 1)}"
    flags = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()
    # PyTorch's threads must not spin while other implementations are timed.
    # On a GPU, JAX must leave memory to PyTorch.
    own = {"OMP_WAIT_POLICY": "PASSIVE", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    # Timed imports find compiled modules, as on a user's machine. Otherwise, they take three times
    # as long.
    return {**own, **os.environ, "XLA_FLAGS": flags, "PYTHONDONTWRITEBYTECODE": ""}


def configure(suite: ModuleType, platform: str, quick: bool = False) -> Any:
    """Returns the configuration of a suite on a platform: `QUICK`, `GPU` or `Config()`.

    Args:
      suite: Module of the suite.
      platform: JAX's platform, for example `"cpu"` or `"gpu"`.
      quick: Whether to use tiny sizes.
    """
    if quick:
        return suite.QUICK
    return getattr(suite, "GPU", suite.Config()) if platform == "gpu" else suite.Config()
