import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data.conversion import Broken, to_pixels
from minmax_jax.gan.data.preprocessing import Preprocessing
from tests.gan.data.image_files import pixels, write_classes, write_image


def convert(image, kind="PNG", **options):
    """Converts an image as if it came from a file."""
    saved = options.pop("save", {})
    buffer = io.BytesIO()
    image.save(buffer, kind, **saved)
    with Image.open(io.BytesIO(buffer.getvalue())) as opened:
        return to_pixels(opened, Preprocessing(**options), buffer.getvalue())


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_gray_and_rgb_are_unchanged(mode, channels):
    array = pixels((4, 6) if mode == "L" else (4, 6, 3))
    found, changes = convert(Image.fromarray(array))
    np.testing.assert_array_equal(found, array.reshape(4, 6, channels))
    assert changes == []


def test_one_bit_becomes_gray():
    array = pixels((4, 6)) > 127
    found, changes = convert(Image.fromarray(array))
    np.testing.assert_array_equal(found[..., 0], np.where(array, 255, 0))
    assert changes == ["converted from 1-bit to gray"]


def test_palette_becomes_rgb():
    image = Image.fromarray(pixels((4, 6, 3))).quantize(8)
    found, changes = convert(image)
    np.testing.assert_array_equal(found, np.asarray(image.convert("RGB")))
    assert changes == ["converted from palette to RGB"]


def test_cmyk_becomes_rgb():
    image = Image.frombytes("CMYK", (6, 4), bytes(np.tile([255, 0, 0, 0], 24).astype(np.uint8)))
    found, changes = convert(image, "TIFF")
    np.testing.assert_array_equal(found, np.broadcast_to([0, 255, 255], (4, 6, 3)))
    assert changes == ["converted from CMYK to RGB"]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_not_clipped(kind):
    values = np.array([[0, 128, 129, 257, 32_896, 65_535]], np.uint16)
    found, changes = convert(Image.fromarray(values), kind)
    assert found[..., 0].tolist() == [[0, 0, 1, 1, 128, 255]]
    assert changes == ["scaled from 16 to 8 bits"]


def test_float_values_are_refused():
    with pytest.raises(Broken, match=r"mode F, whose values have no fixed range. Convert"):
        convert(Image.fromarray(np.ones((4, 6), np.float32)), "TIFF")


def test_opaque_alpha_is_dropped_and_reported():
    array = pixels((4, 6, 4))
    array[..., 3] = 255
    found, changes = convert(Image.fromarray(array))
    np.testing.assert_array_equal(found, array[..., :3])
    assert changes == ["freed of an opaque alpha channel"]


