"""Averages a field or payoff over microbatches, to save memory."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import checks
from minmax_jax._util.types import Draw, Microbatch, Players
from minmax_jax.field import GameFunction


def accumulate(
    function: Callable[..., Any],
    num_parts: int,
    *,
    has_aux: bool = False,
    axis_name: str | None = None,
) -> GameFunction:
    """Averages a field or payoff over the microbatches of a batch, then over devices.

    One `lax.scan` evaluates the microbatches one after another, so that only one of them is in
    memory at a time. Devices are averaged once, after the scan. The result can be used with
    every method of this library. Its derivatives J v and Jᵀ v are computed one microbatch at a
    time too. For Jᵀ v each microbatch is evaluated a second time, to avoid storing it.

    Args:
      function: Result of `zero_sum`, `general_sum` or `payoff` with `stochastic=True` and
        without `axis_name`. Its payoffs receive a `Microbatch(draw, part)` as sample index.
      num_parts: Number of microbatches, all of the same size.
      has_aux: Whether `function` returns `(value, aux)`. Float leaves of aux are averaged;
        other leaves are taken from the last microbatch. From two parts on, Python numbers
        become arrays.
      axis_name: Mapped axis over which the result is averaged, as in `zero_sum`.

    Returns:
      A function of `(players, draw=0)` that returns the average.

    Raises:
      TypeError: If `function` is not callable or `num_parts` is not an int.
      ValueError: If `num_parts` is less than 1, `has_aux` differs from that of `function`, or
        `function` is not stochastic, so that it could not take a part of the batch.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> rows = jnp.arange(6.0).reshape(3, 2)  # A batch of six examples in three parts.
      >>> def payoff(z, microbatch):
      ...     return jnp.mean(rows[microbatch.part]) * z.min * z.max
      >>> field_fn = mm.accumulate(mm.zero_sum(payoff, stochastic=True), 3)
      >>> field = field_fn(mm.Players(1.0, 2.0))
      >>> print(field.min, field.max)
      5.0 -2.5
    """
    num_parts = checks.check_count("accumulate", "num_parts", num_parts)
    checks.check_choice("accumulate", "has_aux", has_aux, (True, False))
    remedy = "Build it with zero_sum, general_sum or payoff and stochastic=True."
    checks.check_signature("accumulate", "function", function, ("players", "draw"), remedy)
    if getattr(function, "has_aux", has_aux) != has_aux:
        raise ValueError(
            f"accumulate: has_aux must be that of function, got {has_aux}. Pass "
            f"has_aux={not has_aux}."
        )

    if num_parts > 1 and not getattr(function, "stochastic", True):
        raise ValueError(
            f"accumulate: function must be stochastic for num_parts={num_parts}, got one that "
            "evaluates the whole batch each time. Build it with stochastic=True, and use the rows "
            "microbatch.part of the batch."
        )

    def evaluate_part(players: Players, draw: Draw, part: Any) -> tuple[Any, Any]:
        out = function(players, Microbatch(draw, part))
        if not has_aux:
            return out, None
        value, aux = checks.check_pair("accumulate", "function", out)
        return value, checks.check_arrays("accumulate", "aux", aux)

    def evaluate(players: Players, draw: Draw) -> tuple[Any, Any]:
        if num_parts == 1:
            return evaluate_part(players, draw, 0)

        @jax.checkpoint
        def add(total: Any, part: jax.Array) -> tuple[Any, None]:
            return jax.tree.map(_add, total, evaluate_part(players, draw, part)), None

        # `draw` is not an argument, so that an int stays an int.
        shapes = jax.eval_shape(lambda z, i: evaluate_part(z, draw, i), players, jnp.int32(0))
        total, _ = lax.scan(add, jax.tree.map(_zero, shapes), jnp.arange(num_parts))
        return jax.tree.map(lambda s, t: _mean(t, num_parts, s.dtype), shapes, total)

    general_sum = getattr(function, "general_sum", False)
    stochastic = getattr(function, "stochastic", True)
    return GameFunction(
        evaluate,
        "accumulate",
        has_aux,
        axis_name,
        general_sum=general_sum,
        stochastic=stochastic,
    )


def _zero(shape: Any) -> jax.Array:
    """Returns the initial value of a sum. Narrow floats are summed in float32."""
    narrow = jnp.issubdtype(shape.dtype, jnp.floating) and jnp.finfo(shape.dtype).bits < 32
    return jnp.zeros(shape.shape, jnp.float32 if narrow else shape.dtype)


def _add(total: jax.Array, value: Any) -> jax.Array:
    if jnp.issubdtype(total.dtype, jax.dtypes.prng_key):
        return value
    value = jnp.asarray(value, total.dtype)  # It may be a Python number.
    return total + value if jnp.issubdtype(total.dtype, jnp.inexact) else value


def _mean(total: jax.Array, num_parts: int, dtype: Any) -> jax.Array:
    floating = jnp.issubdtype(total.dtype, jnp.inexact)
    return (total / num_parts).astype(dtype) if floating else total
