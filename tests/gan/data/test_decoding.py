import io
import json
import os
import zlib

import numpy as np
import pytest
from PIL import Image

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data.decoding import decode
from minmax_jax.gan.data.preprocessing import Preprocessing
from minmax_jax.gan.run import skipped
from tests.gan.data.image_files import write_classes, write_flat, write_image


def png(width, height):
    """Returns a small PNG file that declares any size."""

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + checksum

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    content = zlib.compress(bytes(100))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", content)
        + chunk(b"IEND", b"")
    )


def text_bomb():
    """Returns a PNG file whose text expands to 64 MB."""
    buffer = io.BytesIO()
    Image.new("L", (6, 4)).save(buffer, "PNG")
    content = b"a\0\0" + zlib.compress(bytes(64_000_000))
    chunk = len(content).to_bytes(4, "big") + b"zTXt" + content
    chunk += zlib.crc32(b"zTXt" + content).to_bytes(4, "big")
    return buffer.getvalue()[:33] + chunk + buffer.getvalue()[33:]


DAMAGED = int(os.environ.get("DAMAGED", "40"))
"""Number of damaged files per format. A larger one finds rarer errors."""

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 4\n%%EndComments\nshowpage\n"

BROKEN = {
    "empty": (b"", "cannot be decoded"),
    "text": (b"not an image", "cannot be decoded"),
    "truncated": (None, r"cannot be decoded \(image file is truncated"),
    "bomb": (png(20_000, 20_000), "has more than 89,478,485 pixels, which could fill the memory"),
    "warned bomb": (png(10_000, 10_000), "has more than 89,478,485 pixels"),
    "no rows": (png(6, 4000), "cannot be decoded"),
    "text bomb": (text_bomb(), "cannot be decoded"),
    "program": (EPS, "cannot be decoded"),
}


def write_broken(root, kind):
    """Writes a good dataset with one broken file."""
    write_classes(root)
    content = BROKEN[kind][0]
    if content is None:
        content = (root / "class1" / "2.png").read_bytes()[:60]
    (root / "class1" / "2.png").write_bytes(content)
    return root


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_image_is_named_with_the_flag_that_helps(tmp_path, kind):
    root = write_broken(tmp_path / "set", kind)
    message = rf"2.png {BROKEN[kind][1]}.*Repair or remove it, or pass --skip-broken\.$"
    with pytest.raises(DataError, match=message) as error:
        data_lib.load(str(root))
    assert "\n" not in str(error.value) and "0x" not in str(error.value)


@pytest.mark.parametrize("kind", BROKEN)
def test_skip_broken_leaves_out_and_lists_the_image(tmp_path, kind):
    root = write_broken(tmp_path / "set", kind)
    data = data_lib.load(str(root), skip_broken=True)
    assert data.count + data.test_count == 17
    assert [example.file for example in data.skipped] == [str(root / "class1" / "2.png")]
    expected = f"skipped broken images (1); the first: {root / 'class1' / '2.png'} "
    assert expected in data_lib.lines(data)[-1]
    again = data_lib.load(str(root), skip_broken=True)  # from the cache
    assert again.skipped == data.skipped
    skipped.write(tmp_path, data)
    records = (tmp_path / "skipped.jsonl").read_text().splitlines()
    assert [json.loads(record) for record in records] == [data.skipped[0]._asdict()]


def test_nothing_is_listed_if_nothing_is_skipped(tmp_path):
    skipped.write(tmp_path, data_lib.load(str(write_classes(tmp_path / "set"))))
    assert not (tmp_path / "skipped.jsonl").exists()


