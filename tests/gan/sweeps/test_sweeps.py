"""Tests of sweeps: vmapped runs, resuming, results, reports and bad input."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import minmax_jax as mm
from minmax_jax import gan
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import sweeps
from minmax_jax.gan.cli import main
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.run import Best
from minmax_jax.gan.run import run_folder
from minmax_jax.gan.sweeps import folder as sweep_folder
from minmax_jax.gan.sweeps import grid as grid_lib
from minmax_jax.gan.sweeps import report, tasks, vmapped
from minmax_jax.gan.trainer import train
from minmax_jax.gan.training import step as step_lib

SMALL = {
    "width": 8,
    "batch_size": 16,
    "log_every": 4,
    "checkpoint_every": 4,
    "evaluate": 50,
    "devices": 1,
    "steps": 8,
    "ema_decay": 0.9,
    "schedule": {"learning_rate": "linear:0.5x"},
}
GRID = sweeps.Grid(
    ("adam_gda",),
    learning_rates_min=(1e-2, 1e-3),
    learning_rates_max=(1e-2, 1e30),
    seeds=(0, 3),
)


def quiet(_):
    pass


def small(**fields):
    return presets.preset("gaussians", **{**SMALL, **fields})


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    return gan.sweep(small(), GRID, out=tmp_path_factory.mktemp("sweep") / "s", note=quiet)


def test_vmapped_run_agrees_with_train(swept, tmp_path):
    run = swept.runs[5]  # neither the first learning rate nor the first seed
    fields = {"learning_rate_min": 1e-3, "learning_rate_max": 1e-2, "seed": 3}
    alone = gan.train(small(optimizer="adam_gda", out=str(tmp_path), **fields))
    assert run.config.run.seed == 3 and run.config.optimizer.learning_rate_min == 1e-3
    together = run_folder.read_metrics(run.folder)
    for one, other in zip(alone.metrics, together, strict=True):
        assert one["step"] == other["step"]
        shared = [k for k in one if k in other]
        assert len(shared) >= 4
        np.testing.assert_allclose(
            [one[k] for k in shared if not isinstance(one[k], str)],
            [other[k] for k in shared if not isinstance(one[k], str)],
            rtol=2e-4,
        )
    np.testing.assert_allclose(gan.sample(alone.folder, 20), gan.sample(run.folder, 20), atol=1e-5)
    assert gan.train(run.config).summary["step"] == 8  # The run is finished.


def test_sweep_arrays_follow_the_grid_and_mark_divergence(swept):
    assert GRID.shape == (1, 2, 2, 2) and len(swept.runs) == 8
    rates = np.array([run.config.optimizer.learning_rate_max for run in swept.runs])
    assert (swept.shaped(rates)[0, :, 1] == 1e30).all()
    assert (
        swept.shaped(swept.diverged)[0, :, 1].all()
        and not swept.shaped(swept.diverged)[0, :, 0].any()
    )
    steps, losses = swept.metric("loss_max")
    assert list(steps) == [4, 8] and losses.shape == (8, 2)
    np.testing.assert_array_equal(np.isfinite(losses[:, 1]), ~swept.diverged)
    np.testing.assert_array_equal(np.isnan(swept.scores), swept.diverged)
    assert swept.score == Best("high_quality_share", True)
    assert np.isneginf(swept.medians[0, :, 1]).all() and np.isfinite(swept.medians[0, :, 0]).all()
    assert {run.config.optimizer.learning_rate_max for run in swept.best("adam_gda")} == {1e-2}


def test_sweep_writes_table_heat_map_and_json(swept):
    text = (swept.folder / "table.md").read_text()
    assert "diverged at 2" in text and "4 of 8" in text and "50 samples" in text
    assert text.count("\n| adam_gda") == 1 + 4  # the best cell, and all cells
    with Image.open(swept.folder / "heatmap.png") as image:
        assert np.asarray(image.convert("L")).std() > 5
    result = json.loads((swept.folder / "result.json").read_text())
    assert len(result["runs"]) == 8 and result["runs"][0]["metrics"][0]["step"] == 4
    again = gan.read_sweep(swept.folder)
    np.testing.assert_array_equal(again.scores, swept.scores)
    assert report.table(again) == report.table(swept)


def test_sweep_does_not_repeat_finished_runs(swept, monkeypatch):
    monkeypatch.setattr(vmapped, "train", pytest.fail)
    monkeypatch.setattr(train, "train", pytest.fail)
    again = gan.sweep(small(), GRID, out=swept.folder, note=quiet)
    np.testing.assert_array_equal(again.scores, swept.scores)


def test_sweep_rejects_folder_of_another_sweep(swept):
    before = (swept.folder / "sweep.json").read_bytes()
    for config, grid, message in [
        (small(width=9), GRID, "width: 8 -> 9"),
        (small(), sweeps.Grid(("sgda",), seeds=(0, 3)), r"optimizers: \['adam_gda'\]"),
        (small(steps=12), GRID, "steps: 8 -> 12"),
        (small(evaluate=40), GRID, "evaluate: 50 -> 40"),
    ]:
        with pytest.raises(gan.ConfigError, match=f"contains another sweep .*{message}"):
            gan.sweep(config, grid, out=swept.folder, note=quiet)
    assert (swept.folder / "sweep.json").read_bytes() == before


@pytest.mark.slow
def test_killed_sweep_resumes_from_newest_common_checkpoint(tmp_path, monkeypatch):
    grid = sweeps.Grid(
        ("sgda",), learning_rates_min=(1e-2,), learning_rates_max=(1e-2,), seeds=(0, 1)
    )
    whole = gan.sweep(small(), grid, out=tmp_path / "whole", vmap="on", note=quiet)
    save, saved = vmapped._save, []

    def killed_while_saving(runs, state):
        step = int(state.step[0])
        save(runs[:1] if step == 8 else runs, state)
        saved.append(step)
        if step == 8:
            raise KeyboardInterrupt

    monkeypatch.setattr(vmapped, "_save", killed_while_saving)
    with pytest.raises(KeyboardInterrupt):
        gan.sweep(small(), grid, out=tmp_path / "cut", vmap="on", note=quiet)
    with pytest.raises(gan.ConfigError, match="2 of 2 runs are unfinished"):
        gan.read_sweep(tmp_path / "cut")
    monkeypatch.setattr(vmapped, "_save", save)
    notes = []
    cut = gan.sweep(small(), grid, out=tmp_path / "cut", vmap="on", note=notes.append)
    assert "resuming 2 runs at step 4" in notes
    for one, other in zip(whole.runs, cut.runs, strict=True):
        lines = [(run.folder / "metrics.jsonl").read_text() for run in (one, other)]
        assert lines[0] == lines[1]
    np.testing.assert_array_equal(whole.scores, cut.scores)


DIVERGING = sweeps.Grid(
    ("sgda",), learning_rates_min=(1e-2, 1e30), learning_rates_max=(1e-2,), seeds=(0,)
)


def interrupted(folder, monkeypatch, after, **fields):
    """Starts a sweep in which a run diverges, and stops it after its checkpoints of a step."""
    save = vmapped._save

    def then_stopped(runs, state):
        save(runs, state)
        if int(state.step.max()) == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(vmapped, "_save", then_stopped)
        with pytest.raises(KeyboardInterrupt):
            gan.sweep(small(**fields), DIVERGING, out=folder, vmap="on", note=quiet)


def files_of(swept):
    paths = [run.folder / "metrics.jsonl" for run in swept.runs]
    return [path.read_text() if path.exists() else "" for path in paths]


@pytest.mark.parametrize("keep", [1, 3])
def test_sweep_with_a_diverged_run_resumes_where_it_was(tmp_path, monkeypatch, keep):
    fields = {"steps": 16, "keep": keep}
    whole = gan.sweep(small(**fields), DIVERGING, out=tmp_path / "w", vmap="on", note=quiet)
    assert list(whole.diverged) == [False, True]
    interrupted(tmp_path / "cut", monkeypatch, 12, **fields)
    notes = []
    cut = gan.sweep(small(**fields), DIVERGING, out=tmp_path / "cut", vmap="on", note=notes.append)
    assert "resuming 2 runs at step 12" in notes
    assert not [note for note in notes if "skipped" in note or "no valid" in note]
    assert files_of(whole) == files_of(cut)
    np.testing.assert_array_equal(whole.scores, cut.scores)
    assert [o["diverged_at"] for o in whole.outcomes] == [o["diverged_at"] for o in cut.outcomes]
    for one, other in zip(whole.runs, cut.runs, strict=True):
        folders = [
            sorted(path.name for path in (r.folder / "checkpoints").iterdir()) for r in (one, other)
        ]
        assert folders[0] == folders[1]


def test_sweep_in_which_every_run_has_stopped_resumes(tmp_path, monkeypatch):
    grid = dataclasses.replace(DIVERGING, learning_rates_min=(1e30, 1e29))
    first = gan.sweep(small(), grid, out=tmp_path / "cut", vmap="on", note=quiet)
    assert first.diverged.all()
    for run in first.runs:  # As if the sweep had been killed before it wrote its results.
        (run.folder / "outcome.json").unlink()
    again = gan.sweep(small(), grid, out=tmp_path / "cut", vmap="on", note=quiet)
    assert [o["diverged_at"] for o in first.outcomes] == [o["diverged_at"] for o in again.outcomes]
    assert files_of(first) == files_of(again)


def test_damaged_checkpoints_of_a_sweep_are_not_deleted(tmp_path, monkeypatch):
    interrupted(tmp_path / "cut", monkeypatch, 4)
    runs = grid_lib.sweep_runs(small(), DIVERGING, tmp_path / "cut")
    path = runs[0].folder / "checkpoints" / "4.npz"
    content = path.read_bytes()
    path.write_bytes(content[:-20])
    with pytest.raises(gan.RunsFailed, match="have no valid checkpoints of one step"):
        gan.sweep(small(), DIVERGING, out=tmp_path / "cut", vmap="on", note=quiet)
    path.write_bytes(content)
    notes = []
    gan.sweep(small(), DIVERGING, out=tmp_path / "cut", vmap="on", note=notes.append)
    assert "resuming 2 runs at step 4" in notes


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(mm.optimizers))
def test_every_optimizer_accepts_vmapped_learning_rates(name, tmp_path):
    config = small(optimizer="adam_gda", microbatches=2, penalty=1.0)
    grid = sweeps.Grid((name,), learning_rates_min=(1e-3, 1e-2), learning_rates_max=(1e-3,))
    runs = grid_lib.sweep_runs(config, grid, tmp_path)
    data = data_lib.load("gaussians")
    game = vmapped._build_game(runs[0], data)
    state = step_lib.init(game, vmapped._build_optimizer(runs[0].config, game))
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), state)
    program = vmapped._compile(game, runs[0].config)
    inputs = (jnp.asarray(data.images[:16]), *vmapped._seeds_and_learning_rates(runs))
    after, norms = jax.eval_shape(program.advance, stacked, *inputs, np.int32(1))
    assert jax.tree.map(jnp.shape, after) == jax.tree.map(jnp.shape, stacked)
    assert norms["update_norm_min"].shape == (2,)


@pytest.mark.slow
def test_sweep_without_vmap_trains_runs_one_after_another(tmp_path):
    grid = sweeps.Grid(("sgda",), learning_rates_min=(1e-2, 1e38), learning_rates_max=(1e-2,))
    done = gan.sweep(
        small(evaluate=0), grid, out=tmp_path / "s", vmap="off", score="loss_min", note=quiet
    )
    assert list(done.diverged) == [False, True] and np.isfinite(done.scores[0])
    assert done.outcomes[1]["diverged_at"] >= 1 and "not finite" in done.outcomes[1]["reason"]


def sweep_of(scores, highest, seeds):
    """Returns a sweep of two cells with given scores; None stands for a diverged run."""
    grid = sweeps.Grid(
        ("sgda",),
        learning_rates_min=(1.0, 2.0),
        learning_rates_max=(1.0,),
        seeds=tuple(range(seeds)),
    )
    outcomes = [
        {"s": 0.0 if s is None else s, "diverged_at": 3 if s is None else None} for s in scores
    ]
    return gan.Sweep(None, grid, [None] * len(scores), outcomes, Best("s", highest))


def test_medians_count_diverged_seeds_as_worst():
    low = sweep_of([1.0, 5.0, None, None, None, 2.0], False, 3)
    np.testing.assert_array_equal(low.medians.ravel(), [5.0, np.inf])
    high = sweep_of([1.0, 5.0, None, None, None, 2.0], True, 3)
    np.testing.assert_array_equal(high.medians.ravel(), [1.0, -np.inf])
    even = sweep_of([1.0, 5.0, None, 2.0], False, 2)
    np.testing.assert_array_equal(even.medians.ravel(), [3.0, np.inf])


def test_corrupt_sweep_file_advises_to_delete_the_folder(tmp_path):
    (tmp_path / "sweep.json").write_text("{")
    with pytest.raises(gan.ConfigError, match=r"sweep\.json cannot be read .*Delete the folder"):
        sweep_folder.read(tmp_path)


def test_outcome_contains_scores_extractor_and_sample_count():
    summary = {
        "step": 8,
        "loss_min": 0.5,
        "evaluation": {
            "extractor": "pixels",
            "facts": {"size": 64},
            "num_samples": 50,
            "protocol": {"resizing": "none", "reference": "9 training examples of digits"},
            "scores": {"s": 2.0},
            "num_reference": 9,
        },
    }
    outcome = tasks.flat(summary)
    assert (outcome["s"], outcome["loss_min"], outcome["diverged_at"]) == (2.0, 0.5, None)
    swept = sweep_of([1.0], False, 1)
    swept = dataclasses.replace(swept, outcomes=[outcome])
    assert report.score_label(swept) == "s (pixels, size 64, 50 samples, lower is better)"
    protocol = "Protocol: resizing: none; reference: 9 training examples of digits."
    assert report.protocol(swept) == [protocol, ""]
    old = {name: value for name, value in outcome.items() if name != "protocol"}
    for known in (old, {**old, "protocol": 3}):
        assert report.protocol(dataclasses.replace(swept, outcomes=[known])) == []


def test_factors_multiply_the_center_of_each_optimizer():
    grid = sweeps.Grid(("sgda", "adam_gda"), factors=(0.1, 1.0), centers={"adam_gda": (1.0, 2.0)})
    preset = presets.preset("gaussians", optimizer="sgda")
    center = preset.optimizer.learning_rate_min
    assert grid.learning_rates("sgda", "gaussians")[0] == pytest.approx([0.1 * center, center])
    assert grid.learning_rates("adam_gda", "gaussians") == ([0.1, 1.0], [0.2, 2.0])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "optimizers is empty"),
        (["--optimizers", "sgdaa"], "did you mean sgda"),
        (["--optimizers", "sgda", "sgda"], "given twice"),
        (["--optimizers", "sgda", "--seed", "3"], "Use --seeds instead"),
        (
            ["--optimizers", "sgda", "--options", "scope=global"],
            "no optimizer of the sweep supports",
        ),
        (["--optimizers", "sgda", "--evaluate", "0"], "if evaluate=0, got high_quality_share"),
        (["--optimizers", "sgda", "--score", "fid"], "fid means the Fréchet distance in Inception"),
        (["--optimizers", "sgda", "--score", "recal"], "score='recal' is not known; did you mean"),
        (["--optimizers", "sgda", "--keep-best", "kid"], "kid means the kernel distance"),
        (
            ["--optimizers", "sgda", "--vmap", "on", "--evaluate-every", "50"],
            "vmap must be auto or off with evaluate_every, got on",
        ),
        (
            ["--optimizers", "sgda", "--vmap", "on", "--sample-every", "50"],
            "vmap must be auto or off with sample_every, got on",
        ),
        (
            ["--optimizers", "sgda", "--vmap", "on", "--parallel", "fsdp"],
            "vmap must be auto or off with parallel=fsdp, got on",
        ),
        (["--optimizers", "sgda", "--rates-min", "-1"], "must be at least 0"),
    ],
)
def test_sweep_command_rejects_bad_input_without_writing(tmp_path, capsys, words, message):
    out = tmp_path / "sweep"
    code = main.main(["sweep", "--preset", "gaussians", "--out", str(out), *words])
    lines = capsys.readouterr().err.splitlines()
    assert code == 2 and message in lines[-1]
    assert [line for line in lines if line.startswith("minmax-jax:")] == lines[-1:]
    assert not out.exists()
