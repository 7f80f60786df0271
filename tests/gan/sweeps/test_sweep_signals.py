"""Signals save the runs of a sweep that train in one program."""

import pytest

from minmax_jax.gan.base.errors import Terminated
from minmax_jax.gan.cli.main import main
from minmax_jax.gan.multihost.termination import Termination
from minmax_jax.gan.sweeps import tasks, vmapped


@pytest.mark.parametrize(("name", "kind"), [("Ctrl-C", KeyboardInterrupt), ("SIGTERM", Terminated)])
def test_signal_saves_all_runs_and_ends_the_sweep(name, kind):
    saved = []
    termination = Termination()
    hook = vmapped._TerminationHook(termination, lambda step, *_: saved.append(step))
    hook(4, (), {})
    assert saved == []
    termination.requested, termination.name = True, name
    with pytest.raises(kind, match=f"{name}: saved at step 8; .* to resume the sweep"):
        hook(8, (), {})
    assert saved == [8]


def test_interrupt_between_runs_says_that_finished_runs_are_kept(tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tasks, "train_task", interrupted)
    flags = "sweep --preset gaussians --optimizers sgda --factors 1 --width 4 --batch-size 16"
    words = [*flags.split(), "--steps", "2", "--evaluate", "0", "--score", "loss_min"]
    assert main([*words, "--out", str(tmp_path / "sweep")]) == 130
    assert "Ctrl-C: finished runs are kept" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "sweep" / "run.lock").exists()
