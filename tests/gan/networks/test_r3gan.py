"""R3GAN against an independent implementation in NumPy and float64."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan import networks
from minmax_jax.gan.networks import _grouped, _resampling
from tests.gan.networks import reference

pytestmark = pytest.mark.usefixtures("full_precision")

WIDTH, GROUP = 4, 2
LABELS = np.array([2, 0, 2, 1], np.int32)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def double(x):
    """Inserts zeros and convolves with 4 [1, 3, 3, 1] ⊗ [1, 3, 3, 1] / 64."""
    stuffed = np.zeros((x.shape[0], 2 * x.shape[1] + 3, 2 * x.shape[2] + 3, x.shape[3]))
    stuffed[:, 2:-1:2, 2:-1:2] = x
    return filtered(stuffed, 4.0, 1)


def halve(x):
    return filtered(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), 1.0, 2)


def filtered(x, gain, stride):
    taps = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64 * gain
    rows, columns = x.shape[1] - 3, x.shape[2] - 3
    return sum(
        taps[i, j] * x[:, i : i + rows : stride, j : j + columns : stride]
        for i in range(4)
        for j in range(4)
    )


def blocks(x, stage):
    for name in sorted(stage):
        layers = stage[name]
        wide = reference.leaky_relu(reference.conv(x, layers["expand"]))
        groups = wide.shape[-1] // GROUP
        wide = reference.leaky_relu(reference.conv(wide, layers["mix"], groups))
        x = x + reference.conv(wide, layers["reduce"])
    return x


def generator(params, latents):
    latents = latents.astype(np.float64)
    if "classes" in params:
        latents = np.concatenate([latents, params["classes"]["table"][LABELS]], 1)
    scales = reference.dense(latents, params["dense"])
    x = np.asarray(params["basis"]) * scales[:, None, None]
    for level in range(len(params["stage"])):
        if level:
            x = double(x)
        x = blocks(x, params["stage"][f"level{level}"])
    return reference.conv(x, params["last"])


def discriminator(params, images):
    x = reference.conv(images.astype(np.float64), params["first"])
    for level in reversed(range(len(params["stage"]))):
        x = blocks(x, params["stage"][f"level{level}"])
        x = halve(x) if level else x
    features = np.einsum("nhwc,hwc->nc", x, np.asarray(params["basis"]["kernel"]))
    outputs = reference.dense(features, params["dense"])
    if "classes" not in params:
        return outputs[:, 0]
    return (outputs * params["classes"]["table"][LABELS]).sum(1)


def build(shape, width=WIDTH, num_classes=0, **options):
    return networks.build(
        "r3gan",
        shape,
        latent_dim=3,
        width=width,
        seed=0,
        num_classes=num_classes,
        options=options,
    )


@pytest.fixture(scope="module", params=[0, 3], ids=["unconditional", "classes"])
def outputs(request):
    """Calls both networks with random parameters for 8×16 pixels in one compiled program."""
    pair = reference.without_arrays(
        lambda: build((8, 16, 3), num_classes=request.param, group_size=GROUP)
    )
    params = [reference.randomized(network.params) for network in pair[:2]]
    latents, images = numbers(4, 3), numbers(4, 8, 16, 3)

    @jax.jit
    def call(params, latents, images):
        return [
            network.apply(own, {}, inputs, train=True, labels=LABELS)[0]
            for network, own, inputs in zip(pair[:2], params, (latents, images), strict=True)
        ]

    return params, latents, images, call(params, latents, images)


def test_generator_equals_the_reference(outputs):
    params, latents, _, (images, _) = outputs
    expected = generator(params[0], latents)
    np.testing.assert_allclose(images, expected, rtol=1e-4, atol=1e-5 * np.ptp(expected))
    assert np.max(np.abs(expected)) > 1.0  # There is no tanh.


def test_discriminator_equals_the_reference(outputs):
    params, _, images, (_, logits) = outputs
    expected = discriminator(params[1], images)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5 * np.ptp(expected))


def test_resampling_equals_filters_with_zeros():
    images = numbers(2, 6, 4, 3)
    np.testing.assert_allclose(_resampling.double(images), double(images), atol=1e-6)
    np.testing.assert_allclose(_resampling.halve(images), halve(images), atol=1e-6)


def test_grouped_convolution_forms_agree_in_all_derivatives():
    inputs, kernel = numbers(2, 4, 5, 12), np.float32(0.1) * numbers(3, 3, 4, 6)
    reference_values = reference.conv(inputs.astype(np.float64), {"kernel": kernel}, groups=3)

    def derivatives(form):
        def penalty(inputs, kernel):
            slope = jax.grad(lambda x: jnp.sum(jnp.sin(form(x, kernel))))(inputs)
            return jnp.sum(jnp.square(slope))

        return jax.jit(lambda x, k: (form(x, k), jax.grad(penalty, (0, 1))(x, k)))(inputs, kernel)

    found, other = map(derivatives, (_grouped.by_lax, _grouped.by_products))
    np.testing.assert_allclose(found[0], reference_values, rtol=1e-5, atol=1e-5)
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-4), found, other)


def test_blocks_start_as_the_identity_with_the_published_scale():
    """L1 and L2 have gain √(2 / 1.04) · V^(−1/4), here with V = 4 blocks."""

    @jax.jit
    def initial():
        params = build((8, 8, 1), width=64).generator.params
        return params["stage"]["level1"]["level0"], params["basis"]

    block, basis = initial()
    gain = np.sqrt(2 / 1.04) * 4**-0.25
    assert not np.any(block["reduce"]["kernel"])
    for name, fan_in, bias in (("expand", 64, 128), ("mix", 9 * 16, 128)):
        kernel = block[name]["kernel"]
        assert np.std(kernel) == pytest.approx(gain / np.sqrt(fan_in), rel=0.03)
        assert block[name]["bias"].shape == (bias,) and not np.any(block[name]["bias"])
    assert np.std(basis) == pytest.approx(1.0, rel=0.1)


def test_small_sides_stay_float32_in_bfloat16():
    """All other products are in bfloat16, and logits and images in float32."""
    options = {"latent_dim": 3, "width": 4, "seed": 0, "compute_dtype": "bfloat16"}
    pair = reference.without_arrays(lambda: networks.build("r3gan", (8, 8, 3), **options))
    for network, inputs in (
        (pair.generator, numbers(2, 3)),
        (pair.discriminator, numbers(2, 8, 8, 3)),
    ):
        apply = functools.partial(network.apply, train=True)
        text = str(jax.make_jaxpr(apply)(network.params, {}, inputs))
        products = re.findall(r":(\w+)\[([\d,]*)\] = dot_general", text)
        found = {(dtype, "8,8" in shape) for dtype, shape in products}
        assert found == {("bf16", True), ("f32", False)}
        outputs, _ = jax.eval_shape(apply, network.params, {}, inputs)
        assert outputs.dtype == jnp.float32


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((28, 28, 1), {}, "shorter side is 8, 16, 32, 64, 128 or 256, .* got shape .28, 28, 1."),
        ((32, 32, 3), {"blocks": 0}, "blocks must be an integer of at least 1, got 0"),
        ((32, 32, 3), {"group_size": 1.5}, "group_size must be an integer .* got 1.5"),
    ],
)
def test_r3gan_refuses_other_sides_and_numbers(shape, options, message):
    with pytest.raises(ValueError, match=message):
        build(shape, **options)
