"""Only one process at a time writes to a sweep folder and to its runs."""

import types

import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.cli.main import main
from minmax_jax.gan.sweeps import folder as folder_lib
from minmax_jax.gan.sweeps import vmapped
from tests.gan.run.test_lock import OTHER_HOST, leave_lock
from tests.gan.run.test_ownership import content

FLAGS = [
    "sweep", "--preset", "gaussians", "--optimizers", "sgda", "--factors", "1", "--width", "4",
    "--batch-size", "16", "--steps", "2", "--evaluate", "0", "--score", "loss_min",
]  # fmt: skip


def refused(folder, capsys):
    """Returns the message with which a sweep is refused, after checking that nothing changed."""
    before = content(folder)
    assert main([*FLAGS, "--out", str(folder)]) == 2
    text = capsys.readouterr().err
    assert "Traceback" not in text and content(folder) == before
    return text.splitlines()[-1]


def test_sweep_of_another_process_is_refused(tmp_path, capsys):
    leave_lock(tmp_path, OTHER_HOST)
    assert "process 4321 on node-7 is writing to this folder" in refused(tmp_path, capsys)


@pytest.mark.parametrize("name", [*folder_lib.FILES, *folder_lib.FOLDERS])
def test_links_at_places_of_a_sweep_are_refused(tmp_path, capsys, name):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / name).symlink_to(tmp_path / "elsewhere")
    assert "sweep" in refused(tmp_path / "sweep", capsys)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_runs_of_one_program_are_locked_together(tmp_path):
    runs = [types.SimpleNamespace(folder=tmp_path / name) for name in ("one", "two")]
    with vmapped.lock_runs(runs) as check:
        check()
        assert all((run.folder / "run.lock").exists() for run in runs)
    leave_lock(runs[1].folder, OTHER_HOST)
    with pytest.raises(ConfigError, match="two: process 4321 on node-7"):
        with vmapped.lock_runs(runs):
            pytest.fail("another process holds a lock")
    assert not (runs[0].folder / "run.lock").exists()


def test_link_at_the_place_of_a_run_file_is_refused(tmp_path):
    run = types.SimpleNamespace(folder=tmp_path / "run")
    run.folder.mkdir()
    (run.folder / "metrics.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"metrics\.jsonl must be a file"):
        vmapped.lock_runs([run])
