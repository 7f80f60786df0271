"""The register: every algorithm as data, for the laws of test_laws.py to go over.

Adding an algorithm adds a row. What differs between algorithms is a field of the row,
never an `if` in a law.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from tests import problems


class Price(NamedTuple):
    """Oracle calls executed in one update, the field passed in counted.

    A pair in place of a number is a bound (at least, at most) for data-dependent methods.
    """

    field: Any = 1
    jvp: Any = 0
    vjp: Any = 0


class Solves(NamedTuple):
    """A claim: from the problem's start, `make()` comes within `tolerance` in `steps`."""

    problem: problems.Problem
    make: Callable[[], Any]
    steps: int
    tolerance: float


class Case(NamedTuple):
    """One row.

    Attributes:
      name: the row's name; the optimizer's or transformation's name comes first.
      make: `make(learning_rate)` builds it; the rate may be a number, a schedule, a tracer.
      rate: a rate at which it is stable on `problems.quadratic`.
      solves: claims of convergence.
      mirror: `mirror(learning_rate)`, the mirrored optimizer, or the reason why there is none.
      price: oracle calls an update.
      needs: names of what `update` cannot do without.
      schedule: None if a schedule counts updates, or the reason why it does not.
      restless: None if it stays where the field is zero, or the reason why it does not.
    """

    name: str
    make: Callable[..., Any]
    solves: tuple[Solves, ...]
    rate: float = 0.1
    mirror: Any = None
    price: Price = Price()
    needs: tuple[str, ...] = ()
    schedule: str | None = None
    restless: str | None = None


def _decaying(rate):
    return lambda count: rate / (1.0 + 0.05 * jnp.asarray(count, jnp.float32))


def _case(name, make, *, solves_rate=0.1, steps=400, tolerance=1e-4, **fields):
    claim = Solves(problems.quadratic, lambda: make(solves_rate), steps, tolerance)
    fields["solves"] = (claim, *fields.get("solves", ()))
    return Case(name=name, make=make, **{"mirror": make, **fields})


def _bilinear(make, rate, steps):
    """A claim on f = xy, where plain descent–ascent diverges."""
    return Solves(problems.bilinear, lambda: make(rate), steps, 1e-3)


_ORACLE = ("params", "field_fn")
_VALUED = (*_ORACLE, "payoff_fn")
_ANCHORED = "the anchor moves the players at any rate"
_GOES_BACK = "going back moves the players at any rate"
_LOOKS_AHEAD = "only the min player looks ahead"
_TAKEN_BACK = "a step that does not pay is taken back"
_ANSWERS = "the min player proposes, the max player answers"
_OWN_COUNT = "the transformations handed in count their own calls"


def _sides(rate):
    return rate if isinstance(rate, mm.Players) else mm.Players(rate, rate)


def _alternate(rate, **options):
    return mm.alternate(min=mm.sgda(_sides(rate).min), max=mm.sgda(_sides(rate).max), **options)


def _two_rules(rate, min, max):
    return mm.per_player(min=min(_sides(rate).min), max=max(_sides(rate).max))


def _unrolled(rate, **options):
    return mm.unrolled(min=mm.sgda(_sides(rate).min), max=mm.sgda(_sides(rate).max), **options)


def _greedy(rate, **options):
    options = {"max_ascent_steps": 100, "gradient_tolerance": 1e-5, **options}
    return mm.greedy(mm.sgda(_sides(rate).min), mm.sgda(_sides(rate).max), **options)


def _competitive(rate):
    return mm.competitive(rate, max_iterations=8)


def _slow_nsgda(rate):
    return mm.nsgda(rate, momentum=0.5)


