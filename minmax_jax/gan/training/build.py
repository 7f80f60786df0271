"""From a configuration to the objects it names: devices, networks, game, optimizer."""

from typing import Any

import jax
import optax

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import networks
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.objective import game as game_lib
from minmax_jax.gan.objective import losses, penalties
from minmax_jax.gan.training import gradient_norms


def pick_devices(config: config_lib.Config) -> list[Any]:
    """Returns the devices that share each batch, `jax.Device`s of all processes.

    Raises:
      ConfigError: there are fewer than `devices`, they cannot share a batch evenly, or some
        of several processes would have none.
    """
    found = jax.devices()
    count = config.training.devices or len(found)
    if count > len(found) or (count < len(found) and jax.process_count() > 1):
        shown = "this machine shows" if jax.process_count() == 1 else "the processes together show"
        raise config_lib.ConfigError(
            f"devices={count}, but {shown} {len(found)} ({found[0].platform}); give "
            f"{'at most ' if jax.process_count() == 1 else ''}{len(found)}, or on a CPU set "
            f"XLA_FLAGS=--xla_force_host_platform_device_count={count}"
        )
    if config.training.batch_size % count:
        raise config_lib.ConfigError(
            f"batch_size={config.training.batch_size} cannot be shared by {count} devices; "
            f"give a multiple of {count}, or other --devices"
        )
    share, microbatches = config.training.batch_size // count, config.training.microbatches
    if share % microbatches:
        raise config_lib.ConfigError(
            f"microbatches={microbatches} does not divide the {share} examples of one device; give "
            "a divisor of that, or another batch_size"
        )
    return found[:count]


def build_game(
    config: config_lib.Config, data: data_lib.Data, num_devices: int
) -> tuple[game_lib.Game, optax.GradientTransformationExtraArgs]:
    """Returns the game and the optimizer of a configuration.

    Raises:
      ConfigError: the networks do not fit the data, or the optimizer refuses an option.
    """
    if data.count < config.training.batch_size:
        raise config_lib.ConfigError(
            f"batch_size={config.training.batch_size}, but {config.data.source} has {data.count} "
            "examples; give a smaller batch_size"
        )
    pair = build_pair(config, data.images.shape[1:], axis_name=parallel.AXIS)
    game = game_lib.Game(
        pair,
        losses.LOSSES[config.objective.loss],
        build_penalty(config),
        config.training.batch_size,
        num_devices,
        config.training.microbatches,
    )
    players = mm.Players(pair.generator.params, pair.discriminator.params)
    return game, build_optimizer(config, players)


def build_penalty(config: config_lib.Config) -> penalties.Penalty | None:
    """Returns the penalty of a configuration, None where its weight is 0."""
    if not config.objective.penalty:
        return None
    rule = penalties.PENALTIES[config.objective.penalty_type]
    return penalties.Penalty(rule, config.objective.penalty, config.objective.penalty_every)


def build_optimizer(
    config: config_lib.Config, players: mm.Players
) -> optax.GradientTransformationExtraArgs:
    """Returns `mm.optimizers[config.optimizer.name]` with the configuration's rates and options.

    With `max_steps` above 1 each player keeps the named rule to itself, and the
    discriminator moves first, that many times on fresh samples.

    Args:
      config: names the optimizer.
      players: the parameters that it will move.

    Raises:
      ConfigError: the optimizer refuses a value, or cannot be one player's rule.
    """
    chosen = config.optimizer
    factory = mm.optimizers[chosen.name]
    rates = mm.Players(min=chosen.learning_rate_min, max=chosen.learning_rate_max)
    watchers = gradient_norms.watchers()
    try:
        if chosen.max_steps == 1:
            optimizer = factory(rates, transform=watchers, **chosen.options)
        else:
            rules = [
                factory(rate, transform=watcher, **chosen.options)
                for rate, watcher in zip(rates, watchers, strict=True)
            ]
            optimizer = mm.alternate(min=rules[0], max=rules[1], max_steps=chosen.max_steps)
        jax.eval_shape(optimizer.init, players)
    except (TypeError, ValueError) as error:
        text = " ".join(str(error).split())
        if chosen.max_steps > 1:
            text += f" (max_steps={chosen.max_steps} needs a rule that can serve one player)"
        raise config_lib.ConfigError(f"optimizer={chosen.name}: {text}") from error
    return optimizer


def build_pair(
    config: config_lib.Config, shape: tuple[int, ...], axis_name: str | None = None
) -> networks.Pair:
    """Returns the networks of a configuration with their initial values.

    Args:
      config: names the networks, their width and seed.
      shape: shape of one example.
      axis_name: mapped axis over which BatchNorm is synchronised.

    Raises:
      ConfigError: the networks cannot make examples of that shape.
    """
    chosen = config.networks
    try:
        return networks.build(
            chosen.name, tuple(shape), latent_dim=chosen.latent_dim, width=chosen.width,
            seed=config.run.seed, axis_name=axis_name, compute_dtype=chosen.compute_dtype,
            spectral_norm=chosen.spectral_norm,
        )  # fmt: skip
    except ValueError as error:
        raise config_lib.ConfigError(f"network={chosen.name}: {error}") from error
