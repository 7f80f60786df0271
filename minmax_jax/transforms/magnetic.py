"""Magnetic mirror descent, which pulls strategies towards a reference strategy."""

from typing import Any

import jax.numpy as jnp
import optax

from minmax_jax._util import checks, treeplex, trees
from minmax_jax._util.types import PyTree, transformation


def magnetic(
    strength: float,
    magnet: Any = None,
    *,
    parents: treeplex.Parents | None = None,
    name: str = "magnetic",
) -> optax.GradientTransformationExtraArgs:
    """Adds the gradient of `α KL(z, m)` to a field over probability vectors.

    The field F becomes `F(z) + α (log z − log m)` with the magnet m. With entropic steps it is
    magnetic mirror descent: `sgda(η', transform=magnetic(α), projection=exponentiate())` computes

        z⁺ ∝ (z · exp(−η F) · m^{ηα})^{1/(1 + ηα)}    for η' = η / (1 + ηα).

    On a zero-sum matrix game it converges linearly to the quantal response equilibrium
    `x = softmax(−A y / α)`, `y = softmax(Aᵀx / α)` if m is uniform. Lower α gives points closer
    to an equilibrium, and slower convergence.

    In sequence form, log z is the logarithm of the probability of an action in its decision, and
    KL is weighted by the probability of reaching the decision (dilated entropy).

    **Cost.** One logarithm per parameter. No field evaluations.

    **Verification.** The tests compare the step with the published formula in NumPy, and the limit
    with the quantal response equilibrium. The formula agrees with OpenSpiel 2.0.2.

    Args:
      strength: α, a nonnegative number.
      magnet: Strategies m in the form of the parameters that the transformation receives, all
        positive. In `transform=` of an optimizer, these are one player's. Default: uniform
        probabilities in every decision.
      parents: See `exponentiate`.
      name: Name used in error messages.

    Returns:
      A stateless Optax transformation of fields. Its `update` requires `params`.

    Raises:
      TypeError: If `strength` is not a number, or `parents` is not a mapping.
      ValueError: If `strength` is negative or not finite. In `update`, if params is missing, or
        params, updates and `magnet` differ in structure.

    Examples:
      The solution of a game with α = 1 is where both strategies are quantal responses:

      >>> import jax, minmax_jax as mm
      >>> game = mm.games.matrix([[1.0, -1.0], [-2.0, 3.0]])
      >>> optimizer = mm.sgda(
      ...     0.2, transform=mm.magnetic(1.0), projection=mm.exponentiate()
      ... )
      >>> z = mm.solve(optimizer, game.field_fn, game.start, 200).players
      >>> response = jax.nn.softmax(-game.field_fn(z).min)
      >>> bool(abs(response - z.min).max() < 1e-6)
      True

    References:
      Sokota et al., `A unified approach to reinforcement learning, quantal response equilibria,
      and two-player zero-sum games <https://arxiv.org/abs/2206.05825>`_, 2023.
    """
    strength = checks.check_number(name, "strength", strength, schedule=False)
    checked = treeplex.check_parents(name, parents)
    if magnet is not None:
        checks.check_floats(name, "magnet", magnet)

    def init_fn(params: PyTree) -> optax.EmptyState:
        checks.check_floats(name, "params", params)
        trees.each_player(lambda tree: treeplex.flatten(name, tree, checked), params)
        if magnet is not None:
            _check_magnet(params)
        return optax.EmptyState()

    def _check_magnet(params: PyTree) -> None:
        compared = {"magnet": magnet, "params": params}
        advice = "Pass strategies like the parameters."
        checks.check_same_structure(name, compared, advice, exact=True)

    def update_fn(
        updates: PyTree,
        state: optax.EmptyState,
        params: PyTree | None = None,
        **extra: object,
    ) -> tuple[PyTree, optax.EmptyState]:
        del extra
        params = checks.check_params(name, params, "the pull depends on them")
        checks.check_match(name, updates, params)
        if magnet is None:
            return trees.each_player(_pull, updates, params), state
        _check_magnet(params)
        return trees.each_player(_pull, updates, params, magnet), state

    def _pull(updates: PyTree, params: PyTree, magnet: PyTree | None = None) -> PyTree:
        field, restore = treeplex.flatten(name, updates, checked)
        z, _ = treeplex.flatten(name, params, checked)
        if magnet is None:
            m = {key: jnp.ones_like(leaf) for key, leaf in z.items()}
        else:
            m, _ = treeplex.flatten(name, magnet, checked)
        logs, targets = treeplex.log_behavior(z), treeplex.log_behavior(m)
        return restore(
            {
                key: (trees.widen(leaf) + strength * (logs[key] - targets[key])).astype(leaf.dtype)
                for key, leaf in field.items()
            }
        )

    return transformation(init_fn, update_fn)
