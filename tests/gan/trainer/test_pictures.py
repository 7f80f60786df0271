"""Pictures of a run that has not ended, or that ends early."""

import types

import jax
import numpy as np
import pytest
from PIL import Image

import minmax_jax as mm
from minmax_jax.gan.base.errors import WriteFailed
from minmax_jax.gan.config import presets
from minmax_jax.gan.generation import fixed
from minmax_jax.gan.run import run_folder, sample_files
from minmax_jax.gan.trainer import pictures, train
from minmax_jax.gan.training import build
from tests.gan.generation.runs import SMALL


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("preset", ["digits", "gaussians"])
def test_pictures_show_each_step_and_the_strip(tmp_path, preset):
    config = presets.preset(preset, out=str(tmp_path), **SMALL)
    data = config.data.load()
    generator = build.build_pair(config, data.images.shape[1:]).generator
    # The rest of the state does not matter, and needs compilation.
    state = types.SimpleNamespace(ema=generator.params, stats=mm.Players(generator.stats, None))
    drawn = pictures.Pictures(config, tmp_path, data)
    drawn.add(10, state)
    drawn.draw_strip()
    assert not (tmp_path / sample_files.STRIP).exists()  # One step is not a strip.
    ema = jax.tree.map(lambda leaf: 3.0 * leaf, state.ema)
    changed = types.SimpleNamespace(ema=ema, stats=state.stats)
    drawn.add(20, changed)
    run_folder.append_metrics(tmp_path, {"step": 20, "loss_min": 1.0})
    drawn.draw_early(changed)
    assert sample_files.steps(tmp_path) == [10, 20]
    first, second = (pixels(sample_files.path(tmp_path, step)) for step in (10, 20))
    assert first.shape == second.shape and not np.array_equal(first, second)
    np.testing.assert_array_equal(pixels(tmp_path / "samples.png"), second)
    columns = fixed.SIDE if preset == "digits" else 1
    assert pixels(tmp_path / sample_files.STRIP).shape[1] == 2 * (first.shape[1] // columns)
    assert pixels(tmp_path / "curves.png").std() > 0


def test_errors_of_early_pictures_are_notes():
    class Full:
        def draw_early(self, state):
            raise WriteFailed("disk full")

    lines = []
    train._draw_early(Full(), types.SimpleNamespace(note=lines.append), None)
    assert lines[-1] == "they are not drawn: disk full" and len(lines) == 2
