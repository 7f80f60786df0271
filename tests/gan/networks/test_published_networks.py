"""Published networks: parameter counts and shapes computed by hand."""

import functools
import itertools

import jax
import numpy as np
import pytest
from flax import nnx

from minmax_jax.gan import networks
from minmax_jax.gan.networks.mangoubi_cifar import mangoubi_cifar
from tests.gan.networks import reference

pytestmark = pytest.mark.usefixtures("full_precision")


def dense(*sizes, bias=True):
    return sum(a * b + bias * b for a, b in itertools.pairwise(sizes))


def conv(inputs, outputs, size=3, bias=True):
    return size * size * inputs * outputs + bias * outputs


def up(inputs, outputs):
    """Counts BatchNorm, 3×3, BatchNorm, 3×3 and shortcut; no bias is before a BatchNorm."""
    convolutions = conv(inputs, outputs, bias=False) + conv(outputs, outputs, bias=False)
    return 2 * inputs + 2 * outputs + convolutions + conv(inputs, outputs, 1, bias=False)


def down(inputs, outputs, shortcut=True):
    convolutions = conv(inputs, outputs) + conv(outputs, outputs)
    return convolutions + (conv(inputs, outputs, 1) if shortcut else 0)


def biased_up(inputs, outputs):
    return up(inputs, outputs) + 3 * outputs


def first_down(outputs):
    return conv(3, outputs) + conv(outputs, outputs) + conv(3, outputs, 1)


def down_from(inputs, outputs):
    """Counts a block of SNGAN, which has the inputs' channels between its convolutions."""
    return conv(inputs, inputs) + conv(inputs, outputs) + conv(inputs, outputs, 1)


