"""Runs a whole optimization in one compiled scan."""

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, loops, norms, trees
from minmax_jax._util.types import Draw, FieldFn, PayoffFn, Players, PyTree

Record = Callable[[jax.Array, Players, Players, Any], PyTree]

Residual = Callable[[Players, Players], Any]
"""Function of the players and their field that is zero at a solution."""


class SolveResult(NamedTuple):
    """Result of `solve`.

    Attributes:
      players: Parameters of both players after the last update.
      state: Optimizer state after the last update.
      records: Results of `record`, stacked over updates on a leading axis, or None. After an
        early stop, the remaining rows are zero.
      steps: Number of updates (int32 scalar), or None without `tolerance`.
      converged: Whether the residual is at most `tolerance`, or None without `tolerance`.
    """

    players: Players
    state: Any
    records: Any
    steps: Any = None
    converged: Any = None


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
    tolerance: Any = None,
    residual: Residual | None = None,
    value: Callable[..., Any] | None = None,
) -> SolveResult:
    """Runs updates of `optimizer` in one compiled loop.

    Without `tolerance`, it runs `num_steps` updates in a `lax.scan`. With `tolerance`, it stops as
    soon as the residual is small enough, in a `lax.while_loop`, which has no reverse-mode
    derivative. Under `vmap`, each run stops by itself.

    Derivatives pass through the updates. `competitive`, `adaptive_competitive`,
    `follow_the_ridge`, `complete_newton`, `curvature_extragradient` and `greedy` have loops whose
    length depends on the data, so they have forward-mode derivatives only (`jax.jvp`).

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
      tolerance: Residual at which the run stops: a nonnegative number. A residual of NaN stops
        the run too, as not converged.
      residual: Function `residual(players, field) -> scalar` of the current players and their
        field. Default: the Euclidean norm of the field over both players. With constraints, pass
        `diagnostics.kkt_residual` or a function that calls `diagnostics.natural_residual`.
      value: Function `value(players, draw) -> scalar`, for example from `payoff`. Rules such as
        `optax.contrib.reduce_on_plateau`, `optax.polyak_sgd` and Optax's line searches receive
        its result as `value=`, the function as `value_fn=`, and the field as `grad=`. It may
        return `Players` of one value per player, each to be minimized; `per_player` and
        `alternate` pass each player its own.

    Returns:
      `SolveResult(players, state, records, steps, converged)`.

    Raises:
      TypeError: If `optimizer` is not an Optax gradient transformation, `field_fn`,
        `payoff_fn` or `min_loss_fn` is not a function of `(players, draw)` without auxiliary
        outputs, or returns a value of another kind, `players` is not a `Players` of
        floating-point trees, `num_steps` is not an int, `key` is not a PRNG key, or `record`,
        `residual` or `value` takes other arguments or returns a value of another kind, or
        `optimizer` needs `value` and it is missing.
      ValueError: If `num_steps` or `tolerance` is negative, `residual` is given without
        `tolerance`, or a player has no leaves.

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

      A run that stops at a field of norm 1e-3:

      >>> result = mm.solve(mm.sgda(0.1), field_fn, mm.Players(1.0, 1.0), 1000, tolerance=1e-3)
      >>> print(result.steps, result.converged)
      38 True
    """
    update = checks.check_transformation("solve", "optimizer", optimizer).update
    checks.check_players("solve", "players", players)
    num_steps = checks.check_count("solve", "num_steps", num_steps, at_least=0)
    checks.check_is_key("solve", key)
    if record is not None:
        names = ("step", "players", "updates", "state")
        checks.check_signature("solve", "record", record, names, "Pass a function of these four.")
    if tolerance is None and residual is not None:
        raise ValueError(
            f"solve: residual must be None without tolerance, got {checks.shown(residual)}. Pass "
            "tolerance= too."
        )
    start = trees.strongly_typed(players)
    functions = {"field_fn": field_fn, "payoff_fn": payoff_fn, "min_loss_fn": min_loss_fn}
    given = {
        name: checks.check_game_function("solve", name, function)
        for name, function in functions.items()
        if function is not None or name == "field_fn"
    }
    if value is not None:
        given["value_fn"] = _checked_value(value)

    def update_fn(z: Players, state: Any, field: Any, step: jax.Array) -> tuple[Players, Any, Any]:
        extra = _extra_arguments(given, key, step)
        field = extra["field_fn"](z, 0) if field is None else field
        if value is not None:
            extra = {**extra, "value": extra["value_fn"](z, 0), "grad": field}
            extra["value_fn"] = calls.ValueFn(extra["value_fn"], extra)
        with _explain_missing_value(value):
            updates, state = update(field, state, z, **extra)
        z = Players(*map(optax.apply_updates, z, updates))
        if record is None:
            return z, state, None
        found = record(step, z, updates, state)
        return z, state, checks.check_arrays("solve", "the result of record", found)

    first = (start, optimizer.init(start))
    if tolerance is None:
        return SolveResult(*loops.scan(update_fn, first, num_steps))
    tolerance = checks.check_number("solve", "tolerance", tolerance, schedule=False)
    residual_fn = _checked_residual(residual)

    def look(z: Players, step: Any) -> tuple[Players, jax.Array]:
        field = _extra_arguments(given, key, step)["field_fn"](z, 0)
        return field, residual_fn(z, field)

    return SolveResult(*loops.until(update_fn, look, first, num_steps, tolerance))


@contextlib.contextmanager
def _explain_missing_value(value: Any) -> Iterator[None]:
    """Names the argument in the error of an optimizer that needs `value`, such as a line search."""
    try:
        yield
    except TypeError as error:
        if value is None and re.search(r"required keyword-only argument.*'value", str(error)):
            raise TypeError(
                "solve: value must be a function of (players, draw) for this optimizer, which "
                "compares values, got None. Pass for example value=mm.payoff(payoff)."
            ) from error
        raise


def _checked_residual(residual: Residual | None) -> Callable[[Players, Players], jax.Array]:
    """Returns `residual` with a check of its results, or the norm of the field."""
    if residual is None:
        return lambda players, field: norms.norm(field)
    remedy = "Pass a function of these two."
    checks.check_signature("solve", "residual", residual, ("players", "field"), remedy)

    def residual_fn(players: Players, field: Players) -> jax.Array:
        return _scalar("residual", residual(players, field))

    return residual_fn


def _checked_value(value: Any) -> Callable[..., Any]:
    """Returns `value` as a function of `(players, draw)` with a check of its results."""
    remedy = "Add the argument draw=0, or build it with mm.payoff."
    checks.check_signature("solve", "value", value, ("players", "draw"), remedy)

    def value_fn(players: Players, draw: Draw = 0) -> Any:
        found = value(players, draw)
        if isinstance(found, Players):
            return Players(*(_scalar("value", side) for side in found))
        return _scalar("value", found)

    return value_fn


def _scalar(argument: str, found: Any) -> jax.Array:
    if not checks.is_real_scalar(found):
        raise TypeError(
            f"solve: {argument} must return a real scalar, got {checks.described(found)}. Reduce "
            "it, for example with jnp.max."
        )
    return jnp.asarray(found)


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
