"""Signals save the runs of a sweep that train in one program."""

import pytest

from minmax_jax.gan import sweeps
from minmax_jax.gan.base.errors import Terminated
from minmax_jax.gan.cli.main import main
from minmax_jax.gan.config import presets
from minmax_jax.gan.multihost.termination import Termination, also_when
from minmax_jax.gan.sweeps import tasks, vmapped


@pytest.mark.parametrize(("name", "kind"), [("Ctrl-C", KeyboardInterrupt), ("SIGTERM", Terminated)])
def test_signal_saves_all_runs_and_ends_the_sweep(name, kind):
    saved, drawn = [], []
    termination = Termination()
    hook = vmapped._TerminationHook(termination, lambda step, *_: saved.append(step), drawn.append)
    hook(4, (), {})
    assert saved == drawn == []
    termination.requested, termination.name = True, name
    with pytest.raises(kind, match=f"{name}: saved at step 8; .* to resume the sweep"):
        hook(8, "state", {})
    assert saved == [8] and drawn == ["state"]


@pytest.mark.slow
def test_interrupted_program_draws_every_run(tmp_path):
    asked, notes = [], []
    config = presets.preset("gaussians", width=4, batch_size=16, steps=40, log_every=4, evaluate=0)
    grid = sweeps.Grid(("sgda",), factors=(1.0,), seeds=(0, 1))
    with also_when(lambda: asked.append(1) or "SIGTERM" * (len(asked) > 1)):
        with pytest.raises(Terminated, match="SIGTERM: saved at step"):
            sweeps.sweep(config, grid, out=tmp_path, vmap="on", score="loss_min", note=notes.append)
    runs = sorted((tmp_path / "runs").iterdir())
    assert len(runs) == 2 and any("of 2 runs; a second signal skips them" in n for n in notes)
    images = [(run / "samples.png").read_bytes() for run in runs]
    assert images[0] != images[1] and all((run / "curves.png").exists() for run in runs)


def test_interrupt_between_runs_says_that_finished_runs_are_kept(tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tasks, "train_task", interrupted)
    flags = "sweep --preset gaussians --optimizers sgda --factors 1 --width 4 --batch-size 16"
    words = [*flags.split(), "--steps", "2", "--evaluate", "0", "--score", "loss_min"]
    assert main([*words, "--out", str(tmp_path / "sweep")]) == 130
    assert "Ctrl-C: finished runs are kept" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "sweep" / "run.lock").exists()
