"""Files of images and figures are complete or unchanged, whatever goes wrong."""

import errno
import os
import warnings

import matplotlib.figure
import numpy as np
import pytest
from PIL import Image

from minmax_jax.gan.base.errors import ConfigError, WriteFailed
from minmax_jax.gan.generation import image_files, image_io
from minmax_jax.gan.run import files

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), np.uint8)
INTERPOLATIONS = np.stack([IMAGES, IMAGES])


@pytest.mark.parametrize(
    ("samples", "name"),
    [
        (IMAGES, "a.png"),
        (IMAGES, "a.npz"),
        (INTERPOLATIONS, "a.gif"),
        (np.ones((5, 2)), "a.png"),
    ],
    ids=["image", "array", "animation", "figure"],
)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch, samples, name, code):
    image_io.write(samples, tmp_path / name)
    old = (tmp_path / name).read_bytes()

    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.os, "fsync", fail)
    kind = WriteFailed if code == errno.ENOSPC else ConfigError
    with pytest.raises(kind, match=rf"{name} cannot be written \({os.strerror(code)}\)"):
        image_io.write(samples[:1], tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == old


def test_folder_has_one_png_per_image(tmp_path):
    image_files.save_folder(IMAGES, tmp_path / "new" / "folder")
    names = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert names == ["00000.png", "00001.png", "00002.png"]
    for name, pixels in zip(names, IMAGES, strict=True):
        with Image.open(tmp_path / "new" / "folder" / name) as image:
            np.testing.assert_array_equal(np.asarray(image), pixels)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["folder"]


def test_folder_of_interpolations_numbers_the_frames(tmp_path):
    (tmp_path / "empty").mkdir()
    image_files.save_folder(INTERPOLATIONS[..., :1], tmp_path / "empty")
    names = sorted(path.name for path in (tmp_path / "empty").iterdir())
    assert names == [f"0000{i}-00{j}.png" for i in range(2) for j in range(3)]
    with Image.open(tmp_path / "empty" / "00001-002.png") as image:
        assert image.mode == "L"


def used_folder(root):
    (root / "a").mkdir()
    (root / "a" / "00000.png").write_text("years of work")


def file_at_path(root):
    (root / "a").write_text("years of work")


def link_to_folder(root):
    (root / "elsewhere").mkdir()
    (root / "a").symlink_to("elsewhere")


@pytest.mark.parametrize("prepare", [used_folder, file_at_path, link_to_folder])
def test_folder_must_be_new_or_empty(tmp_path, prepare):
    prepare(tmp_path)
    before = {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")}
    with pytest.raises(ConfigError, match="must be a new or an empty folder"):
        image_files.save_folder(IMAGES, tmp_path / "a")
    assert {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")} == before


def test_vectors_have_no_folder_of_images(tmp_path):
    with pytest.raises(ConfigError, match=r"vectors cannot be .*\.npz"):
        image_files.save_folder(np.ones((3, 2)), tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_failed_folder_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(image_files.Path, "write_bytes", fail)
    with pytest.raises(WriteFailed, match=r"a cannot be written .No space left"):
        image_files.save_folder(IMAGES, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", ["costs $1_{2", "数字 \x1b[2J", "a\udcff"])
def test_figures_accept_any_title_without_warnings(tmp_path, title):
    figure = matplotlib.figure.Figure()
    axes = figure.subplots()
    axes.plot([1, 10], [1, 1e6], label=title)
    axes.set(yscale="log", title=title, xlabel=title)
    axes.legend()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image_files.save_figure(figure, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert np.asarray(image.convert("L")).std() > 0
