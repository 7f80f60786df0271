"""Describes the machine, software versions and load of a measurement."""

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

PACKAGES = ("jax", "jaxlib", "optax", "flax", "torch", "optimetry")


def describe() -> dict[str, Any]:
    """Returns the device, cores, versions, commit and load average."""
    device = jax.devices()[0]
    return {
        "device": device.device_kind if device.platform != "cpu" else processor(),
        "platform": device.platform,
        **describe_without_device(),
    }


def describe_without_device() -> dict[str, Any]:
    """Returns the cores, versions, commit and load average, without starting JAX's backend."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := installed(name))},
        "commit": commit(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def slug(about: dict[str, Any]) -> str:
    """Returns a short name of the device for file names, for example `cpu` or `h100`."""
    if about["platform"] == "cpu":
        return "cpu"
    words = re.findall(r"[a-z0-9]+", about["device"].lower())
    plain = [word for word in words if not re.fullmatch(NOT_IN_SLUG, word)]
    return "-".join(plain) or about["platform"]


NOT_IN_SLUG = r"nvidia|amd|geforce|tesla|\d+gb|hbm\w*|pcie|sxm\d*"
"""Words of device names that are left out of file names: makers, memory and form factors."""


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


def commit(folder: Path = Path(__file__).parent) -> str:
    """Returns the current commit, with `+` if the library or the benchmarks have changes.

    The results are left out, because a suite would otherwise change its own commit while it runs,
    and could not be continued.
    """
    git = ["git", "-C", str(folder)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--", "../minmax_jax", ".", ":(exclude)results"],
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        return "unknown"
    return (head.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")


def heading(name: str, about: dict[str, Any]) -> str:
    """Returns the caption of a suite: command, machine, versions, commit."""
    versions = ", ".join(f"{package} {version}" for package, version in about["versions"].items())
    source = f" Source: {about['source']}." if "source" in about else ""
    return (
        f"`python -m benchmarks {name}`: {about['device']}, {about['cores']} cores, {versions}, "
        f"commit {about['commit']}, load before {about['load_before']}.{source}"
    )
