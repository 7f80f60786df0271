"""Alternating updates, by hand and compared with a hand-written loop."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm

X, Y, ETA, RHO = 2.0, 3.0, 0.1, 0.2


def update(tx, payoff=lambda z: z.min * z.max, z=None):
    z = mm.Players(X, Y) if z is None else z
    field_fn = mm.zero_sum(payoff)
    return tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn)[0]


def test_alternate_max_first_by_hand():
    tx = mm.alternate(min=optax.sgd(ETA), max=optax.sgd(RHO))
    y = Y + RHO * X
    np.testing.assert_allclose(update(tx), (-ETA * y, y - Y), rtol=1e-6)


def test_alternate_min_first_by_hand():
    tx = mm.alternate(min=optax.sgd(ETA), max=optax.sgd(RHO), first="min")
    x = X - ETA * Y
    np.testing.assert_allclose(update(tx), (x - X, RHO * x), rtol=1e-6)


def test_alternate_three_max_steps_by_hand():
    tx = mm.alternate(min=optax.sgd(ETA), max=optax.sgd(RHO), max_steps=3)
    y = Y
    for _ in range(3):
        y = y + RHO * (X - 2 * y)
    out = update(tx, lambda z: z.min * z.max - z.max**2)
    np.testing.assert_allclose(out, (-ETA * y, y - Y), rtol=1e-6)


def test_alternate_conserves_quadratic_form_on_bilinear_game():
    """y⁺ = y + η x, x⁺ = x − η y⁺ conserve x² + y² − η x y, measured after the step of y."""
    tx = mm.alternate(min=optax.sgd(0.5), max=optax.sgd(0.5))
    run = mm.solve(
        tx,
        mm.zero_sum(lambda z: z.min * z.max),
        mm.Players(1.0, 0.0),
        200,
        record=lambda step, z, u, s: z,
    )
    x, y = run.records
    invariant = x**2 + y**2 + 0.5 * x * y
    np.testing.assert_allclose(invariant, np.full(200, 1.0), rtol=1e-4)


@pytest.mark.parametrize(("first", "draws"), [("max", [0, 1, 2, 3]), ("min", [0, 1, 2, 3])])
def test_alternate_numbers_field_evaluations(first, draws):
    seen = []

    def field_fn(z, draw=0):
        seen.append(draw)
        return z

    z = mm.Players(X, Y)
    tx = mm.alternate(min=optax.sgd(ETA), max=optax.sgd(RHO), max_steps=3, first=first)
    tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn)
    assert seen == draws


@pytest.mark.parametrize("first", ["max", "min"])
@pytest.mark.parametrize("max_steps", [1, 2, 5])
def test_alternate_loop_equals_unrolled_steps(max_steps, first):
    """Sample indices, keys and optimizer states are the same."""
    z = mm.Players(jnp.array([X, -1.0]), {"a": jnp.array([Y, 0.5]), "b": jnp.ones((2, 2))})
    noisy = optax.chain(mm.add_noise(0.1), optax.adam(RHO))
    field_fn = mm.zero_sum(
        lambda z, draw: jnp.sum(z.min * z.max["a"]) * (draw + 1) - jnp.sum(z.max["b"] ** 2),
        stochastic=True,
    )
    found = []
    for unroll in (True, False):
        tx = mm.alternate(
            min=optax.adam(ETA), max=noisy, max_steps=max_steps, first=first, unroll=unroll
        )
        key = jax.random.key(3)
        found.append(tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn, key=key))
    chex.assert_trees_all_close(*found, rtol=2e-6)
    if max_steps < 3:  # There is no loop, so even the programs are the same.
        chex.assert_trees_all_equal(*found)


def test_size_of_loop_does_not_depend_on_steps():
    z, field_fn = mm.Players(X, Y), mm.zero_sum(lambda z: z.min * z.max)

    def size(max_steps, unroll):
        adam = optax.adam(ETA)
        tx = mm.alternate(min=adam, max=adam, max_steps=max_steps, unroll=unroll)
        update = jax.jit(lambda z, state: tx.update(field_fn(z), state, z, field_fn=field_fn))
        return len(update.lower(z, tx.init(z)).as_text())

    assert size(9, unroll=False) == size(4, unroll=False)
    assert size(9, unroll=True) > 1.5 * size(4, unroll=True)


def mlp_gan(key):
    """Returns the parameters, latents and data of an MLP GAN."""
    sizes = {"min": (64, 256, 256, 784), "max": (784, 256, 256, 1)}
    keys = iter(jax.random.split(key, 20))
    players = mm.Players(
        *(
            [
                {"w": jax.random.normal(next(keys), (a, b)) * a**-0.5, "b": jnp.zeros(b)}
                for a, b in zip(widths, widths[1:])  # noqa: B905, RUF007
            ]
            for widths in sizes.values()
        )
    )
    return (
        players,
        jax.random.normal(next(keys), (128, 64)),
        jax.random.normal(next(keys), (128, 784)),
    )


def forward(layers, x):
    for layer in layers[:-1]:
        x = jax.nn.leaky_relu(x @ layer["w"] + layer["b"], 0.2)
    return x @ layers[-1]["w"] + layers[-1]["b"]


def gan_payoff(players, latents, data):
    fake = forward(players.max, jnp.tanh(forward(players.min, latents)))
    real = forward(players.max, data)
    return jnp.mean(jax.nn.log_sigmoid(real)) + jnp.mean(jax.nn.log_sigmoid(-fake))


def costs(step, *args):
    compiled = jax.jit(step, donate_argnums=(0, 1)).lower(*args).compile()
    cost = compiled.cost_analysis()
    return {
        "flops": cost["flops"],
        "bytes": cost["bytes accessed"],
        "temporaries": compiled.memory_analysis().temp_size_in_bytes,
    }


def by_hand(adam, max_steps, max_gradient, payoff):
    """Returns the loop as one writes it in JAX and Optax."""

    def step(z, state):
        g, d = z
        g_state, d_state = state
        for _ in range(max_steps):
            d_updates, d_state = adam.update(max_gradient(g, d), d_state, d)
            d = optax.apply_updates(d, d_updates)
        g_gradient = jax.grad(lambda g: payoff(mm.Players(g, d)))(g)
        g_updates, g_state = adam.update(g_gradient, g_state, g)
        return mm.Players(optax.apply_updates(g, g_updates), d), (g_state, d_state)

    return step


@pytest.mark.parametrize("form", ["losses", "payoff"])
@pytest.mark.parametrize("max_steps", [1, 2])
def test_alternate_costs_no_more_than_handwritten_loop(form, max_steps):
    players, latents, data = mlp_gan(jax.random.key(0))
    adam = optax.adam(
        1e-4, b1=0.5, eps=1e-3
    )  # With the usual eps, rounding errors become full steps.
    tx = mm.alternate(min=adam, max=adam, max_steps=max_steps)

    def ours(z, state, latents, data):
        def payoff(z):
            return gan_payoff(z, latents, data)

        zero_sum = form == "payoff"
        field_fn = mm.zero_sum(payoff) if zero_sum else mm.general_sum(payoff, lambda z: -payoff(z))
        updates, state = tx.update(field_fn(z), state, z, field_fn=field_fn)
        return optax.apply_updates(z, updates), state

    def theirs(z, state, latents, data):
        def payoff(z):
            return gan_payoff(z, latents, data)

        def ascent(g, d):  # The gradient of the payoff, negated for descent.
            return jax.tree.map(jnp.negative, jax.grad(lambda d: payoff(mm.Players(g, d)))(d))

        def descent(g, d):  # The gradient of the discriminator's loss.
            return jax.grad(lambda d: -payoff(mm.Players(g, d)))(d)

        gradient = ascent if form == "payoff" else descent
        return by_hand(adam, max_steps, gradient, payoff)(z, state)

    plain_state = tuple(adam.init(p) for p in players)
    mine = costs(ours, players, tx.init(players), latents, data)
    hand = costs(theirs, players, plain_state, latents, data)
    # An Optax update returns the sum of k steps, which the loop does not compute: k − 1 additions
    # (XLA forms each in up to three fusions).
    sums = (max_steps - 1) * sum(x.size for x in jax.tree.leaves(players.max))
    assert mine["flops"] <= hand["flops"] + 3 * sums
    assert mine["bytes"] <= hand["bytes"] + 3.1 * 4 * sums
    # The player's initial parameters, its current ones and the sum of its steps are all stored.
    assert mine["temporaries"] <= hand["temporaries"] + 2 * 4 * sums
    chex.assert_trees_all_close(
        jax.jit(ours)(players, tx.init(players), latents, data)[0],
        jax.jit(theirs)(players, plain_state, latents, data)[0],
        atol=1e-6,
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_steps": 0}, ValueError, "^alternate: max_steps must be at least 1, got 0"),
        ({"max_steps": 1.5}, TypeError, "^alternate: max_steps must be a Python int .*, got 1.5"),
        ({"first": "both"}, ValueError, "^alternate: first must be 'min' or 'max', got 'both'"),
        ({"unroll": 2}, ValueError, "^alternate: unroll must be True or False, got 2"),
        ({"min": 0.1}, TypeError, "^alternate: min must be an Optax .*, got 0.1"),
    ],
)
def test_alternate_names_invalid_arguments(options, error, message):
    with pytest.raises(error, match=message):
        mm.alternate(**{"min": optax.sgd(0.1), "max": optax.sgd(0.1), **options})


def test_alternate_supports_masked_inside_but_not_outside():
    field_fn = mm.zero_sum(lambda z: z.min["a"] * z.max["a"] + z.min["b"])
    z = mm.Players({"a": 1.0, "b": 1.0}, {"a": 1.0})
    outside = optax.masked(
        mm.alternate(min=optax.sgd(0.1), max=optax.sgd(0.1)),
        mm.Players({"a": True, "b": False}, {"a": True}),
    )
    with pytest.raises(ValueError, match=r"^alternate: optax.masked around it .* inside"):
        outside.init(z)
    frozen = optax.multi_transform(
        {True: optax.sgd(0.1), False: optax.set_to_zero()}, {"a": True, "b": False}
    )
    tx = mm.alternate(min=frozen, max=optax.sgd(0.1))
    out, _ = tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn)
    assert float(out.min["b"]) == 0.0 and float(out.min["a"]) != 0.0
