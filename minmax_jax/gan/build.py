"""From a configuration to the objects it names: devices, networks, game, optimizer."""

from collections.abc import Sequence

import jax
import optax

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan import config as config_lib
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import game as game_lib
from minmax_jax.gan import losses, networks


def pick_devices(config: config_lib.Config) -> Sequence[jax.Device]:
    """Returns the first `devices` local devices.

    Raises:
      ConfigError: there are fewer, or they cannot share a batch evenly.
    """
    local = jax.local_devices()
    count = config.devices or len(local)
    if count > len(local):
        raise config_lib.ConfigError(
            f"devices={count}, but this machine shows {len(local)} ({local[0].platform}); give at "
            f"most {len(local)}, or on a CPU set XLA_FLAGS=--xla_force_host_platform_device_count"
            f"={count}"
        )
    if config.batch_size % count:
        raise config_lib.ConfigError(
            f"batch_size={config.batch_size} cannot be shared by {count} devices; "
            f"give a multiple of {count}, or other --devices"
        )
    return local[:count]


def build_game(
    config: config_lib.Config, data: data_lib.Data, num_devices: int
) -> tuple[game_lib.Game, optax.GradientTransformationExtraArgs]:
    """Returns the game and the optimizer of a configuration.

    Raises:
      ConfigError: the networks do not fit the data, or the optimizer refuses an option.
    """
    if len(data.images) < config.batch_size:
        raise config_lib.ConfigError(
            f"batch_size={config.batch_size}, but {config.data} has {len(data.images)} examples; "
            "give a smaller batch_size"
        )
    pair = build_pair(config, data.images.shape[1:], axis_name=parallel.AXIS)
    loss = losses.LOSSES[config.loss]
    game = game_lib.Game(pair, loss, config.penalty, config.batch_size, num_devices)
    return game, build_optimizer(config)


def build_optimizer(config: config_lib.Config) -> optax.GradientTransformationExtraArgs:
    """Returns `mm.optimizers[config.optimizer]` with the configuration's rates and options.

    With `max_steps` above 1 each player keeps the named rule to itself, and the
    discriminator moves first, that many times on fresh samples.

    Raises:
      ConfigError: the optimizer refuses a value.
    """
    factory = mm.optimizers[config.optimizer]
    rates = mm.Players(min=config.learning_rate_min, max=config.learning_rate_max)
    try:
        if config.max_steps == 1:
            return factory(rates, **config.options)
        rules = mm.Players(*(factory(rate, **config.options) for rate in rates))
        return mm.alternate(min=rules.min, max=rules.max, max_steps=config.max_steps)
    except (TypeError, ValueError) as error:
        text = " ".join(str(error).split())
        raise config_lib.ConfigError(f"optimizer={config.optimizer}: {text}") from error


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
    try:
        return networks.build(
            config.network, tuple(shape), latent_dim=config.latent_dim, width=config.width,
            seed=config.seed, axis_name=axis_name,
        )  # fmt: skip
    except ValueError as error:
        raise config_lib.ConfigError(f"network={config.network}: {error}") from error
