"""DiffAugment against no augmentation on 1,000 images of MNIST.

    python -m experiments.augmentation --data ylecun/mnist
    python -m experiments.augmentation --redraw

The first command takes some minutes per run on two cores. An interrupted command continues where it
stopped. `--redraw` rebuilds table and figure from the JSON file.

Both arms train fully connected networks on the same images with the same seeds. The score is the
Fréchet distance to images that were not used for training, in the features of a classifier of all
training images.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments._shared.errors import one_line_errors
from experiments.augmentation import figure
from experiments.augmentation.run import Config, run

OUT = RESULTS / "augmentation"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Compares DiffAugment with no augmentation on few images.

    Args:
      config: Runs to train.
      redraw: Print the table and redraw the figure from the JSON file, without training.
      out: Folder of the JSON file and the figure.
    """
    path = out / "diffaugment.json"
    with one_line_errors():
        result = record_result(path, lambda: run(config), redraw=redraw, indent=1)
    figure.draw(result, path.with_suffix(".png"))
    print(figure.table(result))


if __name__ == "__main__":
    run_command(main)