CASES = (
    _case("sgda", mm.sgda),
    _case("sgda momentum", lambda rate: mm.sgda(rate, momentum=0.5)),
    _case("sgda negative momentum", lambda rate: mm.sgda(rate, momentum=-0.3)),
    _case("nsgda layer", mm.nsgda, solves_rate=_decaying(0.3), steps=3000, tolerance=1e-2),
    _case(
        "nsgda global",
        lambda rate: mm.nsgda(rate, scope="global"),
        solves_rate=_decaying(0.3),
        steps=3000,
        tolerance=1e-2,
    ),
    _case(
        "nsgda momentum",
        lambda rate: mm.nsgda(rate, momentum=0.5),
        solves_rate=_decaying(0.3),
        steps=3000,
        tolerance=1e-2,
    ),
    _case("ada_nsgda layer", mm.ada_nsgda, solves_rate=_decaying(0.3), steps=2000, tolerance=1e-2),
    _case(
        "ada_nsgda global uncorrected",
        lambda rate: mm.ada_nsgda(rate, scope="global", b1=0.5, bias_correction=False),
        solves_rate=_decaying(0.3),
        steps=2000,
        tolerance=1e-2,
    ),
    _case("ada_dir layer", mm.ada_dir, solves_rate=0.05, steps=1000),
    _case(
        "ada_dir global",
        lambda rate: mm.ada_dir(rate, scope="global"),
        solves_rate=0.05,
        steps=1000,
    ),
    _case("adam_gda", mm.adam_gda, solves_rate=0.05, steps=1500, tolerance=1e-3),
    _case("amsgrad_gda", mm.amsgrad_gda, solves_rate=0.05, steps=3000, tolerance=1e-3),
    _case(
        "per_player",
        lambda rate: _two_rules(rate, min=mm.sgda, max=_slow_nsgda),
        solves_rate=_decaying(0.3),
        steps=3000,
        tolerance=1e-2,
        mirror=lambda rate: _two_rules(rate, min=_slow_nsgda, max=mm.sgda),
    ),
    _case(
        "normalize in a chain",
        lambda rate: optax.chain(mm.normalize("global"), mm.sgda(rate)),
        solves_rate=_decaying(0.3),
        steps=3000,
        tolerance=1e-2,
    ),
    _case(
        "graft in a chain",
        lambda rate: optax.chain(
            mm.graft(magnitude=optax.scale_by_rms(), direction=optax.trace(0.5)), mm.sgda(rate)
        ),
        solves_rate=_decaying(0.3),
        steps=3000,
        tolerance=1e-2,
    ),
    _case(
        "project",
        lambda rate: mm.sgda(rate, transform=mm.project(_clip)),
        needs=("params",),
    ),
    _case(
        "watch every second",
        lambda rate: mm.record_diagnostics(mm.sgda(rate), {"norms": _step_norms}, every=2),
    ),
    _case(
        "watch spectrum",
        lambda rate: mm.record_diagnostics(mm.sgda(rate), {"spectrum": _spectrum}),
        price=Price(field=2, jvp=3),
        needs=_ORACLE,
    ),
    _case(
        "alternate",
        _alternate,
        mirror=lambda rate: _alternate(rate, first="min"),
        price=Price(field=2),
        needs=_ORACLE,
    ),
    _case(
        "alternate min first",
        lambda rate: _alternate(rate, first="min"),
        mirror=_alternate,
        price=Price(field=2),
        needs=_ORACLE,
    ),
    _case(
        "alternate three to one",
        lambda rate: _alternate(rate, max_steps=3),
        mirror="only the max player may take several steps",
        price=Price(field=4),
        needs=_ORACLE,
        schedule=_OWN_COUNT,
    ),
    _case("optimistic_gda", mm.optimistic_gda, solves=(_bilinear(mm.optimistic_gda, 0.3, 200),)),
    _case(
        "optimistic_gda from zero",
        lambda rate: mm.optimistic_gda(rate, previous="zero", weight=0.7),
    ),
    _case("optimistic_adam", mm.optimistic_adam, solves_rate=0.02, steps=3000, tolerance=1e-3),
    _case(
        "optimistic_adam nesterov",
        lambda rate: mm.optimistic_adam(rate, b1=0.5, nesterov=True),
        solves_rate=_decaying(0.1),
        steps=3000,
        tolerance=1e-3,
    ),
    _case("add_optimism in a chain", lambda rate: optax.chain(mm.add_optimism(), mm.sgda(rate))),
    _case(
        "extragradient",
        mm.extragradient,
        solves=(_bilinear(mm.extragradient, 0.5, 100),),
        price=Price(field=2),
        needs=_ORACLE,
    ),
    _case(
        "extragradient trial rate, projected",
        lambda rate: mm.extragradient(
            rate, extrapolation_learning_rate=0.2, transform=mm.project(_clip)
        ),
        price=Price(field=2),
        needs=_ORACLE,
    ),
    _case(
        "extra_adam",
        mm.extra_adam,
        solves_rate=0.02,
        steps=3000,
        tolerance=1e-3,
        price=Price(field=2),
        needs=_ORACLE,
    ),
    _case(
        "extra_adam once corrected last",
        lambda rate: mm.extra_adam(rate, b1=0.5, moments="once", correction="last"),
        solves_rate=_decaying(0.1),
        steps=3000,
        tolerance=1e-3,
        price=Price(field=2),
        needs=_ORACLE,
    ),
    _case(
        "extra_amsgrad",
        mm.extra_amsgrad,
        solves_rate=0.05,
        steps=3000,
        tolerance=1e-3,
        price=Price(field=2),
        needs=_ORACLE,
    ),
    _case(
        "extra_amsgrad corrected last",
        lambda rate: mm.extra_amsgrad(rate, correction="last"),
        solves_rate=0.05,
        steps=3000,
        tolerance=1e-3,
        price=Price(field=2),
        needs=_ORACLE,
    ),
    _case(
        "extrapolate two rules",
        lambda rate: mm.extrapolate(mm.sgda(rate), mm.average(mm.nsgda(rate))),
        solves_rate=_decaying(0.3),
        steps=3000,
        tolerance=1e-2,
        price=Price(field=2),
        needs=_ORACLE,
    ),
    _case(
        "past_extragradient",
        mm.past_extragradient,
        solves=(_bilinear(mm.past_extragradient, 0.3, 200),),
        needs=_ORACLE,
    ),
    _case(
        "extrapolate_from_past",
        lambda rate: mm.extrapolate_from_past(
            mm.adam_gda(rate, b1=0.5), "once", transform=optax.add_decayed_weights(0.1)
        ),
        solves_rate=_decaying(0.1),
        steps=3000,
        tolerance=1e-3,
        needs=_ORACLE,
    ),
    _case(
        "extra_anchored_gradient",
        mm.extra_anchored_gradient,
        solves_rate=0.3,
        steps=3000,
        tolerance=1e-2,
        price=Price(field=2),
        needs=_ORACLE,
        schedule=_ANCHORED,
    ),
    _case(
        "extra_anchored_gradient varying step",
        lambda rate: mm.extra_anchored_gradient(rate, lipschitz=1.2),
        solves_rate=0.5,
        steps=3000,
        tolerance=1e-2,
        price=Price(field=2),
        needs=_ORACLE,
        schedule=_ANCHORED,
    ),
    _case(
        "anchor in a chain",
        lambda rate: optax.chain(mm.sgda(rate), mm.anchor()),
        solves_rate=0.3,
        steps=3000,
        tolerance=1e-2,
        needs=("params",),
        schedule=_ANCHORED,
    ),
    _case(
        "lookahead nested, lazy",
        lambda rate: mm.lookahead(
            mm.lookahead(mm.sgda(rate), 2, 0.5, anchor="lazy"), 4, 0.8, anchor="lazy"
        ),
        solves=(_bilinear(lambda rate: mm.lookahead(mm.sgda(rate), 5, 0.5), 0.3, 500),),
        needs=("params",),
        schedule=_GOES_BACK,
    ),
    _case(
        "lookahead_minmax",
        mm.lookahead_minmax,
        solves=(_bilinear(mm.lookahead_minmax, 0.3, 500),),
        needs=("params",),
        schedule=_GOES_BACK,
    ),
    _case(
        "lookahead_minmax nested",
        lambda rate: mm.lookahead_minmax(rate, sync_period=2, nested_period=4, nested_step=0.8),
        solves_rate=0.3,
        needs=("params",),
        schedule=_GOES_BACK,
    ),
    _case("average uniform", lambda rate: mm.average(mm.sgda(rate)), needs=("params",)),
    _case(
        "average exponential",
        lambda rate: mm.average(mm.optimistic_gda(rate), "exponential", decay=0.9, begin=1),
        needs=("params",),
    ),
    _case(
        "consensus",
        mm.consensus,
        rate=0.02,
        solves=(_bilinear(mm.consensus, 0.5, 50),),
        price=Price(field=1, vjp=1),
        needs=_ORACLE,
    ),
    _case(
        "add_consensus scheduled, in a chain",
        lambda rate: optax.chain(mm.add_consensus(_decaying(0.5)), mm.adam_gda(rate)),
        solves_rate=0.05,
        steps=1500,
        tolerance=1e-3,
        price=Price(field=1, vjp=1),
        needs=_ORACLE,
    ),
    _case(
        "symplectic",
        mm.symplectic,
        solves=(_bilinear(mm.symplectic, 0.5, 50),),
        price=Price(field=1, jvp=1, vjp=1),
        needs=_ORACLE,
    ),
    _case(
        "add_symplectic scheduled, tensors, in a chain",
        lambda rate: optax.chain(
            mm.add_symplectic(_decaying(0.5), mean_over="tensors"), mm.sgda(rate)
        ),
        price=Price(field=1, jvp=1, vjp=1),
        needs=_ORACLE,
    ),
    _case(
        "add_symplectic not aligned",
        lambda rate: optax.chain(mm.add_symplectic(0.5, align=False), mm.sgda(rate)),
        price=Price(field=1, jvp=1, vjp=1),
        needs=_ORACLE,
    ),
    _case(
        "competitive",
        _competitive,
        solves=(_bilinear(_competitive, 3.0, 20),),
        price=Price(field=2, jvp=(4, 20)),  # 2 to set up, 2 for the guess, 2 an iteration
        needs=_ORACLE,
    ),
    _case(
        "competitive gmres, cold, projected",
        lambda rate: mm.competitive(
            rate,
            solver="gmres",
            warm_start=False,
            max_iterations=8,
            transform=[optax.add_decayed_weights(0.1), mm.project(_clip)],
        ),
        price=Price(field=2, jvp=(2, 34)),  # 2 to set up, 2 an iteration and a restart
        needs=_ORACLE,
    ),
    _case(
        "competitive neumann",
        lambda rate: mm.competitive(rate, solver="neumann", max_iterations=3),
        price=Price(field=2, jvp=6),
        needs=_ORACLE,
    ),
    _case(
        "adaptive_competitive",
        mm.adaptive_competitive,
        solves_rate=_decaying(0.3),
        steps=1500,
        tolerance=1e-2,
        solves=(_bilinear(mm.adaptive_competitive, 0.1, 2000),),
        price=Price(field=2, jvp=(4, 204)),
        needs=_ORACLE,
    ),
    _case(
        "adaptive_competitive gmres, corrected last",
        lambda rate: mm.adaptive_competitive(
            rate, correction="last", solver="gmres", max_iterations=8
        ),
        solves_rate=_decaying(0.3),
        steps=1500,
        tolerance=1e-2,
        price=Price(field=2, jvp=(4, 36)),
        needs=_ORACLE,
    ),
    _case(
        "unrolled",
        lambda rate: _unrolled(rate, num_steps=3),
        solves=(_bilinear(lambda rate: _unrolled(rate, num_steps=5), 0.3, 100),),
        mirror=_LOOKS_AHEAD,
        price=Price(field=4, vjp=3),
        needs=_ORACLE,
    ),
    _case(
        "unrolled max first",
        lambda rate: _unrolled(rate, num_steps=2, first="max"),
        mirror=_LOOKS_AHEAD,
        price=Price(field=4, vjp=2),
        needs=_ORACLE,
    ),
    _case(
        "unrolled zero",
        lambda rate: _unrolled(rate, num_steps=0),
        needs=_ORACLE,
    ),
    _case(
        "add_noise in a chain",
        lambda rate: optax.chain(
            mm.add_noise(lambda count: 0.1 * 0.9 ** jnp.asarray(count, jnp.float32)), mm.sgda(rate)
        ),
        mirror="leaves draw by their place in the tree",
        needs=("key",),
        restless="noise moves the players wherever they are",
    ),
    _case(
        "greedy",
        _greedy,
        mirror=_ANSWERS,
        price=Price(field=(2, 101)),
        needs=_VALUED,
        schedule=_TAKEN_BACK,
    ),
    _case(
        "greedy deterministic, growing tolerance, annealed by a schedule",
        lambda rate: _greedy(
            rate,
            stochastic=False,
            gradient_tolerance=_decaying(1e-4),
            tolerance_growth=1.001,
            temperature=_decaying(2.0),
            min_improvement=_decaying(0.0),
        ),
        tolerance=1e-3,
        mirror=_ANSWERS,
        price=Price(field=(2, 101)),
        needs=(*_VALUED, "key"),
        schedule=_TAKEN_BACK,
    ),
    _case(
        "greedy two steps, nothing restored but x",
        lambda rate: _greedy(
            rate,
            max_ascent_steps=2,
            gradient_tolerance=None,
            accept_probability=0.7,
            accept_every=2,
            restore_states=False,
            restore_max=False,
        ),
        mirror=_ANSWERS,
        price=Price(field=3),
        needs=(*_VALUED, "key"),
    ),
    _case(
        "greedy_adam",
        mm.greedy_adam,
        solves_rate=_decaying(0.1),
        steps=3000,
        tolerance=1e-3,
        mirror=_ANSWERS,
        price=Price(field=2),
        needs=_VALUED,
    ),
)


def _step_norms(seen):
    return mm.diagnostics.player_norms(seen.updates)


def _spectrum(seen):
    return mm.diagnostics.jacobian_spectrum(seen.field_fn, seen.params, max_iterations=3)


def _clip(tree):
    return jax.tree.map(lambda x: jnp.clip(x, -2.5, 2.5), tree)
