"""Tests of labels in batches, games and penalties."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import networks, objective
from minmax_jax.gan.objective import forward, penalties

CLASSES = 3
# The value of each image tells its label, and the first class is twice as frequent.
LABELS = np.array([0, 0, 1, 2] * 8, np.int32)
IMAGES = np.broadcast_to(LABELS[:, None], (32, 5)).astype(np.float32)
EXAMPLES = data_lib.Examples(jnp.asarray(IMAGES), jnp.asarray(LABELS))
KEY = jax.random.key(1)


def make_game(num_classes=CLASSES, fake_labels="frequencies", batch_size=16, **fields):
    pair = networks.build(
        "mlp", (5,), latent_dim=2, width=2, seed=0, num_classes=num_classes, **fields
    )
    return objective.Game(
        pair,
        objective.LOSSES["relativistic"],
        None,
        batch_size,
        1,
        axis_name=None,
        fake_labels=objective.FAKE_LABELS[fake_labels],
    )


def stats_of(game):
    return mm.Players(game.pair.generator.stats, game.pair.discriminator.stats)


def players_of(game):
    return mm.Players(game.pair.generator.params, game.pair.discriminator.params)


def test_real_labels_belong_to_the_images_of_the_batch():
    samples = jax.jit(forward.samples_fn(make_game(), EXAMPLES, KEY))(3)
    np.testing.assert_array_equal(samples.real[:, 0], samples.labels)
    unlabeled = jax.jit(forward.samples_fn(make_game(0), EXAMPLES.images, KEY))(3)
    np.testing.assert_array_equal(samples.real, unlabeled.real)
    np.testing.assert_array_equal(samples.latents, unlabeled.latents)
    assert unlabeled.labels is None and unlabeled.fake_labels is None


@pytest.mark.parametrize(
    ("name", "expected"), [("frequencies", (0.5, 0.25, 0.25)), ("uniform", (1 / 3,) * 3)]
)
def test_labels_of_generated_examples_have_their_frequencies(name, expected):
    count = 3000
    samples = forward.samples_fn(make_game(fake_labels=name, batch_size=count), EXAMPLES, KEY)(0)
    found = np.bincount(samples.fake_labels, minlength=CLASSES) / count
    np.testing.assert_allclose(found, expected, atol=5 * 0.5 / np.sqrt(count))
    assert samples.fake_labels.dtype == jnp.int32
    independent = np.mean(samples.fake_labels == samples.labels)
    assert abs(independent - np.dot((0.5, 0.25, 0.25), expected)) < 0.05


def test_real_labels_can_be_repeated_for_generated_examples():
    samples = forward.samples_fn(make_game(fake_labels="real"), EXAMPLES, KEY)(0)
    np.testing.assert_array_equal(samples.fake_labels, samples.labels)


@pytest.mark.parametrize("name", sorted(objective.FAKE_LABELS))
def test_labels_do_not_depend_on_the_division_of_the_batch(name):
    game = make_game(fake_labels=name)
    whole = jax.jit(forward.samples_fn(game, EXAMPLES, KEY))(1)
    divided = jax.jit(forward.samples_fn(game._replace(microbatches=4), EXAMPLES, KEY))
    parts = [divided(1, part) for part in range(4)]
    for field in ("labels", "fake_labels"):
        joined = np.concatenate([getattr(part, field) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, field))


def test_labels_of_an_unconditional_game_change_nothing():
    game = make_game(0)

    def program(wrap):
        def field(images, players):
            functions = objective.game_functions(game, wrap(images), stats_of(game), KEY)
            return functions.field_fn(players, 0)

        return str(jax.make_jaxpr(field)(EXAMPLES.images, players_of(game)))

    labeled = program(lambda images: data_lib.Examples(images, EXAMPLES.labels))
    assert labeled == program(lambda images: images)


def test_conditional_game_without_labels_is_refused():
    with pytest.raises(ValueError, match="images must have labels for 3 classes"):
        forward.samples_fn(make_game(), EXAMPLES.images, KEY)


def logits(inputs, labels=None):
    """A discriminator with gradient `label + 1`, for real labels by default."""
    labels = jnp.array([0, 1]) if labels is None else labels
    return jnp.sum(inputs, axis=-1) * (labels + 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("r1", (1 + 4) / 4), ("r2", 9 / 2), ("r1+r2", (1 + 4) / 4 + 9 / 2), ("wgan-gp", 1 / 2)],
)
def test_penalties_evaluate_each_example_for_its_class(name, expected):
    penalty = objective.Penalty(objective.PENALTIES[name], 1.0)
    ones = jnp.ones((2, 1))
    found = penalty(
        logits,
        ones,
        ones,
        ones[:, 0],
        True,
        labels=jnp.array([0, 1]),
        fake_labels=jnp.array([2, 2]),
    )
    assert float(found) == expected


def test_penalty_of_a_user_receives_labels_by_name():
    received = []

    def plain(discriminator, real, fake, mix):
        return jnp.sum(discriminator(real))

    def labeled(discriminator, real, fake, mix, labels, fake_labels):
        received.append((labels, fake_labels))
        return jnp.zeros(())

    ones = jnp.ones((2, 1))
    arguments = (logits, ones, ones, ones[:, 0], True)
    classes = {"labels": jnp.array([0, 1]), "fake_labels": jnp.array([1, 1])}
    assert float(penalties.Penalty(plain, 1.0)(*arguments, **classes)) == 3.0
    penalties.Penalty(labeled, 1.0)(*arguments, **classes)
    assert received == [(classes["labels"], classes["fake_labels"])]


def test_one_pass_gives_the_logits_of_two_passes():
    """With spectral normalization, whose vectors move between the two batches."""

    def outputs(one_pass):
        game = make_game(spectral_norm=True)._replace(one_pass=one_pass)
        with networks.tracing_for("gpu"):
            play = forward.forward_fn(game, EXAMPLES, stats_of(game), KEY)
            return jax.jit(lambda players: play(players, 0)[2:4])(players_of(game))

    for mine, expected in zip(*map(jax.tree.leaves, map(outputs, (True, False))), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6)


def test_conditioning_adds_only_its_own_arithmetic():
    """Counts FLOPs of the forward pass of both networks, as lowered, against one without labels."""

    def flops(num_classes):
        game = make_game(num_classes, batch_size=64)
        data = EXAMPLES if num_classes else EXAMPLES.images
        samples = forward.samples_fn(game, data, KEY)(0)
        play = functools.partial(forward.networks_fn(game, stats_of(game)))
        lowered = jax.jit(lambda players, samples: play(players, samples)[2:4]).lower(
            players_of(game), samples
        )
        return lowered.cost_analysis()["flops"]

    batch, latent_dim, width = 64, 2, 2
    concatenated = 2 * batch * latent_dim * width  # The first product of the generator is wider.
    projections = 2 * batch * (2 * width + 1)  # Products, their sum, and the sum of both logits.
    lookups = 3 * 2 * batch  # Each vector is found by a comparison or two.
    assert 0 < flops(CLASSES) - flops(0) <= concatenated + projections + lookups
