import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan.config import presets
from minmax_jax.gan.objective import game as game_lib
from minmax_jax.gan.objective import losses as losses_lib
from minmax_jax.gan.objective import penalties
from minmax_jax.gan.training import build
from minmax_jax.gan.training import program as program_lib
from minmax_jax.gan.training import step as step_lib
from tests.gan.conftest import small_data

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
        mapped = parallel.map_step(
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
    np.testing.assert_allclose(
        norms["update_norm_ratio"], norms["update_norm_max"] / norms["update_norm_min"]
    )
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

    rule = penalties.PENALTIES["wgan-gp"]
    without, with_it = field(None), field(penalties.Penalty(rule, 10.0))
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
    assert set(measured) | set(norms) == {*step_lib.QUANTITIES, "nonfinite"}


def field_now(setting, due=True, **changes):
    """The field at the start, of draw 0."""
    game = setting.game._replace(**changes)
    return setting.on_device(
        lambda images, due: game_lib.oracles(
            game, images, setting.start.stats, step_key(0), due
        ).field(setting.start.players, 0)[0],
        due,
    )


def close(one, other, atol=1e-6):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=atol), one, other)


def test_lazy_penalty_is_that_of_its_updates_with_their_weight(make):
    setting = make(loss="wasserstein")
    plain = penalties.Penalty(penalties.PENALTIES["r1"], 0.5)
    lazy = plain._replace(every=3)
    taken = field_now(setting, jnp.array(True), penalty=lazy)
    close(taken, field_now(setting, penalty=plain._replace(weight=1.5)))
    close(field_now(setting, jnp.array(False), penalty=lazy), field_now(setting, penalty=None))
    due = [game_lib.due(setting.game._replace(penalty=lazy), step) for step in range(5)]
    assert due == [True, False, False, True, False]
    assert game_lib.due(setting.game._replace(penalty=plain), 1) is True


def test_all_calls_within_one_update_play_the_same_game(make):
    """Extragradient under a lazy penalty: both fields have it in step 0, neither in step 1."""
    fields = {"optimizer": "extragradient", "loss": "wasserstein", "penalty": 5.0}
    lazy = make(**fields, penalty_type="r1", penalty_every=2)
    heavy = make(**{**fields, "penalty": 10.0}, penalty_type="r1")
    without = make(**{**fields, "penalty": 0.0})
    first, _ = lazy.advance(lazy.start, 1)
    close(first, heavy.advance(heavy.start, 1)[0], atol=1e-5)
    close(lazy.advance(first, 2)[0], without.advance(first, 2)[0], atol=1e-5)


@pytest.mark.parametrize("loss", ["saturating", "relativistic"])
def test_microbatches_give_the_field_of_the_batch(make, loss):
    setting = make(loss=loss)
    penalty = penalties.Penalty(penalties.PENALTIES["wgan-gp"], 1.0)
    whole = field_now(setting, penalty=penalty)
    close(field_now(setting, penalty=penalty, microbatches=4), whole)


def test_microbatches_need_less_memory_and_no_further_all_reduce(make):
    devices = jax.local_devices()[:2]

    def compiled(microbatches):
        config = make().config.replace(batch_size=512, microbatches=microbatches, steps_per_call=1)
        data = make().game, make().optimizer
        game = data[0]._replace(batch_size=512, num_devices=2, microbatches=microbatches)
        program = program_lib.compile_program(game, data[1], config, devices)
        images = parallel.replicate(np.zeros((8, 28, 28, 1), np.uint8), devices)
        state = parallel.replicate(make().start, devices)
        return program.advance.lower(state, images, SEED, np.int32(1)).compile()

    whole, parts = compiled(1), compiled(8)
    temporaries = [p.memory_analysis().temp_size_in_bytes for p in (whole, parts)]
    assert temporaries[1] < temporaries[0] / 4
    counts = [len(re.findall(r" all-reduce(?:-start)?\(", p.as_text())) for p in (whole, parts)]
    assert counts == [2, 2]  # the field's, and the verdict on what is not finite


def test_microbatches_of_a_batch_norm_blend_their_statistics(make):
    """Each part is normalised by itself; the statistics are the mean of what each would leave."""
    setting = make(network="dcgan", width=4)

    def stats(game, part=None):
        def after(images):
            start = setting.start
            if part is None:
                now = game_lib.oracles(game, images, start.stats, step_key(0))
                return now.field(start.players, 0)[1]
            return game_lib.play(game, images, start.stats, step_key(0))(
                start.players, 0, part
            ).stats

        return setting.on_device(after)

    halves = setting.game._replace(microbatches=2)
    both = stats(halves)
    close(both, jax.tree.map(lambda a, b: (a + b) / 2, stats(halves, 0), stats(halves, 1)), 1e-5)


