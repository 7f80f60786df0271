import jax
import numpy as np
import pytest
from flax import nnx

from minmax_jax import parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import objective
from minmax_jax.gan.config import presets
from minmax_jax.gan.training import build
from minmax_jax.gan.training import program as program_lib
from minmax_jax.gan.training import step as step_lib
from tests.devices import first_devices

STEPS = 5


@pytest.fixture(autouse=True)
def smooth(monkeypatch):
    """Uses smooth activations, so that rounding changes gradients only slightly.

    Rounding depends on the number of devices and can move an input across the kink of a ReLU,
    whose gradient then jumps. This changes parameters by 1e-4 in five steps, otherwise by 1e-8.
    """
    monkeypatch.setattr(nnx, "relu", jax.nn.softplus)
    monkeypatch.setattr(
        nnx, "leaky_relu", lambda x, slope: slope * x + (1 - slope) * jax.nn.softplus(x)
    )


def train_on(num_devices, data, optimizer, options, seed, **fields):
    rates = {"learning_rate_min": 0.01, "learning_rate_max": 0.01}
    small = {"network": "dcgan", "width": 4, "latent_dim": 8, "batch_size": 32, "seed": seed}
    config = presets.preset(
        "digits", optimizer=optimizer, options=options, **{**rates, **small, **fields}
    )
    devices = first_devices(num_devices)
    game, optimizer = build.build_game(config, data, num_devices)
    program = program_lib.compile_program(game, optimizer, config, devices)
    images = data_lib.put_on_devices(data, devices, labels=config.conditioning.conditional)
    state = parallel.replicate(step_lib.init(game, optimizer), devices)
    start = jax.tree.map(np.array, parallel.unreplicate(state))
    for until in range(1, STEPS + 1):
        state, _ = program.advance(state, images, np.uint32(seed), np.int32(until))
    return start, state


METHODS = {
    "sgda": ("sgda", {}),
    "nsgda_layer": ("nsgda", {"scope": "layer"}),
    "nsgda_global": ("nsgda", {"scope": "global"}),
    "ada_nsgda": ("ada_nsgda", {}),
}


def largest_gap(one, other):
    """Returns the largest difference between two trees."""
    gaps = jax.tree.map(lambda a, b: float(np.max(np.abs(np.asarray(a) - b))), one, other)
    return max(jax.tree.leaves(gaps), default=0.0)


@pytest.mark.parametrize(
    ("seed", "name"),
    [pytest.param(*row, marks=[pytest.mark.slow] * (row[0] > 0)) for row in enumerate(METHODS)],
)
def test_eight_devices_match_one_device(name, seed, noise_images):
    start, alone = train_on(1, noise_images, *METHODS[name], seed)
    _, shared = train_on(8, noise_images, *METHODS[name], seed)
    agree(start, alone, shared)
    assert jax.tree.leaves(alone.stats)  # the network has BatchNorm


@pytest.mark.slow
@pytest.mark.parametrize("fake_labels", sorted(objective.FAKE_LABELS))
def test_eight_devices_match_one_device_with_labels(fake_labels, noise_images):
    fields = {"conditional": True, "fake_labels": fake_labels, "penalty": 1.0, "penalty_type": "r2"}
    start, alone = train_on(1, noise_images, "sgda", {}, 0, **fields)
    _, shared = train_on(8, noise_images, "sgda", {}, 0, **fields)
    agree(start, alone, shared)


def agree(start, alone, shared):
    alone, replicas = parallel.unreplicate(alone), jax.tree.map(np.asarray, shared)
    shared = parallel.unreplicate(shared)
    assert largest_gap(alone.players, shared.players) < 1e-5
    assert largest_gap(alone.stats, shared.stats) < 1e-5
    assert largest_gap(start.players, shared.players) > 1e-3  # training changed the parameters
    for leaf in jax.tree.leaves(replicas):
        np.testing.assert_array_equal(leaf, np.broadcast_to(leaf[:1], leaf.shape))


