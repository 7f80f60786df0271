"""Values that change during training, as functions of the number of updates."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from minmax_jax.gan.config import schedule_text
from minmax_jax.gan.config import schedules as config_schedules
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.config.schedule_shapes import SCHEDULES, Schedule


def of(config: Config, key: str, start: Any = None) -> Any:
    """Returns a quantity of a run: its configured constant, or an Optax schedule if it has one.

    A schedule depends on the number of updates only. So a resumed run continues it exactly, and
    it counts updates even if the optimizer makes several steps per update.

    Args:
      config: Configuration of the run.
      key: Name of the quantity, for example `"penalty"`.
      start: Value from which the schedule starts. It may be a traced value. Default: the
        configured constant.

    Returns:
      `start` itself without a schedule, so that the compiled program does not change; otherwise
      a function from the number of updates so far to a float32 scalar.

    Raises:
      ConfigError: If the schedule was a function in Python, and is not passed again.

    Example:
      >>> config = Config().replace(schedule={"penalty": "linear:0:100"}, penalty=10.0)
      >>> float(of(config, "penalty")(25)), of(config, "learning_rate_min")
      (7.5, 0.0005)
    """
    start = config_schedules.start_of(config, key) if start is None else start
    value = dict(config_schedules.schedules_of(config)).get(key)
    if value is None:
        return start
    if callable(value):
        return _in_float32(value)
    text = schedule_text.parse(key, value)
    if text == schedule_text.ScheduleText("constant"):
        return start
    return _in_float32(_build(text, start, config.training.batch_size, config.training.steps))


def value_at(value: Any, step: Any) -> Any:
    """Returns a quantity from `of` after `step` updates."""
    return value(step) if callable(value) else value


def logged_fn(config: Config) -> Callable[[int], dict[str, float]]:
    """Returns the function that computes the values of all schedules for a log record.

    Args:
      config: Configuration of the run.

    Returns:
      A function from the number of an update, which starts at 1, to the values that it used. The
      probability of the augmentation is not among them, because the training step returns it.
    """
    names = [key for key, _ in config_schedules.schedules_of(config) if key != "augment"]
    functions = {_LOGGED.get(key, key): of(config, key) for key in names}

    @jax.jit
    def values(step: jax.Array) -> dict[str, Any]:
        return {name: value_at(value, step) for name, value in functions.items()}

    def logged(update: int) -> dict[str, float]:
        return {name: float(v) for name, v in values(update - 1).items()} if functions else {}

    return logged


_LOGGED = {"ema": "ema_half_life"}
"""Names of quantities in `metrics.jsonl`, where they differ from the key of the schedule."""


def _build(text: schedule_text.ScheduleText, start: Any, batch_size: int, steps: int) -> Schedule:
    """Returns the schedule of a run; `start` may be a traced value."""
    warmup, hold = (length.in_updates(batch_size) for length in (text.warmup, text.hold))
    length = steps if text.length is None else text.length.in_updates(batch_size)
    end = 0.0 if text.end is None else text.end * start if text.relative else text.end
    left = SCHEDULES[text.shape](length - warmup - hold)

    def after_warmup(count: Any) -> Any:
        return end + (start - end) * left(jnp.maximum(count - hold, 0.0))

    if not warmup:
        return after_warmup
    rise = optax.linear_schedule(0.0, start, warmup)  # pyright: ignore[reportArgumentType]
    return optax.join_schedules([rise, after_warmup], [warmup])  # pyright: ignore[reportArgumentType]


def _in_float32(schedule: Schedule) -> Schedule:
    def float32(count: Any) -> jax.Array:
        return jnp.asarray(schedule(count), jnp.float32)

    return float32


def scheduled(
    build: Callable[[Mapping[str, Any]], optax.GradientTransformationExtraArgs],
    values: Mapping[str, Any],
    last_step: int,
) -> optax.GradientTransformationExtraArgs:
    """Returns an optimizer with the present values of its scheduled arguments.

    `optax.inject_hyperparams` does the same, but counts in a state of its own. Here the trainer's
    count is the only one, so that all schedules of a run agree, also after skipped updates, and
    the state of the optimizer is the same with and without schedules.

    Args:
      build: Function from the values of all arguments to the optimizer. It is called while the
        update is traced, so that it can receive traced values.
      values: Arguments by name: constants, and functions from the number of updates to a value.
      last_step: Number of updates at the end. `build` must accept the values there, too.

    Returns:
      The optimizer. If an argument is a function, `update` requires the keyword argument `step`,
      the number of updates so far.
    """
    if not any(map(callable, values.values())):
        return build(values)

    def at(step: Any) -> optax.GradientTransformationExtraArgs:
        return build({name: value_at(value, step) for name, value in values.items()})

    def update_fn(
        updates: Any, state: Any, params: Any = None, *, step: Any = None, **extra: Any
    ) -> tuple[Any, Any]:
        if step is None:
            raise ValueError(
                "update: step must be the number of updates so far, because the optimizer has "
                "schedules, got None. Pass step=state.step."
            )
        return at(step).update(updates, state, params, **extra)

    at(last_step)  # Concrete values are checked, traced ones cannot be.
    return optax.GradientTransformationExtraArgs(at(0).init, update_fn)
