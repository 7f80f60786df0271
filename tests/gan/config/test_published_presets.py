"""Presets and flags that follow published recipes."""

import re
import shlex
from pathlib import Path

import jax
import pytest

from minmax_jax.gan.cli.main import parse
from minmax_jax.gan.config import presets
from minmax_jax.gan.training import build, schedules
from tests.gan.networks import reference

SNGAN = {
    "network": "sngan", "loss": "hinge", "max_steps": 5, "batch_size": 64, "steps": 100_000,
    "ema_decay": 0.0, "learning_rate_min": 2e-4, "learning_rate_max": 2e-4, "spectral_norm": True,
    "options": {"b1": 0.0, "b2": 0.9},
}  # fmt: skip
R3GAN = {
    "network": "r3gan", "loss": "relativistic", "penalty_type": "r1+r2", "penalty": 0.05,
    "max_steps": 1, "update_order": "discriminator-first", "conditional": True,
    "fake_labels": "real", "options": {"b1": 0.0, "b2": 0.9}, "learning_rate_min": 2e-4,
    "learning_rate_max": 2e-4, "compute_dtype": "bfloat16",
}  # fmt: skip
RECIPES = {
    "cifar10-sngan": {**SNGAN, "conditional": False},
    "cifar10-cgan-pd": {**SNGAN, "conditional": True, "fake_labels": "uniform"},
    "cifar10-r3gan": {**R3GAN, "batch_size": 512, "augment": "r3gan", "mirror": True},
    "cifar10-r3gan-small": {**R3GAN, "augment": "", "mirror": False},
}
COUNTS = {
    "cifar10-sngan": (4_276_739, 1_053_825),
    "cifar10-cgan-pd": (4_304_387, 1_055_105),
    "cifar10-r3gan": (20_781_952, 21_280_512),
    "cifar10-r3gan-small": (431_104, 431_744),
}


@pytest.mark.parametrize("name", RECIPES)
def test_preset_has_the_published_recipe(name):
    flat = presets.preset(name).check().flat()
    assert {key: flat[key] for key in RECIPES[name]} == RECIPES[name]


@pytest.mark.parametrize("name", RECIPES)
def test_preset_has_the_published_networks(name):
    config = presets.preset(name)
    classes = 10 if config.conditioning.conditional else 0

    def pair():
        return build.build_pair(config, (32, 32, 3), num_classes=classes)

    nets = reference.without_arrays(pair)[:2]
    assert tuple(sum(leaf.size for leaf in jax.tree.leaves(n.params)) for n in nets) == COUNTS[name]


def test_learning_rate_of_sngan_falls_to_zero():
    config = presets.preset("cifar10-sngan")
    rate = schedules.of(config, "learning_rate_min")
    found = [float(rate(count)) for count in (0, 50_000, 100_000)]
    assert found == pytest.approx([2e-4, 1e-4, 0.0])


def test_schedules_of_r3gan_are_those_of_the_paper():
    """After half of the 20 million images, each value is halfway between its ends."""
    config = presets.preset("cifar10-r3gan")
    ends = {
        "learning_rate_max": (2e-4, 5e-5), "b2": (0.9, 0.99), "penalty": (0.05, 0.005),
        "ema": (0.0, 5e6), "augment": (0.0, 0.55),
    }  # fmt: skip
    for key, (first, last) in ends.items():
        value = schedules.of(config, key)
        found = [float(value(images / 512)) for images in (0, 10_000_000, 20_000_000, 30_000_000)]
        assert found == pytest.approx([first, (first + last) / 2, last, last], rel=1e-5), key


def test_recipe_options_apply_to_its_own_network_and_optimizer():
    other = presets.preset("cifar10-r3gan-small", optimizer="nsgda", network="dcgan").check()
    assert other.networks.options == {} and "b2" not in other.schedules.values


PAGE = Path(__file__).parents[3] / "docs" / "schedules.md"
FLAGS = dict(
    re.findall(r"^\| (SNGAN|StyleGAN2|R3GAN) \| `(--.*)` \|$", PAGE.read_text("utf-8"), re.M)
)


@pytest.mark.parametrize("recipe", ["SNGAN", "StyleGAN2", "R3GAN"])
def test_flags_of_the_page_are_valid_and_have_an_effect(recipe):
    config = parse(["train", "--preset", "mnist", *shlex.split(FLAGS[recipe])]).config.check()
    assert (config.objective.penalty > 0) == ("penalty" in FLAGS[recipe])
