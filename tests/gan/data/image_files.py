"""Image files for tests of datasets."""

import numpy as np
from PIL import Image


def pixels(shape, seed=0):
    """Returns uniformly distributed uint8 pixels."""
    return np.random.default_rng(seed).integers(256, size=shape).astype(np.uint8)


def write_image(path, mode="L", size=(6, 4), seed=0, **options):
    """Writes an image of random pixels in a mode with 8-bit channels; returns its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,), "CMYK": (4,)}[mode]
    array = pixels((size[1], size[0], *channels), seed)
    # Pillow infers CMYK only if told so.
    image = Image.frombytes(mode, size, array.tobytes())
    image.save(path, **options)
    return array


def write_flat(root, names, **options):
    """Writes one image per name to a folder, each with another content."""
    for seed, name in enumerate(names):
        write_image(root / name, seed=seed, **options)
    return root


def write_classes(root, classes=3, count=6, **options):
    """Writes class folders `class0`, `class1`, … with `count` images each."""
    names = [f"class{c}/{i}.png" for c in range(classes) for i in range(count)]
    return write_flat(root, names, **options)
