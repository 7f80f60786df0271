import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import networks, objective
from minmax_jax.gan.config import presets
from minmax_jax.gan.training import build, pace
from minmax_jax.gan.training import program as program_lib
from minmax_jax.gan.training import step as step_lib
from tests.devices import first_devices
from tests.gan.conftest import small_data

pytestmark = pytest.mark.usefixtures("full_precision")
DEVICE = jax.local_devices()[:1]
SEED = np.uint32(5)


class Setting:
    """A small run on one device."""

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
        """Runs `function(images, *args)` under the mapped axis of devices."""
        mapped = parallel.map_step(
            lambda images, args: function(images, *args), DEVICE, in_axes=(0, None)
        )
        return parallel.unreplicate(mapped(self.images, args))


@pytest.fixture(scope="module")
def make(noise_images):
    """Function that returns a `Setting` with given fields; each is compiled once."""
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


def test_sgda_step_is_one_gradient_step_of_each_loss(make):
    rates = mm.Players(0.1, 0.3)
    setting = make(**SGDA)
    after, norms = setting.advance(setting.start, 1)

    def gradients(images):
        generator, discriminator = setting.game.pair[:2]
        x, y = setting.start.players
        out = objective.forward_fn(setting.game, images, setting.start.stats, step_key(0))(
            setting.start.players, 0
        )

        def discriminate(y, inputs):
            return discriminator.apply(y, {}, inputs, train=True)[0]

        def generate(x):
            key = jax.random.split(jax.random.fold_in(step_key(0), 0), 3)[1]
            latents = data_lib.latents(key, jnp.arange(16), 4)
            return generator.apply(x, {}, latents, train=True)[0]

        softplus = jax.nn.softplus
        grad_x = jax.grad(lambda x: jnp.mean(softplus(-discriminate(y, generate(x)))))(x)
        grad_y = jax.grad(
            lambda y: (
                jnp.mean(softplus(-discriminate(y, out.real)))
                + jnp.mean(softplus(discriminate(y, generate(x))))
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
        norm = rate * optax.tree.norm(getattr(field, side))
        np.testing.assert_allclose(norms[f"update_norm_{side}"], norm, rtol=1e-4)
    np.testing.assert_allclose(
        norms["update_norm_ratio"], norms["update_norm_max"] / norms["update_norm_min"]
    )
    assert after.step == 1


def test_zero_sum_and_general_sum_saturating_loss_agree(make):
    setting = make(loss="saturating")
    general_sum = setting.game._replace(loss=setting.game.loss._replace(zero_sum=False))
    assert setting.game.loss.zero_sum

    def field(game):
        return setting.on_device(
            lambda images: objective.game_functions(
                game, images, setting.start.stats, step_key(0)
            ).field_fn(setting.start.players, 0)[0]
        )

    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
        field(setting.game),
        field(general_sum),
    )


def test_penalty_changes_discriminator_field_only(make):
    setting = make(loss="wasserstein")
    assert isinstance(objective.LOSSES["wasserstein"], objective.Loss)

    def field(penalty):
        game = setting.game._replace(penalty=penalty)
        return setting.on_device(
            lambda images: objective.game_functions(
                game, images, setting.start.stats, step_key(0)
            ).field_fn(setting.start.players, 0)[0]
        )

    penalty = objective.Penalty(objective.PENALTIES["wgan-gp"], 10.0)
    without, with_penalty = field(None), field(penalty)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), without.min, with_penalty.min
    )
    gap = jax.tree.map(lambda a, b: float(jnp.max(jnp.abs(a - b))), without.max, with_penalty.max)
    assert max(jax.tree.leaves(gap)) > 1e-3


def test_batch_depends_on_sample_index_and_step_only(make):
    setting = make()

    def real(step, draw):
        return setting.on_device(
            lambda images: (
                objective.forward_fn(setting.game, images, setting.start.stats, step_key(step))(
                    setting.start.players, draw
                ).real
            )
        )

    same(real(0, 0), real(0, 0))
    for step, draw in ((0, 1), (1, 0)):
        assert not np.array_equal(real(0, 0), real(step, draw))


