import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan import build, presets
from minmax_jax.gan import game as game_lib
from minmax_jax.gan import losses as losses_lib
from minmax_jax.gan import program as program_lib
from minmax_jax.gan import step as step_lib

DEVICE = jax.local_devices()[:1]
SEED = np.uint32(5)


class Setting:
    """A small run on one device, one step at a time."""

    def __init__(self, data, **fields):
        fields = {"width": 8, "latent_dim": 4, "batch_size": 16, "ema_decay": 0.99, **fields}
        self.config = presets.preset("digits", **fields)
        self.game, self.optimizer = build.build_game(self.config, data, 1)
        self.images = parallel.replicate(data.images, DEVICE)
        self.start = step_lib.init(self.game, self.optimizer)
        self.program = program_lib.compile_program(self.game, self.optimizer, self.config, DEVICE)

    def advance(self, state, until):
        out = self.program.advance(
            parallel.replicate(state, DEVICE), self.images, SEED, np.int32(until)
        )
        return jax.tree.map(np.asarray, parallel.unreplicate(out))

    def on_device(self, function, *args):
        """Runs `function(images, *args)` where the axis of devices exists."""
        mapped = parallel.pmap_step(
            lambda images, args: function(images, *args), DEVICE, in_axes=(0, None)
        )
        return parallel.unreplicate(mapped(self.images, args))


@pytest.fixture(scope="module")
def make(noise_images):
    """Settings by their fields, each compiled once."""
    made = {}

    def make_setting(**fields):
        key = tuple(sorted(fields.items()))
        if key not in made:
            made[key] = Setting(noise_images, **fields)
        return made[key]

    return make_setting


SGDA = {"optimizer": "sgda", "learning_rate_min": 0.1, "learning_rate_max": 0.3}


def step_key(step):
    return jax.random.fold_in(jax.random.key(SEED), step)


def same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_step_with_sgda_is_one_gradient_step_of_each_loss(make):
    rates = mm.Players(0.1, 0.3)
    setting = make(**SGDA)
    after, norms = setting.advance(setting.start, 1)

    def gradients(images):
        generator, discriminator = setting.game.pair[:2]
        x, y = setting.start.players
        out = game_lib.play(setting.game, images, setting.start.stats, step_key(0))(
            setting.start.players, 0
        )

        def judge(y, inputs):
            return discriminator.apply(y, {}, inputs, train=True)[0]

        def generate(x):
            key = jax.random.split(jax.random.fold_in(step_key(0), 0), 3)[1]
            latents = game_lib.data.latents(key, jnp.arange(16), 4)
            return generator.apply(x, {}, latents, train=True)[0]

        softplus = jax.nn.softplus
        grad_x = jax.grad(lambda x: jnp.mean(softplus(-judge(y, generate(x)))))(x)
        grad_y = jax.grad(
            lambda y: (
                jnp.mean(softplus(-judge(y, out.real))) + jnp.mean(softplus(judge(y, generate(x))))
            )
        )(y)
        return mm.Players(grad_x, grad_y)

    field = setting.on_device(gradients)
    for side in ("min", "max"):
        start, rate = getattr(setting.start.players, side), getattr(rates, side)
        expected = jax.tree.map(lambda z, g, r=rate: z - r * g, start, getattr(field, side))
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
            getattr(after.players, side),
            expected,
        )
        length = rate * optax.tree.norm(getattr(field, side))
        np.testing.assert_allclose(norms[f"update_norm_{side}"], length, rtol=1e-4)
    np.testing.assert_allclose(norms["pace"], norms["update_norm_max"] / norms["update_norm_min"])
    assert after.step == 1


def test_zero_sum_and_general_sum_form_of_the_saturating_loss_agree(make):
    setting = make(loss="saturating")
    apart = setting.game._replace(loss=setting.game.loss._replace(zero_sum=False))
    assert setting.game.loss.zero_sum

    def field(game):
        return setting.on_device(
            lambda images: game_lib.oracles(game, images, setting.start.stats, step_key(0)).field(
                setting.start.players, 0
            )[0]
        )

    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), field(setting.game), field(apart)
    )


def test_penalty_reaches_the_discriminator_only(make):
    setting = make(loss="wasserstein")
    assert isinstance(losses_lib.LOSSES["wasserstein"], losses_lib.Loss)

    def field(penalty):
        game = setting.game._replace(penalty=penalty)
        return setting.on_device(
            lambda images: game_lib.oracles(game, images, setting.start.stats, step_key(0)).field(
                setting.start.players, 0
            )[0]
        )

    without, with_it = field(0.0), field(10.0)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), without.min, with_it.min)
    gap = jax.tree.map(lambda a, b: float(jnp.max(jnp.abs(a - b))), without.max, with_it.max)
    assert max(jax.tree.leaves(gap)) > 1e-3


