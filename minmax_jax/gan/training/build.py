"""Builds devices, networks, game and optimizer from a configuration."""

from collections.abc import Callable
from typing import Any

import jax
import optax

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import networks, objective
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config.training import FSDP
from minmax_jax.gan.training import memory, schedules, sharded
from minmax_jax.gan.training.convolutions import contains_convolution
from minmax_jax.gan.training.optimizer import build_optimizer


def pick_devices(config: config_lib.Config) -> list[Any]:
    """Returns the devices, of all processes, among which each batch is divided.

    Raises:
      ConfigError: If more devices are configured than exist, if several processes would leave a
        device unused, if the state cannot be divided among the devices of a process, or if the
        batch cannot be divided evenly among devices and microbatches.
    """
    found, training = jax.devices(), config.training
    count = training.devices or len(found)
    alone = jax.process_count() == 1
    if count > len(found) or (count < len(found) and not alone):
        where = "on this machine" if alone else "in all processes together"
        remedy = f"Set devices to {len(found)}, or to 0 for all."
        if alone:  # The flag is the number of devices per process, `count` the total.
            flag = f"--xla_force_host_platform_device_count={count}"
            remedy = f"On CPU, you can set XLA_FLAGS={flag}."
        raise ConfigError(
            f"devices must be {'at most ' if alone else ''}{len(found)}, the number of "
            f"{found[0].platform} devices {where}, got {count}. {remedy}"
        )
    if training.batch_size % count:
        raise ConfigError(
            f"batch_size must be a multiple of the number of devices, {count}, got "
            f"{training.batch_size}. Change it or --devices."
        )
    own = len(parallel.addressable_devices(found))
    if training.parallel == FSDP and own == 1 and not alone:
        raise ConfigError(
            "parallel=fsdp divides the state among the devices of one process, got 1 device per "
            "process. Start one process per host, or set parallel to pmap or shard_map."
        )
    share = training.batch_size // count
    if share % training.microbatches:
        raise ConfigError(
            f"microbatches must divide the number of examples per device, {share}, got "
            f"{training.microbatches}. Change it or batch_size."
        )
    return found[:count]


def is_divided(config: config_lib.Config, num_devices: int) -> bool:
    """Returns whether the state of a run is divided among the devices of each process."""
    return config.training.parallel == FSDP and num_devices > 1


def build_game(
    config: config_lib.Config, data: data_lib.Data, num_devices: int
) -> tuple[objective.Game, optax.GradientTransformationExtraArgs]:
    """Builds the game and the optimizer.

    Args:
      config: Configuration of the run.
      data: Dataset.
      num_devices: Number of devices among which each batch is divided.

    Raises:
      ConfigError: If the networks do not support the examples of the dataset, or the optimizer
        rejects an option.
    """
    pair = build_pair(
        config,
        data.images.shape[1:],
        # XLA's CPU backend would copy what a collective of one device sends.
        axis_name=parallel.AXIS if num_devices > 1 else None,
        num_classes=config.conditioning.num_classes(data),
    )
    game = objective.Game(
        pair,
        objective.LOSSES[config.objective.loss],
        build_penalty(config),
        config.training.batch_size,
        num_devices,
        config.training.microbatches,
        one_pass=config.optimizer.first is None and config.optimizer.name not in _ONE_SIDED,
        fake_labels=objective.FAKE_LABELS[config.conditioning.fake_labels],
        augmentation=build_augmentation(config, pair.sample_shape),
        mirror=_mirrors(config, pair.sample_shape),
    )
    if is_divided(config, num_devices):
        game = sharded.on_host(game)
    players = mm.Players(pair.generator.params, pair.discriminator.params)
    return game, build_optimizer(config, players, unroll=unrolls_steps(config, game))


def unrolls_steps(config: config_lib.Config, game: objective.Game) -> bool:
    """Returns whether several discriminator steps are compiled one by one, not as a loop.

    A loop compiles faster. But in a loop, XLA's CPU backend computes convolutions in one thread
    (see `program.default_steps_per_call`).
    """
    if config.optimizer.max_steps <= 2:  # Then there is no loop.
        return True
    return jax.default_backend() == "cpu" and contains_convolution(game)


