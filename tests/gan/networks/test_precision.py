"""Tests of the precision of the networks' products and convolutions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax import parallel
from minmax_jax.gan import networks
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.networks import _platform, registry
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib
from tests.precision import FULL, precisions_of

HIGH = (jax.lax.Precision.HIGH,) * 2
IMAGES = {"dcgan": (8, 8, 1), "mangoubi_cifar": (8, 8, 1), "mlp": (2,)}
KEYS = jax.random.split(jax.random.key(0), 4)
LATENTS = jnp.ones((4, 2))


def derivatives(name, **options):
    """Builds a pair and differentiates both networks, as in a training step."""
    pair = networks.build(name, IMAGES[name], latent_dim=3, width=2, seed=0, **options)

    def loss(params):
        latents, keys = jnp.ones((4, 3)), KEYS
        images, _ = pair.generator.apply(
            params[0], pair.generator.stats, latents, train=True, keys=keys
        )
        logits, _ = pair.discriminator.apply(
            params[1], pair.discriminator.stats, images, train=True, keys=keys
        )
        return jnp.sum(logits)

    return jax.grad(loss)((pair.generator.params, pair.discriminator.params))


@pytest.mark.parametrize("name", IMAGES)
def test_networks_have_the_requested_precision(name):
    found = precisions_of(lambda: derivatives(name, matmul_precision="tensorfloat32"))
    assert len(found) > 6 and set(found) == {HIGH}


def test_run_has_the_precision_of_its_configuration():
    chosen = presets.preset("gaussians", width=2, latent_dim=2, matmul_precision="tensorfloat32")
    config = Config.from_json(chosen.to_json())  # As `sample` and `evaluate` read it.

    def samples():
        generator = build.build_pair(config, (2,)).generator
        return generator.apply(generator.params, generator.stats, LATENTS, train=False)

    assert set(precisions_of(samples)) == {HIGH}


def test_networks_follow_jax_setting_by_default():
    with jax.default_matmul_precision(None):
        assert set(precisions_of(lambda: derivatives("mlp"))) == {None}
    with jax.default_matmul_precision("high"):
        assert set(precisions_of(lambda: derivatives("mlp"))) == {HIGH}


def test_spectral_norm_has_full_precision():
    with jax.default_matmul_precision("bfloat16"):
        found = precisions_of(
            lambda: derivatives("mlp", matmul_precision="high", spectral_norm=True)
        )
    assert set(found) == {HIGH, FULL} and found.count(FULL) >= 12


def test_initialization_has_full_precision(monkeypatch):
    def with_product(shape, *, latent_dim, width, rngs, axis_name=None):
        product = jax.random.normal(rngs.params(), (2, 2)) @ jnp.eye(2)
        network = networks.Network(lambda *_, **__: None, {"w": product}, {})
        return network, network

    monkeypatch.setattr(registry, "NETWORKS", {"new": with_product})

    def init():
        pair = networks.build("new", (2,), latent_dim=2, width=2, seed=0, matmul_precision="high")
        return pair.generator.params

    assert precisions_of(init) == [FULL]


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
def test_second_derivatives_have_the_requested_precision(platform):
    """Derivatives of a checkpointed loop are traced after the network has returned."""
    pair = networks.build(
        "dcgan", (8, 8, 1), latent_dim=2, width=2, seed=0, matmul_precision="tensorfloat32"
    )

    def loss(params):
        return jnp.sum(pair.generator.apply(params, pair.generator.stats, LATENTS, train=True)[0])

    def fields(params):
        step = lambda carry, _: (carry, jax.grad(jax.checkpoint(loss))(params))  # noqa: E731
        return jax.lax.scan(step, 0.0, jnp.arange(2))[1]

    params = pair.generator.params
    with _platform.tracing_for(platform):
        found = precisions_of(lambda p: jax.jvp(fields, (p,), (p,)), params)
    assert len(found) > 9 and set(found) == {HIGH}


@pytest.mark.slow
def test_competitive_step_has_the_requested_precision(noise_images):
    config = presets.preset(
        "digits",
        network="dcgan",
        width=2,
        latent_dim=2,
        batch_size=4,
        microbatches=2,
        penalty=1.0,
        penalty_type="r1",
        penalty_every=2,
        optimizer="competitive",
        options={},
        matmul_precision="tensorfloat32",
    )

    def step(images):
        game, chosen = build.build_game(config, noise_images, 1)
        state = step_lib.init(game, chosen)
        return step_lib.train_step(game, chosen, 0.9, state, images, np.uint32(0))

    found = precisions_of(parallel.on_one_device(step), noise_images.images)
    assert len(found) > 50 and set(found) == {HIGH}


def test_unknown_precision_is_refused():
    with pytest.raises(ValueError, match=r"^build: matmul_precision must be one of default, high"):
        networks.build("mlp", (2,), latent_dim=2, width=2, seed=0, matmul_precision="TF32")


def test_precisions_are_names_of_jax():
    for name in networks.MATMUL_PRECISIONS:
        with jax.default_matmul_precision(name):
            assert precisions_of(jnp.matmul, jnp.eye(2), jnp.eye(2)) != [None]
