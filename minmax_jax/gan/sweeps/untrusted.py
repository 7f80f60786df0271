"""Checks the JSON files of a sweep folder, which anybody may have written."""

from collections.abc import Callable, Mapping
from typing import Any

from minmax_jax.gan.base import json_text
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import short
from minmax_jax.gan.sweeps.grid import Grid

_AXES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "optimizers": (lambda value: isinstance(value, str), "texts"),
    "factors": (json_text.is_number, "numbers"),
    "learning_rates_min": (json_text.is_number, "numbers"),
    "learning_rates_max": (json_text.is_number, "numbers"),
    "seeds": (json_text.is_count, "integers from 0 to 2147483647"),
}


def grid(values: Mapping[str, Any]) -> Grid:
    """Returns the grid that `sweep.json` describes.

    Raises:
      ConfigError: If an axis is missing, unknown, or contains values of another type.
    """
    unknown = sorted(set(values) - {*_AXES, "centers"})
    if unknown:
        raise ConfigError(f"grid: {short(unknown[0])} is not known")
    for name, (is_valid, text) in _AXES.items():
        axis = values.get(name)
        if not isinstance(axis, list) or not all(map(is_valid, axis)):
            raise ConfigError(f"grid: {name} must be a list of {text}, got {short(axis)}")
    centers = values.get("centers")
    if not isinstance(centers, Mapping) or not all(map(_is_pair, centers.values())):
        raise ConfigError(f"grid: centers must contain pairs of numbers, got {short(centers)}")
    axes = {name: tuple(values[name]) for name in _AXES}
    return Grid(**axes, centers={name: tuple(pair) for name, pair in centers.items()})


def check_outcome(outcome: Mapping[str, Any]) -> str:
    """Returns why a JSON object is not the outcome of a run, or an empty string if it is one."""
    diverged_at = outcome.get("diverged_at", "")
    if diverged_at is not None and not json_text.is_count(diverged_at):
        return "diverged_at must be a step or null"
    for name, value in outcome.items():
        scalars = value.values() if isinstance(value, Mapping) else [value]
        if not all(map(json_text.is_scalar, scalars)):
            return f"{name:.40} is nested too deeply"
    if "num_samples" in outcome:
        known = isinstance(outcome.get("extractor"), str)
        if not (known and isinstance(outcome.get("facts"), Mapping)):
            return "extractor must be text, and facts an object"
    return ""


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(json_text.is_number, value))
