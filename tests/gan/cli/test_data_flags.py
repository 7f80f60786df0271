"""Runs on a folder of photos and drawings, with the flags for preprocessing."""

import contextlib
import io
import json

import pytest
from PIL import Image

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.cli import main
from minmax_jax.gan.run import run_folder
from tests.gan.data.image_files import write_image

FLAGS = ["--resize", "4", "--crop", "center", "--channels", "1", "--background", "white"]


def write_photos(root):
    """Writes photos of different sizes, two transparent ones, a CMYK one and a broken one."""
    for index in range(5):
        write_image(root / "cat" / f"{index}.jpg", "RGB", size=(8 + index, 6), seed=index)
        write_image(root / "dog" / f"{index}.png", "L", size=(4, 4), seed=10 + index)
    for index in range(2):
        Image.new("RGBA", (6, 6), (index, 20, 30, 0)).save(root / "dog" / f"logo{index}.png")
    write_image(root / "cat" / "print.jpg", "CMYK", size=(4, 4), seed=20)
    (root / "cat" / "broken.png").write_bytes(b"\x89PNG")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Trains on the photos; returns the folder, the run folder and the standard error."""
    root = tmp_path_factory.mktemp("photos")
    write_photos(root / "set")
    network = ["--width", "4", "--latent-dim", "2", "--devices", "1", "--batch-size", "16"]
    words = [*network, "--steps", "2", "--evaluate", "0", "--out", str(root / "run")]
    err = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(err):
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        code = main.main(["train", "--data", str(root / "set"), *words, *FLAGS, "--skip-broken"])
        assert code == 0, err.getvalue()
        yield root / "set", root / "run", err.getvalue().splitlines()


def test_load_report_is_printed_before_training(photos):
    root, _, lines = photos
    # Three of the fourteen are held out; the broken one may be among them.
    counts = [(10, 3), (11, 2)]
    expected = [f"{root}: {a} training images 4×4×1 in 2 classes; {b} held out" for a, b in counts]
    assert lines[0] in expected
    assert lines[1:5] == [
        f"{root}: held out at random, because there is no test split",
        f"{root}: images were converted from CMYK to gray (1), converted from RGB to gray (7), "
        "cropped (center) (5), put on the background white (2), shrunk (7)",
        f"{root}: skipped broken images (1); the first: {root}/cat/broken.png cannot be decoded",
        f"{root}: the batch size, 16, exceeds the number of training examples, so every batch "
        "repeats some",
    ]
    assert lines[5].startswith(("compiling", "step"))


def test_skipped_images_are_listed_in_the_run_folder(photos):
    root, folder, _ = photos
    record = json.loads((folder / "skipped.jsonl").read_text())
    assert record == {"file": f"{root}/cat/broken.png", "reason": "cannot be decoded"}


def test_run_folder_stores_the_flags_for_later_commands(photos):
    _, folder, _ = photos
    about = run_folder.read(folder)
    assert run_folder.describe(about.config.data.load()) == about.data


@pytest.mark.parametrize("flags", [["--crop", "random"], ["--channels", "3"], ["--resize", "3"]])
def test_resuming_with_other_flags_is_refused(photos, flags, capsys):
    root, folder, _ = photos
    words = ["train", "--data", str(root), "--out", str(folder), "--steps", "2", "--skip-broken"]
    assert main.main([*words, *FLAGS, *flags]) == 2
    assert f"{flags[0].strip('-')}: " in capsys.readouterr().err


def test_report_of_a_registered_dataset(capsys):
    for line in data_lib.lines(data_lib.load("digits"), 64):
        assert line == "digits: 1,438 training images 8×8×1 in 10 classes; 359 held out"