def test_labels_stay_with_their_images(tmp_path):
    root = tmp_path / "set"
    for index in range(12):
        shade = Image.new("L", (4, 4), 10 * index + index % 3)
        (root / "train" / f"class{index % 3}").mkdir(parents=True, exist_ok=True)
        shade.save(root / "train" / f"class{index % 3}" / f"{index}.png")
    (root / "test").mkdir()
    (root / "train" / "class0" / "3.png").write_bytes(b"")
    data = data_lib.load(str(root), skip_broken=True)
    for images, labels in ((data.images, data.labels), (data.test_images, data.test_labels)):
        shades = images[:, 0, 0, 0].astype(int)
        np.testing.assert_array_equal(shades - shades // 10 * 10, (shades // 10) % 3)
        np.testing.assert_array_equal(labels, (shades // 10) % 3)


def test_skip_broken_gives_processes_the_shards_of_one_set(tmp_path):
    root = write_broken(tmp_path / "set", "text")
    whole = data_lib.load(str(root), skip_broken=True)
    shards = [
        data_lib.load(str(root), shard_fn=data_lib.shard_of_process(index, 2, 1), skip_broken=True)
        for index in range(2)
    ]
    np.testing.assert_array_equal(np.concatenate([s.images for s in shards]), whole.images)
    assert {s.count for s in shards} == {whole.count}


@pytest.mark.parametrize("count", [1, 2, 5])
def test_one_to_five_images_are_refused(tmp_path, count):
    root = write_flat(tmp_path / "set", [f"{i}.png" for i in range(count)])
    with pytest.raises(DataError, match=f"at least 6 images are needed, got {count}. Add"):
        data_lib.load(str(root))


def test_six_images_are_enough(tmp_path):
    data = data_lib.load(str(write_flat(tmp_path / "set", [f"{i}.png" for i in range(6)])))
    assert (data.count, data.test_count) == (5, 1)


def test_too_few_images_after_skipping_are_refused(tmp_path):
    root = write_flat(tmp_path / "set", [f"{i}.png" for i in range(6)])
    for index in range(3):
        (root / f"{index}.png").write_bytes(b"")
    with pytest.raises(DataError, match="at least 6 images are needed"):
        data_lib.load(str(root), skip_broken=True)


def test_test_split_without_good_images_is_refused(tmp_path):
    root = write_flat(tmp_path / "set" / "train", [f"{i}.png" for i in range(6)])
    (root.parent / "test").mkdir()
    (root.parent / "test" / "0.png").write_bytes(b"")
    with pytest.raises(DataError, match="no test image can be decoded"):
        data_lib.load(str(root.parent), skip_broken=True)


def test_images_that_exceed_the_memory_name_resize():
    class Rows:
        def name(self, row):
            return f"image {row}"

        def content(self, row):
            return png_of_zeros

    buffer = io.BytesIO()
    Image.new("L", (2000, 2000)).save(buffer, "PNG")
    png_of_zeros = buffer.getvalue()
    with pytest.raises(DataError, match=r"2000×2000×1 need .* GB of memory. Pass --resize N"):
        decode("huge", Rows(), np.broadcast_to(np.int8(0), 10**11), Preprocessing())


def test_changed_file_is_decoded_again(tmp_path):
    root = write_flat(tmp_path / "set" / "train", [f"{i}.png" for i in range(6)]).parent
    write_flat(root / "test", ["0.png"])
    data_lib.load(str(root))
    expected = write_image(root / "train" / "2.png", seed=123)
    np.testing.assert_array_equal(data_lib.load(str(root)).images[2, ..., 0], expected)


def test_foreign_cache_entry_is_replaced(tmp_path, monkeypatch):
    root = write_classes(tmp_path / "set")
    first = data_lib.load(str(root))
    (entry,) = (tmp_path / "cache" / "minmax_jax").glob("images-*.npz")
    np.savez(entry, images=np.zeros(3))
    np.testing.assert_array_equal(data_lib.load(str(root)).images, first.images)


def damaged(content, random):
    """Returns a file with some changed bytes, a missing end or a missing middle."""
    changed = bytearray(content)
    for _ in range(random.integers(1, 5)):
        changed[random.integers(len(changed))] = random.integers(256)
    start, end = sorted(random.integers(len(changed), size=2))
    kind = random.integers(4)
    if kind == 0:
        return bytes(changed[:end])
    return bytes(changed[:start] + changed[end:] if kind == 1 else changed)


@pytest.mark.parametrize(
    "kind", ["AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "TGA", "TIFF", "WEBP"]
)
def test_damaged_images_are_decoded_or_named(kind):
    class Rows:
        def name(self, row):
            return f"image {row}"

        def content(self, row):
            return contents[row]

    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"this version of Pillow cannot open {kind}")
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    pixels = np.random.default_rng(0).integers(256, size=(40, 40, 3)).astype(np.uint8)
    saved = {"exif": exif} if kind in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF") else {}
    Image.fromarray(pixels).save(buffer, kind, **saved)
    random = np.random.default_rng(1)
    contents = [damaged(buffer.getvalue(), random) for _ in range(DAMAGED)]
    options = Preprocessing(8, "center", 3, "white", skip_broken=True)
    found = decode("set", Rows(), np.arange(DAMAGED), options)
    assert len(found.images) + len(found.skipped) == DAMAGED
    for example in found.skipped:
        assert example.reason.isprintable() and len(example.reason) < 300