@pytest.mark.parametrize("loss", ["saturating", "non-saturating"])
def test_unrolling_is_handed_the_loss_that_the_generator_minimises(make, loss):
    """d/dx of that loss at y + η F_y: a zero-sum game's is the payoff, real examples and all."""
    setting = make(loss=loss)
    optimizer = mm.unrolled(min=optax.sgd(1.0), max=optax.sgd(0.5), num_steps=1)

    def updated(images):
        state = setting.start._replace(optimizer=optimizer.init(setting.start.players))
        return step_lib.train_step(setting.game, optimizer, 0.9, state, images, SEED)[0].players.min

    def by_hand(images):
        now = game_lib.oracles(setting.game, images, setting.start.stats, step_key(0))
        x, y = setting.start.players

        def value(x):
            field = now.field(mm.Players(x, y), 0)[0].max
            after = mm.Players(x, jax.tree.map(lambda y, f: y - 0.5 * f, y, field))
            return -now.losses.max(after, 1) if loss == "saturating" else now.losses.min(after, 1)

        return jax.tree.map(lambda x, g: x - g, x, jax.grad(value)(x))

    close(setting.on_device(updated), setting.on_device(by_hand), atol=1e-5)


def test_used_gradient_is_that_of_the_real_step_not_of_the_base_point(make):
    setting = make(**{**SGDA, "optimizer": "extragradient"})
    _, norms = setting.advance(setting.start, 1)
    measured = parallel.unreplicate(
        setting.program.measure(parallel.replicate(setting.start, DEVICE), setting.images, SEED)
    )
    for side, rate in (("min", 0.1), ("max", 0.3)):
        used = norms[f"used_gradient_norm_{side}"]
        np.testing.assert_allclose(norms[f"update_norm_{side}"], rate * used, rtol=1e-4)
        assert abs(used - measured[f"gradient_norm_{side}"]) > 1e-3 * used


def test_used_gradients_revive_no_dead_code(make):
    """Alternating play: the generator's gradient at the base point stays uncomputed."""
    counts = {}
    for optimizer in (make(max_steps=2).optimizer, mm.alternate(min=optax.sgd(0.1),
                      max=optax.sgd(0.1), max_steps=2)):  # fmt: skip
        setting = make(max_steps=2)
        state = setting.start._replace(optimizer=optimizer.init(setting.start.players))
        config = setting.config.replace(steps_per_call=1)
        program = program_lib.compile_program(setting.game, optimizer, config, DEVICE)
        arguments = parallel.replicate(state, DEVICE), setting.images, SEED, np.int32(1)
        text = program.advance.lower(*arguments).compile().as_text()
        counts[len(counts)] = len(re.findall(r" = [^ ]+ (?:dot|custom-call)\(", text))
    assert counts[0] == counts[1] > 0


NETWORKS = {"mlp": (8, 8, 1), "dcgan": (8, 8, 1), "resnet": (32, 32, 1),
            "mangoubi_mnist": (8, 8, 1), "mangoubi_cifar": (8, 8, 1)}  # fmt: skip


@pytest.mark.parametrize(
    "network", [pytest.param(n, marks=[pytest.mark.slow] * (n != "dcgan")) for n in NETWORKS]
)
@pytest.mark.parametrize(
    "optimizer", ["consensus", pytest.param("competitive", marks=pytest.mark.slow)]
)
def test_second_order_methods_are_traced_through_every_network(network, optimizer):
    """jvp and vjp of the field: through dropout, spectral norm, penalties, parts of a batch."""
    images = np.zeros((16, *NETWORKS[network]), np.uint8)
    data = small_data(NETWORKS[network], 16)
    config = presets.preset(
        "digits", network=network, optimizer=optimizer, width=2, latent_dim=2, batch_size=8,
        loss="wasserstein", penalty=1.0, penalty_every=2, spectral_norm=True, microbatches=2,
    )  # fmt: skip
    game, method = build.build_game(config, data, 1)
    program = program_lib.compile_program(game, method, config, DEVICE)
    state = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((1, *leaf.shape), leaf.dtype),
        jax.eval_shape(lambda: step_lib.init(game, method)),
    )
    images = jax.ShapeDtypeStruct((1, *images.shape), images.dtype)
    after, _ = jax.eval_shape(program.advance, state, images, SEED, np.int32(1))
    assert jax.tree.map(lambda a: (a.shape, a.dtype), after) == jax.tree.map(
        lambda a: (a.shape, a.dtype), state
    )


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
    chosen = mlp.config.replace(steps_per_call=3)
    program = program_lib.compile_program(mlp.game, mlp.optimizer, chosen, DEVICE)
    assert program.steps_per_call == 3
