"""Values of schedules, and optimizers, penalties and averages that follow them."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from minmax_jax.gan import objective
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.schedule_shapes import SCHEDULES
from minmax_jax.gan.training import average, build, schedules
from minmax_jax.gan.training import step as step_lib
from minmax_jax.gan.training.optimizer import build_optimizer

R3GAN = {
    "learning_rate": "cosine:0.25x:20Mimg",
    "b2": "cosine:0.99:20Mimg",
    "penalty": "cosine:0.1x:20Mimg",
    "ema": "cosine:5M:20Mimg",
}
FIELDS = {
    "width": 4, "latent_dim": 2, "batch_size": 512, "penalty": 0.05, "penalty_type": "r1+r2",
    "learning_rate_min": 2e-4, "learning_rate_max": 2e-4, "options": {"b1": 0.0, "b2": 0.9},
}  # fmt: skip


@pytest.fixture(scope="module")
def config():
    return presets.preset("digits", schedule=R3GAN, **FIELDS).check()


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("learning_rate_max", 2e-4, 5e-5),
        ("b2", 0.9, 0.99),
        ("penalty", 0.05, 0.005),
        ("ema", 0.0, 5e6),
    ],
)
def test_cosine_is_the_published_schedule_of_r3gan(config, key, first, last):
    """R3GAN, training_loop.py: `v₁ + (v₀ − v₁) ½ (1 + cos(π n / T))` after n images."""
    updates = np.array([0, 1, 1000, 19_531, 39_062, 39_063, 100_000])
    share = np.minimum(updates * 512 / 2e7, 1)
    expected = last + (first - last) * 0.5 * (1 + np.cos(np.pi * share))
    values = schedules.of(config, key)(jnp.asarray(updates, jnp.int32))
    assert values.dtype == jnp.float32
    np.testing.assert_allclose(values, expected, rtol=3e-6, atol=1e-6 * max(first, last))


def test_linear_is_the_published_schedule_of_sngan():
    config = presets.preset(
        "digits", steps=100_000, learning_rate_min=2e-4, schedule={"learning_rate": "linear:0"}
    )
    value = schedules.of(config, "learning_rate_min")
    updates = np.array([0, 1, 50_000, 99_999, 100_000])
    expected = 2e-4 * (1 - updates / 100_000)
    np.testing.assert_allclose(value(updates), expected, rtol=2e-3, atol=1e-12)
    np.testing.assert_allclose(value(updates)[:3], expected[:3], rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linear:2:100:warmup=10:hold=20", {0: 0, 5: 5, 10: 10, 30: 10, 65: 6, 100: 2, 200: 2}),
        ("constant:warmup=640img", {0: 0, 5: 5, 10: 10, 99: 10}),
        ("step:0.5x:50", {0: 10, 49: 10, 50: 5, 99: 5}),
        ("cosine:0:100:hold=50", {50: 10, 75: 5, 100: 0}),
    ],
)
def test_schedule_rises_holds_and_ends_by_hand(text, expected):
    config = presets.preset("digits", penalty=10.0, schedule={"penalty": text}, batch_size=64)
    value = schedules.of(config.check(), "penalty")
    found = {count: float(value(count)) for count in expected}
    assert found == pytest.approx(expected, abs=1e-5)


def test_shapes_of_the_user_are_used(monkeypatch):
    sqrt = lambda length: lambda count: 1 - jnp.sqrt(count / length)  # noqa: E731
    monkeypatch.setitem(SCHEDULES._registered, "root", sqrt)
    config = presets.preset("digits", penalty=8.0, schedule={"penalty": "root:0:100"}).check()
    assert float(schedules.of(config, "penalty")(25)) == 4.0


def test_without_schedules_values_are_python_numbers():
    config = presets.preset("digits", schedule={"learning_rate_max": "constant"})
    assert schedules.of(config, "learning_rate_max") is config.optimizer.learning_rate_max
    assert schedules.of(config, "penalty") is config.objective.penalty
    assert average.decay_of(config) is config.training.ema_decay
    assert schedules.logged_fn(presets.preset("digits"))(1) == {}


def test_a_schedule_from_python_must_be_passed_again():
    given = presets.preset("digits", schedule={"penalty": optax.linear_schedule(4.0, 0.0, 8)})
    assert float(schedules.of(given, "penalty")(2)) == 3.0
    read = type(given).from_json(given.to_json())
    with pytest.raises(ConfigError, match=r"penalty was a function in Python.* Pass the same"):
        schedules.of(read, "penalty")


PLAYERS = mm.Players(jnp.array([1.0, -2.0]), {"w": jnp.array([0.5])})


def run(optimizer, steps=4, **extra):
    """Returns the parameters after some updates with the field F(z) = z, as `max` sees it."""
    players, state = PLAYERS, optimizer.init(PLAYERS)
    field_fn = lambda players, draw=0: jax.tree.map(lambda z: z * (1 + draw), players)  # noqa: E731
    for step in range(steps):
        extra = {"field_fn": field_fn, "step": jnp.asarray(step)}
        updates, state = optimizer.update(field_fn(players), state, players, **extra)
        players = optax.apply_updates(players, updates)
    return players, state


def test_adam_follows_schedules_of_learning_rate_and_b2():
    values = {"learning_rate": "linear:0.25x:4", "b2": "linear:0.5:4"}
    config = presets.preset("digits", schedule=values, learning_rate_min=0.1, learning_rate_max=0.2)
    found, state = run(build_optimizer(config, PLAYERS))

    def adam(rate):
        return optax.inject_hyperparams(optax.adam)(
            optax.linear_schedule(rate, 0.25 * rate, 4), b1=0.5,
            b2=optax.linear_schedule(0.999, 0.5, 4),
        )  # fmt: skip

    expected, _ = run(mm.per_player(min=adam(0.1), max=adam(0.2)))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), found, expected)
    constant, _ = run(build_optimizer(config.replace(schedule={}), PLAYERS))
    assert abs(constant.max["w"] - found.max["w"]) > 1e-3
    plain = build_optimizer(config.replace(schedule={}), PLAYERS).init(PLAYERS)
    assert jax.tree.structure(state) == jax.tree.structure(plain)


def test_schedules_count_updates_with_several_steps():
    values = {"learning_rate": "step:0.1x:1"}
    fields = {"learning_rate_min": 0.1, "learning_rate_max": 0.1, "optimizer": "sgda"}
    config = presets.preset("digits", schedule=values, max_steps=3, **fields)
    (x, y), _ = run(build_optimizer(config, PLAYERS), steps=2)
    expected_x, expected_y = 1.0, 0.5
    for rate in (0.1, 0.01):
        for factor in (1, 2, 3):  # The field of sample index i is (i + 1) z.
            expected_y *= 1 - factor * rate
        expected_x *= 1 - 4 * rate
    np.testing.assert_allclose((x[0], y["w"][0]), (expected_x, expected_y), rtol=1e-6)


def test_scheduled_optimizers_need_the_step():
    config = presets.preset("digits", schedule={"learning_rate": "linear:0"})
    optimizer = build_optimizer(config, PLAYERS)
    with pytest.raises(ValueError, match=r"step must be the number of updates so far.* got None"):
        optimizer.update(PLAYERS, optimizer.init(PLAYERS), PLAYERS)


@pytest.fixture(scope="module")
def game(config, noise_images):
    return build.build_game(config, noise_images, 1)[0]


@pytest.mark.parametrize(
    ("optimizer", "values", "message"),
    [
        ("lookahead_minmax", {"slow_step": "linear:7"}, "slow_step must be between 0 and 1, got 7"),
        ("lookahead_minmax", {"sync_period": "linear:7"}, "sync_period must be a Python int"),
        ("sgda", {"learning_rate": lambda step: 0.1 - step}, r"learning_rate.min must be at least"),
    ],
)
def test_optimizers_check_both_ends_of_their_schedules(optimizer, values, message):
    config = presets.preset("digits", optimizer=optimizer, schedule=values).check()
    with pytest.raises(ConfigError, match=message) as error:
        build_optimizer(config, PLAYERS)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("optimizer", "key"), [("consensus", "weight"), ("adam_gda", "eps"), ("greedy_adam", "b2")]
)
def test_any_number_option_can_have_a_schedule(optimizer, key):
    config = presets.preset("digits", optimizer=optimizer, schedule={key: "linear:0.5x"})
    assert build_optimizer(config.check(), PLAYERS).init(PLAYERS)


def test_penalty_weight_follows_its_schedule(config, game):
    weights = [float(objective.game_at(game, step).penalty.weight) for step in (0, 100_000)]
    assert weights == pytest.approx([0.05, 0.005])
    rising = config.replace(penalty=0.0, schedule={"penalty": "linear:2:10"})
    assert float(build.build_penalty(rising).at(5).weight) == pytest.approx(1.0)


def test_ema_decay_is_the_half_life_in_images():
    fields = {"batch_size": 100, "ema_half_life": 200.0}
    constant = average.decay_of(presets.preset("digits", **fields))
    assert constant == pytest.approx(0.5**0.5)
    config = presets.preset("digits", **fields, schedule={"ema": "linear:0:10"})
    decays = [float(average.decay_of(config)(jnp.asarray(step))) for step in (0, 5, 10)]
    assert decays == pytest.approx([0.5**0.5, 0.5, 0.0])
    old, new = {"w": jnp.array([4.0])}, {"w": jnp.array([0.0])}
    averaged = average.update(average.decay_of(config), jnp.asarray(5), old, new)
    assert float(averaged["w"][0]) == pytest.approx(2.0)


@pytest.mark.parametrize("optimizer", ["adam_gda", "extra_adam", "greedy_adam"])
def test_a_scheduled_step_keeps_the_types_of_the_state(game, optimizer, noise_images):
    chosen = presets.preset("digits", **FIELDS, optimizer=optimizer, schedule=R3GAN)
    players = mm.Players(game.pair.generator.params, game.pair.discriminator.params)
    method = build_optimizer(chosen, players)
    state = step_lib.init(game, method)
    plain = build_optimizer(chosen.replace(schedule={}), players)
    assert jax.tree.structure(state) == jax.tree.structure(step_lib.init(game, plain))

    def step(state, images):
        decay = average.decay_of(chosen)
        return step_lib.train_step(game, method, decay, state, images, np.uint32(0))[0]

    after = jax.eval_shape(mm.parallel.on_one_device(step), state, noise_images.images)
    kinds = [jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree) for tree in (state, after)]
    assert kinds[0] == kinds[1]
