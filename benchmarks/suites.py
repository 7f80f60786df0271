"""The suites by name. Each runs in a process of its own: the number of devices is fixed in one."""

import difflib
import importlib
import os
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

DEVICES: Mapping[str, int] = MappingProxyType(
    {
        "update": 1,
        "step": 1,
        "trainer": 1,
        "solve": os.cpu_count() or 1,
        "scaling": 8,
        "quality": 1,
        "overhead": 1,
    }
)
"""Name of a suite -> the devices that its process shows on a CPU.

Every suite is a module with `Config`, `QUICK`, `run(config, note)` and `report(result)`, and
`draw(result, path)` where a picture says more.
"""


def load(name: str) -> ModuleType:
    """Returns the module of a suite.

    Raises:
      SystemExit: there is none of that name; with the nearest ones.
    """
    if name not in DEVICES:
        near = difflib.get_close_matches(name, DEVICES) or DEVICES
        raise SystemExit(f"benchmarks: there is no suite {name!r}; choose from {', '.join(near)}")
    return importlib.import_module(f"benchmarks.{name}")


def environment(name: str) -> dict[str, str]:
    """Returns the environment of the process in which a suite runs."""
    flag = f"--xla_force_host_platform_device_count={DEVICES.get(name, 1)}"
    flags = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()
    # PyTorch's threads sleep while others have their turn.
    return {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "XLA_FLAGS": flags}
