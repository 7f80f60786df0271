"""Builds the optimizer of both players from a configuration."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import optax

import minmax_jax as mm
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config.optimizer import option_defaults
from minmax_jax.gan.config.schedules import QUANTITIES, RATES, schedules_of
from minmax_jax.gan.training import gradient_norms, schedules


def build_optimizer(
    config: config_lib.Config, players: mm.Players, *, unroll: bool = True
) -> optax.GradientTransformationExtraArgs:
    """Builds the optimizer `mm.optimizers[config.optimizer.name]`.

    If the players are updated one after the other, each has its own instance of the optimizer,
    and every step evaluates its gradient on fresh samples.

    Args:
      config: Configuration of the run.
      players: Parameters that the optimizer will update.
      unroll: Whether several steps of the discriminator are compiled one by one, not as a loop.
        See `mm.alternate`.

    Returns:
      An optimizer. If a learning rate or an option has a schedule, its `update` requires the
      keyword argument `step`, the number of updates so far.

    Raises:
      ConfigError: If the optimizer rejects a value, or the players are updated one after the
        other and the optimizer does not work for a single player.
    """
    chosen = config.optimizer
    options = {key for key, _ in schedules_of(config)} - set(QUANTITIES)
    values = {key: schedules.of(config, key) for key in (*RATES, *sorted(options))}
    try:
        optimizer = schedules.scheduled(
            functools.partial(_with_values, config, unroll),
            {**chosen.options, **values},
            config.training.steps,
        )
        jax.eval_shape(optimizer.init, players)
    except ConfigError:
        raise
    except (TypeError, ValueError) as error:
        text = " ".join(str(error).split())
        if chosen.first:
            given = chosen.update_order != "auto"
            cause = (
                f"update_order={chosen.update_order}" if given else f"max_steps={chosen.max_steps}"
            )
            text += f" ({cause} requires an optimizer that works for one player)"
        raise ConfigError(f"optimizer={chosen.name}: {text}") from error
    return optimizer


def _with_values(
    config: config_lib.Config, unroll: bool, values: Mapping[str, Any]
) -> optax.GradientTransformationExtraArgs:
    """Builds the optimizer with the given learning rates and options, which may be traced."""
    chosen, recorders = config.optimizer, gradient_norms.recorders()
    factory = mm.optimizers[chosen.name]
    rates = mm.Players(*(values[rate] for rate in RATES))
    options = {key: value for key, value in values.items() if key not in RATES}
    if chosen.first is None:
        return factory(rates, transform=recorders, **options)
    minimize = factory(rates.min, transform=recorders.min, **options)
    if config.objective.penalty_step == "separate":
        maximize = _lazy(config, rates.max, recorders.max, options)
    else:
        maximize = factory(rates.max, transform=recorders.max, **options)
    return mm.alternate(
        min=minimize,
        max=maximize,
        max_steps=chosen.max_steps,
        first=chosen.first,
        unroll=unroll,
    )


def _lazy(
    config: config_lib.Config, rate: Any, recorder: Any, options: Mapping[str, Any]
) -> optax.GradientTransformationExtraArgs:
    """Builds the discriminator's optimizer with separate steps for the penalty.

    There are k + 1 steps where there would be k. So StyleGAN2 (Karras et al., 2020, appendix B)
    multiplies the learning rate by c = k / (k + 1) and raises the decay rates of the moments to
    the power of c.
    """
    name, every = config.optimizer.name, config.objective.penalty_every
    c = every / (every + 1)
    betas = {
        beta: options.get(beta, default) ** c
        for beta, default in option_defaults(name).items()
        if beta in ("b1", "b2")
    }
    optimizer = mm.optimizers[name](c * rate, transform=recorder, **{**options, **betas})
    return mm.regularize_lazily(optimizer, every=every)
