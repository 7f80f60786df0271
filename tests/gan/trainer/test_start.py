"""A run prepares its networks while a thread decodes its images."""

import threading

import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan.base.errors import ConfigError, DataError
from minmax_jax.gan.data import parts
from minmax_jax.gan.trainer import train
from minmax_jax.gan.training import build
from tests.gan.data.image_files import write_classes
from tests.gan.trainer.test_trainer import same, small

WAIT = 60.0


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder of images that no cache knows."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_classes(tmp_path / "set", count=10, size=(8, 8))


def run(root, folder, **fields):
    return gan.train(small(folder, data=str(root), steps=8, **fields))


@pytest.fixture
def prepared(monkeypatch):
    """Images of the datasets for which networks are prepared."""
    seen, prepare = [], train._prepare

    def noting(config, data, devices):
        seen.append(data.images)
        return prepare(config, data, devices)

    monkeypatch.setattr(train, "_prepare", noting)
    return seen


def test_networks_are_built_while_images_are_decoded(root, tmp_path, monkeypatch, prepared):
    built, decode, build_game = threading.Event(), parts.decode, build.build_game

    def late(name, rows, chosen, *args):
        assert len(chosen) == 1 or built.wait(WAIT)
        return decode(name, rows, chosen, *args)

    def early(*args):
        game = build_game(*args)
        built.set()
        return game

    monkeypatch.setattr(parts, "decode", late)
    monkeypatch.setattr(build, "build_game", early)
    first = run(root, tmp_path / "first")
    assert len(prepared) == 1 and not prepared[0].any()
    # The second run finds the decoded images, and prepares its networks for them.
    second = run(root, tmp_path / "second")
    assert len(prepared) == 2 and prepared[1].any()
    same(first.state, second.state)
    assert (first.folder / "config.json").read_text() == (
        second.folder / "config.json"
    ).read_text().replace("second", "first")


def test_networks_are_prepared_again_for_other_images(root, tmp_path, monkeypatch, prepared):
    wanted = run(root, tmp_path / "known").state
    prepared.clear()
    known = gan.load_data(str(root))
    wrong = known._replace(images=np.zeros((40, 8, 8, 3), np.uint8))

    class Loading:
        def outline(self):
            return wrong

        def data(self):
            return known

    monkeypatch.setattr("minmax_jax.gan.config.data.DataConfig.start_loading", lambda _: Loading())
    found = run(root, tmp_path / "other")
    assert [images.shape[-1] for images in prepared] == [3, 1]
    same(found.state, wanted)


def test_broken_image_ends_the_run_before_it_writes(root, tmp_path):
    (root / "class2" / "9.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"9\.png cannot be decoded"):
        run(root, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_networks_that_reject_the_images_end_the_run(root, tmp_path):
    with pytest.raises(ConfigError, match="network=resnet"):
        run(root, tmp_path / "run", network="resnet")
    assert not (tmp_path / "run").exists()
