"""Presets in words: one line each, and a page with every field and the rates per optimizer."""

import minmax_jax as mm
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config import options, presets


def listing() -> str:
    """Returns a line for each preset: its data, networks, loss and length."""
    width = max(map(len, presets.PRESETS))
    return "\n".join(f"{name:{width}}  {_about(presets.preset(name))}" for name in presets.PRESETS)


def page(name: str) -> str:
    """Returns what a preset trains, its fields and its learning rates for every optimizer.

    Raises:
      ConfigError: there is no preset of that name.
    """
    config = presets.preset(name)
    values = config_lib.to_json(config)
    shown = [key for key in values if key not in ("preset", "out", *_OF_THE_OPTIMIZER)]
    wide = max(map(len, shown))
    own = presets.PRESETS[name]
    fields = [f"  {key:{wide}}  {values[key]}{'  *' if key in own else ''}" for key in shown]
    return "\n".join(
        [
            f"{name}: {_about(config)}",
            "",
            "fields (* set by the preset, the others are the defaults of train):",
            *fields,
            "",
            "learning rates (generator, discriminator) and options, by optimizer:",
            *_rates(name),
        ]
    )


_OF_THE_OPTIMIZER = ("optimizer", "options", "learning_rate_min", "learning_rate_max")


def _about(config: config_lib.Config) -> str:
    return (
        f"{config.data} by {config.network} of width {config.width}, {config.loss} loss, "
        f"{config.steps:,} updates of batch {config.batch_size}"
    )


def _rates(name: str) -> list[str]:
    """One line for all optimizers that share rates and options."""
    together: dict[str, list[str]] = {}
    for optimizer in mm.optimizers:
        config = presets.preset(name, optimizer=optimizer)
        options_text = " ".join(options.KEY_VALUES.str_from_instance(dict(config.options)))
        rates = f"{config.learning_rate_min:g}, {config.learning_rate_max:g}"
        together.setdefault(f"  {rates:<14} {options_text:<8}", []).append(optimizer)
    return [f"{values} {', '.join(names)}" for values, names in together.items()]