def batch_on(num_devices, data):
    config = presets.preset("digits", network="dcgan", width=4, latent_dim=8, batch_size=32)
    game, optimizer = build.build_game(config, data, num_devices)
    devices = first_devices(num_devices)

    def draw_batch(state, images):
        play = objective.forward_fn(game, images, state.stats, jax.random.key(1))
        out = play(state.players, 2)
        return out.real, out.fake, out.mix

    state = step_lib.init(game, optimizer)
    draw = parallel.map_step(draw_batch, devices)
    out = draw(parallel.replicate(state, devices), parallel.replicate(data.images, devices))
    return jax.tree.map(lambda leaf: np.asarray(leaf).reshape(32, *leaf.shape[2:]), out)


def test_devices_share_the_batch_without_repeated_examples(noise_images):
    alone, shared = batch_on(1, noise_images), batch_on(8, noise_images)
    np.testing.assert_array_equal(alone[0], shared[0])
    np.testing.assert_allclose(alone[1], shared[1], atol=1e-5)
    np.testing.assert_array_equal(alone[2], shared[2])
    assert len(np.unique(shared[2])) == 32  # one random number per example


def test_penalized_wasserstein_matches_one_device(noise_images):
    fields = {"loss": "wasserstein", "penalty": 10.0}
    runs = [train_on(count, noise_images, "sgda", {}, 4, **fields) for count in (1, 8)]
    agree(runs[0][0], runs[0][1], runs[1][1])


@pytest.mark.slow
def test_dropout_spectral_norm_and_lazy_penalty_match_one_device(noise_images):
    """Random numbers depend on the example, and singular vectors are equal on all devices."""
    fields = {
        "network": "mangoubi_mnist",
        "loss": "wasserstein",
        "penalty": 1.0,
        "penalty_type": "r1",
        "penalty_every": 2,
        "spectral_norm": True,
    }
    start, alone = train_on(1, noise_images, "sgda", {}, 5, **fields)
    _, shared = train_on(
        4, noise_images, "sgda", {}, 5, **fields, microbatches=2, parallel="shard_map"
    )
    agree(start, alone, shared)
    assert any(
        "singular" in jax.tree_util.keystr(path)
        for path, _ in jax.tree_util.tree_leaves_with_path(shared.stats.max)
    )


@pytest.mark.slow
@pytest.mark.parametrize("backend", parallel.BACKENDS)
def test_schedules_and_separate_penalty_match_one_device(backend, noise_images):
    """The penalty's step is inside a conditional, and averages over devices there."""
    fields = {
        "network": "mlp",
        "penalty": 1.0,
        "penalty_type": "r1",
        "penalty_every": 2,
        "penalty_step": "separate",
        "update_order": "generator-first",
        "schedule": {
            "learning_rate": "cosine:0.1x:4",
            "penalty": "linear:0:96img",
            "ema": "linear:99",
        },
    }
    start, alone = train_on(1, noise_images, "sgda", {}, 9, **fields)
    _, shared = train_on(4, noise_images, "sgda", {}, 9, **fields, microbatches=2, parallel=backend)
    agree(start, alone, shared)
    assert largest_gap(parallel.unreplicate(alone).ema, parallel.unreplicate(shared).ema) < 1e-5


@pytest.mark.parametrize(
    ("seed", "optimizer", "fields"),
    [
        (6, "sgda", {}),
        pytest.param(7, "consensus", {"network": "mlp"}, marks=pytest.mark.slow),
        pytest.param(8, "extra_adam", {"network": "mlp"}, marks=pytest.mark.slow),
    ],
)
def test_shard_map_matches_pmap(seed, optimizer, fields, noise_images):
    """BatchNorm, F, Jv and Jᵀv agree for both backends on four devices."""
    runs = [
        train_on(4, noise_images, optimizer, {}, seed, **fields, parallel=backend)[1]
        for backend in parallel.BACKENDS
    ]
    for one, other in zip(*map(jax.tree.leaves, runs), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_unknown_backend_is_rejected():
    with pytest.raises(ValueError, match="backend must be 'pmap' or 'shard_map', got 'vmap'"):
        parallel.map_step(lambda x: x, backend="vmap")
