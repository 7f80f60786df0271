"""Non-finite values are discarded in the compiled step, reported, and never saved."""

import errno
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import minmax_jax as mm
from minmax_jax import gan, parallel
from minmax_jax.gan.cli import main
from minmax_jax.gan.config import presets
from minmax_jax.gan.run import checkpoint, metrics_log, progress
from minmax_jax.gan.run.checkpoint_manager import CheckpointManager
from minmax_jax.gan.trainer import hooks, resume
from minmax_jax.gan.training import blocks, nonfinite, nonfinite_check
from minmax_jax.gan.training import step as step_lib
from tests.devices import first_devices


def start():
    player = {"w": jnp.ones(3)}
    state = step_lib.TrainState(
        players=mm.Players(player, player),
        optimizer={"momentum": jnp.zeros(3), "key": jax.random.key(1)},
        stats=mm.Players({"mean": jnp.zeros(2)}, {}),
        ema=player,
        step=jnp.zeros((), jnp.int32),
        nonfinite=nonfinite.init(),
    )
    return parallel.replicate(state, first_devices(2))


def advance(bad_min, bad_max=(), bad_stats=(), device=0):
    """Returns a step that adds its number to every leaf, and NaN at some steps on one device."""

    def one(state, images, seed):
        number = state.step + 1
        here = lax.axis_index(parallel.AXIS) == device

        def wrong(steps):
            return here & jnp.isin(number, jnp.array(steps, jnp.int32))

        def with_nan(tree, steps):
            return jax.tree.map(lambda leaf: jnp.where(wrong(steps), jnp.nan, leaf + number), tree)

        after = state._replace(
            players=mm.Players(
                with_nan(state.players.min, bad_min), with_nan(state.players.max, bad_max)
            ),
            optimizer={
                "momentum": state.optimizer["momentum"] + number,
                "key": jax.random.split(state.optimizer["key"])[0],
            },
            stats=mm.Players(with_nan(state.stats.min, bad_stats), {}),
            ema=jax.tree.map(lambda leaf: leaf + number, state.ema),
            step=number,
        )
        norms = {
            "update_norm_min": jnp.where(wrong(bad_min), jnp.inf, 10.0 * number),
            "update_norm_max": jnp.where(wrong(bad_max), jnp.nan, 20.0 * number),
        }
        return after, norms

    return one


@pytest.fixture(params=[1, 4], autouse=True)
def block(request, monkeypatch):
    """Runs the tests with single steps, and in blocks of four as on a GPU."""
    monkeypatch.setattr(run, "block", request.param, raising=False)


def run(one, policy, steps, **options):
    """Returns state and norms after a compiled loop of at most `steps` steps."""
    guarded = nonfinite.guard(one, policy, **options)

    def is_unfinished(state):
        return (state.step < steps) & nonfinite.may_continue(state, policy)

    def loop(state, images, seed):
        inputs = (images, seed)
        after, norms = blocks.repeat(guarded, is_unfinished, state, inputs, run.block)
        return after, nonfinite.report(after, norms, policy)

    zeros = parallel.replicate(jnp.zeros(()), first_devices(2))
    out = parallel.map_step(loop, first_devices(2))(start(), zeros, zeros)
    for leaf in map(checkpoint._to_numpy, jax.tree.leaves(out[0])):  # equal on every device
        np.testing.assert_array_equal(leaf[0], leaf[1])
    return parallel.unreplicate(out)


@pytest.mark.parametrize("device", [0, 1])
def test_skipped_steps_change_only_the_step_count(device):
    state, norms = run(advance([2, 5], [5], [6], device), "skip", 7)
    taken = 1 + 3 + 4 + 7
    assert (state.step, state.nonfinite.skipped, norms["skipped"]) == (7, 3, 3)
    for leaf in jax.tree.leaves((state.players, state.ema)):
        np.testing.assert_array_equal(leaf, np.full(3, 1.0 + taken))
    np.testing.assert_array_equal(state.stats.min["mean"], np.full(2, taken))
    np.testing.assert_array_equal(state.optimizer["momentum"], np.full(3, taken))
    key = jax.random.key(1)
    for _ in range(4):
        key = jax.random.split(key)[0]
    assert (
        jax.random.key_data(key).tolist() == checkpoint._to_numpy(state.optimizer["key"]).tolist()
    )
    assert state.nonfinite.last == (6, 5) and state.nonfinite.norms == (70.0, 140.0)