def transparent_images():
    """Yields images of every kind of transparency: left half transparent over hidden colors."""
    rgba = pixels((4, 6, 4))
    rgba[..., 3] = [0, 0, 0, 255, 255, 255]
    yield "RGBA", Image.fromarray(rgba), {}
    gray_alpha = rgba[..., [0, 3]]
    yield "LA", Image.fromarray(gray_alpha), {}
    gray = np.tile(np.uint8([7, 7, 7, 9, 20, 30]), (4, 1))
    yield "L", Image.fromarray(gray), {"transparency": 7}
    rgb = np.repeat(gray[..., None], 3, axis=2)
    yield "RGB", Image.fromarray(rgb), {"transparency": (7, 7, 7)}
    palette = Image.fromarray(np.tile(np.uint8([0, 0, 0, 1, 2, 3]), (4, 1))).convert("P")
    palette.putpalette([90, 80, 70, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    yield "P", palette, {"transparency": 0}
    yield "I;16", Image.fromarray(gray.astype(np.uint16) * 257), {"transparency": 7 * 257}


@pytest.mark.parametrize(
    ("mode", "image", "saved"),
    list(transparent_images()),
    ids=["RGBA", "LA", "L", "RGB", "P", "I;16"],
)
def test_background_replaces_hidden_colors(mode, image, saved):
    with pytest.raises(DataError, match=r"has transparent pixels. Pass --background white"):
        convert(image, save=saved)
    found, changes = convert(image, save=saved, background="white")
    assert found.shape[-1] == (1 if mode in ("LA", "L", "I;16") else 3)
    assert (found[:, :3] == 255).all()
    if mode != "I;16":
        opaque = image.convert("RGBA").convert("RGB")
        expected = np.asarray(opaque)[:, 3:, : found.shape[-1]]
        np.testing.assert_array_equal(found[:, 3:], expected)
    assert "put on the background white" in changes


def test_half_transparent_pixels_are_mixed_with_the_background():
    image = Image.new("RGBA", (2, 2), (200, 100, 0, 128))
    found, _ = convert(image, background="#000000")
    np.testing.assert_allclose(found[0, 0], [100, 50, 0], atol=1)


def test_colored_background_makes_a_gray_image_rgb():
    found, _ = convert(Image.new("LA", (2, 2), (200, 0)), background="red")
    assert found[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    array = pixels((4, 6))
    image, exif = Image.fromarray(array), Image.Exif()
    exif[0x0112] = orientation
    found, changes = convert(image, save={"exif": exif})
    # Orientations 5 to 8 swap rows and columns; the others flip rows, columns or both.
    turned = array.T if orientation > 4 else array
    flips = {2: (1,), 3: (0, 1), 4: (0,), 6: (1,), 7: (0, 1), 8: (0,)}.get(orientation, ())
    np.testing.assert_array_equal(found[..., 0], np.flip(turned, flips))
    assert changes == (["rotated as their EXIF orientation says"] if orientation > 1 else [])


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_frame_of_an_animation_is_used(kind):
    frames = [Image.new("L", (6, 4), shade) for shade in (50, 250)]
    saved = {"save_all": True, "append_images": frames[1:]}
    if kind == "WEBP":
        saved["lossless"] = True
    found, changes = convert(frames[0], kind, save=saved)
    assert (found == 50).all() and "reduced to their first frame" in changes


def test_channels_converts_gray_and_rgb():
    rgb = pixels((4, 6, 3))
    found, changes = convert(Image.fromarray(rgb), channels=1)
    np.testing.assert_allclose(found[..., 0], rgb @ [0.299, 0.587, 0.114], atol=1)
    assert changes == ["converted from RGB to gray"]
    found, changes = convert(Image.fromarray(rgb[..., 0]), channels=3)
    np.testing.assert_array_equal(found, np.repeat(rgb[..., :1], 3, axis=2))
    assert changes == ["converted from gray to RGB"]


def test_conversions_are_counted_in_the_report(tmp_path):
    root = write_classes(tmp_path / "set", mode="RGB")
    for index in range(2):
        write_image(root / "class0" / f"c{index}.jpg", "CMYK", seed=50 + index)
    write_image(root / "class1" / "a.png", "RGBA", seed=60)
    notes = data_lib.load(str(root), background="black").notes
    assert "images were converted from CMYK to RGB (2), put on the background black (1)" in notes


def test_changed_options_do_not_use_the_cached_pixels(tmp_path):
    root = write_classes(tmp_path / "set", mode="RGBA")
    options = [
        {"background": "white"},
        {"background": "black"},
        {"background": "black", "channels": 1},
        {"background": "black", "resize": 3},
        {"background": "black", "resize": 3, "crop": "center"},
        {"background": "black", "resize": 3, "crop": "random"},
    ]
    loaded = [data_lib.load(str(root), **chosen) for chosen in options]
    again = [data_lib.load(str(root), **chosen) for chosen in options]
    for first, second in zip(loaded, again, strict=True):
        np.testing.assert_array_equal(first.images, second.images)
        assert first.notes == second.notes
    counts = Counter(data.images.tobytes() for data in loaded)
    assert max(counts.values()) == 1
