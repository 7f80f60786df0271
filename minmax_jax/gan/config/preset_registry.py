"""Registry of presets, which are named defaults with learning rates per optimizer."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from minmax_jax.gan.base.registry import Registry


class Preset(NamedTuple):
    """Named defaults of a run.

    Attributes:
      fields: Flat names of fields and their values, where they differ from the defaults of
        `Config`. The learning rates suit Adam and other optimizers with steps of its length.
      learning_rates: Learning rates of the min and the max player by optimizer, for optimizers
        that need other learning rates than Adam. Units differ: a learning rate multiplies a
        gradient in one optimizer and is the length of a layer's step in another. Those of
        `sgda` also apply to `GRADIENT_STEPS` and `tiada`, whose steps shrink during training.
      betas: Options for the optimizers that have options of these names. GANs usually train
        with b1 = 0.5 (Radford et al., 2016).
    """

    fields: Mapping[str, Any]
    learning_rates: Mapping[str, tuple[float, float]] = MappingProxyType({})
    betas: Mapping[str, float] = MappingProxyType({"b1": 0.5})


GRADIENT_STEPS = (
    "alternating_extrapolation",
    "anchored_past_extragradient",
    "bias_corrected_extragradient",
    "competitive",
    "consensus",
    "extra_anchored_gradient",
    "extragradient",
    "fast_extragradient",
    "fast_optimistic_gda",
    "follow_the_ridge",
    "forward_backward_forward",
    "golden_ratio",
    "lead",
    "lookahead_minmax",
    "optimistic_gda",
    "past_extragradient",
    "primal_dual_hybrid_gradient",
    "smoothed_gda",
    "symplectic",
)
"""Optimizers whose first steps are proportional to the gradient, as those of `sgda` are."""

_CIFAR10: Mapping[str, Any] = MappingProxyType(
    {"data": "uoft-cs/cifar10", "log_every": 100, "checkpoint_every": 1000, "evaluate": 10_000}
)

_SNGAN: Mapping[str, Any] = MappingProxyType(
    {
        **_CIFAR10, "network": "sngan", "width": 128, "latent_dim": 128, "spectral_norm": True,
        "loss": "hinge", "learning_rate_min": 2e-4, "learning_rate_max": 2e-4,
        "schedule": {"learning_rate": "linear:0"}, "max_steps": 5, "ema_decay": 0.0,
        "batch_size": 64, "steps": 100_000,
    }
)  # fmt: skip
_SNGAN_RATES = {"nsgda": (1e-3, 1e-3), "sgda": (1e-2, 1e-2), "ada_dir": (1e-3, 1e-3)}

_R3GAN: Mapping[str, Any] = MappingProxyType(
    {
        **_CIFAR10, "network": "r3gan", "latent_dim": 64, "compute_dtype": "bfloat16",
        "conditional": True, "fake_labels": "real", "loss": "relativistic", "penalty": 0.05,
        "penalty_type": "r1+r2", "update_order": "discriminator-first",
        "learning_rate_min": 2e-4, "learning_rate_max": 2e-4,
    }
)  # fmt: skip
_R3GAN_RATES = {"nsgda": (1e-3, 1e-3), "sgda": (1e-2, 1e-2), "ada_dir": (1e-3, 1e-3)}


def _r3gan_schedules(half_life: str, length: str = "") -> dict[str, str]:
    """Returns cosine schedules to a quarter of the learning rates and a tenth of the penalty.

    Args:
      half_life: Last half-life of the moving average in images. The first one is 0.
      length: Length of all schedules as `:LENGTH`. Default: all updates of the run.
    """
    ends = {"learning_rate": "0.25x", "b2": "0.99", "penalty": "0.1x", "ema": half_life}
    return {key: f"cosine:{end}{length}" for key, end in ends.items()}


PRESETS: Registry[Preset] = Registry(
    "preset",
    {
        "digits": Preset(
            {},  # This preset has the defaults of `Config`.
            {"nsgda": (2e-2, 1e-2), "sgda": (5e-2, 5e-2), "ada_dir": (5e-2, 5e-2)},
        ),
        "gaussians": Preset(
            {
                "data": "gaussians", "width": 128, "latent_dim": 2, "batch_size": 256,
                "steps": 10_000, "learning_rate_min": 2e-3, "learning_rate_max": 1e-3,
                "ema_decay": 0.99, "log_every": 100, "checkpoint_every": 1000,
            },
            {"nsgda": (2e-2, 2e-2), "sgda": (5e-2, 5e-2), "ada_dir": (5e-2, 5e-2)},
        ),
        # For sgda, nsgda, ada_nsgda and adam_gda the learning rates are the best of a 3 × 3 grid
        # (experiments/dissecting/images).
        "mnist": Preset(
            {
                "data": "ylecun/mnist", "network": "dcgan", "width": 16, "latent_dim": 64,
                "learning_rate_min": 2e-3, "learning_rate_max": 4e-4,
                "steps": 4000, "log_every": 50, "checkpoint_every": 500, "ema_decay": 0.99,
            },
            {"nsgda": (5e-2, 5e-2), "sgda": (5e-2, 1e-2), "ada_dir": (5e-2, 1e-2)},
        ),
        # The rates of `mnist`; its record is in docs/conditional.md.
        "mnist-conditional": Preset(
            {
                "data": "ylecun/mnist", "network": "dcgan", "width": 32, "latent_dim": 64,
                "conditional": True, "learning_rate_min": 2e-3, "learning_rate_max": 4e-4,
                "schedule": {"learning_rate": "linear:0.1x"},
                "steps": 3000, "log_every": 50, "checkpoint_every": 500, "ema_decay": 0.998,
            },
            {"nsgda": (5e-2, 5e-2), "sgda": (5e-2, 1e-2), "ada_dir": (5e-2, 1e-2)},
        ),
        "cifar10": Preset(
            {
                "data": "uoft-cs/cifar10", "network": "dcgan", "width": 64, "latent_dim": 128,
                "learning_rate_min": 2e-4, "learning_rate_max": 2e-4,
                "steps": 50_000, "log_every": 100, "checkpoint_every": 1000, "evaluate": 10_000,
            },
            {"nsgda": (1e-2, 1e-2), "sgda": (1e-2, 1e-2), "ada_dir": (1e-2, 1e-2)},
        ),
        # Adam's learning rates and betas as published by Gidel et al. (2019); b2 = 0.9 with the
        # Wasserstein loss is from Gulrajani et al. (2017).
        "cifar10-resnet": Preset(
            {
                "data": "uoft-cs/cifar10", "network": "resnet", "width": 128, "latent_dim": 128,
                "loss": "wasserstein", "penalty": 10.0, "ema_decay": 0.9999,
                "learning_rate_min": 2e-5, "learning_rate_max": 2e-4,
                "steps": 100_000, "log_every": 100, "checkpoint_every": 1000, "evaluate": 10_000,
            },
            {"nsgda": (1e-3, 1e-2), "sgda": (1e-3, 1e-2), "ada_dir": (1e-3, 1e-2)},
            {"b1": 0.5, "b2": 0.9},
        ),
        # Published by Lee and Town (2020) for 100,000 updates of the generator, with 16.77 as FID
        # of 50,000 samples against the training set.
        "cifar10-sngan": Preset(_SNGAN, _SNGAN_RATES, {"b1": 0.0, "b2": 0.9}),
        # The same recipe with classes, and FID 10.84.
        "cifar10-cgan-pd": Preset(
            {**_SNGAN, "conditional": True, "fake_labels": "uniform"},
            _SNGAN_RATES, {"b1": 0.0, "b2": 0.9},
        ),
        # Published by Huang et al. (2024). Their schedules last 20 million images, and their FID
        # is 1.96.
        "cifar10-r3gan": Preset(
            {
                **_R3GAN, "width": 768, "batch_size": 512, "steps": 39_063,
                "augment": "r3gan", "augment_probability": 0.0, "mirror": True,
                "schedule": _r3gan_schedules("5M", ":20Mimg") | {"augment": "cosine:0.55:20Mimg"},
            },
            _R3GAN_RATES, {"b1": 0.0, "b2": 0.9},
        ),
        # A fiftieth of the arithmetic per image, and schedules as long as the run.
        "cifar10-r3gan-small": Preset(
            {
                **_R3GAN, "width": 128, "network_options": {"blocks": 1}, "batch_size": 128,
                "steps": 10_000, "schedule": _r3gan_schedules("100k"),
            },
            _R3GAN_RATES, {"b1": 0.0, "b2": 0.9},
        ),
    },
)  # fmt: skip
"""The presets. Learning rates are starting points that train, not tuned optima."""
