"""Text of `minmax-jax presets`, with one line or one page per preset."""

from collections.abc import Mapping

import minmax_jax as mm
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.config.key_values import format_options
from minmax_jax.gan.config.optimizer import NOT_FOR_NETWORKS, ONE_PLAYER
from minmax_jax.gan.config.preset_registry import PRESETS
from minmax_jax.gan.config.presets import preset


def listing() -> str:
    """Returns one line per preset with its data, networks, loss and length."""
    width = max(map(len, PRESETS))
    return "\n".join(f"{name:{width}}  {_summary(preset(name))}" for name in PRESETS)


def page(name: str) -> str:
    """Returns the fields of a preset, and its learning rates for every optimizer.

    Raises:
      ConfigError: If the preset is unknown.
    """
    config = preset(name)
    values = {key: value for key, value in config.flat().items() if key not in _NOT_LISTED}
    wide = max(map(len, values))
    own = PRESETS[name].fields
    fields = [
        f"  {key:{wide}}  {_text(value)}{'  *' if key in own else ''}"
        for key, value in values.items()
    ]
    return "\n".join(
        [
            f"{name}: {_summary(config)}",
            "",
            "Fields (* set by the preset; the others are the defaults of train):",
            *fields,
            "",
            "Learning rates (generator, discriminator) and options per optimizer:",
            *_optimizer_lines(name),
        ]
    )


_NOT_LISTED = ("preset", "out", "optimizer", "options", "learning_rate_min", "learning_rate_max")


def _text(value: object) -> str:
    return " ".join(format_options(value)) if isinstance(value, Mapping) else str(value)


def _summary(config: Config) -> str:
    networks, training = config.networks, config.training
    return (
        f"{config.data.source} by {networks.name} of width {networks.width}, "
        f"{config.objective.loss} loss, {training.steps:,} updates of batch {training.batch_size}"
    )


def _optimizer_lines(name: str) -> list[str]:
    """Returns one line per group of optimizers with equal learning rates and options.

    The last lines name the optimizers that do not have the update order of the preset, and those
    that are not made for networks.
    """
    groups: dict[str, list[str]] = {}
    joint = []
    for optimizer in mm.optimizers:
        chosen = preset(name, optimizer=optimizer).optimizer
        if chosen.first and optimizer not in ONE_PLAYER:
            joint.append(optimizer)
            continue
        options = " ".join(format_options(chosen.options))
        learning_rates = f"{chosen.learning_rate_min:g}, {chosen.learning_rate_max:g}"
        groups.setdefault(f"  {learning_rates:<14} {options:<8}", []).append(optimizer)
    lines = [f"{values} {', '.join(names)}" for values, names in groups.items()]
    if joint:
        alone = "--max-steps 1 --update-order simultaneous"
        lines.append(f"  only with {alone}: {', '.join(joint)}")
    return [*lines, f"  not made for networks: {', '.join(NOT_FOR_NETWORKS)}"]
