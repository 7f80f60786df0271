"""Generated image sets in Arrow files."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

DISTINCT = 2_000
"""Number of distinct files. The rows repeat them, each with its own bytes on the disk."""


def make(folder: Path, count: int, side: int, channels: int = 3, format: str = "JPEG") -> Path:
    """Writes a set of generated images, unless it exists; returns its folder.

    Args:
      folder: Folder of all sets.
      count: Number of images.
      side: Their height and width.
      channels: 1 or 3.
      format: Format of the files, as Pillow names it.
    """
    target = folder / f"images-{count}-{side}-{channels}-{format.lower()}"
    if not (target / "state.json").exists():
        import datasets

        files = [encode(seed, side, channels, format) for seed in range(min(DISTINCT, count))]
        rows = lambda: ({"image": {"bytes": files[i % len(files)]}} for i in range(count))  # noqa: E731
        features = datasets.Features({"image": datasets.Image()})
        made = datasets.Dataset.from_generator(rows, features, cache_dir=str(folder / "cache"))
        made.save_to_disk(str(target))
    return target


def encode(seed: int, side: int, channels: int = 3, format: str = "JPEG") -> bytes:
    """Returns an encoded image of smooth random colors."""
    small = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    (image if channels == 3 else image.convert("L")).save(file, format)
    return file.getvalue()
