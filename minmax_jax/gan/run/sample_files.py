"""Images of the samples of a run at several steps, in its subfolder `samples`."""

import re
from pathlib import Path

from minmax_jax.gan.run import files, ownership

FOLDER = "samples"
"""Name of the subfolder."""

STRIP = "samples_over_time.png"
"""Name of the file, in the run folder, that shows the same samples at several steps."""

_NAME = re.compile(r"(\d{8,10})\.png")
_UNFINISHED = re.compile(_NAME.pattern + files.PART_PATTERN)
_PNG = (b"\x89PNG\r\n\x1a\n", 0)  # The first bytes of a PNG file, and their offset.


def path(folder: Path, step: int) -> Path:
    """Returns the path of the image of a step.

    Example:
      >>> str(path(Path("run"), 4000))
      'run/samples/00004000.png'
    """
    return folder / FOLDER / f"{step:08d}.png"


def steps(folder: Path) -> list[int]:
    """Returns the steps of the images in a run folder, in order."""
    found = ownership.matches(folder / FOLDER, _NAME, _PNG, own=True)
    numbers = sorted(int(number) for (number,) in found)
    # Losing power can leave an empty file, which the run writes again when it reaches that step.
    return [number for number in numbers if path(folder, number).stat().st_size]


def delete_after(folder: Path, step: int) -> None:
    """Deletes the images of later steps, which a resumed run draws again, and unfinished files."""
    for later in steps(folder):
        if later > step:
            path(folder, later).unlink()
    for found in (folder / FOLDER).glob(f"*{files.PART}"):
        if _UNFINISHED.fullmatch(found.name) and ownership.is_regular(found):
            found.unlink()
