"""Tests that arithmetic whose accuracy matters asks for full precision."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from minmax_jax import diagnostics, games
from minmax_jax.diagnostics.one_sided_mvi import _measure as measure_one_sided_mvi
from tests.precision import FULL, precisions_of
from tests.rows import each_case

KEY = jax.random.key(0)
POINT = mm.Players(
    min={"a": jnp.linspace(0.1, 0.6, 6).reshape(2, 3), "b": jnp.ones(1)}, max={"c": jnp.ones(7)}
)
ROUNDED = "bfloat16"
"""Setting of JAX with which products that do not ask for a precision are rounded."""


def payoff(z):
    """A payoff without products of matrices, so that all products are the library's."""
    x = jnp.concatenate([jnp.ravel(z.min["a"]), z.min["b"]])
    return jnp.sum(jnp.square(x) + x * z.max["c"] - 0.5 * jnp.square(z.max["c"]))


FIELD, PAYOFF = mm.zero_sum(payoff), mm.payoff(payoff)


def random_field(z, draw=0):
    noise = jax.random.normal(jax.random.fold_in(KEY, draw), ())
    return jax.tree.map(lambda leaf: leaf + noise, FIELD(z))


@each_case
def test_update_computes_products_in_full_precision(case):
    optimizer = case.make(case.learning_rate)
    state = jax.eval_shape(optimizer.init, POINT)

    def update(z, state):
        extra = {"field_fn": FIELD, "payoff_fn": PAYOFF, "key": KEY}
        return optimizer.update(FIELD(z), state, z, **extra)

    with jax.default_matmul_precision(ROUNDED):
        assert set(precisions_of(update, POINT, state)) <= {FULL}


def test_gmres_computes_products_in_full_precision():
    optimizer = mm.competitive(0.1, solver="gmres")

    def update(z):
        return optimizer.update(FIELD(z), optimizer.init(z), z, field_fn=FIELD)

    with jax.default_matmul_precision(ROUNDED):
        assert set(precisions_of(update, POINT)) == {FULL}


DIAGNOSTICS = {
    "best_vertices": lambda z: diagnostics.best_vertices(FIELD)(z),
    "binomial_interval": lambda z: diagnostics.binomial_interval(jnp.int32(3), 10),
    "bootstrap_interval": lambda z: diagnostics.bootstrap_interval(z.max["c"], key=KEY),
    "duality_gap": lambda z: diagnostics.duality_gap(
        PAYOFF, z, field_fn=FIELD, tx=optax.sgd(0.1), num_steps=3
    ),
    "exploitability": lambda z: diagnostics.exploitability(FIELD, z),
    "field_evaluations": lambda z: diagnostics.field_evaluations(FIELD)(z),
    "greedy_equilibrium": lambda z: diagnostics.greedy_equilibrium(
        FIELD,
        PAYOFF,
        z,
        proposal=optax.sgd(0.1),
        ascent=optax.sgd(0.1),
        key=KEY,
        num_samples=2,
        max_ascent_steps=2,
        gradient_tolerance=0.1,
        min_improvement=0.1,
    ),
    "hamiltonian": diagnostics.hamiltonian,
    "jacobian": lambda z: diagnostics.jacobian(FIELD, z),
    "jacobian_spectrum": lambda z: diagnostics.jacobian_spectrum(FIELD, z),
    "kkt_conditions": lambda z: diagnostics.kkt_conditions(z, FIELD(z)),
    "kkt_residual": lambda z: diagnostics.kkt_residual(z, FIELD(z)),
    "natural_residual": lambda z: diagnostics.natural_residual(z, FIELD(z), lambda tree: tree),
    "noise_floor": lambda z: diagnostics.noise_floor(random_field, z, 4),
    "norm_ratio": diagnostics.norm_ratio,
    "one_sided_mvi": lambda z: measure_one_sided_mvi(random_field, 2, z, z.min, 0, None),
    "path_angle": lambda z: diagnostics.path_angle(FIELD, z, FIELD(z), jnp.array([0.5])),
    "player_norms": diagnostics.player_norms,
    "scaled_norms": lambda z: diagnostics.scaled_norms(diagnostics.player_norms(z), z),
}


def test_all_diagnostics_are_in_the_table():
    functions = {name for name in diagnostics.__all__ if name.islower()}
    assert functions == set(DIAGNOSTICS)


@pytest.mark.parametrize("name", DIAGNOSTICS)
def test_diagnostic_computes_products_in_full_precision(name):
    with jax.default_matmul_precision(ROUNDED):
        found = precisions_of(DIAGNOSTICS[name], POINT)
    assert set(found) <= {FULL}
    assert bool(found) == (name == "jacobian_spectrum")


MATRIX = np.arange(1.0, 13.0).reshape(4, 3)
MODES = {"dimension": 20, "num_neurons": 2, "num_latents": 3}


@pytest.mark.parametrize(
    "game",
    [
        games.bilinear(MATRIX),
        games.quadratic(2.0, MATRIX, 1.0),
        games.matrix(MATRIX),
        games.robust_least_squares(MATRIX, MATRIX[:, 0]),
        games.modes(KEY, **MODES),
        games.modes(KEY, **MODES, batch_size=4, latents="sparse"),
    ],
    ids=["bilinear", "quadratic", "matrix", "robust_least_squares", "modes", "sparse modes"],
)
def test_game_with_known_behavior_has_full_precision(game):
    with jax.default_matmul_precision(ROUNDED):
        found = precisions_of(lambda z: (game.field_fn(z), game.payoff_fn(z)), game.start)
    assert set(found) == {FULL}


def test_modes_are_measured_in_full_precision():
    start = games.modes(KEY, **MODES).start
    latents = jnp.eye(3)
    with jax.default_matmul_precision(ROUNDED):
        found = precisions_of(lambda z: games.modes_outcome(z, latents=latents), start)
        found += precisions_of(games.modes_fake_probability, start)
    assert len(found) == 3 and set(found) == {FULL}


def test_networks_of_gaussian_gan_follow_jax_setting():
    def field(key):
        game = games.gaussian_gan(KEY, batch_size=2, latent_dim=2, width=4)
        return game.field_fn(game.start, key)

    for name, expected in (("bfloat16", "DEFAULT"), ("highest", "HIGHEST")):
        with jax.default_matmul_precision(name):
            found = precisions_of(field, KEY)
        assert found and set(found) == {(jax.lax.Precision[expected],) * 2}


def test_orthogonal_initialization_has_full_precision(monkeypatch):
    def with_product(gain):
        return lambda key, shape: jax.random.normal(key, shape) @ (gain * jnp.eye(shape[1]))

    monkeypatch.setattr(jax.nn.initializers, "orthogonal", with_product)
    with jax.default_matmul_precision(ROUNDED):
        found = precisions_of(lambda key: games.gaussian_gan(key, width=4).start, KEY)
    assert found and set(found) == {FULL}
