"""SNGAN and cGAN-PD against an independent implementation in NumPy and float64."""

import functools

import jax
import numpy as np
import pytest

from minmax_jax.gan import networks
from tests.gan.networks import reference

pytestmark = pytest.mark.usefixtures("full_precision")

FORMS = {"mimicry": {}, "authors": {"shortcut": "plain", "upsampling": "nearest"}}
CLASSES = {"mimicry": 3, "authors": 0}
LABELS = np.array([2, 0, 2, 1], np.int32)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.fixture(scope="module", params=FORMS)
def form(request):
    """Builds a form, one of them with classes, and calls both networks in one program."""
    build = functools.partial(networks.build, latent_dim=5, width=2, seed=0)
    options = {"options": FORMS[request.param], "num_classes": CLASSES[request.param]}
    pair = reference.without_arrays(lambda: build("sngan", (32, 32, 3), **options))
    params = [reference.randomized(network.params) for network in pair[:2]]
    stats = [reference.randomized(network.stats) for network in pair[:2]]
    latents, images = numbers(4, 5), numbers(4, 32, 32, 3)

    @jax.jit
    def call(params, stats, latents, images):
        return [
            network.apply(own, before, inputs, train=True, labels=LABELS)[0]
            for network, own, before, inputs in zip(
                pair[:2], params, stats, (latents, images), strict=True
            )
        ]

    return request.param, stats, params, (latents, images), call(params, stats, latents, images)


def norm(x, layer):
    """Normalizes with the scale and the bias of each example's class, if there are classes."""
    if "norm" not in layer and "table" not in layer.get("bias", ()):
        return reference.batch_norm(x, layer)
    scale, bias = (np.asarray(layer[name]["table"], np.float64) for name in ("scale", "bias"))
    return reference.batch_norm(x, None, scale[LABELS], bias[LABELS])


def generator(params, latents, upsample):
    hidden = reference.dense(latents.astype(np.float64), params["dense"]).reshape(-1, 4, 4, 4)
    for level in range(3):
        layers = params["block"][f"level{level}"]
        inner = reference.relu(norm(hidden, layers["norm1"]))
        inner = reference.conv(upsample(inner), layers["conv1"])
        inner = reference.relu(norm(inner, layers["norm2"]))
        inner = reference.conv(inner, layers["conv2"])
        hidden = inner + reference.conv(upsample(hidden), layers["shortcut"])
    hidden = reference.relu(reference.batch_norm(hidden, params["norm"]))
    return np.tanh(reference.conv(hidden, params["last"]))


def discriminator(params, stats, images, activated):
    def layer(level, name):
        place = f"level{level}"
        return reference.normalized(params["block"][place][name], stats["block"][place][name])

    x = images.astype(np.float64)
    inner = reference.conv(reference.relu(reference.conv(x, layer(0, "conv1"))), layer(0, "conv2"))
    x = reference.pool(inner) + reference.conv(reference.pool(x), layer(0, "shortcut"))
    for level in (1, 2, 3):
        active = reference.relu(x)
        inner = reference.relu(reference.conv(active, layer(level, "conv1")))
        inner = reference.conv(inner, layer(level, "conv2"))
        kept = active if activated else x
        if level == 1:
            inner = reference.pool(inner)
            kept = reference.pool(reference.conv(kept, layer(level, "shortcut")))
        x = inner + kept
    features = reference.relu(x).sum((1, 2))
    last = reference.normalized(params["dense"], stats["dense"])
    logits = reference.dense(features, last)[:, 0]
    if "projection" not in params:
        return logits
    table = params["projection"]["embedding"]["table"]
    stats = stats["projection"]["embedding"]
    vectors = reference.normalized({"kernel": np.transpose(table)}, stats)["kernel"].T
    return logits + (features * vectors[LABELS]).sum(1)


def test_generator_equals_the_reference(form):
    name, _, params, (latents, _), (images, _) = form
    upsample = reference.bilinear if name == "mimicry" else reference.nearest
    expected = generator(params[0], latents, upsample)
    np.testing.assert_allclose(images, expected, atol=2e-5)
    assert np.ptp(expected) > 0.5


def test_discriminator_equals_the_reference(form):
    name, stats, params, (_, images), (_, logits) = form
    arguments = params[1], stats[1], images
    expected, other = (discriminator(*arguments, shape) for shape in (True, False))
    if name == "authors":
        expected, other = other, expected
    np.testing.assert_allclose(logits, expected, rtol=2e-5, atol=2e-5)
    assert np.max(np.abs(expected - other)) > 1e-2  # The two shortcuts differ.


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((28, 28, 1), {}, "shorter side is 32, 64 or 128, .* a quarter of it, got shape .28, 28"),
        ((32, 44, 1), {}, "multiple of a quarter of it, got shape .32, 44, 1."),
        ((2,), {}, "sngan makes images"),
        ((32, 32, 3), {"shortcut": "none"}, "shortcut must be activated or plain, got 'none'"),
        ((32, 32, 3), {"upsampling": "no"}, "upsampling must be nearest or bilinear, got 'no'"),
    ],
)
def test_sngan_refuses_other_sides_and_options(shape, options, message):
    with pytest.raises(ValueError, match=message):
        networks.build("sngan", shape, latent_dim=2, width=1, seed=0, options=options)


def test_sngan_kernels_start_at_the_published_scale():
    """Glorot's bound is √(6 / (fans)), and √2 times as large in blocks."""
    build = jax.jit(
        lambda: networks.build("sngan", (32, 32, 3), latent_dim=64, width=8, seed=0)[0][1]
    )
    params = build()
    bounds = {
        "dense": np.sqrt(6 / (64 + 256)),
        "conv1": np.sqrt(2 * 6 / (9 * 32)),
        "shortcut": np.sqrt(6 / 32),
    }
    block = params["block"]["level0"]
    for name, bound in bounds.items():
        kernel = np.abs((params if name == "dense" else block)[name]["kernel"])
        assert 0.97 * bound < kernel.max() <= bound
        assert kernel.mean() == pytest.approx(bound / 2, rel=0.05)