def test_batch_statistics_come_from_sample_index_zero(make):
    setting = make(network="dcgan", max_steps=3, optimizer="sgda")
    after, _ = setting.advance(setting.start, 1)
    stats = setting.on_device(
        lambda images: (
            objective.forward_fn(setting.game, images, setting.start.stats, step_key(0))(
                setting.start.players, 0
            ).stats
        )
    )
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), after.stats, stats)
    moved = jax.tree.map(lambda a, b: not np.array_equal(a, b), setting.start.stats, after.stats)
    assert all(jax.tree.leaves(moved))


def test_max_steps_moves_the_discriminator_farther(make):
    distances = []
    for max_steps in (1, 3):
        setting = make(optimizer="nsgda", max_steps=max_steps, learning_rate_max=0.01)
        _, norms = setting.advance(setting.start, 1)
        distances.append(norms["update_norm_max"])
    # Steps of nsgda have the same length, and successive gradients have similar directions.
    assert 2.0 < distances[1] / distances[0] <= 3.001


def test_ema_decay_increases_to_its_final_value(make):
    setting = make(**SGDA, ema_decay=0.5)
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


def test_ema_with_zero_decay_is_the_current_generator(make):
    setting = make(**SGDA, ema_decay=0.0)
    after, _ = setting.advance(setting.start, 1)
    same(after.ema, after.players.min)


def test_call_length_does_not_change_results(make):
    setting = make(**SGDA)
    whole, _ = setting.advance(setting.start, 7)
    part = setting.start
    for until in (1, 4, 5, 7):
        part, _ = setting.advance(part, until)
    same(whole, part)
    assert whole.step == 7


def test_single_step_calls_agree_with_long_ones(make):
    many = make(**SGDA)
    one = make(**SGDA, steps_per_call=1)
    state = one.start
    for until in (1, 2, 3):
        state, _ = one.advance(state, until)
    whole, _ = many.advance(many.start, 3)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), state, whole)


def test_measure_uses_the_batch_of_the_next_step(make):
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
    """Returns the field at the initial parameters, with sample index 0."""
    game = setting.game._replace(**changes)
    return setting.on_device(
        lambda images, due: objective.game_functions(
            game, images, setting.start.stats, step_key(0), due
        ).field_fn(setting.start.players, 0)[0],
        due,
    )


def close(one, other, atol=1e-6):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=atol), one, other)


def test_lazy_penalty_has_n_times_its_weight_every_n_steps(make):
    setting = make(loss="wasserstein")
    plain = objective.Penalty(objective.PENALTIES["r1"], 0.5)
    lazy = plain._replace(every=3)
    taken = field_now(setting, jnp.array(True), penalty=lazy)
    close(taken, field_now(setting, penalty=plain._replace(weight=1.5)))
    close(field_now(setting, jnp.array(False), penalty=lazy), field_now(setting, penalty=None))
    due = [objective.penalty_due(setting.game._replace(penalty=lazy), step) for step in range(5)]
    assert due == [True, False, False, True, False]
    assert objective.penalty_due(setting.game._replace(penalty=plain), 1) is True


def test_lazy_penalty_is_the_same_in_all_fields_of_an_update(make):
    """Both fields of extragradient contain the penalty in step 0, and neither in step 1."""
    fields = {"optimizer": "extragradient", "loss": "wasserstein", "penalty": 5.0}
    lazy = make(**fields, penalty_type="r1", penalty_every=2)
    heavy = make(**{**fields, "penalty": 10.0}, penalty_type="r1")
    without = make(**{**fields, "penalty": 0.0})
    first, _ = lazy.advance(lazy.start, 1)
    close(first, heavy.advance(heavy.start, 1)[0], atol=1e-5)
    close(lazy.advance(first, 2)[0], without.advance(first, 2)[0], atol=1e-5)


