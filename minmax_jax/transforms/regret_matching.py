"""Regret matching, which plays actions in proportion to their positive regrets."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, treeplex, trees
from minmax_jax._util.types import PyTree, transformation
from minmax_jax.players import ScalarOrSchedule, each_player


class RegretMatchingState(NamedTuple):
    """State of `regret_matching`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      regrets: Sum of the regrets of each action, a tree like the parameters in float32 or wider.
        With `plus`, sums are never negative.
    """

    count: jax.Array
    regrets: Any


def regret_matching(
    learning_rate: ScalarOrSchedule = 1.0,
    *,
    plus: bool = True,
    parents: treeplex.Parents | None = None,
    name: str = "regret_matching",
) -> optax.GradientTransformationExtraArgs:
    """Regret matching for one player of a game over probability vectors.

    With the utilities `u = −F` of the actions, the regrets R and the next strategy are

        R⁺ = R + u − ⟨u, z⟩,        z⁺ = max(R⁺, 0) / Σ max(R⁺, 0),

    or uniform where no regret is positive. With `plus`, `R⁺ = max(R + u − ⟨u, z⟩, 0)` (regret
    matching+). The method has no learning rate: multiplying the payoffs by a number does not
    change the strategies. The last strategies usually cycle. Their average converges to an
    equilibrium: wrap the method in `average`, with linear weights for regret matching+.

    Use it for both players in `per_player` (simultaneous updates), or in `alternate`, which
    converges faster. In sequence form (`parents`), each decision matches its counterfactual
    regrets, which is counterfactual regret minimization (CFR, and CFR+ with `plus`).

    **Cost.** One copy of the parameters. No field evaluations.

    **Verification.** The tests compare the strategies with the formulas in NumPy, and solve
    Kuhn's poker to its known value. Without `plus`, the formulas agree with OpenSpiel 2.0.2.

    Args:
      learning_rate: Step towards the next strategy: 1 for the method itself. A number, or a
        schedule of the update count.
      plus: Whether to set negative sums of regrets to zero.
      parents: See `exponentiate`.
      name: Name used in error messages.

    Returns:
      A gradient transformation for one player, or for each of `Players`. Its `update` requires
      `params`.

    Raises:
      TypeError: If `learning_rate` is not a number or a schedule, or `parents` is not a mapping.
      ValueError: If `learning_rate` is negative or not finite, or `plus` is not a bool. In
        `update`, if params is missing or differs from the updates in structure.

    Examples:
      >>> import minmax_jax as mm
      >>> game = mm.games.matrix([[1.0, -1.0], [-2.0, 3.0]])
      >>> one = mm.regret_matching()
      >>> optimizer = mm.average(mm.alternate(min=one, max=one), "linear")
      >>> result = mm.solve(optimizer, game.field_fn, game.start, 1000)
      >>> mean = mm.averaged_players(result.state)
      >>> bool(mm.diagnostics.exploitability(game.field_fn, mean) < 1e-3)
      True

    References:
      Hart, Mas-Colell, A simple adaptive procedure leading to correlated equilibrium, 2000.
      Tammelin, `Solving large imperfect information games using CFR+
      <https://arxiv.org/abs/1407.5042>`_, 2014.
      Zinkevich, Johanson, Bowling, Piccione, Regret minimization in games with incomplete
      information, 2007.
    """
    learning_rate = checks.check_number(name, "learning_rate", learning_rate)
    checks.check_choice(name, "plus", plus, (True, False))
    checked = treeplex.check_parents(name, parents)

    def init_fn(params: PyTree) -> RegretMatchingState:
        checks.check_floats(name, "params", params)
        treeplex.flatten(name, params, checked)
        regrets = jax.tree.map(lambda leaf: jnp.zeros_like(trees.widen(leaf)), params)
        return RegretMatchingState(trees.new_count(), regrets)

    def update_fn(
        updates: PyTree,
        state: RegretMatchingState,
        params: PyTree | None = None,
        *,
        update_count: jax.Array | None = None,
        **extra: object,
    ) -> tuple[PyTree, RegretMatchingState]:
        del extra
        params = checks.check_params(name, params, "regrets compare actions with them")
        checks.check_match(name, updates, params)
        checks.check_state(name, state, RegretMatchingState, updates, "regrets")
        targets, regrets = _matching(updates, state.regrets, params)
        scale = calls.value_at(learning_rate, state.count if update_count is None else update_count)

        def step(target: jax.Array, z: jax.Array, update: jax.Array) -> jax.Array:
            step = target.astype(z.dtype) - z
            return (scale.astype(step.dtype) * step).astype(update.dtype)

        steps = jax.tree.map(step, targets, params, updates)
        return steps, RegretMatchingState(trees.increment(state.count), regrets)

    def _matching(field: PyTree, regrets: PyTree, params: PyTree) -> tuple[PyTree, PyTree]:
        """Returns the next strategy and the next regrets of one player."""
        losses, restore = treeplex.flatten(name, field, checked)
        sums, restore_sums = treeplex.flatten(name, regrets, checked)
        z, _ = treeplex.flatten(name, params, checked)
        played = _played(z, sums)
        utilities = treeplex.add_children(
            {key: -trees.widen(leaf) for key, leaf in losses.items()},
            checked,
            lambda key, total: jnp.sum(played[key] * total, axis=-1),
        )
        for key, total in utilities.items():
            mean = jnp.sum(played[key] * total, axis=-1, keepdims=True)
            new = sums[key] + (total - mean).astype(sums[key].dtype)
            sums[key] = jnp.maximum(new, 0.0) if plus else new
        matched = treeplex.weights(_matched(sums), checked)
        return restore(matched), restore_sums(sums)

    return each_player(name, transformation(init_fn, update_fn))


def _matched(regrets: treeplex.Leaves) -> treeplex.Leaves:
    positive = {key: _scaled(jnp.maximum(leaf, 0.0)) for key, leaf in regrets.items()}
    return treeplex.behavior(positive)


def _scaled(weights: jax.Array) -> jax.Array:
    """Divides the weights of each decision by a power of two, so that their sum is finite.

    The division is exact, and so does not change the probabilities.
    """
    _, exponent = jnp.frexp(jnp.max(weights, axis=-1, keepdims=True))
    return jnp.ldexp(weights, -exponent)


def _played(weights: treeplex.Leaves, regrets: treeplex.Leaves) -> treeplex.Leaves:
    """Returns the probabilities of the actions in each decision.

    A decision that the player does not reach has no weights. There, the probabilities are those
    that its regrets give.
    """
    own, matched = treeplex.behavior(weights), _matched(regrets)
    return {
        key: jnp.where(jnp.sum(leaf, axis=-1, keepdims=True) > 0, own[key], matched[key])
        for key, leaf in weights.items()
    }
