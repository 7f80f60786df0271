"""Training with augmentation: control, checkpoints, devices and cost."""

import collections

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import presets
from minmax_jax.gan.objective import forward
from minmax_jax.gan.run import checkpoint
from minmax_jax.gan.training import build
from minmax_jax.gan.training import program as program_lib
from minmax_jax.gan.training import step as step_lib
from tests.devices import first_devices
from tests.gan.conftest import small_data

SMALL = {"network": "mlp", "width": 4, "latent_dim": 3, "batch_size": 16}
ADAPTIVE = {
    "augment": "flip,cutout",
    "augment_control": "ada",
    "augment_images": 400,
    "augment_target": 0.0,
}
SEED = np.uint32(1)


@pytest.fixture(scope="module")
def data():
    return small_data((8, 8, 1))


def setting(data, num_devices=1, **fields):
    config = presets.preset("digits", **{**SMALL, **fields})
    return config, *build.build_game(config, data, num_devices)


class Run:
    """A run whose program makes any number of steps."""

    def __init__(self, data, num_devices=1, **fields):
        config, self.game, optimizer = setting(data, num_devices, **fields)
        self.devices = first_devices(num_devices)
        self.program = program_lib.compile_program(self.game, optimizer, config, self.devices)
        self.images = parallel.replicate(data.images, self.devices)
        self.start = step_lib.init(self.game, optimizer)

    def advance(self, state, until):
        """Returns the states of all devices, and the quantities of the last step."""
        state = parallel.replicate(state, self.devices)
        found = self.program.advance(state, self.images, SEED, np.int32(until))
        return jax.tree.map(np.asarray, found)

    def first(self, state, until):
        """Returns the state of the first device, and the quantities of the last step."""
        return jax.tree.map(lambda leaf: leaf[0], self.advance(state, until))


@pytest.fixture(scope="module")
def adaptive(data):
    return Run(data, **ADAPTIVE)


def test_control_follows_the_signs_of_the_real_logits(adaptive):
    """The probability used in each update is the one that the logged signs give."""
    state, expected, signs, used = adaptive.start, 0.0, [], []
    for step in range(1, 25):
        state, quantities = adaptive.first(state, step)
        np.testing.assert_allclose(quantities["augment_probability"], expected, atol=1e-6)
        signs.append(float(quantities["real_sign"]))
        used.append(expected)
        if step % 4 == 0:
            change = 16 * 4 / 400 * np.sign(np.mean(signs[-4:]))
            expected = min(max(expected + change, 0.0), 1.0)
    np.testing.assert_allclose(state.augmentation.probability, expected, atol=1e-6)
    assert len(set(signs)) > 3 and max(used) > 0


def test_control_state_is_checkpointed_and_resumes_exactly(adaptive):
    whole, _ = adaptive.first(adaptive.start, 23)
    half, _ = adaptive.first(adaptive.start, 14)
    saved = checkpoint.flatten(half)
    names = {name for name in saved if name.startswith("augmentation/")}
    assert names == {f"augmentation/{name}" for name in ("probability", "signs", "count")}
    assert saved["augmentation/count"] == 2  # between two adjustments
    resumed, _ = adaptive.first(checkpoint.fill(adaptive.start, saved), 23)
    jax.tree.map(np.testing.assert_array_equal, resumed, whole)


def test_state_without_control_has_no_further_leaves(data):
    for policy in ("", "diffaugment"):
        _, game, optimizer = setting(data, augment=policy)
        state = jax.eval_shape(lambda game=game, tx=optimizer: step_lib.init(game, tx))
        assert state.augmentation == ()


def drawn_on(num_devices, data, policy="r3gan"):
    _, game, _ = setting(data, num_devices, augment=policy, augment_probability=0.7)
    devices = first_devices(num_devices)

    def draw(images):
        samples = forward.samples_fn(game, images, jax.random.key(1))
        return samples(2).augmentation

    found = parallel.map_step(draw, devices)(parallel.replicate(data.images, devices))
    return jax.tree.map(lambda leaf: np.asarray(leaf).reshape(16, *leaf.shape[2:]), found)


