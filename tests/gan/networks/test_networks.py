import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from minmax_jax import parallel
from minmax_jax.gan import networks
from minmax_jax.gan.networks import _convolution, _convolution_lax
from minmax_jax.gan.networks._layers import Layers
from tests.devices import first_devices
from tests.gan.networks import reference

pytestmark = pytest.mark.usefixtures("full_precision")

SHAPES = [
    ("mlp", (2,)),
    ("mlp", (8, 8, 1)),
    ("dcgan", (8, 8, 1)),
    ("dcgan", (28, 28, 1)),
    ("dcgan", (32, 32, 3)),
    ("resnet", (32, 32, 3)),
    ("resnet", (64, 64, 3)),
    ("resnet", (32, 48, 3)),
    ("resnet", (128, 128, 3)),
    ("sngan", (32, 32, 3)),
    ("sngan", (64, 128, 1)),
    ("sngan", (128, 128, 3)),
    ("r3gan", (8, 8, 1)),
    ("r3gan", (64, 128, 3)),
    ("mangoubi_gaussians", (2,)),
    ("mangoubi_mnist", (28, 28, 1)),
    ("mangoubi_cifar", (32, 32, 3)),
]
BUILT_IN = set(networks.NETWORKS)  # before another test registers its own
KEYS = jax.random.split(jax.random.key(0), 8)


def test_every_network_has_a_sample_shape_here():
    assert {name for name, _ in SHAPES} == BUILT_IN


@functools.cache
def make(name="dcgan", shape=(8, 8, 1), seed=0, axis_name=None):
    return networks.build(name, shape, latent_dim=5, width=4, seed=seed, axis_name=axis_name)


def examples(shape, count=8, seed=1):
    """Draws examples with NumPy, because JAX would compile a program for every shape."""
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


def call(network, inputs, train=True):
    """Compiles one call, because eager operations would be compiled one by one."""
    keys = KEYS[: len(inputs)]
    apply = jax.jit(
        lambda params, stats, inputs: network.apply(params, stats, inputs, train=train, keys=keys)
    )
    return apply(network.params, network.stats, inputs)


def paths(tree):
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in leaves]


@pytest.mark.parametrize(("name", "shape"), SHAPES)
def test_outputs_have_the_shapes_of_examples_and_logits(name, shape):
    pair = reference.without_arrays(lambda: make.__wrapped__(name, shape))
    train = functools.partial(pair.generator.apply, train=True, keys=KEYS)
    fake, stats = jax.eval_shape(train, *pair.generator[1:], examples((5,)))
    discriminate = functools.partial(pair.discriminator.apply, train=True, keys=KEYS)
    logits, _ = jax.eval_shape(discriminate, *pair.discriminator[1:], fake)
    assert jax.tree.structure(stats) == jax.tree.structure(pair.generator.stats)
    assert fake.shape == (8, *shape) and logits.shape == (8,)
    assert fake.dtype == logits.dtype == jnp.float32
    assert (pair.latent_dim, pair.sample_shape) == (5, shape)


def test_images_are_bounded_by_one_and_vectors_are_not():
    large = np.float32(100) * examples((5,))
    assert jnp.max(jnp.abs(call(make("mlp", (8, 8, 1)).generator, large)[0])) <= 1.0
    assert jnp.max(jnp.abs(call(make("mlp", (2,)).generator, large)[0])) > 1.0


@pytest.mark.parametrize(("name", "shape"), SHAPES)
def test_params_are_nested_dicts_of_float32_arrays(name, shape):
    def walk(tree):
        if isinstance(tree, dict):
            assert type(tree) is dict and all(isinstance(key, str) for key in tree)
            for child in tree.values():
                walk(child)
        else:
            assert isinstance(tree, jax.Array) and tree.dtype == jnp.float32

    def build():
        pair = make.__wrapped__(name, shape)
        for network in pair[:2]:
            walk(network.params)
            walk(network.stats)
        return pair

    reference.without_arrays(build)  # Tracing does not compile the initialization.


def test_initial_values_depend_on_seed_and_player():
    one, same, other = make(seed=3), make.__wrapped__(seed=3), make(seed=4)
    jax.tree.map(np.testing.assert_array_equal, one.generator.params, same.generator.params)
    kernels = [pair.generator.params["dense"]["kernel"] for pair in (one, other)]
    assert not np.array_equal(*kernels)
    mine, theirs = (net.params["body"]["second"]["kernel"] for net in make("mlp", (2,))[:2])
    assert not np.array_equal(mine, theirs)