@pytest.mark.parametrize("loss", ["saturating", "relativistic"])
def test_microbatches_give_the_field_of_the_full_batch(make, loss):
    setting = make(loss=loss)
    penalty = objective.Penalty(objective.PENALTIES["wgan-gp"], 1.0)
    whole = field_now(setting, penalty=penalty)
    close(field_now(setting, penalty=penalty, microbatches=4), whole)


def test_microbatches_use_less_memory_and_no_more_all_reduces(make):
    devices = first_devices(2)

    def compiled(microbatches):
        config = make().config.replace(batch_size=512, microbatches=microbatches, steps_per_call=1)
        data = make().game, make().optimizer
        game = data[0]._replace(batch_size=512, num_devices=2, microbatches=microbatches)
        program = program_lib.compile_program(game, data[1], config, devices)
        images = parallel.replicate(np.zeros((8, 28, 28, 1), np.uint8), devices)
        state = parallel.replicate(make().start, devices)
        return program.advance.lower(state, images, SEED, np.int32(1)).compile()

    whole, parts = compiled(1), compiled(8)
    temporary = [p.memory_analysis().temp_size_in_bytes for p in (whole, parts)]
    assert temporary[1] < temporary[0] / 4
    counts = [len(re.findall(r" all-reduce(?:-start)?\(", p.as_text())) for p in (whole, parts)]
    assert counts == [2, 2]  # for the field, and for the non-finite guard


def test_microbatches_average_batch_norm_statistics(make):
    """Each microbatch is normalized separately; the new statistics are their mean."""
    setting = make(network="dcgan", width=4)

    def stats(game, part=None):
        def after(images):
            start = setting.start
            if part is None:
                now = objective.game_functions(game, images, start.stats, step_key(0))
                return now.field_fn(start.players, 0)[1].stats
            return objective.forward_fn(game, images, start.stats, step_key(0))(
                start.players, 0, part
            ).stats

        return setting.on_device(after)

    halves = setting.game._replace(microbatches=2)
    both = stats(halves)
    close(both, jax.tree.map(lambda a, b: (a + b) / 2, stats(halves, 0), stats(halves, 1)), 1e-5)


@pytest.mark.parametrize("loss", ["saturating", "non-saturating"])
def test_unrolled_receives_the_loss_of_the_generator(make, loss):
    """The update is the gradient in x of that loss at y + η F_y. If zero-sum, it is the payoff."""
    setting = make(loss=loss)
    optimizer = mm.unrolled(min=optax.sgd(1.0), max=optax.sgd(0.5), num_steps=1)

    def updated(images):
        state = setting.start._replace(optimizer=optimizer.init(setting.start.players))
        return step_lib.train_step(setting.game, optimizer, 0.9, state, images, SEED)[0].players.min

    def handwritten(images):
        now = objective.game_functions(setting.game, images, setting.start.stats, step_key(0))
        x, y = setting.start.players

        def value(x):
            field = now.field_fn(mm.Players(x, y), 0)[0].max
            after = mm.Players(x, jax.tree.map(lambda y, f: y - 0.5 * f, y, field))
            return (
                -now.loss_fns.max(after, 1) if loss == "saturating" else now.loss_fns.min(after, 1)
            )

        return jax.tree.map(lambda x, g: x - g, x, jax.grad(value)(x))

    close(setting.on_device(updated), setting.on_device(handwritten), atol=1e-5)


def test_used_gradient_norm_belongs_to_the_update_step(make):
    setting = make(**{**SGDA, "optimizer": "extragradient"})
    _, norms = setting.advance(setting.start, 1)
    measured = parallel.unreplicate(
        setting.program.measure(parallel.replicate(setting.start, DEVICE), setting.images, SEED)
    )
    for side, rate in (("min", 0.1), ("max", 0.3)):
        used = norms[f"used_gradient_norm_{side}"]
        np.testing.assert_allclose(norms[f"update_norm_{side}"], rate * used, rtol=1e-4)
        assert abs(used - measured[f"gradient_norm_{side}"]) > 1e-3 * used