@pytest.mark.parametrize("device", [0, 1])
def test_stop_keeps_the_state_before_the_first_nonfinite_step(device):
    state, norms = run(advance([5], [4, 5], [], device), "stop", 100)
    assert (state.step, state.nonfinite.skipped) == (3, 0)
    np.testing.assert_array_equal(state.players.min["w"], np.full(3, 1.0 + 1 + 2 + 3))
    assert state.nonfinite.last == (0, 4) and state.nonfinite.norms == (30.0, 60.0)
    assert "skipped" not in norms
    with pytest.raises(
        gan.NonFinite, match=r"^step 4: the update of the discriminator \(max\) is "
    ):
        nonfinite_check.raise_if_nonfinite(100, jax.tree.map(np.asarray, norms))
    again = state._replace(nonfinite=nonfinite.reset(state.nonfinite))
    assert bool(nonfinite.may_continue(again, "stop")) and not bool(
        nonfinite.may_continue(state, "stop")
    )


def test_average_follows_kept_parameters_only():
    def add(step, average, params):
        return jax.tree.map(lambda old, new: old + step + new, average, params)

    state, _ = run(advance([2]), "skip", 3, average_fn=add)
    # Step 2 is discarded. What the step adds to the average itself is ignored.
    np.testing.assert_array_equal(state.players.min["w"], np.full(3, 5.0))
    np.testing.assert_array_equal(state.ema["w"], np.full(3, 1.0 + (0 + 2) + (2 + 5)))


def test_finite_steps_are_unchanged():
    state, norms = run(advance([]), "stop", 4)
    assert (state.step, state.nonfinite.last, state.nonfinite.skipped) == (4, (0, 0), 0)
    nonfinite_check.raise_if_nonfinite(4, jax.tree.map(np.asarray, norms))


def test_nonfinite_loss_is_reported_with_its_player():
    values = {
        "nonfinite": nonfinite.init(),
        "loss_min": np.float32(1),
        "loss_max": np.float32(np.inf),
    }
    with pytest.raises(
        gan.NonFinite, match=r"^step 7: loss_max not finite after it \(the discriminator \(max\)\)"
    ):
        nonfinite_check.raise_if_nonfinite(7, values)


def test_progress_line_shows_skipped_updates():
    record = {"loss_min": 0.7, "loss_max": 1.4, "update_norm_ratio": 2.0}
    assert "skipped" not in progress.progress_line(1, 2, 3.0, record | {"skipped": 0.0})
    assert progress.progress_line(1, 2, 3.0, record | {"skipped": 4.0}).endswith("skipped 4")


DIVERGES = {
    "optimizer": "sgda",
    "loss": "wasserstein",
    "learning_rate_min": 0.3,
    "learning_rate_max": 0.3,
    "width": 8,
    "batch_size": 16,
    "log_every": 6,
    "checkpoint_every": 2,
    "evaluate": 0,
    "devices": 1,
    "steps": 60,
}


def stored(folder):
    return checkpoint.Checkpoints(folder / "checkpoints", pytest.fail).restore()