@pytest.mark.parametrize("side", ["generator", "discriminator"])
def test_no_bias_before_batch_norm_and_none_missing_elsewhere(side):
    network = getattr(make(shape=(32, 32, 3)), side)
    biases = {path for path in paths(network.params) if path.endswith("bias")}
    norms = {f"norm/level{i}/bias" for i in ((0, 1, 2) if side == "generator" else (1, 2))}
    last = {"double/level2/bias"} if side == "generator" else {"halve/level0/bias", "dense/bias"}
    assert biases == norms | last


def test_mlp_has_no_statistics():
    assert make("mlp", (2,)).generator.stats == make("mlp", (2,)).discriminator.stats == {}


def test_training_returns_new_statistics_and_keeps_the_old_ones():
    network = make().discriminator
    before = jax.tree.map(np.array, network.stats)
    images = examples((8, 8, 1))
    _, after = call(network, images)
    jax.tree.map(np.testing.assert_array_equal, before, network.stats)
    first = _convolution.halve(images, network.params["halve"]["level0"]["kernel"])
    hidden = _convolution.halve(
        nnx.leaky_relu(first, 0.2), network.params["halve"]["level1"]["kernel"]
    )
    expected = {"mean": 0.1 * hidden.mean((0, 1, 2)), "var": 0.9 + 0.1 * hidden.var((0, 1, 2))}
    for name, value in expected.items():
        np.testing.assert_allclose(after["norm"]["level1"][name], value, atol=1e-6)


def test_eval_mode_keeps_batch_norm_statistics():
    network = make().discriminator
    images = examples((8, 8, 1))
    stats = network.apply(network.params, network.stats, images, train=False)[1]
    assert stats is network.stats


def test_eval_mode_outputs_do_not_depend_on_the_batch():
    network = make().discriminator
    images = examples((8, 8, 1))
    logits, _ = call(network, images, train=False)
    alone, _ = call(network, images[:1], train=False)
    np.testing.assert_allclose(logits[:1], alone, atol=1e-6)
    together, _ = call(network, images, train=True)
    assert np.max(np.abs(together - logits)) > 1e-4  # BatchNorm makes a difference


def test_statistics_work_as_a_scan_carry():
    network = make().generator
    latents = examples((5,))

    @jax.jit
    def run(params):
        body = lambda stats, _: (network.apply(params, stats, latents, train=True)[1], None)  # noqa: E731
        return jax.lax.scan(body, network.stats, length=3)[0]

    stats = network.stats
    once = jax.jit(lambda stats: network.apply(network.params, stats, latents, train=True)[1])
    for _ in range(3):
        stats = once(stats)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), run(network.params), stats
    )
    assert not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(network.stats))


def test_vmap_over_params_equals_a_loop():
    pairs = [make(seed=seed) for seed in range(3)]
    apply, latents = pairs[0].generator.apply, examples((5,))
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[p.generator.params for p in pairs])
    stats = pairs[0].generator.stats
    one = lambda params: apply(params, stats, latents, train=True)[0]  # noqa: E731
    mapped = jax.jit(jax.vmap(one))(stacked)
    for row, pair in zip(mapped, pairs, strict=True):
        np.testing.assert_allclose(row, call(pair.generator, latents)[0], atol=1e-5)


