"""Policies as text, and the shapes that they support."""

import re

import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.objective.augmentation import AUGMENTATIONS, SETS, check_shape, parse_policy


def described(text):
    return [(step.name, step.multiplier, step.repeats) for step in parse_policy(text)]


def test_policy_keeps_order_and_multiplies_multipliers():
    assert parse_policy("") == ()
    assert described("cutout, flip:0.5") == [("cutout", 1.0, 1), ("flip", 0.5, 1)]
    assert described("diffaugment:0.5") == [
        ("color", 0.5, 1),
        ("translation", 0.5, 1),
        ("cutout", 0.5, 1),
    ]


def test_r3gan_halves_the_probability_of_colors():
    steps = {name: (multiplier, repeats) for name, multiplier, repeats in described("r3gan")}
    assert steps["rotate"] == (1.0, 2)  # before and after the anisotropic scale
    assert [steps[name][0] for name in ("hue", "ada_cutout", "flip")] == [0.5, 1.0, 1.0]
    assert set(steps) - {"ada_cutout"} == {name for name, _ in SETS["ada"]}


def test_plain_function_becomes_an_image_map(monkeypatch):
    def shift(key, image):
        return image + 1

    monkeypatch.setitem(AUGMENTATIONS._registered, "mine", shift)
    assert parse_policy("mine")[0].transformation.apply is shift


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"augment": "cutuot"}, "augment='cutuot' is not known; did you mean cutout"),
        ({"augment": "flip:x"}, "augment must have a number above 0 and at most 1 after"),
        ({"augment": "flip:0"}, "got 'flip:0'. Write for example cutout:0.5."),
        ({"augment_probability": 1.5}, "probability must be at most 1, got 1.5"),
        ({"augment_control": "ada"}, "augment_control must be auto or fixed without"),
        ({"augment_images": 0}, "images must be at least 1, got 0"),
        ({"schedule": {"augment": "linear:0"}}, "augment requires transformations. Set --augment"),
        (
            {"augment": "ada", "schedule": {"augment": "linear:0"}},
            "augment must be constant if ADA controls the probability",
        ),
    ],
)
def test_bad_values_are_refused_before_anything_is_built(fields, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        Config().replace(**fields).check()


@pytest.mark.parametrize(
    ("policy", "shape", "message"),
    [
        ("flip", (2,), "augment must be empty for examples that are not images"),
        ("hue", (8, 8, 4), "hue requires images with 1 or 3 channels, got 4"),
    ],
)
def test_shapes_that_a_policy_does_not_support_are_refused(policy, shape, message):
    with pytest.raises(ConfigError, match=message):
        check_shape(parse_policy(policy), shape)


def test_control_is_automatic_for_the_set_ada_only():
    def build(**fields):
        return Config().replace(**fields).check().augmentation.build()

    assert build() is None
    assert build(augment="ada").control.limit == 1.0
    assert build(augment="ada", augment_control="fixed").control is None
    assert build(augment="flip", augment_control="ada", augment_target=0.5).control.target == 0.5
    assert build(augment="diffaugment", augment_probability=0.3).probability == 0.3
