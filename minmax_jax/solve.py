"""Runs a whole optimization in one compiled scan."""

import dataclasses
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
    """Result of `solve`.

    Attributes:
      players: Parameters of both players after the last update.
      state: Optimizer state after the last update.
      records: Results of `record`, stacked over updates on a leading axis, or None.
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

    The function is pure. It can be jitted, and mapped with `vmap` over players, key and
    learning rates (build the optimizer inside the mapped function).

    Args:
      optimizer: Method of this library, or any Optax transformation of `Players`.
      field_fn: Vector field of the game, from `zero_sum` or `general_sum` without `has_aux`.
      players: Initial parameters. Python numbers are converted to arrays.
      num_steps: Number of updates, a Python int.
      payoff_fn: Payoff function, from `payoff`. Methods that compare payoffs need it.
      min_loss_fn: Loss of the min player in a general-sum game, from `payoff`. `unrolled`
        needs it.
      key: PRNG key. If given, stochastic fields and payoffs receive the key
        `fold_in(fold_in(key, step), draw)` instead of the integer sample index, and `update`
        receives `key=fold_in(key, step)`.
      record: Function `record(step, players, updates, state) -> tree`, called after each
        update with its index (from 0), the new parameters, the updates, and the new state.
        The last record refers to the returned players.

    Returns:
      `SolveResult(players, state, records)`.

    Raises:
      TypeError: If `optimizer` is not an Optax gradient transformation, `field_fn`,
        `payoff_fn` or `min_loss_fn` is not a function of `(players, draw)` without auxiliary
        outputs, or returns a value of another kind, `players` is not a `Players` of
        floating-point trees, `num_steps` is not an int, `key` is not a PRNG key, or `record` is
        not a function of four arguments.
      ValueError: If `num_steps` is negative or a player has no leaves.

    Examples:
      Three learning rates and five starting points in one program:

      >>> import jax, jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min**2 + z.min * z.max - z.max**2)
      >>> def final(learning_rate, x):
      ...     optimizer = mm.sgda(learning_rate)
      ...     return mm.solve(optimizer, field_fn, mm.Players(x, x), 50).players.min
      >>> learning_rates, starts = jnp.array([0.1, 0.2, 0.3]), jnp.arange(1.0, 6.0)
      >>> sweep = jax.vmap(jax.vmap(final, (None, 0)), (0, None))
      >>> sweep(learning_rates, starts).shape
      (3, 5)
    """
    update = checks.check_transformation("solve", "optimizer", optimizer).update
    checks.check_players("solve", "players", players)
    num_steps = checks.check_count("solve", "num_steps", num_steps, at_least=0)
    checks.check_is_key("solve", key)
    if record is not None:
        names = ("step", "players", "updates", "state")
        checks.check_signature("solve", "record", record, names, "Pass a function of these four.")
    start = trees.strongly_typed(players)
    functions = {"field_fn": field_fn, "payoff_fn": payoff_fn, "min_loss_fn": min_loss_fn}
    given = {
        name: checks.check_game_function("solve", name, function)
        for name, function in functions.items()
        if function is not None or name == "field_fn"
    }

    def step_fn(carry: tuple[Players, Any], step: jax.Array) -> tuple[tuple[Players, Any], Any]:
        z, state = carry
        extra = _extra_arguments(given, key, step)
        updates, state = update(extra["field_fn"](z, 0), state, z, **extra)
        z = Players(*map(optax.apply_updates, z, updates))
        return (z, state), None if record is None else record(step, z, updates, state)

    carry, records = lax.scan(step_fn, (start, optimizer.init(start)), jnp.arange(num_steps))
    return SolveResult(players=carry[0], state=carry[1], records=records)


def _extra_arguments(
    functions: dict[str, Callable[..., Any]], key: jax.Array | None, step: jax.Array
) -> dict[str, Any]:
    """Returns the extra arguments of one update."""
    if key is None:
        return functions
    step_key = jax.random.fold_in(key, step)
    keyed = {name: _Keyed(function, step_key) for name, function in functions.items()}
    return {"key": step_key, **keyed}


@dataclasses.dataclass(frozen=True, eq=False)
class _Keyed:
    """Wrapper that calls a field or payoff with `fold_in(key, draw)` in place of `draw`.

    Attributes:
      function: Field or payoff.
      key: PRNG key of the update.
    """

    function: Callable[..., Any]
    key: jax.Array

    def __call__(self, players: Players, draw: Draw = 0) -> Any:
        return self.function(players, jax.random.fold_in(self.key, draw))

    @property
    def general_sum(self) -> bool:
        """Whether `function` is the field of a general-sum game."""
        return getattr(self.function, "general_sum", False)
