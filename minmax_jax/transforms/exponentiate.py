"""The entropic step, which keeps probability vectors positive and normalized."""

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks, treeplex, trees
from minmax_jax._util.types import PyTree, transformation


class EntropicStep(optax.GradientTransformationExtraArgs):
    """Type of `exponentiate()`, which optimizers accept as `projection`."""


def exponentiate(
    parents: treeplex.Parents | None = None, *, name: str = "exponentiate"
) -> EntropicStep:
    """Multiplies probabilities by the exponential of a step and normalizes them.

    It replaces the step u by `z⁺ − z` with

        z⁺ = z · exp(u) / Σ z · exp(u),

    for each leaf over its last axis. This is the mirror step of the entropy, and takes the place
    of a projection onto the simplex: pass it as `projection` of an optimizer, or put it after the
    learning rate in a chain. It makes multiplicative weights of `sgda`, optimistic multiplicative
    weights of `optimistic_gda`, and mirror prox of `extragradient`.

    In games with several decisions per player, `parents` says which decision follows which
    action. The step is then the mirror step of the dilated entropy, which has one entropy per
    decision, weighted by the probability of reaching it.

    **Range.** Weights below the smallest normal number (1.2e-38 in float32) count as this number.
    Since steps are added to the parameters, one update multiplies a weight by no less than the
    precision (1.2e-7 in float32). No weight therefore becomes zero and stays there.

    **Cost.** One exponential and one logarithm per parameter. No field evaluations.

    **Verification.** The tests compare multiplicative weights, their optimistic form and mirror
    prox with the formulas in NumPy, and the dilated step with a minimization by SciPy.

    Args:
      parents: Mapping from the name of a leaf to the name and action of its parent, for a player
        in sequence form, such as `games.KUHN_POKER_PARENTS.max`. Default: every leaf is a batch
        of probability vectors along its last axis.
      name: Name used in error messages.

    Returns:
      A stateless Optax transformation. Its `update` requires `params`, which are positive.

    Raises:
      TypeError: If `parents` is not a mapping from names to pairs of a name and an action.
      ValueError: If `parents` has a cycle. In `init` and `update`, if a leaf has no axis or
        `parents` names a leaf that is missing. In `update`, if params is missing or differs from
        the updates in structure, or the transformation is part of `transform`.

    Examples:
      In rock–paper–scissors, multiplicative weights move away from the equilibrium. Optimistic
      multiplicative weights converge to it:

      >>> import minmax_jax as mm
      >>> game = mm.games.matrix()
      >>> def gap(optimizer):
      ...     end = mm.solve(optimizer, game.field_fn, game.start, 1000).players
      ...     return mm.diagnostics.exploitability(game.field_fn, end)
      >>> bool(gap(mm.sgda(0.1, projection=mm.exponentiate())) > 0.5)
      True
      >>> bool(gap(mm.optimistic_gda(0.5, projection=mm.exponentiate())) < 1e-3)
      True

    References:
      Nemirovski, Yudin, Problem complexity and method efficiency in optimization, 1983.
      Daskalakis, Panageas, `Last-iterate convergence: zero-sum games and constrained min-max
      optimization <https://arxiv.org/abs/1807.04252>`_, 2019 (optimistic multiplicative weights).
      Hoda, Gilpin, Peña, Sandholm, Smoothing techniques for computing Nash equilibria of
      sequential games, 2010 (dilated entropy).
    """
    checked = treeplex.check_parents(name, parents)

    def init_fn(params: PyTree) -> optax.EmptyState:
        checks.check_floats(name, "params", params)
        trees.each_player(lambda tree: treeplex.flatten(name, tree, checked), params)
        return optax.EmptyState()

    def update_fn(
        updates: PyTree,
        state: optax.EmptyState,
        params: PyTree | None = None,
        *,
        is_field: bool = False,
        **extra: object,
    ) -> tuple[PyTree, optax.EmptyState]:
        del extra
        if is_field:
            raise ValueError(
                f"{name}: an entropic step is part of transform=, where it would change the field "
                "and not the parameters. Pass it as projection=, or put it after the learning "
                "rate."
            )
        params = checks.check_params(name, params, "it multiplies them")
        checks.check_match(name, updates, params)
        return trees.each_player(_step, updates, params), state

    def _step(updates: PyTree, params: PyTree) -> PyTree:
        steps, restore = treeplex.flatten(name, updates, checked)
        z, _ = treeplex.flatten(name, params, checked)
        logs = treeplex.log_behavior(z)
        totals = treeplex.add_children(
            {key: trees.widen(step) for key, step in steps.items()},
            checked,
            lambda key, total: jax.nn.logsumexp(logs[key] + total, axis=-1),
        )
        probabilities = {key: jax.nn.softmax(logs[key] + totals[key], axis=-1) for key in logs}
        moved = treeplex.weights(probabilities, checked)
        # Normalization rounds. Without this test, the players would move where the field is zero.
        moves = jnp.any(jnp.stack([jnp.any(step != 0) for step in steps.values()]))
        return restore(
            {
                key: jnp.where(moves, _difference(moved[key], z[key]), 0).astype(steps[key].dtype)
                for key in moved
            }
        )

    return EntropicStep(*transformation(init_fn, update_fn))


def _difference(moved: jax.Array, start: jax.Array) -> jax.Array:
    """Returns the step from `start` to `moved`. The sum of `start` and the step is positive."""
    lowest = start * (jnp.finfo(start.dtype).eps - 1)
    return jnp.maximum(moved - start.astype(moved.dtype), lowest.astype(moved.dtype))