_ONE_SIDED = ("competitive", "adaptive_competitive", "greedy_adam")
"""Optimizers that evaluate gradients, or their derivatives, of one player at a time."""


def build_penalty(config: config_lib.Config) -> objective.Penalty | None:
    """Builds the gradient penalty, or returns None if its weight is always 0."""
    weight = schedules.of(config, "penalty")
    if not callable(weight) and not weight:
        return None
    chosen = config.objective
    penalty_fn = objective.PENALTIES[chosen.penalty_type]
    separate = chosen.penalty_step == "separate"
    return objective.Penalty(penalty_fn, weight, chosen.penalty_every, separate)


def build_augmentation(
    config: config_lib.Config, shape: tuple[int, ...]
) -> objective.Augmentation | None:
    """Builds the augmentation, or returns None without transformations.

    Args:
      config: Configuration of the run.
      shape: Shape of one example.

    Raises:
      ConfigError: If the transformations do not support examples of that shape.
    """
    augmentation = config.augmentation.build()
    if augmentation is None:
        return None
    objective.check_shape(augmentation.steps, shape)
    if augmentation.control is not None:
        return augmentation
    return augmentation._replace(probability=schedules.of(config, "augment"))


def _mirrors(config: config_lib.Config, shape: tuple[int, ...]) -> bool:
    """Returns whether to mirror real images, after checking that the examples are images."""
    if config.augmentation.mirror and len(shape) != 3:
        raise ConfigError(
            f"mirror needs images, got examples of shape {tuple(shape)}. Remove --mirror."
        )
    return config.augmentation.mirror


def build_pair(
    config: config_lib.Config,
    shape: tuple[int, ...],
    axis_name: str | None = None,
    num_classes: int = 0,
) -> networks.Pair:
    """Builds the networks with their initial parameters.

    Args:
      config: Configuration of the run.
      shape: Shape of one example.
      axis_name: Mapped axis over which BatchNorm is synchronized. Default: none.
      num_classes: Number of classes of a conditional run, otherwise 0. See
        `config.conditioning.num_classes`.

    Raises:
      ConfigError: If the networks do not support examples of that shape, or the memory of this
        machine cannot hold them.
    """
    chosen = config.networks

    def build() -> networks.Pair:
        return networks.build(
            chosen.name,
            tuple(shape),
            latent_dim=chosen.latent_dim,
            width=chosen.width,
            seed=config.run.seed,
            axis_name=axis_name,
            compute_dtype=chosen.compute_dtype,
            spectral_norm=chosen.spectral_norm,
            matmul_precision=chosen.matmul_precision,
            num_classes=num_classes,
            options=chosen.options,
        )

    def build_params() -> tuple[Any, Any]:
        pair = build()
        return pair.generator.params, pair.discriminator.params

    try:
        memory.check_size(config, tuple(shape), build_params)
        # Code that runs without a name, as in `exec`, defines functions whose module is None.
        module = getattr(networks.NETWORKS.get(chosen.name), "__module__", None) or ""
        own = module.startswith(networks.__name__)
        return _compiled(build) if own else build()
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(f"network={chosen.name}: {error}") from error


def _compiled(build: Callable[[], networks.Pair]) -> networks.Pair:
    """Calls `build` in one compiled program, instead of one program per operation.

    `build` must not store arrays in functions, because here they would be tracers. Networks of the
    user might do so.
    """
    built: list[networks.Pair] = []

    def build_arrays() -> list[tuple[Any, Any]]:
        built.append(build())
        return [(network.params, network.stats) for network in built[-1][:2]]

    arrays = jax.jit(build_arrays)()
    generator, discriminator = (
        network._replace(params=params, stats=stats)
        for network, (params, stats) in zip(built[-1][:2], arrays, strict=True)
    )
    return built[-1]._replace(generator=generator, discriminator=discriminator)