def test_run_stops_before_nonfinite_step_and_resumes_with_skip(tmp_path, capsys):
    words = [word for name, value in DIVERGES.items() for word in (f"--{name}", str(value))]
    words = [w.replace("_", "-") if w.startswith("--") else w for w in words]
    folder = tmp_path / "run"
    words = ["train", "--preset", "gaussians", *words, "--out", str(folder)]
    assert main.main(words) == 3
    error = capsys.readouterr().err.splitlines()[-1]
    bad = int(error.split("minmax-jax: step ")[1].split(":")[0])
    assert 6 < bad < 60 and "the last finite update norms are" in error and "Traceback" not in error
    step, values = stored(folder)
    assert step == bad - 1 and not nonfinite_check.nonfinite_leaves(values)
    assert len(list((folder / "checkpoints").iterdir())) == 3  # including two earlier ones
    assert [r["step"] for r in lines(folder)] == list(range(6, bad, 6))
    assert (folder / "samples.png").exists() and (folder / "curves.png").exists()

    # The state equals that of a run that ends there, whose last losses are not finite.
    with pytest.raises(gan.NonFinite, match=f"^step {bad - 1}: .*loss_max.* not finite after it"):
        gan.train(config(tmp_path / "short", steps=bad - 1, steps_per_call=1))
    short_step, short = stored(tmp_path / "short")
    assert short_step == step
    for name, value in short.items():
        np.testing.assert_allclose(values[name], value, rtol=1e-2, err_msg=name)
    # With one step per call, the run stops at the same step.
    with pytest.raises(gan.NonFinite, match=f"^step {bad}:"):
        gan.train(config(tmp_path / "short", steps_per_call=1))

    assert main.main([*words, "--on-nonfinite", "skip"]) == 0
    step, values = stored(folder)
    assert step == 60 and 0 < values["nonfinite/skipped"] <= 60 - bad + 1
    assert lines(folder)[-1]["skipped"] == values["nonfinite/skipped"]
    assert not nonfinite_check.nonfinite_leaves(values)


def test_skipped_updates_are_forgotten_under_stop(tmp_path):
    run = gan.train(config(tmp_path, on_nonfinite="skip"))
    assert max(run.state.nonfinite.last) > 0
    store = checkpoint.Checkpoints(tmp_path / "checkpoints", pytest.fail)
    for policy in ("skip", "stop"):
        notes = progress.Progress(60)
        state = resume.restore(tmp_path, store, run.state, notes, policy)
        assert (max(state.nonfinite.last) > 0) == (policy == "skip")
        assert state.nonfinite.skipped == run.state.nonfinite.skipped


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def config(folder, **fields):
    return presets.preset("gaussians", out=str(folder), **{**DIVERGES, **fields})


def save(folder, start, step, state, norms):
    """Saves `state` through the hook of a run that began with `start`."""
    checkpoints = checkpoint.Checkpoints(folder / "checkpoints", pytest.fail)
    with CheckpointManager(checkpoints, lambda steps: steps, start) as manager:
        log = metrics_log.MetricsLog(folder, progress.Progress(9))
        check = hooks.NonFiniteHook(config(folder, steps=9), folder, checkpoints, manager)
        hook = hooks.CheckpointHook(2, manager, check, log)
        hook(
            step,
            parallel.replicate(state, first_devices(2)),
            parallel.replicate(norms, first_devices(2)),
        )


def test_nonfinite_state_is_not_saved_and_earlier_one_remains(tmp_path):
    """Adam's second moment can overflow while gradient and update are finite."""
    state, norms = run(advance([]), "stop", 2)
    save(tmp_path, state, 2, state, norms)
    bad = state._replace(
        step=state.step + 2,
        optimizer={**state.optimizer, "momentum": jnp.full(3, jnp.inf)},
    )
    with pytest.raises(gan.NonFinite, match="step 4: optimizer/momentum is not finite, and"):
        save(tmp_path, state, 4, bad, norms)
    assert stored(tmp_path)[0] == 2
    save(tmp_path, bad, 4, bad, norms)  # allowed if the initial state contains it
    assert stored(tmp_path)[0] == 4


def test_full_disk_exits_with_code_4_and_one_line_message(tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("minmax_jax.gan.run.run_folder.append_metrics", full)
    words = [
        "train",
        "--preset",
        "gaussians",
        "--width",
        "8",
        "--batch-size",
        "16",
        "--steps",
        "4",
        "--log-every",
        "2",
        "--devices",
        "1",
        "--out",
        str(tmp_path / "run"),
    ]
    assert main.main(words) == 4
    error = capsys.readouterr().err
    assert "minmax-jax: " in error and "No space left on device" in error
    assert "Traceback" not in error
