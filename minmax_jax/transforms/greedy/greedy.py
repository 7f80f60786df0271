"""Greedy min-max method, which accepts a min step only if it lowers the payoff.

The payoff is compared after the max player's ascent.
"""

from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, PayoffFn, Players, transformation
from minmax_jax.players import ScalarOrSchedule
from minmax_jax.transforms.greedy.acceptance import GreedySettings, accept_test
from minmax_jax.transforms.greedy.ascent import AscentResult, ascend
from minmax_jax.transforms.greedy.state import (
    GreedyState,
    GreedyStatus,
    conclude,
    initial_state,
)


def greedy(
    proposal: optax.GradientTransformation,
    ascent: optax.GradientTransformation,
    *,
    max_ascent_steps: int,
    gradient_tolerance: ScalarOrSchedule | None,
    min_improvement: ScalarOrSchedule = 0.0,
    temperature: ScalarOrSchedule = 0.0,
    accept_probability: ScalarOrSchedule | None = None,
    accept_every: int | None = None,
    max_rejections: int | None = None,
    tolerance_growth: ScalarOrSchedule = 1.0,
    gradient_bound: ScalarOrSchedule = float("inf"),
    stochastic: bool = True,
    draws: Literal["common", "independent"] = "common",
    overwrite_payoff: bool = False,
    restore_states: bool = True,
    restore_max: bool = True,
    name: str = "greedy",
) -> optax.GradientTransformationExtraArgs:
    """Proposes a min step, runs the max player's ascent after it, and accepts or rejects both.

    Let F = (F_x, F_y) be the field, X and Y the steps computed by `proposal` and `ascent`,
    i = 0, 1, … the index of the update, and f_old the payoff at (x, y) (infinite for i = 0):

        x' = x + X(F_x(x, y))                                        # sample index 0
        w_0 = y;  w_{j+1} = w_j + Y(F_y(x', w_j)), j < K,            # sample index j + 1
                  until ‖F_y(x', w_j)‖ ≤ ε_i or j = K
        accept (x', w) if f(x', w) ≤ f_old − δ, else with probability e^{−i/τ}   # index K + 1

    K = `max_ascent_steps`, ε_i = `gradient_tolerance` · `tolerance_growth`^acceptances,
    δ = `min_improvement`, τ = `temperature`. Both payoffs are evaluated on the same sample, unless
    `draws="independent"`.

    **Rejection.** A rejection restores the parameters, both optimizer states and the stored
    payoff. Only the counters change. The keys for proposal and test are derived from `key` and
    `count`, so the next proposal differs. (`optax.add_noise` stores its key in its state
    and would repeat the rejected noise; use `mm.add_noise`.)

    **Stopping.** After more than `max_rejections` rejections in a row, or after a divergence,
    `status` changes, updates are zero and the state is constant. Let the payoff ignore its
    sample index, |f| ≤ b, τ = 0, δ > 0 be constant and `max_rejections` be set, without
    `accept_every` and `accept_probability`, with `restore_max=True` and
    `overwrite_payoff=False`. Then the method stops after at most 2b/δ + 1 acceptances and
    (2b/δ + 2)(max_rejections + 1) proposals.

    **Schedules.** All schedules are functions of i, including those of this library's optimizers
    in `proposal` and `ascent`, which receive `update_count=`.

    **Devices.** To make the same decision on all devices, create field and payoff with
    `axis_name`.

    **Published variants.** The paper tests against δ/4; pass that as `min_improvement`.

    - k ascent steps, in an unrolled loop: `gradient_tolerance=None, max_ascent_steps=k`.
    - Unconditional acceptance in every n-th update: `accept_every=n`. With 1, the method is
      alternating gradient descent–ascent.
    - Unconditional acceptance with probability 1/(4 + exp((i/20000)²)) instead of e^{−i/τ}:
      `accept_probability=lambda i: 1 / (4 + jnp.exp((i / 20000.0) ** 2))`.
    - Moments are not restored: `restore_states=False`.
    - Only the min player is restored: `restore_max=False`. The state of `ascent` is then kept
      too.
    - Growing ε_i: `tolerance_growth=1 / (1 − 2ηL)`, with the learning rate η of the ascent and
      a Lipschitz constant L of ∇f.

    - Payoffs on two independent samples, as the authors evaluate them for images:
      `draws="independent"`. The noise of the samples then decides many tests: proposals are
      accepted that raise the payoff, and others rejected that lower it.
    - f_old is the payoff of the previous proposal, accepted or not, as in the authors' code for
      four Gaussians: `stochastic=False, overwrite_payoff=True`.
    - Reversed test, as in that code: pass −f as `payoff_fn`.

    **Cost.** The field passed in (min player's half). An ascent of j steps evaluates the max
    player's half j times, plus once if the tolerance ends it, and at most K + 1 times. Two
    payoffs, or one if not `stochastic`.

    Args:
      proposal: Transformation of the min player, for example an Adam step, `mm.nsgda` or noise.
      ascent: Transformation of the max player.
      max_ascent_steps: Maximum number of ascent steps K, a Python int.
      gradient_tolerance: Tolerance ε_0 for the Euclidean norm of the whole gradient of y: a
        number or a schedule. None for exactly K steps.
      min_improvement: Required decrease δ of the payoff for acceptance.
      temperature: Temperature τ. With 0, no proposal that fails the test is accepted.
      accept_probability: Probability of accepting a proposal that fails the test. It requires
        `temperature=0`.
      accept_every: Period n. Updates 0, n, 2n, … are accepted unless the ascent diverged. None
        for no unconditional acceptance.
      max_rejections: Maximum number of rejections in a row, or None for no limit.
      tolerance_growth: Factor of ε per acceptance, at least 1.
      gradient_bound: Norm of F_y above which an ascent has diverged.
      stochastic: Whether to evaluate f_old again on the sample of f(x', w). Pass False for a
        payoff that ignores its sample index, to reuse the last accepted payoff.
      draws: Sample of f_old: "common" for the one of f(x', w), with index K + 1; "independent"
        for one of its own, with index K + 2.
      overwrite_payoff: Whether f_old is the payoff of the previous proposal even if that was
        rejected. It requires `stochastic=False`.
      restore_states: Whether a rejection restores the states of `proposal` and `ascent`.
      restore_max: Whether a rejection restores y and the state of `ascent`.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      arguments `field_fn` and `payoff_fn`, and `key` if the test is random. `key` is passed on
      to `proposal` and `ascent`.

    Raises:
      TypeError: If `proposal` or `ascent` is not an Optax gradient transformation, or another
        argument has the wrong type.
      ValueError: If an argument is out of range, or two arguments exclude each other. In
        `update`, if a required argument is missing, or `optax.masked` hides parameters.

    Examples:
      On F1 = −3x² − y² + 4xy, gradient descent–ascent diverges. max_y F1 = x² is minimal at 0:

      >>> import jax, optax
      >>> import minmax_jax as mm
      >>> game = mm.games.keswani("F1")
      >>> tx = mm.greedy(
      ...     optax.chain(optax.set_to_zero(), mm.add_noise(0.5)), optax.sgd(0.05),
      ...     max_ascent_steps=1000, gradient_tolerance=1e-3, min_improvement=0.03,
      ...     max_rejections=19, stochastic=False,
      ... )
      >>> end = mm.solve(
      ...     tx, game.field_fn, game.start, 400, payoff_fn=game.payoff_fn, key=jax.random.key(0)
      ... )
      >>> mm.GreedyStatus(int(end.state.status)).name, bool(abs(end.players.min) < 0.5)
      ('CONVERGED', True)

    References:
      Keswani, Mangoubi, Sachdeva, Vishnoi, `A convergent and dimension-independent min-max
      optimization algorithm <https://arxiv.org/abs/2006.12376>`_, 2022 (annealing, growing
      tolerance and stopping rule are not checked against the paper).
    """
    settings = GreedySettings(
        max_ascent_steps=max_ascent_steps,
        gradient_tolerance=gradient_tolerance,
        min_improvement=min_improvement,
        temperature=temperature,
        accept_probability=accept_probability,
        accept_every=accept_every,
        max_rejections=max_rejections,
        tolerance_growth=tolerance_growth,
        gradient_bound=gradient_bound,
        stochastic=stochastic,
        draws=draws,
        overwrite_payoff=overwrite_payoff,
        restore_states=restore_states,
        restore_max=restore_max,
    )
    min_tx = checks.check_transformation(name, "proposal", proposal)
    max_tx = checks.check_transformation(name, "ascent", ascent)
    settings = settings.checked(name)
    return _greedy(min_tx, max_tx, settings, name)


