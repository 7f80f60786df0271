"""A whole run as one compiled scan, for games that fit in memory."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import checks, trees
from minmax_jax._util.types import Draw, FieldFn, PayoffFn, Players, PyTree

Record = Callable[[jax.Array, Players, Players, Any], PyTree]


class SolveResult(NamedTuple):
    """What `solve` returns.

    Attributes:
      players: where the players are after the last step.
      state: the optimizer's state there.
      records: what `record` returned, stacked over steps on a leading axis; or None.
    """

    players: Players
    state: Any
    records: Any


def solve(
    optimizer: optax.GradientTransformation,
    field_fn: FieldFn,
    players: Players,
    num_steps: int,
    *,
    payoff_fn: PayoffFn | None = None,
    min_loss_fn: PayoffFn | None = None,
    key: jax.Array | None = None,
    record: Record | None = None,
) -> SolveResult:
    """Runs `num_steps` updates of `optimizer` in one `lax.scan`.

    Pure: jit it, and vmap it over players, key and (building the optimizer inside) rates.

    Args:
      optimizer: any method of this library, or any Optax transformation of `Players`.
      field_fn: the field, from `zero_sum` or `general_sum` (without `has_aux`).
      players: where to start; Python numbers become arrays.
      num_steps: the number of updates, a Python int.
      payoff_fn: the payoff, from `payoff`, for methods that compare values.
      min_loss_fn: the min player's own loss in a general-sum game, made by `payoff`, for
        methods that differentiate it themselves.
      key: a PRNG key. With it, stochastic fields and payoffs receive the key
        `fold_in(fold_in(key, step), draw)` in place of the integer draw, and `update`
        gets `key=fold_in(key, step)`.
      record: `record(step, players, updates, state) -> tree`, called after each step with
        the step's index from 0, the players and the state after it, and the updates that led
        there; the last record is of the returned players.

    Returns:
      `SolveResult(players, state, records)`.

    Raises:
      TypeError, ValueError: for players that are no `Players` of floats, or a num_steps
        that is no int of at least 0.

    Examples:
      Five seeds and three rates in one program:

      >>> import jax, jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min**2 + z.min * z.max - z.max**2)
      >>> def final(rate, x):
      ...     return mm.solve(mm.sgda(rate), field_fn, mm.Players(x, x), 50).players.min
      >>> rates, starts = jnp.array([0.1, 0.2, 0.3]), jnp.arange(1.0, 6.0)
      >>> sweep = jax.vmap(jax.vmap(final, (None, 0)), (0, None))
      >>> sweep(rates, starts).shape
      (3, 5)
    """
    checks.check_transformation("solve", "optimizer", optimizer)
    checks.check_players("solve", "players", players)
    checks.check_count("solve", "num_steps", num_steps, at_least=0)
    if not callable(field_fn):
        raise TypeError(f"solve: field_fn must be callable, got {field_fn!r}.")
    # Optax's aliases for trees do not know Players.
    update: Callable[..., Any] = optax.with_extra_args_support(optimizer).update
    start = trees.strongly_typed(players)
    scalars = {"payoff_fn": payoff_fn, "min_loss_fn": min_loss_fn}
    given = {name: function for name, function in scalars.items() if function is not None}

    def step_fn(carry: tuple[Players, Any], step: jax.Array) -> tuple[tuple[Players, Any], Any]:
        z, state = carry
        extra, field_at = _oracles(field_fn, given, key, step)
        updates, state = update(field_at(z, 0), state, z, field_fn=field_at, **extra)
        z = Players(*map(optax.apply_updates, z, updates))
        return (z, state), None if record is None else record(step, z, updates, state)

    carry, records = lax.scan(step_fn, (start, optimizer.init(start)), jnp.arange(num_steps))
    return SolveResult(players=carry[0], state=carry[1], records=records)


def _oracles(
    field_fn: FieldFn, scalars: dict[str, PayoffFn], key: jax.Array | None, step: jax.Array
) -> tuple[dict[str, Any], FieldFn]:
    """Returns the extra arguments of one update, and its field."""
    if key is None:
        return dict(scalars), field_fn
    step_key = jax.random.fold_in(key, step)

    def keyed(oracle: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(oracle)
        def at(players: Players, draw: Draw = 0) -> Any:
            return oracle(players, jax.random.fold_in(step_key, draw))

        return at

    extra = {name: keyed(function) for name, function in scalars.items()}
    return {"key": step_key, **extra}, keyed(field_fn)
