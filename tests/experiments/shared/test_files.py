import json

import matplotlib.figure
import pytest
from PIL import Image

from experiments._shared import figures, files


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
