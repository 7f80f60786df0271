"""The νPI controller: hand-computed steps, optimism, and damping of multipliers."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems


def outputs(tx, errors):
    state, seen = tx.init(jnp.zeros(())), []
    for e in errors:
        u, state = tx.update(jnp.asarray(e), state)
        seen.append(float(u))
    return seen


@pytest.mark.parametrize(
    ("initial", "expected"),
    # ξ is 2, 2.5, 2.25 from the first error, and 1, 2, 2 from zero.
    [("first", [6.0, 9 + 4 * 0.5, 6 - 4 * 0.25]), ("zero", [6 + 4 * 1.0, 9 + 4 * 1.0, 6.0])],
)
def test_pi_steps_by_hand(initial, expected):
    tx = mm.scale_by_pi(4.0, 3.0, 0.5, initial)
    assert outputs(tx, (2.0, 3.0, 2.0)) == expected


def test_pi_with_negative_decay_by_hand():
    # ξ_0 = 2, ξ_1 = −0.5·2 + 1.5·3 = 3.5.
    assert outputs(mm.scale_by_pi(2.0, decay=-0.5), (2.0, 3.0)) == [2.0, 3.0 + 2 * 1.5]


@pytest.mark.parametrize("start", ["first", "zero"])
def test_pi_without_decay_equals_optimism(start):
    def orbit(part):
        return problems.orbit(optax.chain(part, mm.sgda(0.3)), 50)

    pi = orbit(mm.scale_by_pi(1.0, 1.0, 0.0, start))
    np.testing.assert_array_equal(pi, orbit(mm.add_optimism(previous=start)))


def test_pi_gain_schedules_count_updates():
    tx = mm.scale_by_pi(lambda count: 1.0 * count, lambda count: 2.0 - count)
    assert outputs(tx, (1.0, 2.0, 4.0)) == [2.0, 2.0 + 1.0, 0.0 + 2 * 2.0]


def test_pi_converges_where_plain_multipliers_diverge():
    # Simultaneous updates need η σ² < 1 for the multipliers; here it is 1.05.
    problem = mm.constrained(lambda x: 0.5 * x**2, equality=lambda x: x - 1)

    @jax.jit
    def errors():
        found = []
        for part in (optax.identity(), mm.scale_by_pi(1.0)):
            tx = mm.per_player(min=optax.sgd(0.3), max=optax.chain(part, optax.sgd(1.05)))
            end = mm.solve(tx, problem.field_fn, problem.init(0.0), 2000).players
            found.append(jnp.abs(end.min - 1))
        return jnp.stack(found)

    plain, pi = errors()
    assert pi < 1e-4 and not plain < 1e2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"proportional": -1.0}, "proportional must be at least 0"),
        ({"integral": -1.0}, "integral must be at least 0"),
        ({"decay": 1.0}, "decay must be"),
        ({"decay": -1.5}, "decay must be"),
        ({"initial": "sgd"}, "initial must be 'first' or 'zero'"),
    ],
)
def test_pi_names_invalid_arguments(options, message):
    with pytest.raises(ValueError, match=f"^scale_by_pi: {message}"):
        mm.scale_by_pi(**options)
