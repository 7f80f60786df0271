import numpy as np
import pytest
from PIL import Image

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, DataError
from minmax_jax.gan.config import presets
from minmax_jax.gan.data.preprocessing import Preprocessing, background_color, crop_and_resize
from tests.gan.data.image_files import pixels, write_classes, write_flat, write_image


def resize(array, content=b"", **options):
    image, changes = crop_and_resize(Image.fromarray(array), Preprocessing(**options), content)
    return np.asarray(image), changes


@pytest.mark.parametrize(
    ("size", "options", "expected"),
    [
        ((8, 12), {"resize": 4}, (4, 6)),
        ((12, 8), {"resize": 4}, (6, 4)),
        ((8, 12), {"resize": 4, "crop": "center"}, (4, 4)),
        ((8, 12), {"crop": "random"}, (8, 8)),
        ((3, 5), {"resize": 6}, (6, 10)),
        ((8, 8), {"resize": 8}, (8, 8)),
        ((1, 1000), {"resize": 2, "crop": "center"}, (2, 2)),
    ],
)
def test_resize_sets_the_shorter_side(size, options, expected):
    assert resize(pixels(size), **options)[0].shape == expected


def test_resize_averages_over_all_pixels():
    stripes = np.tile(np.uint8([0, 255]), (64, 32))  # Without antialiasing: all 0 or all 255.
    found, changes = resize(stripes, resize=8)
    np.testing.assert_allclose(found[2:-2, 2:-2], 127.5, atol=3)
    assert changes == ["shrunk"]


def test_equal_size_changes_nothing():
    array = pixels((8, 8))
    found, changes = resize(array, resize=8, crop="center")
    np.testing.assert_array_equal(found, array)
    assert changes == []


def test_enlarged_images_are_reported():
    assert resize(pixels((4, 4)), resize=8)[1] == ["enlarged"]


def test_center_crop_takes_the_middle():
    array = pixels((4, 10, 3))
    found, changes = resize(array, crop="center")
    np.testing.assert_array_equal(found, array[:, 3:7])
    assert changes == ["cropped (center)"]


def test_random_crop_depends_on_the_content_only():
    array = pixels((4, 100))
    starts = []
    for seed in range(40):
        found = resize(array, bytes([seed]), crop="random")[0]
        np.testing.assert_array_equal(found, resize(array, bytes([seed]), crop="random")[0])
        starts.append(next(s for s in range(97) if (array[:, s : s + 4] == found).all()))
    assert min(starts) < 15 and max(starts) > 81 and len(set(starts)) > 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resize": -1}, "resize must be at most 8192 and at least 1, or 0"),
        ({"resize": 10_000}, "resize must be at most 8192"),
        ({"crop": "centre"}, "crop='centre' is not known; did you mean center"),
        ({"channels": 2}, r"channels must be 1 \(gray\), 3 \(RGB\) or 0 .*, got 2"),
        ({"background": "whit"}, "background must be a color such as white.*got 'whit'"),
        ({"background": "#ffffff00"}, "background must be a color"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        presets.preset("digits", **options).check()
    with pytest.raises(ConfigError, match=message):
        data_lib.load("digits", **options)


def test_background_color_accepts_names_and_hex():
    assert background_color("white") == (255, 255, 255)
    assert background_color("#102030") == (16, 32, 48)


def test_photos_of_different_sizes_become_squares(tmp_path):
    root = tmp_path / "set"
    for seed in range(10):
        write_image(root / f"{seed}.png", "RGB", size=(20 + seed, 30 - seed), seed=seed)
    data = data_lib.load(str(root), resize=8, crop="center")
    assert data.images.shape == (8, 8, 8, 3) and data.test_images.shape == (2, 8, 8, 3)
    # The images are 20×30, 21×29, … 29×21, of which 25×25 is a square.
    assert "images were cropped (center) (9), shrunk (10)" in data.notes


def write_sizes(root):
    write_classes(root)
    write_image(root / "class2" / "x.png", size=(9, 4), seed=99)


def write_channels(root):
    write_classes(root)
    write_image(root / "class2" / "x.png", "RGB", seed=99)


def write_test_sizes(root):
    write_flat(root / "train", [f"{i}.png" for i in range(6)])
    write_flat(root / "test", ["0.png"], size=(8, 8))


@pytest.mark.parametrize(
    ("prepare", "options", "message"),
    [
        (write_sizes, {}, r"got 6×4×1 and 9×4×1 \(.*x.png\). Pass --resize 4 --crop center\."),
        (write_sizes, {"resize": 4}, r"got 6×4×1 and 9×4×1 \(.*x.png\). Pass --crop center\."),
        (write_sizes, {"crop": "center"}, None),
        (write_channels, {}, r"6×4×3 \(.*\). Pass --channels 3 \(or 1\)\."),
        (write_test_sizes, {}, r"got 6×4×1 and 8×8×1 \(.*test/0.png\). Pass --resize 4 --crop"),
    ],
)
def test_refused_sizes_name_the_flag_that_helps(tmp_path, prepare, options, message):
    prepare(tmp_path / "set")
    if message is None:
        assert data_lib.load(str(tmp_path / "set"), **options).images.shape[1:] == (4, 4, 1)
        return
    with pytest.raises(DataError, match=message):
        data_lib.load(str(tmp_path / "set"), **options)


def test_registered_images_are_preprocessed_too():
    data = data_lib.load("digits", resize=16, channels=3)
    assert data.images.shape[1:] == data.test_images.shape[1:] == (16, 16, 3)
    assert "images were converted from gray to RGB (1,797), enlarged (1,797)" in data.notes


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("gaussians", {"resize": 8}, "consists of vectors.*Omit resize, crop and channels"),
        ("digits", {"background": "white"}, "no columns or files. Omit background"),
        ("digits", {"skip_broken": True}, "no columns or files. Omit skip_broken"),
        ("digits", {"image_column": "image"}, "no columns or files. Omit image_column"),
    ],
)
def test_registered_data_refuse_options_of_files(name, options, message):
    with pytest.raises(DataError, match=message):
        data_lib.load(name, **options)


def test_folder_with_a_registered_name_is_noted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert data_lib.load("digits").notes == ()
    write_classes(tmp_path / "digits")
    assert "not the folder; for the folder pass ./digits" in data_lib.load("digits").notes[0]
    assert data_lib.load("./digits").images.shape[1:] == (4, 6, 1)


def test_config_loads_with_its_options(tmp_path):
    root = write_classes(tmp_path / "set", mode="RGBA")
    config = presets.preset(
        "digits", data=str(root), resize=2, crop="center", channels=1, background="white"
    )
    loaded = config.check().data.load()
    assert loaded.images.shape == (14, 2, 2, 1)
    moved = root.rename(tmp_path / "moved")
    np.testing.assert_array_equal(config.data.load(str(moved)).images, loaded.images)