def test_recording_gradient_norms_adds_no_computation(make):
    """With alternating updates, the generator's gradient at the initial point is not computed."""
    counts = {}
    for optimizer in (
        make(max_steps=2).optimizer,
        mm.alternate(min=optax.sgd(0.1), max=optax.sgd(0.1), max_steps=2),
    ):
        setting = make(max_steps=2)
        state = setting.start._replace(optimizer=optimizer.init(setting.start.players))
        config = setting.config.replace(steps_per_call=1)
        program = program_lib.compile_program(setting.game, optimizer, config, DEVICE)
        arguments = parallel.replicate(state, DEVICE), setting.images, SEED, np.int32(1)
        text = program.advance.lower(*arguments).compile().as_text()
        counts[len(counts)] = len(re.findall(r" = [^ ]+ (?:dot|custom-call)\(", text))
    assert counts[0] == counts[1] > 0


NETWORKS = {
    "mlp": (8, 8, 1),
    "dcgan": (8, 8, 1),
    "resnet": (32, 32, 1),
    "mangoubi_mnist": (8, 8, 1),
    "mangoubi_cifar": (8, 8, 1),
}


@pytest.mark.parametrize(
    "network", [pytest.param(n, marks=[pytest.mark.slow] * (n != "dcgan")) for n in NETWORKS]
)
@pytest.mark.parametrize(
    "optimizer", ["consensus", pytest.param("competitive", marks=pytest.mark.slow)]
)
def test_second_order_methods_support_every_network(network, optimizer):
    """JVPs and VJPs pass through dropout, spectral norm, penalties and microbatches."""
    images = np.zeros((16, *NETWORKS[network]), np.uint8)
    data = small_data(NETWORKS[network], 16)
    config = presets.preset(
        "digits",
        network=network,
        optimizer=optimizer,
        width=2,
        latent_dim=2,
        batch_size=8,
        loss="wasserstein",
        penalty=1.0,
        penalty_every=2,
        spectral_norm=True,
        microbatches=2,
    )
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


# One optimizer of each kind: stateless, with moments, with several field evaluations.
FAST = ("sgda", "ada_nsgda", "extragradient")


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow)
        for name in sorted(mm.optimizers)
    ],
)
def test_every_optimizer_moves_both_players(make, optimizer):
    setting = make(optimizer=optimizer)
    after, _ = setting.advance(setting.start, 2)  # 2 steps: a greedy method may reject the last one
    for before, now in zip(setting.start.players, after.players, strict=True):
        pairs = zip(jax.tree.leaves(before), jax.tree.leaves(now), strict=True)
        assert any(np.any(np.asarray(a) != np.asarray(b)) for a, b in pairs)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(after.players))


def test_steps_per_call_is_50_in_calls_of_bounded_time(make):
    for setting in (make(), make(network="dcgan")):
        assert setting.program.steps_per_call == 50
        assert setting.program.seconds_per_call == pace.SECONDS_PER_CALL


def test_steps_per_call_can_be_chosen(make):
    chosen = make().config.replace(steps_per_call=3)
    program = program_lib.compile_program(make().game, make().optimizer, chosen, DEVICE)
    assert (program.steps_per_call, program.seconds_per_call) == (3, None)


def test_steps_per_call_is_1_for_xla_convolutions_on_cpu(make):
    game = make(network="dcgan").game

    def convolve(params, stats, inputs, *, train, keys=None):
        kernel = params["kernel"]
        layout = ("NHWC", "HWIO", "NHWC")
        inner = jax.checkpoint(
            lambda x: jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", None, None, layout)
        )
        return jax.jit(inner)(inputs).mean((1, 2, 3)), stats

    network = networks.Network(convolve, {"kernel": jnp.zeros((3, 3, 1, 8))}, {})
    convolutional = game._replace(pair=game.pair._replace(discriminator=network))
    assert program_lib.default_steps_per_call(convolutional, "cpu") == 1
    assert program_lib.default_steps_per_call(convolutional, "gpu") == 50