W = 128
# WGAN-GP at 32 pixels with every bias of the paper's code has 1,204,483 parameters in the
# generator; 2,048 of the dense layer and 3 × 3 × 128 of the blocks are biases before BatchNorm.
RESNET32 = (
    dense(W, 16 * W, bias=False) + 3 * up(W, W) + 2 * W + conv(W, 3),
    down(3, W) + down(W, W) + 2 * down(W, W, shortcut=False) + dense(W, 1),
)
RESNET64 = (
    dense(W, 128 * 64, bias=False)
    + sum(up(64 * a, 64 * b) for a, b in ((8, 8), (8, 4), (4, 2), (2, 1))) + 128 + conv(64, 3),
    down(3, 64) + down(64, 128) + down(128, 256) + down(256, 512) + down(512, 512, shortcut=False)
    + dense(512, 1),
)  # fmt: skip
SNGAN64 = (
    dense(128, 16 * 1024)
    + sum(biased_up(64 * a, 64 * b) for a, b in ((16, 8), (8, 4), (4, 2), (2, 1)))
    + 128
    + conv(64, 3),
    first_down(64) + sum(down_from(64 * a, 128 * a) for a in (1, 2, 4, 8)) + dense(1024, 1),
)
COUNTS = {
    ("resnet", (32, 32, 3), 128, 128): RESNET32,
    ("resnet", (64, 64, 3), 128, 64): RESNET64,
    ("sngan", (32, 32, 3), 128, 128): (4_276_739, 1_053_825),  # as mimicry prints them
    ("sngan", (64, 64, 3), 128, 64): SNGAN64,
    ("sngan", (128, 128, 3), 128, 64): (
        SNGAN64[0] + biased_up(1024, 1024), SNGAN64[1] + 2 * conv(1024, 1024)
    ),
    ("r3gan", (32, 32, 3), 64, 768): (20_732_160, 20_683_776),  # the authors' modules
    ("mangoubi_gaussians", (2,), 256, 128): (dense(256, 128, 128, 2), dense(2, 128, 128, 1)),
    ("mangoubi_mnist", (28, 28, 1), 100, 256): (
        dense(100, 256, 512, 1024, 784), dense(784, 1024, 512, 256, 1)
    ),
    ("mangoubi_cifar", (32, 32, 3), 100, 64): (
        dense(100, 4096) + conv(256, 128, 4) + 2 * conv(128, 128, 4) + conv(128, 3),
        conv(3, 64) + conv(64, 128) + conv(128, 128) + conv(128, 256) + dense(2 * 2 * 256, 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COUNTS, ids=lambda case: f"{case[0]}-{case[1][0]}")
def test_parameter_counts_equal_counts_by_hand(case):
    name, shape, latent_dim, width = case

    def parameters():
        pair = networks.build(name, shape, latent_dim=latent_dim, width=width, seed=0)
        return [network.params for network in pair[:2]]

    sizes = [sum(leaf.size for leaf in jax.tree.leaves(p)) for p in jax.eval_shape(parameters)]
    assert tuple(sizes) == COUNTS[case]


@pytest.mark.parametrize(
    ("name", "width", "latent_dim", "blocks", "expected"),
    [
        ("sngan", 128, 128, None, (4_304_387, 1_055_105)),  # cGAN-PD, as mimicry prints them
        ("r3gan", 768, 64, 2, (20_781_952, 21_280_512)),  # the authors' modules
        ("r3gan", 128, 64, 1, (431_104, 431_744)),
        ("r3gan", 192, 64, 2, (1_657_024, 1_670_592)),
    ],
)
def test_counts_with_ten_classes(name, width, latent_dim, blocks, expected):
    options = {"options": {"blocks": blocks}} if blocks else {}
    pair = reference.without_arrays(
        lambda: networks.build(
            name,
            (32, 32, 3),
            latent_dim=latent_dim,
            width=width,
            seed=0,
            num_classes=10,
            **options,
        )
    )
    counts = [sum(leaf.size for leaf in jax.tree.leaves(net.params)) for net in pair[:2]]
    assert tuple(counts) == expected


def test_counts_by_hand_equal_published_counts():
    assert RESNET32 == (1_204_483 - 2_048 - 9 * 128, 1_053_825)
    assert COUNTS["mangoubi_mnist", (28, 28, 1), 100, 256] == (1_486_352, 1_460_225)
    assert COUNTS["mangoubi_cifar", (32, 32, 3), 100, 64][0] == 1_466_115


def test_first_stride_of_one_reduces_the_side_to_an_eighth():
    def parameters(**fields):
        rngs = nnx.Rngs(0)
        return mangoubi_cifar((32, 32, 3), latent_dim=2, width=4, rngs=rngs, **fields)[1].params

    shapes = [
        jax.eval_shape(functools.partial(parameters, first_stride=stride))["dense"]["kernel"].shape
        for stride in (1, 2)
    ]
    assert shapes == [(4 * 4 * 16, 1), (2 * 2 * 16, 1)]


@pytest.mark.parametrize("side", [32, 64])
def test_resnet_has_batch_norm_and_one_bias_in_the_generator(side):
    pair = networks.build("resnet", (side, side, 3), latent_dim=2, width=1, seed=0)
    names = [
        jax.tree_util.keystr(path, simple=True, separator="/")
        for path, _ in jax.tree_util.tree_leaves_with_path(pair.generator.params)
    ]
    biases = [name for name in names if name.endswith("bias") and "norm" not in name]
    assert biases == ["last/bias"]
    assert pair.discriminator.stats == {} and pair.generator.stats


def test_mangoubi_gaussians_has_orthogonal_init_and_relu():
    pair = networks.build("mangoubi_gaussians", (2,), latent_dim=6, width=8, seed=0)
    kernel = np.asarray(pair.generator.params["body"]["first"]["kernel"])
    np.testing.assert_allclose(kernel @ kernel.T, 0.64 * np.eye(6), atol=1e-5)
    zeros = jax.tree.map(np.zeros_like, pair.discriminator.params)
    zeros["body"]["last"]["kernel"] += 1.0
    hidden = {"kernel": zeros["body"]["second"]["kernel"], "bias": np.full(8, -1.0, np.float32)}
    logit = pair.discriminator.apply(
        {"body": {**zeros["body"], "second": hidden}}, {}, np.ones((1, 2), np.float32), train=True
    )[0]
    assert logit == 0.0  # ReLU of −1; leaky ReLU would give −0.2 · 8
