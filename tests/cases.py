"""The register of all algorithms, one row each.

The tests in test_all_optimizers.py and test_laws_of_all_optimizers.py run over all rows.

To add an algorithm, add a row. Encode differences between algorithms as fields of the row,
not as branches in the tests.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from tests import problems


class Cost(NamedTuple):
    """Oracle calls executed in one update, including the field passed in.

    For data-dependent methods, a pair gives the smallest and the largest number.
    """

    field: Any = 1
    jvp: Any = 0
    vjp: Any = 0


class Solves(NamedTuple):
    """A claim that `make()` comes within `tolerance` of the solution in `steps` updates."""

    problem: problems.Problem
    make: Callable[[], Any]
    steps: int
    tolerance: float


class Case(NamedTuple):
    """One row of the register.

    Attributes:
      name: Name of the row. It starts with the name of the optimizer or transformation, or
        with a short name of it.
      make: Function `make(learning_rate)` that creates it. The learning rate may be a
        number, a schedule or a tracer.
      solves: Claims of convergence.
      learning_rate: Learning rate with which it is stable on `problems.quadratic`.
      mirror: Function `mirror(learning_rate)` that creates the mirrored optimizer, or the
        reason why there is none.
      cost: Oracle calls per update.
      needs: Arguments that `update` requires.
      schedule: None if a schedule counts updates, or the reason why it does not.
      drift: None if the players stay where the field is zero, or the reason why they do not.
      float16: None if a zero field in float16 gives a zero step, or the reason why not.
      couples: None if a player with learning rate zero stays, or the reason why it does not.
      foreign_state: None if a wrong state raises an error of this library, or the reason why not.
      idle: None if an update calls `field_fn`, or the reason why it does not.
      full_name: Name of the optimizer or transformation, if `name` starts with a short name.
      games: Games on which the tests run it.
      undefined: Labels of games whose Jacobian is singular, so that the method does not move.
    """

    name: str
    make: Callable[..., Any]
    solves: tuple[Solves, ...]
    learning_rate: float = 0.1
    mirror: Any = None
    cost: Cost = Cost()
    needs: tuple[str, ...] = ()
    schedule: str | None = None
    drift: str | None = None
    float16: str | None = None
    couples: str | None = None
    foreign_state: str | None = None
    idle: str | None = None
    full_name: str = ""
    games: problems.Games = problems.UNCONSTRAINED
    undefined: tuple[str, ...] = ()

    @property
    def algorithm(self):
        """Name under which `minmax_jax` exports the optimizer or transformation."""
        return self.full_name or self.name.split()[0]


def _decaying(eta):
    return lambda count: eta / (1.0 + 0.05 * jnp.asarray(count, jnp.float32))


def _case(name, make, *, converges_at=0.1, steps=400, tolerance=1e-4, **fields):
    games = fields.get("games", problems.UNCONSTRAINED)
    claim = Solves(games.quadratic, lambda: make(converges_at), steps, tolerance)
    fields["solves"] = (claim, *fields.get("solves", ()))
    return Case(name=name, make=make, **{"mirror": make, **fields})


def _bilinear(make, eta, steps):
    """Returns a claim on f = xy, where gradient descent–ascent diverges."""
    return Solves(problems.bilinear, lambda: make(eta), steps, 1e-3)


_ORACLE = ("params", "field_fn")
_PAYOFF_ORACLE = (*_ORACLE, "payoff_fn")
# Fields that many rows share: a second field evaluation, and how long methods with normalized
# steps and Adam methods take to converge.
_TWO_FIELDS: dict[str, Any] = {"cost": Cost(field=2), "needs": _ORACLE}
_NORMALIZED: dict[str, Any] = {"converges_at": _decaying(0.3), "steps": 3000, "tolerance": 1e-2}
_ADAM: dict[str, Any] = {"steps": 3000, "tolerance": 1e-3}
_ANCHORED = "the anchor moves the players at any learning rate"
_AVERAGES = "steps start at an average, which differs from the players at any learning rate"
_TWO_POWERS = "only the min player waits for the other"
_INTERPOLATES = "the interpolation moves the players at any learning rate"
_ONE_SIDED = "only the min player anticipates the other"
_FOLLOWS = "the max player follows the min player's step"
_REJECTS = "a step that does not lower the payoff is rejected"
_RESPONDS = "the min player proposes and the max player responds"
_CHAINED = "optax.chain raises its own error for a wrong state"
_OWN_COUNT = "the transformations passed in count their own calls"


def _sides(eta):
    return eta if isinstance(eta, mm.Players) else mm.Players(eta, eta)


def _alternate(eta, **options):
    return mm.alternate(min=mm.sgda(_sides(eta).min), max=mm.sgda(_sides(eta).max), **options)


def _two_rules(eta, min, max):
    return mm.per_player(min=min(_sides(eta).min), max=max(_sides(eta).max))


def _unrolled(eta, **options):
    return mm.unrolled(min=mm.sgda(_sides(eta).min), max=mm.sgda(_sides(eta).max), **options)


def _greedy(eta, **options):
    options = {"max_ascent_steps": 100, "gradient_tolerance": 1e-5, **options}
    return mm.greedy(mm.sgda(_sides(eta).min), mm.sgda(_sides(eta).max), **options)


def _competitive(eta):
    return mm.competitive(eta, max_iterations=8)


def _regret_matching(eta):
    return _two_rules(eta, min=mm.regret_matching, max=mm.regret_matching)


def _lazy(eta):
    """Returns descent-ascent in which the max player has a penalty on its norm."""
    tx = _two_rules(eta, min=mm.sgda, max=_regularized)
    penalty = mm.zero_sum(lambda z: -0.1 * optax.tree.norm(z.max, squared=True))

    def update_fn(updates, state, params=None, **extra):
        more = {"players": params, "penalty_field_fn": penalty}
        return tx.update(updates, state, params, **{**extra, **more})

    return optax.GradientTransformationExtraArgs(tx.init, update_fn)


def _regularized(eta):
    return mm.regularize_lazily(mm.sgda(eta), every=2)


def _slow_nsgda(eta):
    return mm.nsgda(eta, momentum=0.5)


CASES = (
    _case("sgda", mm.sgda),
    _case("sgda momentum", lambda eta: mm.sgda(eta, momentum=0.5)),
    _case("sgda negative momentum", lambda eta: mm.sgda(eta, momentum=-0.3)),
    _case(
        "nsgda layer",
        mm.nsgda,
        **_NORMALIZED,
    ),
    _case(
        "nsgda global",
        lambda eta: mm.nsgda(eta, scope="global"),
        **_NORMALIZED,
    ),
    _case(
        "nsgda momentum",
        lambda eta: mm.nsgda(eta, momentum=0.5),
        **_NORMALIZED,
    ),
    _case("ada_nsgda layer", mm.ada_nsgda, converges_at=_decaying(0.3), steps=2000, tolerance=1e-2),
    _case(
        "ada_nsgda global uncorrected",
        lambda eta: mm.ada_nsgda(eta, scope="global", b1=0.5, bias_correction=False),
        converges_at=_decaying(0.3),
        steps=2000,
        tolerance=1e-2,
    ),
    _case("ada_dir layer", mm.ada_dir, converges_at=0.05, steps=1000),
    _case(
        "ada_dir global",
        lambda eta: mm.ada_dir(eta, scope="global"),
        converges_at=0.05,
        steps=1000,
    ),
    _case("adam_gda", mm.adam_gda, converges_at=0.05, steps=1500, tolerance=1e-3),
    _case(
        "amsgrad_gda",
        mm.amsgrad_gda,
        converges_at=0.05,
        **_ADAM,
    ),
    _case(
        "per_player",
        lambda eta: _two_rules(eta, min=mm.sgda, max=_slow_nsgda),
        **_NORMALIZED,
        mirror=lambda eta: _two_rules(eta, min=_slow_nsgda, max=mm.sgda),
    ),
    _case(
        "normalize in a chain",
        lambda eta: optax.chain(mm.normalize("global"), mm.sgda(eta)),
        **_NORMALIZED,
        foreign_state=_CHAINED,
    ),
    _case(
        "graft in a chain",
        lambda eta: optax.chain(
            mm.graft(magnitude=optax.scale_by_rms(), direction=optax.trace(0.5)),
            mm.sgda(eta),
        ),
        **_NORMALIZED,
        float16="optax.scale_by_rms divides zero by zero, because its eps underflows",
        foreign_state=_CHAINED,
    ),
    _case(
        "project",
        lambda eta: optax.chain(mm.sgda(eta), mm.project(_clip)),
        needs=("params",),
        foreign_state=_CHAINED,
    ),
    _case(
        "scale_by_pi in a chain",
        lambda eta: optax.chain(mm.scale_by_pi(0.5, decay=0.3), mm.sgda(eta)),
        foreign_state=_CHAINED,
    ),
    _case(
        "complex_trace in a chain",
        lambda eta: optax.chain(mm.complex_trace(0.5, 0.4), mm.sgda(eta)),
        foreign_state=_CHAINED,
    ),
    _case(
        "augment_lagrangian",
        lambda eta: mm.augment_lagrangian(mm.sgda(eta), 0.5, growth=1.001, max_penalty=1.0),
        mirror="only the min player sees the penalty",
        **_TWO_FIELDS,
    ),
    _case(
        "watch every second",
        lambda eta: mm.record_diagnostics(mm.sgda(eta), {"norms": _step_norms}, every=2),
        full_name="record_diagnostics",
    ),
    _case(
        "watch spectrum",
        lambda eta: mm.record_diagnostics(mm.sgda(eta), {"spectrum": _spectrum}),
        cost=Cost(field=2, jvp=3),
        full_name="record_diagnostics",
        needs=_ORACLE,
    ),
    _case(
        "alternate",
        _alternate,
        mirror=lambda eta: _alternate(eta, first="min"),
        **_TWO_FIELDS,
    ),
    _case(
        "alternate min first",
        lambda eta: _alternate(eta, first="min"),
        mirror=_alternate,
        **_TWO_FIELDS,
    ),
    _case(
        "alternate three to one",
        lambda eta: _alternate(eta, max_steps=3),
        mirror="only the max player can take several steps",
        cost=Cost(field=4),
        needs=_ORACLE,
        schedule=_OWN_COUNT,
    ),
    _case(
        "alternate three to one in a loop",
        lambda eta: _alternate(eta, max_steps=3, unroll=False),
        mirror="only the max player can take several steps",
        cost=Cost(field=4),
        needs=_ORACLE,
        schedule=_OWN_COUNT,
    ),
    _case(
        "alternating_extrapolation",
        mm.alternating_extrapolation,
        solves=(_bilinear(mm.alternating_extrapolation, 0.5, 100),),
        mirror=lambda eta: mm.alternating_extrapolation(
            eta, min_extrapolation=1.0, max_extrapolation=2.0, first="max"
        ),
        **_TWO_FIELDS,
    ),
    _case(
        "alternating_extrapolation of both players, projected",
        lambda eta: mm.alternating_extrapolation(
            eta, min_extrapolation=1.5, max_extrapolation=1.4, projection=_clip
        ),
        mirror=lambda eta: mm.alternating_extrapolation(
            eta, min_extrapolation=1.4, max_extrapolation=1.5, first="max", projection=_clip
        ),
        **_TWO_FIELDS,
    ),
    _case(
        "primal_dual_hybrid_gradient",
        mm.primal_dual_hybrid_gradient,
        mirror="the min player is extrapolated",
        **_TWO_FIELDS,
    ),
    _case("smooth", lambda eta: mm.smooth(mm.sgda(eta), 0.5, 0.3), needs=("params",)),
    _case(
        "smoothed_gda",
        mm.smoothed_gda,
        solves=(_bilinear(lambda eta: mm.smoothed_gda(eta, rate=0.3), 0.3, 500),),
        mirror=_ONE_SIDED,
        **_TWO_FIELDS,
    ),
    _case(
        "smoothed_gda doubly, scheduled",
        lambda eta: mm.smoothed_gda(eta, rate=_decaying(0.5), max_strength=_decaying(0.5)),
        mirror="the min player is updated first",
        **_TWO_FIELDS,
    ),
    _case("optimistic_gda", mm.optimistic_gda, solves=(_bilinear(mm.optimistic_gda, 0.3, 200),)),
    _case(
        "optimistic_gda from zero",
        lambda eta: mm.optimistic_gda(eta, previous="zero", weight=0.7),
    ),
    _case(
        "optimistic_adam",
        mm.optimistic_adam,
        converges_at=0.02,
        **_ADAM,
    ),
    _case(
        "optimistic_adam nesterov",
        lambda eta: mm.optimistic_adam(eta, b1=0.5, nesterov=True),
        converges_at=_decaying(0.1),
        **_ADAM,
    ),
    _case(
        "add_optimism in a chain",
        lambda eta: optax.chain(mm.add_optimism(), mm.sgda(eta)),
        foreign_state=_CHAINED,
    ),
    _case(
        "extragradient",
        mm.extragradient,
        solves=(_bilinear(mm.extragradient, 0.5, 100),),
        **_TWO_FIELDS,
    ),
    _case(
        "extragradient trial rate, projected",
        lambda eta: mm.extragradient(eta, extrapolation_learning_rate=0.2, projection=_clip),
        **_TWO_FIELDS,
    ),
    _case(
        "extra_adam",
        mm.extra_adam,
        converges_at=0.02,
        **_ADAM,
        **_TWO_FIELDS,
    ),
    _case(
        "extra_adam once corrected last",
        lambda eta: mm.extra_adam(eta, b1=0.5, moments="once", correction="last"),
        converges_at=_decaying(0.1),
        **_ADAM,
        **_TWO_FIELDS,
    ),
    _case(
        "extra_amsgrad",
        mm.extra_amsgrad,
        converges_at=0.05,
        **_ADAM,
        **_TWO_FIELDS,
    ),
    _case(
        "extra_amsgrad corrected last",
        lambda eta: mm.extra_amsgrad(eta, correction="last"),
        converges_at=0.05,
        **_ADAM,
        **_TWO_FIELDS,
    ),
    _case(
        "extrapolate two rules",
        lambda eta: mm.extrapolate(mm.sgda(eta), mm.average(mm.nsgda(eta))),
        **_NORMALIZED,
        **_TWO_FIELDS,
    ),
    _case(
        "exponentiate",
        lambda eta: mm.sgda(eta, projection=mm.exponentiate()),
        needs=("params",),
        games=problems.SIMPLICES,
    ),
    _case(
        "magnetic",
        lambda eta: mm.sgda(eta, transform=mm.magnetic(0.1), projection=mm.exponentiate()),
        needs=("params",),
        games=problems.SIMPLICES,
    ),
    _case(
        "regret_matching",
        _regret_matching,
        needs=("params",),
        games=problems.SIMPLICES,
    ),
    _case(
        "regularize_lazily",
        _lazy,
        mirror="only the max player has a penalty",
        needs=("params",),
        schedule=_OWN_COUNT,
    ),
    _case(
        "past_extragradient",
        mm.past_extragradient,
        solves=(_bilinear(mm.past_extragradient, 0.3, 200),),
        needs=_ORACLE,
    ),
    _case(
        "extrapolate_from_past",
        lambda eta: mm.extrapolate_from_past(
            mm.adam_gda(eta, b1=0.5), "once", transform=optax.add_decayed_weights(0.1)
        ),
        converges_at=_decaying(0.1),
        **_ADAM,
        needs=_ORACLE,
    ),
    _case(
        "adaptive_extragradient",
        mm.adaptive_extragradient,
        converges_at=1.0,
        solves=(_bilinear(mm.adaptive_extragradient, 1.0, 200),),
        **_TWO_FIELDS,
    ),
    _case(
        "adaptive_extragradient of Bach and Levy, projected",
        lambda eta: mm.adaptive_extragradient(
            eta, variant="bach_levy", diameter=2.0, projection=_clip
        ),
        converges_at=1.0,
        **_TWO_FIELDS,
    ),
    _case("tiada", mm.tiada, converges_at=0.5, steps=1000, mirror=_TWO_POWERS),
    _case(
        "tiada scalar",
        lambda eta: mm.tiada(eta, variant="scalar", min_power=0.5, max_power=0.5),
        converges_at=0.5,
        steps=1000,
        mirror=_TWO_POWERS,
    ),
    _case(
        "tiada adam",
        lambda eta: mm.tiada(eta, variant="adam", b1=0.5, min_power=0.5, max_power=0.5),
        converges_at=_decaying(0.1),
        **_ADAM,
        mirror=_TWO_POWERS,
    ),
    _case(
        "golden_ratio",
        mm.golden_ratio,
        solves=(_bilinear(mm.golden_ratio, 0.8, 100),),
        needs=("params",),
        schedule=_AVERAGES,
    ),
    _case(
        "adaptive_golden_ratio",
        mm.adaptive_golden_ratio,
        converges_at=1.0,
        solves=(_bilinear(mm.adaptive_golden_ratio, 1.0, 200),),
        needs=("params",),
        schedule=_AVERAGES,
    ),
    _case(
        "adaptive_golden_ratio from a given size, projected",
        lambda eta: mm.adaptive_golden_ratio(eta, phi=1.6, initial_step_size=0.5, projection=_clip),
        converges_at=1.0,
        needs=("params",),
        schedule=_AVERAGES,
    ),
    _case(
        "curvature_extragradient",
        mm.curvature_extragradient,
        converges_at=1.0,
        solves=(_bilinear(mm.curvature_extragradient, 1.0, 1500),),
        cost=Cost(field=(2, 6), jvp=1, vjp=1),
        needs=_ORACLE,
    ),
    _case(
        "bias_corrected_extragradient",
        mm.bias_corrected_extragradient,
        converges_at=0.5,
        solves=(_bilinear(mm.bias_corrected_extragradient, 0.7, 400),),
        cost=Cost(field=3),
        needs=_ORACLE,
    ),
    _case(
        "bias_corrected_extragradient scheduled, projected",
        lambda eta: mm.bias_corrected_extragradient(
            eta, relaxation=_decaying(0.5), projection=_clip
        ),
        converges_at=0.5,
        steps=2000,
        cost=Cost(field=3),
        needs=_ORACLE,
    ),
    _case(
        "reflect",
        lambda eta: mm.reflect(mm.sgda(eta)),
        solves=(_bilinear(lambda eta: mm.reflect(mm.sgda(eta)), 0.3, 200),),
        needs=_ORACLE,
    ),
    _case(
        "forward_backward_forward",
        lambda eta: mm.forward_backward_forward(eta, projection=_clip),
        solves=(_bilinear(mm.forward_backward_forward, 0.5, 100),),
        **_TWO_FIELDS,
    ),
    _case(
        "extra_anchored_gradient",
        mm.extra_anchored_gradient,
        converges_at=0.3,
        steps=3000,
        tolerance=1e-2,
        **_TWO_FIELDS,
        schedule=_ANCHORED,
    ),
    _case(
        "extra_anchored_gradient varying step",
        lambda eta: mm.extra_anchored_gradient(eta, lipschitz=1.2),
        converges_at=0.5,
        steps=3000,
        tolerance=1e-2,
        **_TWO_FIELDS,
        schedule=_ANCHORED,
    ),
    _case(
        "fast_extragradient",
        mm.fast_extragradient,
        converges_at=0.8,
        steps=3000,
        tolerance=1e-2,
        solves=(_bilinear(mm.fast_extragradient, 1.0, 100),),
        **_TWO_FIELDS,
        schedule=_ANCHORED,
    ),
    _case(
        "fast_extragradient comonotone, projected",
        lambda eta: mm.fast_extragradient(eta, comonotonicity=0.02, projection=_clip),
        converges_at=0.8,
        steps=3000,
        tolerance=1e-2,
        **_TWO_FIELDS,
        schedule=_ANCHORED,
    ),
    _case(
        "anchored_past_extragradient",
        mm.anchored_past_extragradient,
        converges_at=0.25,
        steps=3000,
        tolerance=1e-2,
        needs=_ORACLE,
        schedule=_ANCHORED,
    ),
    _case(
        "anchored_past_extragradient reflected, projected",
        lambda eta: mm.anchored_past_extragradient(eta, variant="reflected", projection=_clip),
        converges_at=0.25,
        steps=3000,
        tolerance=1e-2,
        needs=_ORACLE,
        schedule=_ANCHORED,
    ),
    _case(
        "fast_optimistic_gda",
        mm.fast_optimistic_gda,
        converges_at=0.2,
        steps=1000,
        tolerance=1e-2,
        needs=_ORACLE,
        schedule="momentum moves the players at any learning rate",
    ),
    _case(
        "anchor in a chain",
        lambda eta: optax.chain(mm.sgda(eta), mm.anchor()),
        converges_at=0.3,
        steps=3000,
        tolerance=1e-2,
        needs=("params",),
        schedule=_ANCHORED,
        foreign_state=_CHAINED,
    ),
    _case(
        "lookahead nested, lazy",
        lambda eta: mm.lookahead(
            mm.lookahead(mm.sgda(eta), 2, 0.5, anchor="lazy"), 4, 0.8, anchor="lazy"
        ),
        solves=(_bilinear(lambda eta: mm.lookahead(mm.sgda(eta), 5, 0.5), 0.3, 500),),
        needs=("params",),
        schedule=_INTERPOLATES,
    ),
    _case(
        "lookahead_minmax",
        mm.lookahead_minmax,
        solves=(_bilinear(mm.lookahead_minmax, 0.3, 500),),
        needs=("params",),
        schedule=_INTERPOLATES,
    ),
    _case(
        "lookahead_minmax nested",
        lambda eta: mm.lookahead_minmax(eta, sync_period=2, nested_period=4, nested_step=0.8),
        converges_at=0.3,
        needs=("params",),
        schedule=_INTERPOLATES,
    ),
    _case(
        "average uniform",
        lambda eta: mm.average(mm.sgda(eta)),
        needs=("params",),
    ),
    _case(
        "average exponential",
        lambda eta: mm.average(mm.optimistic_gda(eta), "exponential", decay=0.9, begin=1),
        needs=("params",),
    ),
    _case(
        "consensus",
        mm.consensus,
        learning_rate=0.02,
        solves=(_bilinear(mm.consensus, 0.5, 50),),
        cost=Cost(field=1, vjp=1),
        needs=_ORACLE,
    ),
    _case(
        "add_consensus scheduled, in a chain",
        lambda eta: optax.chain(mm.add_consensus(_decaying(0.5)), mm.adam_gda(eta)),
        converges_at=0.05,
        steps=1500,
        tolerance=1e-3,
        cost=Cost(field=1, vjp=1),
        needs=_ORACLE,
        foreign_state=_CHAINED,
    ),
    _case(
        "lead",
        mm.lead,
        solves=(_bilinear(mm.lead, 0.3, 200),),
        cost=Cost(field=2, jvp=2),
        needs=_ORACLE,
    ),
    _case(
        "add_lead scheduled, in a chain",
        lambda eta: optax.chain(mm.add_lead(_decaying(1.0)), mm.sgda(eta)),
        cost=Cost(field=2, jvp=2),
        needs=_ORACLE,
        foreign_state=_CHAINED,
    ),
    _case(
        "symplectic",
        mm.symplectic,
        solves=(_bilinear(mm.symplectic, 0.5, 50),),
        cost=Cost(field=1, jvp=1, vjp=1),
        needs=_ORACLE,
    ),
    _case(
        "add_symplectic scheduled, tensors, in a chain",
        lambda eta: optax.chain(
            mm.add_symplectic(_decaying(0.5), mean_over="tensors"), mm.sgda(eta)
        ),
        cost=Cost(field=1, jvp=1, vjp=1),
        needs=_ORACLE,
        foreign_state=_CHAINED,
    ),
    _case(
        "add_symplectic not aligned",
        lambda eta: optax.chain(mm.add_symplectic(0.5, align=False), mm.sgda(eta)),
        cost=Cost(field=1, jvp=1, vjp=1),
        needs=_ORACLE,
        foreign_state=_CHAINED,
    ),
    _case(
        "competitive",
        _competitive,
        solves=(_bilinear(_competitive, 3.0, 20),),
        cost=Cost(field=2, jvp=(4, 20)),  # 2, 2 for the warm start, and 2 per iteration
        needs=_ORACLE,
    ),
    _case(
        "competitive gmres, cold, projected",
        lambda eta: mm.competitive(
            eta,
            solver="gmres",
            warm_start=False,
            max_iterations=8,
            transform=optax.add_decayed_weights(0.1),
            projection=_clip,
        ),
        cost=Cost(field=2, jvp=(2, 34)),  # 2, and 2 per iteration and per restart
        needs=_ORACLE,
    ),
    _case(
        "competitive neumann",
        lambda eta: mm.competitive(eta, solver="neumann", max_iterations=3),
        cost=Cost(field=2, jvp=6),
        needs=_ORACLE,
    ),
    _case(
        "adaptive_competitive",
        mm.adaptive_competitive,
        converges_at=_decaying(0.3),
        steps=1500,
        tolerance=1e-2,
        solves=(_bilinear(mm.adaptive_competitive, 0.1, 2000),),
        cost=Cost(field=2, jvp=(4, 204)),
        needs=_ORACLE,
    ),
    _case(
        "adaptive_competitive gmres, corrected last",
        lambda eta: mm.adaptive_competitive(
            eta, correction="last", solver="gmres", max_iterations=8
        ),
        converges_at=_decaying(0.3),
        steps=1500,
        tolerance=1e-2,
        cost=Cost(field=2, jvp=(4, 36)),
        needs=_ORACLE,
    ),
    _case(
        "follow_the_ridge",
        lambda eta: mm.follow_the_ridge(eta, max_iterations=8),
        mirror=_FOLLOWS,
        couples=_FOLLOWS,
        cost=Cost(field=3, jvp=(2, 12)),
        needs=_ORACLE,
    ),
    _case(
        "follow_the_ridge cg, projected",
        lambda eta: mm.follow_the_ridge(
            eta, solver="cg", max_iterations=8, damping=1.0, projection=_clip
        ),
        mirror=_FOLLOWS,
        couples=_FOLLOWS,
        cost=Cost(field=3, jvp=(2, 9)),
        needs=_ORACLE,
    ),
    _case(
        "complete_newton",
        mm.complete_newton,
        converges_at=1.0,
        steps=3,
        mirror="the max player responds to the min player's step",
        cost=Cost(field=2, jvp=(4, 46)),
        needs=_ORACLE,
        undefined=("bilinear", "matrix", "dirac_gan wgan"),
    ),
    _case(
        "unrolled",
        lambda eta: _unrolled(eta, num_steps=3),
        solves=(_bilinear(lambda eta: _unrolled(eta, num_steps=5), 0.3, 100),),
        mirror=_ONE_SIDED,
        cost=Cost(field=4, vjp=3),
        needs=_ORACLE,
    ),
    _case(
        "unrolled max first",
        lambda eta: _unrolled(eta, num_steps=2, first="max"),
        mirror=_ONE_SIDED,
        cost=Cost(field=4, vjp=2),
        needs=_ORACLE,
    ),
    _case(
        "unrolled zero",
        lambda eta: _unrolled(eta, num_steps=0),
        needs=_ORACLE,
        idle="there is no step to look ahead",
    ),
    _case(
        "add_noise in a chain",
        lambda eta: optax.chain(
            mm.add_noise(lambda count: 0.1 * 0.9 ** jnp.asarray(count, jnp.float32)),
            mm.sgda(eta),
        ),
        mirror="the noise depends on the position of a leaf in the tree",
        needs=("key",),
        drift="noise moves the players everywhere",
        foreign_state=_CHAINED,
    ),
    _case(
        "greedy",
        _greedy,
        mirror=_RESPONDS,
        cost=Cost(field=(2, 101)),
        needs=_PAYOFF_ORACLE,
        schedule=_REJECTS,
    ),
    _case(
        "greedy deterministic, growing tolerance, annealed by a schedule",
        lambda eta: _greedy(
            eta,
            stochastic=False,
            gradient_tolerance=_decaying(1e-4),
            tolerance_growth=1.001,
            temperature=_decaying(2.0),
            min_improvement=_decaying(0.0),
        ),
        tolerance=1e-3,
        mirror=_RESPONDS,
        cost=Cost(field=(2, 101)),
        needs=(*_PAYOFF_ORACLE, "key"),
        schedule=_REJECTS,
    ),
    _case(
        "greedy two steps, nothing restored but x",
        lambda eta: _greedy(
            eta,
            max_ascent_steps=2,
            gradient_tolerance=None,
            accept_probability=0.7,
            accept_every=2,
            restore_states=False,
            restore_max=False,
        ),
        mirror=_RESPONDS,
        cost=Cost(field=3),
        needs=(*_PAYOFF_ORACLE, "key"),
    ),
    _case(
        "greedy_adam",
        mm.greedy_adam,
        converges_at=_decaying(0.1),
        **_ADAM,
        mirror=_RESPONDS,
        cost=Cost(field=2),
        needs=_PAYOFF_ORACLE,
    ),
)


def _step_norms(seen):
    return mm.diagnostics.player_norms(seen.updates)


def _spectrum(seen):
    return mm.diagnostics.jacobian_spectrum(seen.field_fn, seen.params, max_iterations=3)


def _clip(tree):
    return jax.tree.map(lambda x: jnp.clip(x, -2.5, 2.5), tree)
