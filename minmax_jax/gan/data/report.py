"""Text that says what was loaded."""

from collections import Counter

from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.data.dataset import Data


def lines(data: Data, batch_size: int = 0) -> list[str]:
    """Returns one line about a dataset, and one for each thing that a user might not expect.

    Args:
      data: Dataset.
      batch_size: Batch size of the run, which is mentioned if the dataset is smaller.
        Default: not mentioned.

    Example:
      >>> from minmax_jax.gan.data.builtin_sets import gaussians
      >>> lines(gaussians())
      ['gaussians: 50,000 training vectors of length 2 in 8 classes; 10,000 held out']
    """
    notes = list(data.notes)
    if data.skipped:
        first = data.skipped[0]
        notes.append(
            f"skipped broken images ({len(data.skipped):,}); the first: {first.file} {first.reason}"
        )
    if data.count < batch_size:
        notes.append(
            f"the batch size, {batch_size}, exceeds the number of training examples, so every "
            "batch repeats some"
        )
    return [printable(f"{data.name}: {note}") for note in [_counts(data), *notes]]


def changes(counts: Counter[str]) -> list[str]:
    """Returns a line about converted images, if there are any."""
    parts = [f"{change} ({count:,})" for change, count in sorted(counts.items())]
    return [f"images were {', '.join(parts)}"] if parts else []


def _counts(data: Data) -> str:
    if data.kind == "image":
        height, width, channels = data.images.shape[1:]
        kind = f"images {width}×{height}×{channels}"
    else:
        kind = f"vectors of length {data.images.shape[-1]}"
    noun = "class" if data.num_classes == 1 else "classes"
    classes = "" if data.num_classes is None else f" in {data.num_classes:,} {noun}"
    return f"{data.count:,} training {kind}{classes}; {data.test_count:,} held out"
