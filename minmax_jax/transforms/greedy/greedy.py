"""Accept or reject: the min player moves only where the max player's answer leaves him better."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks
from minmax_jax._util.types import FieldFn, PayoffFn, Players, transformation
from minmax_jax.players import ScalarOrSchedule
from minmax_jax.transforms.greedy import acceptance
from minmax_jax.transforms.greedy.acceptance import GreedySettings
from minmax_jax.transforms.greedy.ascent import AscentResult, ascend
from minmax_jax.transforms.greedy.state import GreedyState, GreedyStatus, begin, conclude


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
    restore_states: bool = True,
    restore_max: bool = True,
    name: str = "greedy",
) -> optax.GradientTransformationExtraArgs:
    """Proposes a step of x, lets y answer by ascent, and takes both or neither.

    With F = (F_x, F_y), X and Y the steps that `proposal` and `ascent` make of a field,
    i = 0, 1, … the update, and f_old the payoff at (x, y), ∞ at the first update:

        x' = x + X(F_x(x, y))                                        draw 0
        w_0 = y;  w_{j+1} = w_j + Y(F_y(x', w_j)), j < K,            draw j + 1
                  until ‖F_y(x', w_j)‖ ≤ ε_i or j = K
        accept (x', w) if f(x', w) ≤ f_old − δ, else with probability e^{−i/τ}    draw K + 1

    K = `max_ascent_steps`, ε_i = `gradient_tolerance` · `tolerance_growth`^acceptances, δ =
    `min_improvement`, τ = `temperature`. Both payoffs are taken on one draw. A rejection
    leaves players, both states and the stored value as they were; only the count goes on,
    and the keys of proposal and test derive from `key` and that count: the next proposal is
    another one (`optax.add_noise`, whose generator is in its state, would repeat itself:
    use `mm.add_noise`). After more than `max_rejections` in a row, or a divergence, `status`
    says so, updates are zero and the state stays. With |f| ≤ b, τ = 0 and δ > 0 it stops:
    at most 2b/δ + 1 acceptances and (2b/δ + 2)(max_rejections + 1) proposals.

    Schedules are functions of i; this library's rates in `proposal` and `ascent` as well, by
    `update_count=`. One decision for all devices: make field and payoff with `axis_name`.

    The published variants (the paper tests against δ/4: pass that for δ):
      fixed k ascent steps: `gradient_tolerance=None, max_ascent_steps=k`; unrolled, no loop;
      acceptance of each `rate`-th update whatever comes: `accept_every=rate` (1: plain play);
      unconditional acceptance with probability 1/(4 + exp((j/20000)²)): `accept_probability=
        lambda j: 1 / (4 + jnp.exp((j / 20000.0) ** 2))`, in place of e^{−i/τ};
      moments not rolled back: `restore_states=False`;
      only the min player restored: `restore_max=False`; the ascent's state stays with y;
      growing ε_i: `tolerance_growth=1 / (1 − 2ηL)`, η the ascent's rate, ∇f L-Lipschitz.
    Of the published code not offered: a reversed test, values on two different batches.

    Price: the field passed in (x's half); an ascent of j steps evaluates y's half j times,
    once more if the tolerance ended it: at most K + 1 in all; two payoffs, one if not
    `stochastic`.

    Args:
      proposal: any transformation of the min player: an Adam step, `mm.nsgda`, noise.
      ascent: any transformation of the max player.
      max_ascent_steps: K, a Python int.
      gradient_tolerance: ε_0, for the Euclidean norm over all y; None: always K steps.
      min_improvement: δ.
      temperature: τ; 0 accepts nothing that fails the test.
      accept_probability: that of accepting what fails the test; needs temperature 0.
      accept_every: accept updates 0, n, 2n, … unless diverged; None: never so.
      max_rejections: r_max; None: never stops.
      tolerance_growth: factor of ε with each acceptance.
      gradient_bound: ‖F_y‖ beyond which an ascent has diverged.
      stochastic: True evaluates f_old anew on the draw of f(x', w); False, for a payoff that
        ignores its draw, keeps the value of the last acceptance.
      restore_states: whether a rejection restores the states of proposal and ascent.
      restore_max: whether a rejection restores y (and the ascent's state).
      name: Name used in error messages.

    Returns:
      A transformation of `Players`; `update` needs `params`, `field_fn=`, `payoff_fn=` and,
      where it accepts at random, `key=`, which goes on to proposal and ascent.

    Raises:
      TypeError, ValueError: for arguments out of range; in `update`, when something needed
        is missing, or under `optax.masked`.

    Examples:
      F1 = −3x² − y² + 4xy, where max_y F1 = x² is least at 0 and descent–ascent diverges:

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
      Mangoubi, Sachdeva, Vishnoi, `A provably convergent and practical algorithm for min-max
      optimization with applications to GANs <https://arxiv.org/abs/2006.12376>`_, 2020; with
      Keswani, A convergent and dimension-independent min-max optimization algorithm, 2022
      (annealing, growth and stop are recalled from it).
    """
    settings = GreedySettings(
        max_ascent_steps, gradient_tolerance, min_improvement, temperature, accept_probability,
        accept_every, max_rejections, tolerance_growth, gradient_bound, stochastic,
        restore_states, restore_max,
    )  # fmt: skip
    for argument, tx in (("proposal", proposal), ("ascent", ascent)):
        checks.check_transformation(name, argument, tx)
    settings.check(name)
    # Any: Optax's aliases for trees do not know Players.
    min_tx: Any = optax.with_extra_args_support(proposal)
    max_tx: Any = optax.with_extra_args_support(ascent)
    draws_at_random = settings.anneals or settings.accept_probability is not None

    def init_fn(params: Players) -> GreedyState:
        checks.check_whole_players(name, "params", params)
        return begin(params, min_tx.init(params.min), max_tx.init(params.max))

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
        checks.check_field_fn(name, updates, params, field_fn)
        checks.check_payoff_fn(name, payoff_fn)
        if draws_at_random:
            checks.check_key(name, key, "it accepts at random")
        assert params is not None and field_fn is not None  # for the type checker
        assert payoff_fn is not None
        params = Players(*jax.tree.map(jnp.asarray, params))
        # One key may serve all updates: each has its own by the count, which never rolls back.
        key = None if key is None else jax.random.fold_in(key, state.count)
        extra = {**extra, "key": key, "update_count": state.count}
        running = state.status == GreedyStatus.RUNNING

        call = calls.inner_call(extra, 0)
        x_step, min_state = min_tx.update(updates.min, state.min, params.min, **call)
        proposed = Players(optax.apply_updates(params.min, x_step), params.max)
        answer = _ascend(settings, max_tx, field_fn, proposed, state, extra, running)
        step = Players(x_step, answer.step)
        test = acceptance.accept_test(settings, payoff_fn, params, step, answer, state, key)
        return conclude(settings, running, state, step, min_state, answer, test)

    return transformation(init_fn, update_fn)


def _ascend(
    settings: GreedySettings,
    rule: Any,
    field_fn: FieldFn,
    proposed: Players,
    state: GreedyState,
    extra: dict[str, Any],
    running: jax.Array,
) -> AscentResult:
    """Lets the max player answer the proposed point, within the tolerance ε_i."""
    tolerance = settings.gradient_tolerance
    if tolerance is not None:
        growth = calls.value_at(settings.tolerance_growth, state.count)
        epsilon = calls.value_at(tolerance, state.count).astype(state.value.dtype)
        tolerance = epsilon * growth.astype(epsilon.dtype) ** state.accepted.astype(epsilon.dtype)
    return ascend(
        rule, field_fn, proposed, state.max, extra,
        max_steps=settings.max_ascent_steps, tolerance=tolerance,
        bound=calls.value_at(settings.gradient_bound, state.count), allowed=running,
    )  # fmt: skip
