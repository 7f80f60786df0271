"""Configuration of values that change during training."""

import dataclasses
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any

import numpy as np
import tyro
from tyro.conf import arg

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.messages import short
from minmax_jax.gan.config import schedule_text
from minmax_jax.gan.config.fields import Group
from minmax_jax.gan.config.optimizer import option_defaults, option_names
from minmax_jax.gan.config.schedule_shapes import SCHEDULES, Schedule

QUANTITIES = (
    "learning_rate",
    "learning_rate_min",
    "learning_rate_max",
    "penalty",
    "augment",
    "ema",
)
"""Quantities that can have a schedule in every run, besides the options of the optimizer."""

RATES = ("learning_rate_min", "learning_rate_max")
"""Names of the learning rates. `learning_rate` stands for both."""


def parse_schedules(words: Iterable[str]) -> dict[str, str]:
    """Parses `["b2=cosine:0.99"]` into `{"b2": "cosine:0.99"}`.

    Raises:
      ConfigError: If a string has no `=` or nothing before it.
    """
    schedules = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not (key and equals):
            raise ConfigError(
                f"schedule must have the form KEY={schedule_text.FORM}, such as "
                f"learning_rate=linear:0, got {short(word)}."
            )
        schedules[key] = text
    return schedules


def format_schedules(schedules: Mapping[str, Any]) -> list[str]:
    """Returns the schedules as `parse_schedules` reads them."""
    return [f"{key}={text_of(value)}" for key, value in schedules.items()]


def text_of(schedule: str | Schedule) -> str:
    """Returns a schedule as text; a function as some of its values, which identify it."""
    if not callable(schedule):
        return schedule
    values = (f"{float(np.asarray(schedule(count))):.4g} at {count}" for count in _SHOWN)
    return schedule_text.FROM_PYTHON + " " + ", ".join(values)


_SHOWN = (0, 10, 100, 1000, 10_000, 100_000)

_PAIRS = tyro.constructors.PrimitiveConstructorSpec(
    nargs="*",
    metavar="KEY=SCHEDULE ...",
    instance_from_str=parse_schedules,
    is_instance=lambda value: isinstance(value, Mapping),
    str_from_instance=format_schedules,
)


@dataclasses.dataclass(frozen=True)
class SchedulesConfig(Group):
    """Values that change during training."""

    values: Annotated[
        Mapping[str, Any],
        _PAIRS,
        arg(
            name="schedule",
            help="Schedules of values, such as learning_rate=linear:0 or b2=cosine:0.99:20Mimg. "
            f"Keys: {', '.join(QUANTITIES)}, and number options of the optimizer. Form: "
            f"{schedule_text.FORM}, with the shapes {', '.join(SCHEDULES)}. A schedule goes from "
            "the configured value to END (0.25x is a multiple of that value) in LENGTH updates, "
            "or images as in 20Mimg. Default of LENGTH: --steps. They are added to the preset's.",
        ),
    ] = dataclasses.field(default_factory=dict)
    """Schedule of each quantity: a text, or a function of the number of updates."""

    def check(self) -> None:
        """Raises `ConfigError` if a schedule is neither a valid text nor a function."""
        super().check()
        for key, value in self.values.items():
            if not isinstance(key, str):
                raise ConfigError(f"schedule: {short(key)} must be a string.")
            if isinstance(value, str) and len(value) <= _LONGEST:
                if not value.startswith(schedule_text.FROM_PYTHON):
                    schedule_text.parse(key, value)
            elif not callable(value):
                raise ConfigError(
                    f"schedule: {short(key)} must be a text of the form {schedule_text.FORM}, or "
                    f"in Python a function of the number of updates, got {short(value)}."
                )
            elif not isinstance(_at_start(value), numbers.Real):
                raise ConfigError(
                    f"schedule: the function of {key} must return a number for a number of "
                    f"updates, got {short(_at_start(value))}. Pass for example "
                    "optax.linear_schedule(1e-3, 0.0, 1000)."
                )