def test_eight_devices_draw_the_transformations_of_one(data):
    alone, shared = drawn_on(1, data, "flip,color,cutout"), drawn_on(8, data, "flip,color,cutout")
    jax.tree.map(np.testing.assert_array_equal, alone, shared)
    real, fake = (np.asarray(drawn[1].numbers) for drawn in alone)
    assert len(np.unique(np.concatenate([real, fake])[:, 0])) == 32  # all examples differ


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["pmap", "shard_map"])
def test_eight_devices_train_and_control_like_one(data, backend):
    fields = {**ADAPTIVE, "augment": "r3gan", "optimizer": "sgda", "parallel": backend}
    alone = Run(data, **fields)
    shared = Run(data, 8, **fields, microbatches=2)
    state, _ = alone.first(alone.start, 12)
    states, _ = shared.advance(shared.start, 12)
    for leaf in jax.tree.leaves(states):
        np.testing.assert_array_equal(leaf, np.broadcast_to(leaf[:1], leaf.shape))
    first = jax.tree.map(lambda leaf: leaf[0], states)
    np.testing.assert_allclose(first.augmentation.probability, state.augmentation.probability)
    for mine, other in zip(jax.tree.leaves(state), jax.tree.leaves(first), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-4)


def primitives(game, optimizer, images):
    """Counts the operations of one step, with those of inner functions."""

    def step(state):
        return step_lib.train_step(game, optimizer, 0.9, state, images, SEED)

    state = jax.eval_shape(lambda: step_lib.init(game, optimizer))
    return collections.Counter(names(jax.make_jaxpr(parallel.on_one_device(step))(state).jaxpr))


def names(jaxpr):
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for value in jax.tree.leaves(list(equation.params.values())):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from names(inner)


def test_step_adds_no_products_and_no_transfers(data):
    """DiffAugment needs no matrix product: networks are evaluated as often as without it."""
    images = jnp.asarray(data.images)
    plain, flipped, ada = (
        primitives(*setting(data, augment=policy, loss="hinge")[1:], images)
        for policy in ("", "flip,diffaugment", "ada")
    )
    assert plain["dot_general"] == flipped["dot_general"] < ada["dot_general"]
    assert not [name for name in flipped | ada if "callback" in name or "device_put" in name]


def test_penalty_differentiates_through_the_transformation(data):
    """Pixels in the hole of an augmented image have no influence on the logit."""
    _, game, _ = setting(data, augment="cutout")
    players, stats = (
        mm.Players(*(getattr(network, name) for network in game.pair[:2]))
        for name in ("params", "stats")
    )

    @jax.jit
    def gradient(images):
        game_here = game._replace(axis_name=None)
        samples = forward.samples_fn(game_here, images, jax.random.key(0))(0)
        out = forward.networks_fn(game_here, stats)(players, samples)
        inputs_gradient = jax.grad(lambda x: jnp.sum(out.discriminator(x)))(out.real)
        return inputs_gradient, samples.augmentation[0][0].numbers

    found, starts = gradient(data.images)
    for image, (row, column) in zip(np.asarray(found), np.asarray(starts), strict=True):
        hole = np.zeros((8, 8, 1), bool)
        hole[max(row, 0) : row + 4, max(column, 0) : column + 4] = True
        np.testing.assert_array_equal(image == 0, hole)


def test_vectors_are_refused():
    config = presets.preset("gaussians", augment="flip")
    with pytest.raises(ConfigError, match="augment must be empty for examples that are not images"):
        build.build_game(config, config.data.load(), 1)


def test_runs_that_train_together_have_their_own_probability(data):
    _, game, optimizer = setting(data, **ADAPTIVE)
    game = game._replace(axis_name=None)
    start = step_lib.init(game, optimizer)
    states = jax.tree.map(lambda leaf: jnp.stack([leaf] * 3), start)

    def step(state, seed):
        return step_lib.train_step(game, optimizer, 0.9, state, jnp.asarray(data.images), seed)

    after, quantities = jax.eval_shape(jax.vmap(step), states, jnp.arange(3, dtype=jnp.uint32))
    assert after.augmentation.probability.shape == quantities["real_sign"].shape == (3,)
    assert jax.tree.structure(after) == jax.tree.structure(states)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["diffaugment", "ada", "r3gan"])
@pytest.mark.parametrize("optimizer", ["extra_adam", "greedy_adam", "competitive", "alternate"])
def test_families_train_with_penalty_and_bfloat16(optimizer, policy, data):
    """The derivatives of second order exist, and losses are finite."""
    fields = {"augment": policy, "loss": "hinge", "penalty": 1.0, "penalty_type": "r1"}
    options = {"max_steps": 2} if optimizer == "alternate" else {"optimizer": optimizer}
    run = Run(data, **fields, **options, augment_control="ada", compute_dtype="bfloat16")
    state, quantities = run.first(run.start, 5)
    assert state.step == 5 and np.isfinite(quantities["update_norm_max"])
    assert state.augmentation.count == 1