def test_each_draw_and_each_step_sees_other_examples_and_the_same_one_again(make):
    setting = make()

    def real(step, draw):
        return setting.on_device(
            lambda images: (
                game_lib.play(setting.game, images, setting.start.stats, step_key(step))(
                    setting.start.players, draw
                ).real
            )
        )

    same(real(0, 0), real(0, 0))
    for step, draw in ((0, 1), (1, 0)):
        assert not np.array_equal(real(0, 0), real(step, draw))


def test_statistics_are_those_of_draw_zero_even_if_the_method_draws_again(make):
    setting = make(network="dcgan", max_steps=3, optimizer="sgda")
    after, _ = setting.advance(setting.start, 1)
    stats = setting.on_device(
        lambda images: (
            game_lib.play(setting.game, images, setting.start.stats, step_key(0))(
                setting.start.players, 0
            ).stats
        )
    )
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), after.stats, stats)
    moved = jax.tree.map(lambda a, b: not np.array_equal(a, b), setting.start.stats, after.stats)
    assert all(jax.tree.leaves(moved))


def test_more_discriminator_steps_move_the_discriminator_farther(make):
    distances = []
    for max_steps in (1, 3):
        setting = make(optimizer="nsgda", max_steps=max_steps, learning_rate_max=0.01)
        _, norms = setting.advance(setting.start, 1)
        distances.append(norms["update_norm_max"])
    # nsgda's steps all have the same length, and successive gradients nearly one direction.
    assert 2.0 < distances[1] / distances[0] <= 3.001


def test_average_starts_as_a_short_mean_and_reaches_its_decay(make):
    setting = make(ema_decay=0.5)
    state, decays = setting.start, []
    for step in range(12):
        after, _ = setting.advance(state, step + 1)
        old, new, live = (
            jax.tree.leaves(tree)[-1] for tree in (state.ema, after.ema, after.players.min)
        )
        index = np.argmax(np.abs(np.asarray(old) - live))
        parts = [np.asarray(leaf).ravel()[index] for leaf in (old, new, live)]
        decays.append((parts[1] - parts[2]) / (parts[0] - parts[2]))
        state = after
    expected = [min(0.5, (1 + step) / (10 + step)) for step in range(12)]
    np.testing.assert_allclose(decays, expected, atol=1e-2)


def test_no_average_is_the_live_generator(make):
    setting = make(ema_decay=0.0)
    after, _ = setting.advance(setting.start, 1)
    same(after.ema, after.players.min)


def test_calls_of_any_length_give_the_same_bits(make):
    setting = make(steps_per_call=7)
    whole, _ = setting.advance(setting.start, 7)
    part = setting.start
    for until in (1, 4, 5, 7):
        part, _ = setting.advance(part, until)
    same(whole, part)
    assert whole.step == 7


def test_one_step_a_call_agrees_with_many(make):
    many = make(steps_per_call=7)
    one = make(steps_per_call=1)
    state = one.start
    for until in (1, 2, 3):
        state, _ = one.advance(state, until)
    whole, _ = many.advance(many.start, 3)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), state, whole)


def test_measure_reports_what_the_next_step_uses(make):
    setting = make(**SGDA)
    _, norms = setting.advance(setting.start, 1)
    measured = setting.program.measure(
        parallel.replicate(setting.start, DEVICE), setting.images, SEED
    )
    measured = parallel.unreplicate(measured)
    for side, rate in (("min", 0.1), ("max", 0.3)):
        np.testing.assert_allclose(
            norms[f"update_norm_{side}"], rate * measured[f"gradient_norm_{side}"], rtol=1e-4
        )
    assert set(measured) | set(norms) == {*step_lib.QUANTITIES, "watch"}


# One of each kind in the fast part: a plain rule, one with moments, one that calls the field.
FAST = ("sgda", "ada_nsgda", "extragradient")


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow)
        for name in sorted(mm.optimizers)
    ],
)
def test_every_optimizer_moves_both_players_without_special_code(make, optimizer):
    setting = make(optimizer=optimizer)
    after, _ = setting.advance(setting.start, 2)  # a greedy one may take its last step back
    for before, now in zip(setting.start.players, after.players, strict=True):
        pairs = zip(jax.tree.leaves(before), jax.tree.leaves(now), strict=True)
        assert any(np.any(np.asarray(a) != np.asarray(b)) for a, b in pairs)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(after.players))


def test_steps_in_one_call_follow_from_network_and_platform(make):
    mlp, conv = make(), make(network="dcgan")
    assert mlp.program.steps_per_call == 50
    assert program_lib.default_steps_per_call(conv.game, "cpu") == 1
    assert program_lib.default_steps_per_call(conv.game, "gpu") == 50
    chosen = dataclasses.replace(mlp.config, steps_per_call=3)
    program = program_lib.compile_program(mlp.game, mlp.optimizer, chosen, DEVICE)
    assert program.steps_per_call == 3
