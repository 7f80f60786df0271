"""Lazy regularization, by hand and compared with a step that contains the penalty."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm

X, Y, RATE = 2.0, 3.0, 0.1
FIELD = mm.zero_sum(lambda z: z.min * z.max)
PENALTY = mm.zero_sum(lambda z: -2.0 * z.max**2)


def steps(tx, count, penalty_field_fn=PENALTY):
    """Returns the parameters before and after each of several updates."""
    z, state, seen = mm.Players(X, Y), tx.init(mm.Players(X, Y)), []
    for _ in range(count):
        updates, state = tx.update(
            FIELD(z), state, z, field_fn=FIELD, penalty_field_fn=penalty_field_fn
        )
        z = optax.apply_updates(z, updates)
        seen.append(z)
    return seen


def lazy(every, **options):
    tx = mm.regularize_lazily(optax.sgd(RATE), every=every)
    return mm.alternate(min=optax.sgd(0.0), max=tx, **options)


@pytest.mark.parametrize("every", [1, 3])
def test_penalty_steps_follow_every_kth_step_by_hand(every):
    y = Y
    for count, z in enumerate(steps(lazy(every), 5)):
        y = y + RATE * X
        if count % every == 0:
            y = y - RATE * 4 * y
        np.testing.assert_allclose(z.max, y, rtol=1e-6)


def test_penalty_steps_count_the_steps_of_the_player():
    y = Y
    for _ in range(2):
        for inner in range(3):
            y = y + RATE * X
            if inner == 0:
                y = y - RATE * 4 * y
    found = steps(lazy(3, max_steps=3), 2)[-1]
    np.testing.assert_allclose(found.max, y, rtol=1e-6)


def test_both_steps_share_the_state_of_the_optimizer():
    tx = mm.alternate(
        min=optax.sgd(0.0), max=mm.regularize_lazily(optax.adam(RATE, b1=0.5), every=2)
    )
    adam, y = optax.adam(RATE, b1=0.5), jnp.asarray(Y)
    state = adam.init(y)
    main, penalty = lambda y: -X, lambda y: 4 * y
    for gradient in (main, penalty, main, main, penalty):
        update, state = adam.update(jnp.asarray(gradient(y)), state, y)
        y = y + update
    np.testing.assert_allclose(steps(tx, 3)[-1].max, y, rtol=1e-6)


def test_penalty_field_gets_a_sample_index_per_step():
    draws = []

    def penalty_field_fn(z, draw=0):
        jax.debug.callback(lambda draw: draws.append(int(draw)), draw)
        return PENALTY(z)

    steps(lazy(2), 5, penalty_field_fn)
    jax.effects_barrier()
    assert draws == [0, 2, 4]


def test_a_step_without_penalty_does_not_evaluate_it():
    def penalty_field_fn(z, draw=0):
        return jax.tree.map(lambda leaf: leaf @ leaf @ leaf, z)

    z = mm.Players(jnp.eye(2), jnp.eye(2))
    tx = lazy(2)

    def update(z, state):
        return tx.update(
            z, state, z, field_fn=lambda z, draw=0: z, penalty_field_fn=penalty_field_fn
        )

    equations = jax.make_jaxpr(update)(z, tx.init(z)).jaxpr.eqns
    names = [equation.primitive.name for equation in equations]
    assert "dot_general" not in names and names.count("cond") == 1


def test_min_player_can_have_the_penalty():
    tx = mm.regularize_lazily(optax.sgd(RATE), every=2, player="min")
    both = mm.alternate(min=tx, max=optax.sgd(0.0), first="min")
    x = X - RATE * Y
    x = x - RATE * 3 * x
    penalty = mm.zero_sum(lambda z: 1.5 * z.min**2)
    np.testing.assert_allclose(steps(both, 1, penalty)[0].min, x, rtol=1e-6)


def test_wrong_arguments_of_regularize_lazily_raise():
    sgd, z = optax.sgd(RATE), mm.Players(X, Y)
    with pytest.raises(ValueError, match="every must be at least 1, got 0"):
        mm.regularize_lazily(sgd, every=0)
    with pytest.raises(ValueError, match="player must be 'min' or 'max', got 'other'"):
        mm.regularize_lazily(sgd, every=2, player="other")
    with pytest.raises(TypeError, match="tx must be an Optax gradient transformation"):
        mm.regularize_lazily(0.1, every=2)  # pyright: ignore[reportArgumentType]
    tx = lazy(2)
    with pytest.raises(ValueError, match="update needs penalty_field_fn= as a keyword"):
        tx.update(FIELD(z), tx.init(z), z, field_fn=FIELD)
    alone = mm.regularize_lazily(sgd, every=2)
    with pytest.raises(ValueError, match=r"needs params and players=.* inside mm.alternate"):
        alone.update(Y, alone.init(Y), Y, penalty_field_fn=PENALTY)
