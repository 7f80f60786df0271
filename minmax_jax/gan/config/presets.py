"""Configurations from presets."""

import inspect
from collections.abc import Mapping
from typing import Any

import minmax_jax as mm
from minmax_jax.gan.base.errors import check_name
from minmax_jax.gan.config.config import Config, check_names
from minmax_jax.gan.config.key_values import Option
from minmax_jax.gan.config.networks import NetworksConfig
from minmax_jax.gan.config.optimizer import OptimizerConfig, option_names
from minmax_jax.gan.config.preset_registry import GRADIENT_STEPS, PRESETS
from minmax_jax.gan.config.schedules import QUANTITIES


def preset(name: str, **fields: Any) -> Config:
    """Returns the configuration of a preset, with the given fields replaced.

    The learning rates are the preset's for the chosen optimizer. `options` are added to the
    preset's betas, which go to the optimizers that have options of these names, and `schedule`
    to the preset's schedules.

    Args:
      name: Name of a preset in `PRESETS`.
      **fields: Values by flat name, for example `batch_size=128`.

    Raises:
      ConfigError: If the preset, a field or the optimizer is unknown.

    Example:
      >>> preset("mnist", optimizer="sgda", steps=10).training.steps
      10
    """
    check_name("preset", name, PRESETS)
    check_names(fields)
    optimizer = fields.get("optimizer", OptimizerConfig.name)
    check_name("optimizer", optimizer, mm.optimizers)
    options = add_options(name, optimizer, fields.get("options", {}))
    values = {"preset": name, **PRESETS[name].fields, **_learning_rates(name, optimizer), **fields}
    chosen = values.get("network", NetworksConfig.name)
    network = add_network_options(name, chosen, fields.get("network_options", {}))
    schedule = add_schedules(name, optimizer, fields.get("schedule", {}))
    return Config.from_flat(
        {**values, "options": options, "network_options": network, "schedule": schedule}
    )


def add_options(name: str, optimizer: str, options: Mapping[str, Option]) -> dict[str, Option]:
    """Returns the betas of a preset that the optimizer has, updated with `options`."""
    known = option_names(optimizer)
    betas = {beta: value for beta, value in PRESETS[name].betas.items() if beta in known}
    return {**betas, **options}


def add_network_options(
    name: str, network: str, options: Mapping[str, Option]
) -> dict[str, Option]:
    """Returns the network options of a preset, updated with `options`.

    They apply only if the network is the preset's.
    """
    own = PRESETS[name].fields
    applies = own.get("network", NetworksConfig.name) == network
    return {**(own.get("network_options", {}) if applies else {}), **options}


def add_schedules(name: str, optimizer: str, schedules: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the schedules of a preset, updated with `schedules`.

    The preset's schedules of options go to the optimizers that have these options.
    """
    known = (*QUANTITIES, *option_names(optimizer))
    own = PRESETS[name].fields.get("schedule", {})
    return {**{key: value for key, value in own.items() if key in known}, **schedules}


def _learning_rates(name: str, optimizer: str) -> dict[str, float]:
    """Returns the preset's learning rates for this optimizer, if they differ from Adam's.

    An optimizer whose learning rate has a default chooses its step sizes itself, and keeps it.
    """
    learning_rates = dict(PRESETS[name].learning_rates)
    if "sgda" in learning_rates:
        names = (*GRADIENT_STEPS, "tiada")
        learning_rates = dict.fromkeys(names, learning_rates["sgda"]) | learning_rates
    default = inspect.signature(mm.optimizers[optimizer]).parameters["learning_rate"].default
    if optimizer in learning_rates:
        low, high = learning_rates[optimizer]
    elif default is not inspect.Parameter.empty:
        low = high = default
    else:
        return {}
    return {"learning_rate_min": low, "learning_rate_max": high}