def _greedy(
    min_tx: Any, max_tx: Any, settings: GreedySettings, name: str
) -> optax.GradientTransformationExtraArgs:
    def init_fn(params: Players) -> GreedyState:
        x, y = trees.sides(checks.check_whole_players(name, "params", params))
        return initial_state(params, min_tx.init(x), max_tx.init(y))

    def update_fn(
        updates: Players,
        state: GreedyState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        payoff_fn: PayoffFn | None = None,
        key: jax.Array | None = None,
        **extra: Any,
    ) -> tuple[Players, GreedyState]:
        params, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, GreedyState)
        payoff_fn = checks.check_payoff_fn(name, payoff_fn)
        if settings.is_random:
            checks.check_key(name, key, "it accepts at random")
        checks.check_is_key(name, key)
        params = Players(*jax.tree.map(jnp.asarray, params))
        # One key may serve all updates, because the count, which is never restored, is folded in.
        key = None if key is None else jax.random.fold_in(key, state.count)
        extra = {**extra, "key": key, "update_count": state.count}
        running = state.status == GreedyStatus.RUNNING

        inner = calls.inner_call(extra, 0)
        x_step, min_state = min_tx.update(updates.min, state.min, params.min, **inner)
        proposed = Players(optax.apply_updates(params.min, x_step), params.max)
        answer = _ascend(settings, max_tx, field_fn, proposed, state, extra, running)
        step = Players(x_step, answer.step)
        test = accept_test(settings, payoff_fn, params, step, answer, state, key)
        return conclude(settings, running, state, step, min_state, answer, test)

    return transformation(init_fn, update_fn)


def _ascend(
    settings: GreedySettings,
    max_tx: Any,
    field_fn: FieldFn,
    proposed: Players,
    state: GreedyState,
    extra: dict[str, Any],
    running: jax.Array,
) -> AscentResult:
    """Runs the max player's ascent at the proposed point, with the tolerance ε_i of this update.

    The ascent makes no steps unless `running` is True.
    """
    tolerance = settings.gradient_tolerance
    if tolerance is not None:
        growth = calls.value_at(settings.tolerance_growth, state.count)
        epsilon = calls.value_at(tolerance, state.count).astype(state.value.dtype)
        tolerance = epsilon * growth.astype(epsilon.dtype) ** state.accepted.astype(epsilon.dtype)
    return ascend(
        max_tx,
        field_fn,
        proposed,
        state.max,
        extra,
        max_steps=settings.max_ascent_steps,
        tolerance=tolerance,
        bound=calls.value_at(settings.gradient_bound, state.count),
        allowed=running,
    )
