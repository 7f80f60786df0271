"""Configuration of the optimizer, with its options as `key=value`."""

import dataclasses
import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from tyro.conf import arg

import minmax_jax as mm
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config.fields import AtLeast, Group, OneOf, choices
from minmax_jax.gan.config.key_values import KEY_VALUES, Option, check_values

NOT_OPTIONS = ("learning_rate", "transform", "projection")
"""Arguments of the named optimizers that have no text form."""


ONE_PLAYER = (
    "ada_dir",
    "ada_nsgda",
    "adam_gda",
    "amsgrad_gda",
    "golden_ratio",
    "lookahead_minmax",
    "nsgda",
    "optimistic_adam",
    "optimistic_gda",
    "sgda",
)
"""Optimizers that can also update one player at a time, with its gradient alone. The trainer
accepts every optimizer for simultaneous updates, and these for the other update orders. All other
optimizers evaluate the gradients of both players at points of their own, or step sizes that both
players share."""

NOT_FOR_NETWORKS: Mapping[str, str] = MappingProxyType(
    {
        "adaptive_golden_ratio": "it takes the noise of minibatches for curvature, and stops",
        "complete_newton": "it goes to the nearest critical point, which need not be a solution",
    }
)
"""Optimizers that do not train networks, with the reason. The trainer runs them, with a message."""

UPDATE_ORDERS = ("auto", "simultaneous", "discriminator-first", "generator-first")
"""Orders in which the players are updated."""


def option_names(optimizer: str) -> tuple[str, ...]:
    """Returns the names of the options that the named optimizer has on the command line."""
    return tuple(option_defaults(optimizer))


def option_defaults(optimizer: str) -> dict[str, Any]:
    """Returns the default values of the options of the named optimizer."""
    parameters = inspect.signature(mm.optimizers[optimizer]).parameters
    return {name: p.default for name, p in parameters.items() if name not in NOT_OPTIONS}


@dataclasses.dataclass(frozen=True)
class OptimizerConfig(Group):
    """Two-player optimizer."""

    name: Annotated[
        str, OneOf(mm.optimizers), arg(name="optimizer", metavar=choices(mm.optimizers))
    ] = "adam_gda"
    """Two-player optimizer."""
    learning_rate_min: Annotated[float, AtLeast(0)] = 5e-4
    """Learning rate of the min player, the generator."""
    learning_rate_max: Annotated[float, AtLeast(0)] = 2e-4
    """Learning rate of the max player, the discriminator."""
    options: Annotated[Mapping[str, Option], KEY_VALUES] = dataclasses.field(default_factory=dict)
    """Further arguments of the optimizer, such as b1=0.5 scope=global. They are added to the preset's options."""  # noqa: E501
    max_steps: Annotated[int, AtLeast(1)] = 1
    """Discriminator steps per generator step."""
    update_order: Annotated[str, OneOf(UPDATE_ORDERS), arg(metavar=choices(UPDATE_ORDERS))] = "auto"
    """Whether both players update together or one after the other. In the latter case every step uses a fresh real and generated batch and the other player's newest parameters. auto: simultaneous if max_steps is 1, otherwise discriminator-first."""  # noqa: E501

    @property
    def first(self) -> str | None:
        """Player that moves first, `"max"` or `"min"`; None if both move at the same time."""
        if self.update_order == "auto":
            return None if self.max_steps == 1 else "max"
        return {"discriminator-first": "max", "generator-first": "min"}.get(self.update_order)

    @property
    def warning(self) -> str | None:
        """One line for the user if the optimizer is known not to train networks, or None."""
        if reason := NOT_FOR_NETWORKS.get(self.name):
            advice = f"{reason}. See docs/gan_trainer.md"
            return f"optimizer={self.name} is not made for networks: {advice}"
        return None

    def check(self) -> None:
        """Raises `ConfigError` if a value is invalid, or the optimizer lacks an option."""
        super().check()
        if self.update_order == "simultaneous" and self.max_steps > 1:
            raise ConfigError(
                f"max_steps must be 1 with update_order=simultaneous, got {self.max_steps}. Choose "
                "update_order=discriminator-first or generator-first."
            )
        if self.first and self.name not in ONE_PLAYER:
            given = self.update_order != "auto"
            cause = f"update_order={self.update_order}" if given else f"max_steps={self.max_steps}"
            remedy = "update_order=simultaneous and max_steps=1" if given else "max_steps=1"
            raise ConfigError(
                f"optimizer={self.name} updates both players together, but {cause} updates one "
                f"after the other. Choose {remedy}, or one of {', '.join(ONE_PLAYER)}."
            )
        check_values("options", self.options)
        known = option_names(self.name)
        if unknown := sorted(set(self.options) - set(known)):
            raise ConfigError(
                f"options: {self.name} does not take {', '.join(unknown)}. It takes "
                f"{', '.join(known) or 'no options'}."
            )
