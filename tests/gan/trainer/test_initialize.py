"""Runs that start from the parameters of another run."""

import jax
import numpy as np
import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import ignore_note
from minmax_jax.gan.config import presets
from minmax_jax.gan.run import checkpoint, run_folder
from minmax_jax.gan.trainer import initialize
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib

SMALL = {"width": 4, "latent_dim": 2}


def initial(config, data):
    return step_lib.init(*build.build_game(config, data, 1))


@pytest.fixture(scope="module")
def source(tmp_path_factory, noise_images):
    """Folder of a run with two checkpoints, and the state of the newer one."""
    folder = tmp_path_factory.mktemp("runs") / "source"
    config = presets.preset("digits", **SMALL, seed=1)
    run_folder.open_run(folder, config, noise_images)
    state = initial(config, noise_images)
    checkpoints = checkpoint.Checkpoints(folder / "checkpoints", ignore_note)
    for step in (3, 7):
        state = state._replace(
            players=jax.tree.map(lambda leaf: leaf + 1.0, state.players),
            ema=jax.tree.map(lambda leaf: leaf - 1.0, state.ema),
            step=np.int32(step),
        )
        checkpoints.save(step, state)
    return folder, state


@pytest.fixture(scope="module")
def fresh(noise_images):
    return initial(presets.preset("digits", **SMALL, optimizer="sgda"), noise_images)


def start(source, folder, state, note=ignore_note, **fields):
    config = presets.preset(
        "digits", **{**SMALL, "optimizer": "sgda", **fields}, init_from=str(source)
    )
    return initialize.start_from(config, folder, state, note)


def equal(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_networks_statistics_and_average_are_taken_over(source, fresh, tmp_path):
    notes = []
    found, origin = start(source[0], tmp_path / "run", fresh, notes.append)
    for name in ("players", "stats", "ema"):
        equal(getattr(found, name), getattr(source[1], name))
    equal((found.optimizer, found.step, found.nonfinite), (fresh.optimizer, 0, fresh.nonfinite))
    assert origin[:2] == (str(source[0]), 7)
    expected = (
        f"starting from the parameters of {source[0]} at step 7 (digits, mlp of width 4, adam_gda)"
    )
    assert notes == [expected]


def test_an_older_checkpoint_can_be_chosen(source, fresh, tmp_path):
    found, origin = start(source[0] / "checkpoints" / "3.npz", tmp_path / "run", fresh)
    assert origin[:2] == (str(source[0]), 3)
    same = lambda a, b: np.testing.assert_allclose(a, b - 1.0, atol=1e-6)  # noqa: E731
    jax.tree.map(same, found.players, source[1].players)


def test_origin_is_recorded_and_used_again(source, fresh, tmp_path, noise_images):
    folder = tmp_path / "run"
    config = presets.preset("digits", **SMALL, optimizer="sgda", init_from=str(source[0]))
    _, origin = start(source[0] / "checkpoints" / "3.npz", folder, fresh)
    run_folder.open_run(folder, config, noise_images, origin)
    assert run_folder.read(folder).origin == origin
    # The run has no checkpoint yet, so it starts again, from the same checkpoint.
    assert start(source[0], folder, fresh)[1] == origin
    run_folder.open_run(folder, config, noise_images, origin._replace(crc32=1))
    with pytest.raises(ConfigError, match=r"checkpoint 3 is not the one from which .* was started"):
        start(source[0], folder, fresh)


def test_nothing_is_read_if_the_run_has_checkpoints(source, fresh, tmp_path):
    folder = tmp_path / "run"
    checkpoint.Checkpoints(folder / "checkpoints", ignore_note).save(5, fresh)
    found, origin = start(tmp_path / "missing", folder, fresh)
    assert found is fresh and origin is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"width": 5}, r"its networks do not fit: players/min/.* must be .*\(width: 4 -> 5\)"),
        ({"latent_dim": 3}, r"\(latent_dim: 2 -> 3\)"),
    ],
)
def test_other_shapes_are_refused(source, tmp_path, noise_images, fields, message):
    state = initial(presets.preset("digits", **{**SMALL, **fields}), noise_images)
    with pytest.raises(ConfigError, match=message) as error:
        start(source[0], tmp_path / "run", state, **fields)
    assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


def test_missing_runs_and_checkpoints_are_refused(source, fresh, tmp_path, noise_images):
    with pytest.raises(ConfigError, match=r"init_from=.* does not contain a run"):
        start(tmp_path, tmp_path / "run", fresh)
    with pytest.raises(ConfigError, match=r"init_from=.* has no such checkpoint \(3, 7\)"):
        start(source[0] / "checkpoints" / "4.npz", tmp_path / "run", fresh)
    run_folder.open_run(tmp_path / "empty", presets.preset("digits"), noise_images)
    with pytest.raises(ConfigError, match=r"has no checkpoint yet\. Train that run first"):
        start(tmp_path / "empty", tmp_path / "run", fresh)


@pytest.mark.parametrize(
    "origin", [3, {"run": 1, "step": 2, "crc32": 3}, {"run": "a", "step": True}]
)
def test_invalid_origins_in_config_json_are_refused(origin):
    with pytest.raises(ConfigError, match="origin must contain the text run"):
        run_folder.untrusted.check_origin(origin)
