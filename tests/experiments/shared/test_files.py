import json
import subprocess
import sys

import matplotlib.figure
import pytest
from PIL import Image

from experiments._shared import command, figures, files


def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    files.write_json(tmp_path / "new" / "a.json", {"x": 1})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(tmp_path), "replace", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_json(tmp_path / "new" / "a.json", {"x": 2})
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]
    assert json.loads((tmp_path / "new" / "a.json").read_text()) == {"x": 1}


def test_nonfinite_numbers_are_refused(tmp_path):
    with pytest.raises(ValueError):
        files.write_json(tmp_path / "a.json", [float("nan")])
    assert list(tmp_path.iterdir()) == []


def test_figure_is_written_in_the_format_of_its_name(tmp_path):
    figures.save(matplotlib.figure.Figure((1, 1)), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"


def writer(path, statement):
    """Runs a statement in another process inside the block of a file."""
    code = (
        "from pathlib import Path\nfrom experiments._shared import files\n"
        f"with files.only_writer(Path({str(path)!r})): {statement}"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_second_writer_of_a_result_is_refused(tmp_path, capsys):
    path = tmp_path / "new" / "a.json"
    with files.only_writer(path):
        with files.only_writer(tmp_path / "new" / "b.json"):
            pass
        done = writer(path, "pass")
        assert f"files.Busy: {path}: another process is writing" in done.stderr
        with pytest.raises(SystemExit, match="2"):
            command.record_result(path, lambda: pytest.fail("it runs"), redraw=False)
        assert capsys.readouterr().err.startswith(f"error: {path}: another process is writing")
        assert not path.exists()
    assert command.record_result(path, lambda: {"x": 1}, redraw=False) == {"x": 1}
    assert [found.name for found in path.parent.iterdir()] == ["a.json"]


def test_lock_of_a_killed_writer_is_free(tmp_path):
    path = tmp_path / "a.json"
    assert writer(path, "__import__('os').kill(__import__('os').getpid(), 9)").returncode == -9
    assert (tmp_path / ".a.json.lock").exists()
    with files.only_writer(path):
        files.write_json(path, 1)
    assert [found.name for found in tmp_path.iterdir()] == ["a.json"]
