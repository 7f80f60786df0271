"""Tests of samples and interpolations of a small run, and of their files."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from minmax_jax import gan
from minmax_jax.gan.base.messages import ignore_note
from minmax_jax.gan.cli import main
from minmax_jax.gan.config import presets
from minmax_jax.gan.generation import generator, image_io, latents

SMALL = {
    "width": 8,
    "latent_dim": 4,
    "batch_size": 16,
    "log_every": 4,
    "checkpoint_every": 4,
    "evaluate": 0,
    "devices": 1,
    "steps": 8,
}


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    config = presets.preset("digits", out=str(tmp_path_factory.mktemp("digits") / "run"), **SMALL)
    return gan.train(config).folder


@pytest.fixture(scope="module")
def gaussians_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gaussians") / "run"
    return gan.train(presets.preset("gaussians", out=str(folder), **SMALL)).folder


def test_sample_accepts_the_step_of_any_checkpoint(digits_run):
    newest, early = gan.sample(digits_run, 5), gan.sample(digits_run, 5, step=4)
    np.testing.assert_array_equal(newest, gan.sample(digits_run, 5, step=8))
    assert not np.array_equal(newest, early)
    assert generator.load_generator(digits_run, step=4).step == 4
    with pytest.raises(gan.ConfigError, match=r"step=5: .* no such checkpoint \(4, 8\)"):
        gan.sample(digits_run, 5, step=5)


def test_interpolations_connect_the_samples_of_the_seed(digits_run):
    found = gan.interpolate(digits_run, 3, num_frames=5, seed=2)
    assert found.shape == (3, 5, 8, 8, 1) and found.dtype == np.uint8
    samples = gan.sample(digits_run, 6, seed=2)
    np.testing.assert_array_equal(found[:, 0], samples[:3])
    assert np.abs(found[:, -1].astype(int) - samples[3:]).max() <= 1  # cos(π/2) is not exactly 0


def test_latent_arcs_keep_the_variance_and_loops_are_closed():
    ends = latents.seeded_latents(3, 4000, seed=1)
    arc = latents.latent_arcs(ends[:2000], ends[2000:], 5, loop=False)
    np.testing.assert_allclose(jnp.mean(arc**2, axis=(0, 2)), np.ones(5), atol=0.05)
    loop = np.asarray(latents.latent_arcs(ends[:4], ends[4:8], 12, loop=True))
    strides = np.linalg.norm(np.roll(loop, -1, axis=1) - loop, axis=-1)
    arcs = np.linalg.norm(loop - np.roll(loop, 6, axis=1), axis=-1)
    np.testing.assert_allclose(loop[:, 6], -loop[:, 0], atol=1e-5)  # half a turn
    assert (
        strides.max() < arcs.max() / 2
    )  # The step from the last point to the start is as short as the others.


def run(*words):
    return main.main(["sample", *map(str, words)])


def test_gif_loops_with_the_requested_number_of_frames(digits_run, tmp_path, capsys):
    path = tmp_path / "interpolation.gif"
    assert run("--run", digits_run, "--out", path, "--num", 4, "--interpolate", 6) == 0
    with Image.open(path) as gif:
        assert gif.n_frames == 6 and gif.info["loop"] == 0 and gif.size[0] > 300
    assert "4 interpolations of 6 images" in capsys.readouterr().out


def test_png_of_interpolations_has_one_row_for_each(digits_run, tmp_path):
    path = tmp_path / "interpolations.png"
    assert run("--run", digits_run, "--out", path, "--num", 3, "--interpolate", 6) == 0
    with Image.open(path) as image:
        width, height = image.size
    assert width == 2 * height  # six columns, three rows
    assert run("--run", digits_run, "--out", tmp_path / "w.npz", "--interpolate", 6) == 0
    with np.load(tmp_path / "w.npz") as file:
        assert file["samples"].shape == (8, 6, 8, 8, 1)


def test_sample_command_plots_vectors(gaussians_run, tmp_path):
    for name in ("interpolation.gif", "interpolations.png", "points.png"):
        words = [] if name.startswith("points") else ["--interpolate", 4]
        assert run("--run", gaussians_run, "--out", tmp_path / name, "--num", 5, *words) == 0
        with Image.open(tmp_path / name) as image:
            assert np.asarray(image.convert("L")).std() > 0
    with Image.open(tmp_path / "interpolation.gif") as gif:
        assert gif.n_frames == 4


def test_write_plots_one_dimensional_vectors(tmp_path):
    for samples in (np.ones((5, 1)), np.arange(10.0).reshape(2, 5, 1)):
        image_io.write(samples, tmp_path / "points.png")
    with pytest.raises(gan.ConfigError, match=r"must end in .png or .npz"):
        image_io.write(np.ones((5, 1)), tmp_path / "points.gif")


def test_sample_command_rejects_too_few_frames(digits_run, tmp_path, capsys):
    words = ["--run", digits_run, "--out", tmp_path / "w.gif", "--interpolate", 1]
    assert run(*words) == 2
    assert "num_frames must be at least 2, got 1" in capsys.readouterr().err
    assert not (tmp_path / "w.gif").exists()


def test_sample_command_writes_a_folder_and_names_the_step(digits_run, tmp_path, capsys):
    folder = tmp_path / "images"
    assert run("--run", digits_run, "--out", f"{folder}/", "--num", 3, "--step", 4) == 0
    out, err = capsys.readouterr()
    assert "at step 4, as requested" in err and f"3 samples in {folder}" in out
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["00000.png", "00001.png", "00002.png"]
    expected = gan.sample(digits_run, 3, step=4, note=ignore_note)
    for name, pixels in zip(names, expected, strict=True):
        with Image.open(folder / name) as image:
            np.testing.assert_array_equal(np.asarray(image), pixels[..., 0])
    assert run("--run", digits_run, "--out", folder, "--num", 3) == 2
    assert "must be a new or an empty folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--num", 10**11], "num must be at most 1073741824, got 100000000000"),
        (["--num", 2**30], "num=1073741824 needs at least"),
        (["--interpolate", 2**30, "--num", 64], "num=64 needs at least"),
        (["--seed", -1], "seed must be from 0 to 2147483647, got -1"),
        (["--seed", 10**20], "seed must be from 0 to 2147483647"),
        (["--step", -1], "step=-1:"),
        (["--step", 10**20], "no such checkpoint"),
    ],
)
def test_absurd_arguments_of_sample_are_one_line(digits_run, tmp_path, capsys, words, message):
    assert run("--run", digits_run, "--out", tmp_path / "a.png", *words) == 2
    err = capsys.readouterr().err.splitlines()
    assert message in err[-1] and err[-1].startswith("minmax-jax: ") and len(err) <= 2
    assert list(tmp_path.iterdir()) == []


def test_existing_targets_are_checked_before_sampling(tmp_path, capsys):
    (tmp_path / "link.png").symlink_to("thesis.png")
    assert run("--run", tmp_path / "nowhere", "--out", tmp_path / "link.png") == 2
    assert "symbolic link" in capsys.readouterr().err


def test_samples_that_are_not_finite_are_reported():
    samples, notes = np.zeros((3, 2, 2, 1), np.float32), []
    generator.note_nonfinite(samples, notes.append)
    samples[1, 0, 0], samples[2] = np.nan, np.inf
    generator.note_nonfinite(samples, notes.append)
    assert notes == ["2 of 3 samples are not finite: the training has diverged"]
    assert [image_io.to_uint8(samples)[i, 0, 0, 0] for i in range(3)] == [128, 0, 255]
