"""Networks, losses and data that a user has registered."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from minmax_jax import gan
from minmax_jax.gan.config import presets
from minmax_jax.gan.objective import losses

SMALL = {
    "latent_dim": 4,
    "batch_size": 8,
    "log_every": 2,
    "checkpoint_every": 4,
    "evaluate": 0,
    "devices": 1,
    "steps": 4,
}


class Linear(nnx.Module):
    def __init__(self, inputs, shape, rngs):
        self.shape, self.layer = shape, nnx.Linear(inputs, int(np.prod(shape)), rngs=rngs)

    def __call__(self, inputs, *, train):
        return self.layer(inputs.reshape(len(inputs), -1)).reshape(-1, *self.shape)


def linear(sample_shape, *, latent_dim, rngs, **_):
    generator = Linear(latent_dim, sample_shape, rngs)
    discriminator = Linear(int(np.prod(sample_shape)), (), rngs)
    return gan.purify(generator), gan.purify(discriminator)


def register(scale=1.0):
    points = scale * np.random.default_rng(0).normal(size=(50, 3))
    gan.NETWORKS.register("linear", linear)
    gan.LOSSES.register(
        "squares",
        gan.Loss(
            min_loss=lambda real, fake: jnp.mean((fake - 1) ** 2),
            max_loss=lambda real, fake: jnp.mean((real - 1) ** 2) + jnp.mean(fake**2),
            zero_sum=False,
        ),
    )
    gan.DATA_SETS.register("normal", lambda: gan.from_arrays(points, name="normal"))


@pytest.fixture
def registered():
    register()
    yield
    for table in (gan.NETWORKS, gan.LOSSES, gan.DATA_SETS):
        table._registered.clear()


def config(folder, **fields):
    named = {"network": "linear", "loss": "squares", "data": "normal"}
    return presets.preset("gaussians", out=str(folder), **{**SMALL, **named, **fields})


def test_registered_components_train_resume_and_sample(registered, tmp_path):
    gan.train(config(tmp_path))
    run = gan.train(config(tmp_path, steps=6))
    assert int(run.state.step) == 6 and [r["step"] for r in run.metrics] == [2, 4, 6]
    assert gan.sample(tmp_path, 5).shape == (5, 3)


def test_mismatched_components_are_rejected(registered, tmp_path):
    gan.train(config(tmp_path, steps=6))
    with pytest.raises(gan.ConfigError, match="loss: 'squares' -> 'hinge'"):
        gan.train(config(tmp_path, loss="hinge", steps=8))
    register(scale=2.0)
    with pytest.raises(gan.ConfigError, match="data crc32"):
        gan.train(config(tmp_path, steps=8))
    register()
    gan.NETWORKS.register("linear", gan.NETWORKS["mlp"])
    with pytest.raises(gan.ConfigError, match="checkpoint of another model"):
        gan.train(config(tmp_path, steps=8))
    gan.NETWORKS._registered.clear()
    with pytest.raises(gan.ConfigError, match="network='linear' is not known"):
        gan.train(config(tmp_path, steps=8))
    with pytest.raises(gan.ConfigError, match=r"'linear' is not known.*Register your own"):
        gan.sample(tmp_path, 3)


def test_register_rejects_built_in_and_invalid_names():
    with pytest.raises(gan.ConfigError, match="'hinge' is a built-in loss"):
        gan.LOSSES.register("hinge", losses.LOSSES["wasserstein"])
    for name in ("my network", "2mine", ""):
        with pytest.raises(
            gan.ConfigError, match=f"name '{name}' must consist of .*not start with"
        ):
            gan.NETWORKS.register(name, linear)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((9, 8, 8), np.float32), None, r"images must be uint8 .*, got float32\[9, 8, 8\]"),
        (np.zeros((9, 8, 8, 4), np.uint8), None, "1 or 3"),
        (np.full((9, 2), np.nan), None, "images must be finite"),
        (np.zeros((9, 2)), np.zeros(8, int), r"labels must have shape \[9\]"),
        (np.zeros((9, 2)), np.full(9, -1), "integers from 0 to"),
        (np.zeros((5, 2)), None, "at least 6 examples, got 5"),
    ],
)
def test_from_arrays_rejects_invalid_arrays(images, labels, message):
    with pytest.raises(gan.DataError, match=message):
        gan.from_arrays(images, labels)


def test_from_arrays_requires_equal_kinds_of_test_arrays():
    images, labels = np.zeros((9, 2)), np.zeros(9, int)
    with pytest.raises(gan.DataError, match="must have the same shape and dtype"):
        gan.from_arrays(images, test_images=np.zeros((9, 3)))
    with pytest.raises(gan.DataError, match="or neither"):
        gan.from_arrays(images, labels, test_images=images)
    data = gan.from_arrays(images, labels, test_images=images[:3], test_labels=labels[:3] + 4)
    assert (len(data.images), len(data.test_images), data.num_classes) == (9, 3, 5)
