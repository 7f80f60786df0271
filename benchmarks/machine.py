"""What a measurement was made on: hardware, versions, commit, and how busy the machine was."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

PACKAGES = ("jax", "jaxlib", "optax", "flax", "torch", "optimetry")


def describe() -> dict[str, Any]:
    """Returns what a reader needs to judge a figure."""
    device = jax.devices()[0]
    return {
        "device": device.device_kind if device.platform != "cpu" else processor(),
        "platform": device.platform,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := installed(name))},
        "commit": commit(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if os.name == "posix" else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def commit() -> str:
    """The commit that was measured, with `+` if files have changed since."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--", "../minmax_jax", "."],
            capture_output=True, text=True,
        )  # fmt: skip
    except FileNotFoundError:
        return "unknown"
    return (head.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")


def heading(name: str, about: dict[str, Any]) -> str:
    """Returns the line over a suite's tables: command, machine, versions, commit."""
    versions = ", ".join(f"{package} {version}" for package, version in about["versions"].items())
    return (
        f"`python -m benchmarks {name}`: {about['device']}, {about['cores']} cores, {versions}, "
        f"commit {about['commit']}, load before {about['load_before']}."
    )
