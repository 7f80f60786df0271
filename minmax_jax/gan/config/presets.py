"""Presets: named defaults for `Config`, with learning rates for each optimizer."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import minmax_jax as mm
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config import options as options_lib

PRESETS: dict[str, dict[str, Any]] = {
    "digits": {},  # the defaults of Config themselves
    "gaussians": {
        "data": "gaussians", "width": 128, "latent_dim": 2, "batch_size": 256, "steps": 10_000,
        "learning_rate_min": 2e-3, "learning_rate_max": 1e-3,
        "ema_decay": 0.99, "log_every": 100, "checkpoint_every": 1000,
    },
    "mnist": {
        "data": "ylecun/mnist", "network": "dcgan", "width": 16, "latent_dim": 64,
        "learning_rate_min": 2e-3, "learning_rate_max": 4e-4,
        "steps": 4000, "log_every": 50, "checkpoint_every": 500, "ema_decay": 0.99,
    },
    "cifar10": {
        "data": "uoft-cs/cifar10", "network": "dcgan", "width": 64, "latent_dim": 128,
        "learning_rate_min": 2e-4, "learning_rate_max": 2e-4,
        "steps": 50_000, "log_every": 100, "checkpoint_every": 1000, "evaluate": 10_000,
    },
    "cifar10-resnet": {
        "data": "uoft-cs/cifar10", "network": "resnet", "width": 128, "latent_dim": 128,
        "loss": "wasserstein", "penalty": 10.0, "ema_decay": 0.9999,
        "learning_rate_min": 2e-5, "learning_rate_max": 2e-4,
        "steps": 100_000, "log_every": 100, "checkpoint_every": 1000, "evaluate": 10_000,
    },
}  # fmt: skip
"""Name -> the fields in which the preset differs from the defaults of `Config`."""

RATES: dict[str, dict[str, tuple[float, float]]] = {
    "digits": {"nsgda": (2e-2, 1e-2), "sgda": (5e-2, 5e-2), "ada_dir": (5e-2, 5e-2)},
    "gaussians": {"nsgda": (2e-2, 2e-2), "sgda": (5e-2, 5e-2), "ada_dir": (5e-2, 5e-2)},
    "mnist": {"nsgda": (5e-2, 5e-2), "sgda": (5e-2, 1e-2), "ada_dir": (5e-2, 1e-2)},
    "cifar10": {"nsgda": (1e-2, 1e-2), "sgda": (1e-2, 1e-2), "ada_dir": (1e-2, 1e-2)},
    "cifar10-resnet": {"nsgda": (1e-3, 1e-2), "sgda": (1e-3, 1e-2), "ada_dir": (1e-3, 1e-2)},
}  # fmt: skip
"""Preset -> optimizer -> (min, max) learning rates, where Adam's are of another order.

Units differ between methods: the rate is a gradient's factor in one, the length of a
layer's step in the next. Starting points that train, not tuned optima; those of mnist for sgda,
nsgda, ada_nsgda and adam_gda are the best of a 3 × 3 grid (experiments/dissecting/images).
cifar10-resnet has the published rates of Adam, and its betas, of Gidel et al. (2019).
"""

BETAS: dict[str, dict[str, float]] = {"cifar10-resnet": {"b1": 0.5, "b2": 0.9}}
"""Preset -> what its optimizers take as betas; of the others b1 = 0.5 alone."""


def preset(name: str, **fields: Any) -> config_lib.Config:
    """Returns the named preset, with the given fields in place of its own.

    The learning rates are those of `RATES` for the optimizer, otherwise the preset's own,
    which suit Adam and what takes steps of its length. `b1` is 0.5 where the optimizer has
    a `b1`, as GANs want it (Radford et al., 2016), `b2` 0.9 with the Wasserstein loss of
    cifar10-resnet (Gulrajani et al., 2017); `options` are added to that.

    Args:
      name: a key of `PRESETS`.
      **fields: fields of `Config`.

    Raises:
      ConfigError: the preset, a field or the optimizer is not known.

    Example:
      >>> preset("mnist", optimizer="sgda", steps=10).steps
      10
    """
    config_lib.check_name("preset", name, PRESETS)
    known = [field.name for field in dataclasses.fields(config_lib.Config)]
    for field in fields:
        config_lib.check_name("field", field, known)
    optimizer = fields.get("optimizer", config_lib.Config.optimizer)
    config_lib.check_name("optimizer", optimizer, mm.optimizers)
    values = {"preset": name, **PRESETS[name], **_rates(name, optimizer), **fields}
    return config_lib.Config(
        **{**values, "options": add_options(name, optimizer, fields.get("options", {}))}
    )


def add_options(
    name: str, optimizer: str, options: Mapping[str, options_lib.Option]
) -> dict[str, Any]:
    """Returns `options` on top of those betas of the preset `name` that the optimizer takes."""
    taken, betas = options_lib.takes(optimizer), BETAS.get(name, {"b1": 0.5})
    return {**{beta: value for beta, value in betas.items() if beta in taken}, **options}


def _rates(name: str, optimizer: str) -> dict[str, float]:
    rates = RATES[name].get(optimizer)
    return {} if rates is None else dict(zip(_FIELDS, rates, strict=True))


_FIELDS = ("learning_rate_min", "learning_rate_max")
