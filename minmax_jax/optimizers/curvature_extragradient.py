"""CurvatureEG+, extragradient whose step size follows the local curvature."""

from typing import Any

import optax

from minmax_jax._util import calls
from minmax_jax.optimizers._shared.two_player import (
    Projection,
    Transform,
    field_and_step,
    project_players,
)
from minmax_jax.players import LearningRate
from minmax_jax.transforms.curvature import step_by_curvature


def curvature_extragradient(
    learning_rate: LearningRate = 1.0,
    *,
    shrink: Any = 0.99,
    backtrack: Any = 0.5,
    power_iterations: int = 1,
    max_step_size: Any = 1e6,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """CurvatureEG+, an extragradient method that needs no learning rate.

    With the Jacobian J of F, the projection P and the factors ν = `shrink` and τ = `backtrack`:

        γ = ν / ‖J(z)‖₂,  w = P(z − γ F(z))
        while γ ‖F(w) − F(z)‖ > ν ‖w − z‖:  γ ← τ γ,  w = P(z − γ F(z))
        d = w − z − γ (F(w) − F(z)),  α = ⟨w − z, d⟩ / ‖d‖² − 0.495
        z⁺ = z + η α d

    The extrapolation step is as long as the local Lipschitz constant allows, and the update step
    is shorter. Such steps converge for fields of the weak Minty inequality (see
    `extragradient`), and also leave the cycle of `games.forsaken()`, where this theory does
    not apply. Multiplying the payoff by a constant does not change the iterates. Norms and inner
    products are taken over both players.

    **Constraints.** The parameters z⁺ are not projected. They converge to the solution, but
    may be outside of the constraint set before; `projection` of them is feasible.

    **Cost.** Two field evaluations per update and one more for each reduction of γ, all with
    sample index 0, because noise in F(w) − F(z) would look like curvature. The norm ‖J‖₂ costs one
    JVP and one VJP per power iteration, which continues from the direction of the last update;
    the estimate is never too large, and the loop reduces γ where it is too small. The field
    passed in is not used; XLA removes its evaluation. The state contains a copy of the
    parameters, and `step_size` and `backtracks` of the last update. Under `jax.vmap`, all runs
    wait for the slowest one.

    **Verification.** The tests compare the iterates with the formulas in NumPy, with closed forms
    on quadratic games, and check that it reaches the solutions of Forsaken and the polar game. The
    formulas were read in the authors' notebook, which cannot run here.

    Args:
      learning_rate: Factor η of the update step: a number, a schedule of the update count, or
        `Players` of two. The theory is for one number between 0 and 2.
      shrink: Factor ν in [0, 1] of the step size.
      backtrack: Factor τ in [0, 1) by which γ is reduced.
      power_iterations: Number of power iterations for ‖J‖₂ per update.
      max_step_size: Largest step size γ, for points where J is zero.
      transform: Transformation applied to every field, for example weight decay, or `Players` of
        two transformations. As `params`, it receives the point at which the field was evaluated.
        ‖J‖₂ is the norm without it.
      projection: Projection onto the constraint set, applied to the lookahead point: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, another number is not a number,
        `power_iterations` is not an int, `transform` is not an Optax gradient transformation, or
        `projection` is not callable.
      ValueError: If a number is out of range; in `update`, if `params` or `field_fn` is missing.

    Examples:
      On Forsaken, extragradient with a small learning rate ends in a cycle:

      >>> import minmax_jax as mm
      >>> game = mm.games.forsaken()
      >>> for tx in (mm.extragradient(0.1), mm.curvature_extragradient()):
      ...     end = mm.solve(tx, game.field_fn, game.start, 2000).players
      ...     print(bool(abs(end.min - game.solution.min) < 1e-3))
      False
      True

    References:
      Pethick, Latafat, Patrinos, Fercoq, Cevher, `Escaping limit cycles: global convergence for
      constrained nonconvex-nonconcave minimax problems <https://arxiv.org/abs/2302.09831>`_,
      2022, Algorithm 2 (number not checked).
    """
    name = "curvature_extragradient"
    on_field, step = field_and_step(name, optax.identity(), learning_rate, transform)
    curved = step_by_curvature(
        project_players(name, projection),
        shrink=shrink,
        backtrack=backtrack,
        power_iterations=power_iterations,
        max_step_size=max_step_size,
        transform=on_field,
        name=name,
    )
    return calls.chain(name, curved, step)