_LONGEST = 200


def _at_start(schedule: Callable[[Any], Any]) -> Any:
    try:
        value = np.asarray(schedule(0))
    except TypeError as error:
        return str(error)
    return float(value) if value.ndim == 0 and value.dtype.kind in "fi" else value


def schedules_of(config: Any) -> Iterator[tuple[str, str | Schedule]]:
    """Yields quantity and schedule for each schedule of a `Config`, with one per learning rate."""
    values = config.schedules.values
    for key, value in values.items():
        for name in RATES if key == "learning_rate" else (key,):
            if name == key or name not in values:
                yield name, value


def start_of(config: Any, key: str) -> Any:
    """Returns the configured constant of a quantity, from which its schedule starts."""
    if key in RATES:
        return getattr(config.optimizer, key)
    if key == "penalty":
        return config.objective.penalty
    if key == "ema":
        return config.training.ema_half_life
    if key == "augment":
        return config.augmentation.probability
    chosen = config.optimizer
    return chosen.options.get(key, option_defaults(chosen.name)[key])


def check_schedules(config: Any) -> None:
    """Checks the schedules of a `Config` against its other values.

    Raises:
      ConfigError: If a quantity is unknown or has no number to start from, or a schedule leaves
        the range of its quantity or ends before its warm-up.
    """
    known = option_names(config.optimizer.name)
    for key, value in schedules_of(config):
        if key not in QUANTITIES:
            check_name("schedule", key, (*QUANTITIES, *known))
        start = start_of(config, key)
        if isinstance(start, bool) or not isinstance(start, numbers.Real):
            raise ConfigError(
                f"schedule: {key} of {config.optimizer.name} is not a number, but {short(start)}. "
                f"Set options {key}=NUMBER, from which the schedule starts."
            )
        if not callable(value) and not value.startswith(schedule_text.FROM_PYTHON):
            _check_text(config, key, value, start)
        if key == "augment" and value != "constant":
            config.augmentation.check_schedule()


def schedule_changes(old: Any, new: Any) -> list[str]:
    """Returns one text per quantity whose schedules differ between two `Config`.

    A schedule without LENGTH lasts as long as the run, so it also changes with the number of steps.
    """
    before, after = _resolved(old), _resolved(new)
    return [
        f"schedule of {key}: {before.get(key, 'none')} -> {after.get(key, 'none')}"
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]


def _resolved(config: Any) -> dict[str, str]:
    """Returns the texts of all schedules, with the lengths that are not in them."""
    texts = {}
    for key, value in schedules_of(config):
        texts[key] = text_of(value)
        if texts[key].startswith(schedule_text.FROM_PYTHON):
            continue
        parsed = schedule_text.parse(key, texts[key])
        if parsed.shape != "constant" and parsed.length is None:
            shape, end, *lengths = texts[key].split(":")
            texts[key] = ":".join([shape, end, str(config.training.steps), *lengths])
    return texts


def _check_text(config: Any, key: str, value: str, start: Any) -> None:
    text = schedule_text.parse(key, value)
    batch_size, steps = config.training.batch_size, config.training.steps
    if text.end is not None:
        end = text.end * start if text.relative else text.end
        low, below = 0.0, 1.0 if key in ("b1", "b2") else float("inf")
        high = 1.0 if key == "augment" else float("inf")
        if not (low <= end <= high and end < below):
            limits = "in [0, 1)" if below == 1 else "in [0, 1]" if high == 1 else "at least 0"
            raise ConfigError(f"schedule: END of {key} must be {limits}, got {end:g} in {value!r}.")
    length = steps if text.length is None else text.length.in_updates(batch_size)
    first = text.warmup.in_updates(batch_size) + text.hold.in_updates(batch_size)
    if text.shape != "constant" and first >= length:
        raise ConfigError(
            f"schedule: LENGTH of {key} must be greater than warmup and hold together, {first:g} "
            f"updates, got {length:g} updates in {value!r}."
        )
