"""Seven optimizers on images, with learning rates tuned by equal budgets.

    python -m experiments.dissecting.images --data ylecun/mnist
    python -m experiments.dissecting.images --size resnet --runs runs/images-resnet
    python -m experiments.dissecting.images --size accelerator-short --time-limit 9
    python -m experiments.dissecting.images --redraw

An interrupted command continues where it stopped. `--data` takes a folder as well, as
`datasets.load_dataset` does. `--redraw` rebuilds tables and figures from the JSON file.

Every method is tuned in the same way: a grid of learning rates (6 × 6, or 4 × 4 for
`accelerator-short`) in the method's units with one tuning seed, then the best cells with more
seeds, at full length if `--again-steps` is given. The final runs use the cell with the lowest mean
Fréchet distance, and other seeds. `--tuned RECORD ...` takes the learning rates of earlier
records, and `--grids RECORD ...` only their runs with the first tuning seed.

The sizes `resnet`, `accelerator-short` and `accelerator` train a ResNet with a gradient penalty on
CIFAR-10, with 8, 64 and 128 channels. Every field of a size can also be given as a flag, for
example `--network resnet --loss wasserstein`. `accelerator-short` takes three calls with
`--time-limit 9` on one H100.

On CPU, runs train one after another, with the same results in the last bit for every number of
calls. `--runs-at-once 8` trains eight runs in one vmapped program, and results agree up to
rounding. On accelerators, the command measures both and takes the faster one.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, read_result, run_command
from experiments._shared.errors import one_line_errors
from experiments._shared.files import only_writer
from experiments.dissecting.images import figure, table
from experiments.dissecting.images.config import Config, resolve_defaults
from experiments.dissecting.images.run import record

OUT = RESULTS / "dissecting" / "images"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Compares seven optimizers on images, with tuned learning rates and new seeds.

    Args:
      config: Runs to train.
      redraw: Print the tables and redraw the figures from the JSON file, without training.
      out: Folder of the JSON file and the figures.
    """
    path = out / f"{config.size}.json"
    with one_line_errors():
        config = resolve_defaults(config)
        if not redraw:
            with only_writer(path):
                record(config, out)
    if redraw or path.exists():
        result = read_result(path)
        figure.draw(result, out)
        print(table.format_tables(result))


if __name__ == "__main__":
    run_command(main)
