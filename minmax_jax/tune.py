"""Runs a method with many learning rates, starts and seeds in one program."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer

from minmax_jax._util import checks, norms, trees
from minmax_jax._util.types import Players
from minmax_jax.diagnostics.field_evaluations import field_evaluations
from minmax_jax.games import Game
from minmax_jax.solve import solve


@dataclasses.dataclass(frozen=True, eq=False)
class Tuning:
    """Result of `tune` for one method on one game.

    Attributes:
      learning_rates: Learning rates, an array or `Players` of two arrays.
      cost: Oracle calls (evaluations of F, J v and Jᵀ v) per update, for each learning rate.
      distances: Distances from the solution, of shape (learning rates, starts, seeds,
        1 + updates), with the start first.
      budget: Oracle calls per run.
    """

    learning_rates: Any
    cost: np.ndarray
    distances: np.ndarray
    budget: int

    def calls(self, tolerance: float, *, relative: bool = True) -> np.ndarray:
        """Returns the oracle calls after which each run stays within a distance.

        Args:
          tolerance: Distance from the solution.
          relative: Whether it is relative to the distance of the start.

        Returns:
          An array of shape (learning rates, starts, seeds). It is inf for runs that are farther
          away at the end of the budget.
        """
        found = np.full(self.distances.shape[:3], np.inf)
        for row, (runs, cost) in enumerate(zip(self.distances, self.cost, strict=True)):
            runs = runs[..., : int(self.budget // cost) + 1]
            limit = tolerance * runs[..., :1] if relative else tolerance
            outside = ~(runs <= limit)  # NaN counts as outside.
            last = runs.shape[-1] - 1 - np.argmax(outside[..., ::-1], axis=-1)
            updates = np.where(outside.any(-1), last + 1, 0)
            found[row] = np.where(outside[..., -1], np.inf, updates * cost)
        return found

    def best(self, tolerance: float, *, relative: bool = True) -> int | None:
        """Returns the index of the best learning rate, or None if no run reaches the tolerance.

        It is the learning rate with which most runs reach the tolerance, and among several of
        them the one that needs the fewest oracle calls on average.
        """
        calls = self.calls(tolerance, relative=relative).reshape(len(self.cost), -1)
        solved = np.isfinite(calls).sum(axis=1)
        if not solved.any():
            return None
        total = np.where(np.isfinite(calls), calls, 0).sum(axis=1)
        mean = np.where(solved > 0, total / np.maximum(solved, 1), np.inf)
        return int(np.lexsort((mean, -solved))[0])


def tune(
    make: Callable[[Any], optax.GradientTransformation],
    game: Game,
    learning_rates: Any,
    *,
    budget: int = 2000,
    starts: Players | None = None,
    num_seeds: int = 1,
    seed: int = 0,
    distance: Callable[[Players], Any] | None = None,
    cost_updates: int = 20,
) -> Tuning:
    """Runs a method on a game with all learning rates, starts and seeds in one program.

    Every method receives the same budget of oracle calls per run, so methods with several field
    evaluations per update make fewer updates. A first program counts the executed calls for
    each learning rate, and a second one is mapped over everything. `tuning_table` compares
    several methods on several games.

    Args:
      make: Function `make(learning_rate)` that creates the optimizer, for example
        `lambda rate: mm.extragradient(rate, projection=game.projection)`.
      game: Game, for example from `mm.games`. Of its attributes, `field_fn` and `start` are
        required.
      learning_rates: One-dimensional array or list of learning rates, or `Players` of two of the
        same length.
      budget: Oracle calls per run.
      starts: `Players` whose leaves have an additional first axis, one row per start. Default:
        `game.start` only.
      num_seeds: Number of PRNG keys per learning rate and start, for stochastic games and
        methods.
      seed: Seed of the first key. The keys are `jax.random.key(seed)`, `key(seed + 1)`, …
      distance: Function `distance(players) -> scalar` that is zero at a solution, for example a
        duality gap. Default: Euclidean distance from `game.solution`.
      cost_updates: Number of updates over which the oracle calls are counted.

    Returns:
      A `Tuning` with the distances of all runs, and methods that return the oracle calls to a
      tolerance and the best learning rate.

    Raises:
      TypeError: If `make` or `distance` is not callable, `distance` does not return a scalar,
        `game` is not a `Game`, a count is not an int, or an argument is traced.
      ValueError: If a count is too small, the learning rates or starts have wrong shapes, a
        learning rate is negative, or the game has no solution and `distance` is missing.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> game = mm.games.bilinear()
      >>> rates = jnp.array([0.01, 0.1, 0.5, 2.0])
      >>> tuning = mm.tune(mm.extragradient, game, rates, budget=200)
      >>> print(rates[tuning.best(1e-2)], tuning.calls(1e-2)[:, 0, 0])
      0.5 [inf inf 90. inf]

    References:
      Dolan, Moré, `Benchmarking optimization software with performance profiles
      <https://arxiv.org/abs/cs/0102001>`_, 2002.
    """
    checks.check_callable("tune", "make", make, "a function of the learning rate", count=1)
    budget = checks.check_count("tune", "budget", budget)
    num_seeds = checks.check_count("tune", "num_seeds", num_seeds)
    seed = checks.check_count("tune", "seed", seed, at_least=0)
    cost_updates = checks.check_count("tune", "cost_updates", cost_updates)
    if not isinstance(game, Game):
        raise TypeError(
            f"tune: game must be a Game, got {checks.shown(game)}. Pass one of mm.games, or "
            "mm.games.Game(field_fn=..., payoff_fn=..., start=...)."
        )
    rates = _checked_rates(learning_rates)
    if starts is None:
        starts = jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], game.start)
    _check_rows("starts", starts, like=game.start)
    distance_fn = _distance(game, distance)
    points: Any = trees.strongly_typed(starts)
    seeds = jnp.arange(seed, seed + num_seeds)
    cost = _costs(make, game, rates, jax.tree.map(lambda x: x[0], points), seeds[0], cost_updates)
    if not cost.min() > 0:
        raise ValueError(
            "tune: make must create optimizers that use the field, got one without oracle calls. "
            "Compare it by its number of updates in mm.solve."
        )
    num_updates = int(budget // float(cost.min()))

    def run(rate: Any, start: Players, seed: jax.Array) -> jax.Array:
        seen = solve(
            make(rate),
            game.field_fn,
            start,
            num_updates,
            payoff_fn=game.payoff_fn,
            key=jax.random.key(seed),
            record=lambda step, players, updates, state: distance_fn(players),
        ).records
        return jnp.concatenate([jnp.asarray(distance_fn(start))[None], seen])

    over_starts = jax.vmap(jax.vmap(run, (None, None, 0)), (None, 0, None))
    distances = jax.jit(jax.vmap(over_starts, (0, None, None)))(rates, points, seeds)
    return Tuning(jax.tree.map(np.asarray, rates), cost, np.asarray(distances), budget)


def _costs(
    make: Callable[..., Any], game: Game, rates: Any, start: Players, seed: Any, num_updates: int
) -> np.ndarray:
    """Returns the executed oracle calls per update for each learning rate."""
    counted = field_evaluations(game.field_fn)

    @jax.jit
    def run(rate: Any) -> Players:
        options: Any = {"payoff_fn": game.payoff_fn, "key": jax.random.key(seed)}
        return solve(make(rate), counted, start, num_updates, **options).players

    found = []
    for row in range(len(jax.tree.leaves(rates)[0])):
        counted.reset()
        jax.block_until_ready(run(jax.tree.map(lambda x, row=row: x[row], rates)))
        found.append(sum(counted.counts()) / num_updates)
    return np.array(found)


def _checked_rates(learning_rates: Any) -> Any:
    """Returns the learning rates as arrays, or raises an error if a method could not use them."""
    sides = learning_rates if isinstance(learning_rates, Players) else (learning_rates,)
    if any(isinstance(leaf, Tracer) for side in sides for leaf in jax.tree.leaves(side)):
        raise TypeError(
            "tune: learning_rates must be known numbers, got traced ones. Call tune outside of "
            "jit, vmap and grad: it compiles the runs itself."
        )
    arrays = [jnp.asarray(side) for side in sides]
    rates = Players(*arrays) if isinstance(learning_rates, Players) else arrays[0]
    _check_rows("learning_rates", rates, like=None)
    for rate in np.concatenate(arrays):
        checks.check_learning_rate("tune", float(rate), "learning_rates")
    return rates


def _distance(game: Game, distance: Callable[..., Any] | None) -> Callable[[Players], Any]:
    if distance is not None:
        checks.check_callable("tune", "distance", distance, "a function", count=1)
        return _CheckedDistance(distance)
    solution = game.solution
    if solution is None:
        raise ValueError(
            "tune: distance must be a function for a game without solution, got None. Pass "
            "distance=, for example a duality gap."
        )
    if jax.tree.structure(solution) != jax.tree.structure(game.start):
        raise ValueError(
            f"tune: game.solution must have the structure of game.start, got "
            f"{checks.shown(solution)}. Pass distance= if only one player has a solution."
        )
    return lambda players: norms.norm(optax.tree.sub(players, solution))


@dataclasses.dataclass(frozen=True, eq=False)
class _CheckedDistance:
    """A distance that checks its values."""

    distance: Callable[..., Any]

    def __call__(self, players: Players) -> jax.Array:
        """Returns the distance of `players`, a real scalar."""
        found = self.distance(players)
        if not checks.is_real_scalar(found):
            raise TypeError(
                f"tune: distance must return a real scalar, got {checks.described(found)}. Reduce "
                "it, for example with optax.global_norm."
            )
        return jnp.asarray(found)


def _check_rows(argument: str, tree: Any, like: Any) -> None:
    """Raises ValueError if the leaves are not stacked values of the structure of `like`."""
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(tree)]
    expected = [()] * len(shapes)
    if like is not None:
        expected = [np.shape(leaf) for leaf in jax.tree.leaves(like)]
        if jax.tree.structure(tree) != jax.tree.structure(like):
            shapes = []
    rows = {shape[:1] for shape in shapes}
    if len(rows) != 1 or rows == {()} or rows == {(0,)} or [s[1:] for s in shapes] != expected:
        what = "one-dimensional" if like is None else "one row per start of game.start"
        raise ValueError(
            f"tune: {argument} must be {what}, got leaves of shapes {shapes}. Stack the values on "
            "a first axis."
        )