@pytest.mark.parametrize("side", ["generator", "discriminator"])
@pytest.mark.parametrize("count", [4, 8])
def test_batch_norm_over_devices_equals_one_device(side, count):
    shape = (5,) if side == "generator" else (8, 8, 1)
    offsets = (
        np.arange(16, dtype=np.float32).reshape(16, *[1] * len(shape)) / 4
    )  # The means differ between devices.
    inputs = examples(shape, 16) + offsets
    whole, shared = getattr(make(), side), getattr(make(axis_name=parallel.AXIS), side)

    def loss(network, params, inputs):
        outputs, stats = network.apply(params, network.stats, inputs, train=True)
        return jnp.mean(jnp.sin(3.0 * outputs)), (outputs, stats)

    def share(inputs):
        gradient, (outputs, stats) = jax.grad(
            lambda params: loss(shared, params, inputs), has_aux=True
        )(shared.params)
        return jax.lax.pmean(gradient, parallel.AXIS), outputs, stats

    split = inputs.reshape(count, 16 // count, *shape)
    gradient, outputs, stats = parallel.map_step(share, first_devices(count))(split)
    expected, (all_outputs, all_stats) = jax.jit(
        jax.grad(lambda params: loss(whole, params, inputs), has_aux=True)
    )(whole.params)

    def close(one, other):
        np.testing.assert_allclose(one, other, atol=2e-6, rtol=1e-4)

    close(np.asarray(outputs).reshape(all_outputs.shape), all_outputs)
    for replicas, single in ((stats, all_stats), (gradient, expected)):
        jax.tree.map(lambda a, b: [close(row, b) for row in np.asarray(a)], replicas, single)
    # Without different means, the test would not detect missing synchronization.
    local = jax.jit(jax.vmap(lambda inputs: loss(whole, whole.params, inputs)[1][0]))
    assert np.max(np.abs(np.asarray(local(split)).reshape(all_outputs.shape) - all_outputs)) > 1e-2


def test_batch_norm_variance_is_accurate_for_a_large_mean():
    norm = Layers(nnx.Rngs(0)).norm(3)
    spread = 1e-2 * examples((3,), 512)
    inputs = (np.float32(30.0) + spread).astype(np.float32)
    exact = inputs.astype(np.float64)
    norm(jnp.asarray(inputs), train=True)
    # One pass would be off by about 30² · 1e-7 = 1e-4, the size of the variance itself.
    np.testing.assert_allclose(norm.var[...] - 0.9, 0.1 * exact.var(0), atol=2e-7)


@pytest.mark.parametrize("side", [4, 7])
def test_im2col_equals_lax_for_values_and_gradients(side):
    small = examples((side, side + 1, 5), 3)
    large = examples((2 * side, 2 * side + 2, 5), 3)
    kernel = examples((4, 5, 6), 4)
    cases = (
        (_convolution._halve_im2col, _convolution_lax.halve, large, (side, side + 1)),
        (
            _convolution._double_im2col,
            _convolution_lax.double,
            small,
            (2 * side, 2 * side + 2),
        ),
    )
    for im2col, exact, inputs, size in cases:
        cotangent = examples((*size, 6), 3, seed=2)

        @functools.partial(jax.jit, static_argnums=0)
        def both(convolve, inputs, kernel, cotangent):
            values, pull = jax.vjp(convolve, inputs, kernel)
            return values, *pull(cotangent)

        results = (both(convolve, inputs, kernel, cotangent) for convolve in (im2col, exact))
        for one, other in zip(*results, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-3)


def test_double_is_the_transpose_of_halve_with_flipped_kernel():
    large, small, kernel = examples((8, 8, 3), 2), examples((4, 4, 6), 2), examples((4, 3, 6), 4)
    flipped = kernel[::-1, ::-1].swapaxes(2, 3)
    one = np.vdot(jax.jit(_convolution.halve)(large, kernel), small)
    other = np.vdot(large, jax.jit(_convolution.double)(small, flipped))
    np.testing.assert_allclose(one, other, rtol=1e-4)


def test_cpu_program_has_no_convolution_primitive():
    pair = make(shape=(28, 28, 1))
    for network, shape in ((pair.generator, (5,)), (pair.discriminator, (28, 28, 1))):
        total = lambda params, inputs, net=network: jnp.sum(  # noqa: E731
            net.apply(params, net.stats, inputs, train=True)[0] ** 2
        )
        jaxpr = jax.make_jaxpr(jax.grad(total))(network.params, examples(shape))
        assert ("conv_general_dilated" in str(jaxpr)) == (jax.default_backend() != "cpu")


def test_purify_refuses_modules_with_random_streams():
    class Noisy(nnx.Module):
        def __init__(self, rngs):
            self.dropout = nnx.Dropout(0.5, rngs=rngs)

        def __call__(self, inputs, *, train):
            return self.dropout(inputs, deterministic=not train)

    with pytest.raises(ValueError):
        networks.purify(Noisy(nnx.Rngs(0)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "multilayer"}, "mlp, dcgan"),
        ({"width": 0}, "width must be at least 1"),
        ({"latent_dim": 0}, "latent_dim must be at least 1"),
        ({"name": "dcgan", "sample_shape": (2,)}, "use the network mlp"),
        ({"name": "dcgan", "sample_shape": (30, 28, 1)}, "divisible by 4"),
        ({"name": "resnet", "sample_shape": (28, 28, 1)}, "shorter side is 32, 64 or 128"),
        ({"name": "mangoubi_cifar", "sample_shape": (28, 28, 1)}, "divisible by 8"),
        ({"compute_dtype": "float16"}, "float32, bfloat16"),
    ],
)
def test_build_errors_name_the_argument(arguments, words):
    good = {"name": "mlp", "sample_shape": (2,), "latent_dim": 2, "width": 2, "seed": 0}
    with pytest.raises(ValueError, match=words):
        networks.build(**{**good, **arguments})


@pytest.mark.oldest
def test_networks_work_with_strict_dtype_promotion():
    for (name, shape), train in itertools.product(SHAPES, (True, False)):
        pair = make(name, shape)
        for network, inputs in zip(pair[:2], (examples((5,)), examples(shape)), strict=True):
            with jax.numpy_dtype_promotion("strict"):
                apply = functools.partial(network.apply, train=train, keys=KEYS)
                jax.eval_shape(apply, *network[1:], inputs)
