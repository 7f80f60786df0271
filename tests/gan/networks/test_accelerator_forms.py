"""Forms of layers for accelerators, against the plain forms in float64."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import lax

from minmax_jax.gan import networks
from minmax_jax.gan.networks import _batch_norm, _channels, _convolution, _convolution_lax
from minmax_jax.gan.networks._layers import Layers

pytestmark = pytest.mark.usefixtures("full_precision")

RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def array(*shape):
    return RANDOM.normal(size=shape)


def derivatives(function, *arguments):
    """Returns the value and all derivatives up to second order, each along one direction."""
    tangents = tuple(jnp.cos(3.0 * argument) for argument in arguments)

    def scalar(*arguments):
        return jnp.sum(jnp.sin(function(*arguments)))

    gradient = jax.grad(scalar, argnums=tuple(range(len(arguments))))

    def slope(*arguments):
        return sum(map(jnp.vdot, gradient(*arguments), tangents))

    value, tangent = jax.jvp(function, arguments, tangents)
    forward = jax.jvp(gradient, arguments, tangents)
    reverse = jax.grad(slope, argnums=tuple(range(len(arguments))))(*arguments)
    # Derivatives by one argument alone: the other tangents are zeros that JAX knows.
    alone = [jax.grad(scalar, argnums=i)(*arguments) for i in range(len(arguments))]
    return value, tangent, forward, reverse, alone


def agree(one, other, *arguments, rtol=1e-12):
    results = (jax.jit(functools.partial(derivatives, form))(*arguments) for form in (one, other))
    for mine, expected in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=rtol, atol=rtol * np.max(abs(expected)))


def plain_double(inputs, kernel):
    return lax.conv_general_dilated(
        inputs,
        kernel,
        (1, 1),
        ((2, 2), (2, 2)),
        lhs_dilation=(2, 2),
        dimension_numbers=_convolution_lax.LAYOUT,
    )


@pytest.mark.parametrize("outputs", [3, 6], ids=["subpixels", "transpose"])
def test_double_has_all_derivatives_of_the_plain_form(outputs):
    inputs, kernel = array(2, 3, 4, 5), array(4, 4, 5, outputs)
    agree(_convolution_lax.double, plain_double, inputs, kernel)


@pytest.mark.parametrize("axes", [(0, None), (None, 0)], ids=["inputs", "kernels"])
def test_double_works_under_vmap(axes):
    inputs, kernel = array(2, 1, 2, 3, 5), array(2, 4, 4, 5, 6)
    arguments = [a if axis == 0 else a[0] for a, axis in zip((inputs, kernel), axes, strict=True)]

    def gradients(form, *arguments):
        return jax.grad(lambda *a: jnp.sum(form(*a) ** 3), argnums=(0, 1))(*arguments)

    mapped = jax.vmap(functools.partial(gradients, _convolution_lax.double), in_axes=axes)
    found = jax.jit(mapped)(*arguments)
    for i in range(2):
        one = [a[i] if axis == 0 else a for a, axis in zip(arguments, axes, strict=True)]
        expected = jax.jit(functools.partial(gradients, plain_double))(*one)
        for mine, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine[i], other, rtol=1e-12, atol=1e-10)


def test_resampling_kernels_equal_two_operations():
    inputs, kernel = array(2, 4, 6, 3), array(3, 3, 3, 2)

    def results(inputs, kernel):
        convolve = functools.partial(_convolution.convolve, kernel=kernel)
        return (
            _convolution.double(inputs, _convolution.resampling_kernel(kernel)),
            convolve(_convolution.upsample(inputs)),
            _convolution.halve(inputs, _convolution.pooling_kernel(kernel)),
            _convolution.average_pool(convolve(inputs)),
        )

    for platform in ("cpu", "gpu"):
        with networks.tracing_for(platform):
            found = jax.jit(lambda *a: results(*a))(inputs, kernel)
        np.testing.assert_allclose(found[0], found[1], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found[2], found[3], rtol=1e-12, atol=1e-12)


def plain_norm(inputs, scale, bias):
    axes = tuple(range(inputs.ndim - 1))
    mean = jnp.mean(inputs, axes)
    var = jnp.mean(jnp.square(inputs - mean), axes)
    return (inputs - mean) * (lax.rsqrt(var + 1e-5) * scale) + bias


@pytest.mark.parametrize("shape", [(6, 2, 3, 4), pytest.param((6, 4), marks=pytest.mark.slow)])
def test_batch_norm_of_parts_equals_separate_calls(shape):
    """Both agree in value and derivatives. Images take sums in two stages."""
    options = _batch_norm.Options(parts=2, axis_name=None, epsilon=1e-5)

    def halves(inputs, *parameters):
        return jnp.concatenate([plain_norm(half, *parameters) for half in jnp.split(inputs, 2)])

    agree(
        lambda *arguments: _batch_norm.normalize(options, *arguments)[0],
        halves,
        array(*shape),
        array(4),
        array(4),
        rtol=1e-10,
    )


def test_batch_norm_returns_statistics_of_each_part():
    options = _batch_norm.Options(parts=2, axis_name=None, epsilon=1e-5)
    inputs = array(6, 2, 3, 4)
    _, mean, var = _batch_norm.normalize(options, inputs, np.ones(4), np.zeros(4))
    halves = inputs.reshape(2, -1, 4)
    np.testing.assert_allclose(mean, halves.mean(1), rtol=1e-12)
    np.testing.assert_allclose(var, halves.var(1), rtol=1e-12)


def test_batch_norm_over_devices_equals_the_whole_batch():
    options = _batch_norm.Options(parts=1, axis_name="devices", epsilon=1e-5)
    inputs, weights, scale, bias = array(2, 3, 2, 2, 4), array(2, 3, 2, 2, 4), array(4), array(4)

    def on_devices(*arguments):
        normalize = functools.partial(_batch_norm.normalize, options)
        mapped = jax.vmap(normalize, in_axes=(0, None, None), axis_name="devices")
        return mapped(*arguments)[0]

    def alone(inputs, *parameters):
        return plain_norm(inputs.reshape(6, 2, 2, 4), *parameters).reshape(inputs.shape)

    gradients = [
        jax.jit(jax.grad(lambda *a, f=f: jnp.vdot(f(*a), weights), argnums=(0, 1, 2)))(
            inputs, scale, bias
        )
        for f in (on_devices, alone)
    ]
    for mine, expected in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-9, atol=1e-9)


def test_channel_sums_of_many_rows_have_one_stage(monkeypatch):
    inputs = array(2, 3, 2, 2, 4)
    barriers = []
    for rows in (12, 11):
        monkeypatch.setattr(_channels, "MANY_ROWS", rows)
        jaxpr = jax.make_jaxpr(lambda x: _channels.channel_sum(x))(inputs)
        barriers.append(str(jaxpr).count("optimization_barrier"))
        np.testing.assert_allclose(_channels.channel_sum(inputs), inputs.sum((1, 2, 3)))
    assert barriers == [1, 0]


def test_gradient_of_a_bias_is_a_sum_in_two_stages():
    inputs, bias, weights = array(2, 3, 3, 4), array(4), array(2, 3, 3, 4)
    total = jax.grad(lambda b: jnp.vdot(_channels.add_bias(inputs, b), weights))
    assert "optimization_barrier" in str(jax.make_jaxpr(total)(bias))
    np.testing.assert_allclose(total(bias), weights.sum((0, 1, 2)), rtol=1e-12)
    both = [jax.jvp(add, (inputs, bias), (weights, bias)) for add in (_channels.add_bias, jnp.add)]
    jax.tree.map(np.testing.assert_array_equal, *both)


class Discriminator(nnx.Module):
    """A convolution, BatchNorm and a dense layer, with spectral normalization in float64."""

    def __init__(self):
        layers = Layers(nnx.Rngs(0), dtype=jnp.float64, spectral_norm=True)
        self.halve = layers.convolution(2, 3, size=4, linear_fn=_convolution.halve)
        self.norm, self.dense = layers.norm(3), layers.dense(12, 1)

    def __call__(self, inputs, *, train):
        hidden = jnp.tanh(self.norm(self.halve(inputs, train=train), train=train))
        return self.dense(hidden.reshape(len(hidden), -1), train=train)[:, 0]


@pytest.fixture(scope="module")
def network():
    return networks.purify(Discriminator(), one_pass=True)


def in_order(network, one_pass, frozen_parts=0):
    """Returns a function of parameters and both batches, traced for a GPU."""

    def apply(params, real, fake):
        with networks.tracing_for("gpu"):
            found = networks.apply_in_order(
                network,
                params,
                network.stats,
                (real, fake),
                one_pass=one_pass,
                frozen_parts=frozen_parts,
            )
            return jnp.stack(found.outputs), found.stats, found.stats_after_first()

    return apply


def test_one_pass_keeps_statistics_and_their_order(network):
    real, fake = array(3, 4, 4, 2), 2.0 + array(3, 4, 4, 2)
    apply, in_turn = (jax.jit(in_order(network, one_pass)) for one_pass in (True, False))
    found = [form(network.params, real, fake) for form in (apply, in_turn)]
    for mine, expected in zip(*map(jax.tree.leaves, found), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=2e-6, atol=1e-7)
    swapped = apply(network.params, fake, real)
    assert np.max(np.abs(swapped[1]["norm"]["mean"] - found[0][1]["norm"]["mean"])) > 1e-3


@pytest.mark.parametrize("frozen_parts", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_one_pass_has_all_derivatives_of_two_passes(network, frozen_parts):
    """The parameters are float32, so the derivatives agree to their rounding."""
    params, rebuild = jax.flatten_util.ravel_pytree(network.params)

    def logits(one_pass):
        apply = in_order(network, one_pass, frozen_parts)
        return lambda flat, real, fake: apply(rebuild(flat), real, fake)[0]

    real, fake = array(3, 4, 4, 2), array(3, 4, 4, 2)
    agree(logits(True), logits(False), params, real, fake, rtol=3e-5)


def test_frozen_part_takes_no_convolution_in_the_gradient(network):
    """The gradient by the second batch convolves half of the batch."""

    def gradient(frozen_parts):
        apply = in_order(network, True, frozen_parts)
        real, fake = np.zeros((3, 4, 4, 2)), np.zeros((3, 4, 4, 2))
        total = jax.grad(lambda fake: jnp.sum(apply(network.params, real, fake)[0][1]))
        return jax.make_jaxpr(total)(fake)

    def batches(jaxpr):
        return [
            equation.invars[0].aval.shape[0]
            for equation in all_equations(jaxpr.jaxpr)
            if equation.primitive.name == "conv_general_dilated"
        ]

    # The first two are the forward pass, and the one for the statistics between the batches.
    assert sorted(batches(gradient(0)))[-1] == 6 and batches(gradient(0)).count(6) == 2
    assert batches(gradient(1)).count(6) == 1


def all_equations(jaxpr):
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple) else (value,):
                if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                    yield from all_equations(getattr(inner, "jaxpr", inner))


def test_one_pass_of_a_module_that_does_not_support_it():
    """A module with coupled examples receives one batch after the other."""

    class Coupled(nnx.Module):
        def __init__(self):
            self.scale = nnx.Param(jnp.ones(()))

        def __call__(self, inputs, *, train):
            return self.scale[...] * (inputs - inputs.mean(0)).sum(1)

    network = networks.purify(Coupled())
    batches = array(3, 2), 5.0 + array(3, 2)
    found = networks.apply_in_order(network, network.params, {}, batches, one_pass=True)
    for inputs, outputs in zip(batches, found.outputs, strict=True):
        np.testing.assert_allclose(outputs, (inputs - inputs.mean(0)).sum(1), rtol=1e-6)
    with networks.tracing_for("gpu"):
        whole, _ = network.apply(network.params, {}, np.concatenate(batches), train=True, parts=2)
    np.testing.assert_allclose(whole, np.concatenate(found.outputs), rtol=1e-6)
