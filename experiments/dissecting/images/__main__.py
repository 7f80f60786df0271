"""Images by a GAN: seven methods, rates tuned with one budget each, then fresh seeds.

    python -m experiments.dissecting.images --data ylecun/mnist  # resumes where it stopped
    python -m experiments.dissecting.images --size resnet --runs runs/images-resnet
    python -m experiments.dissecting.images --redraw             # tables and figures, from JSON
    python -m experiments.dissecting.images --size accelerator --piece-minutes 9

`--data` takes a folder too, as datasets.load_dataset does. Tuning is alike for every method: 6 × 6
rates around a centre in its own units, one tuning seed, and the best three cells again with two
more; the lowest mean Fréchet distance wins. Its final runs use other seeds. The sizes
resnet and accelerator are the ResNet with a gradient penalty on CIFAR-10, 8 and 128 channels wide;
every part of a size can be given by itself, as `--network resnet --loss wasserstein`.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax
import tyro

from experiments._shared.command import hardware, in_pieces, recorded
from experiments.dissecting.gan_runs.runner import Workshop
from experiments.dissecting.gan_runs.training import Clock
from experiments.dissecting.images import figure as images_figure
from experiments.dissecting.images import table as images_table
from experiments.dissecting.images.config import Config, settle, trained
from experiments.dissecting.images.methods import optimizers
from experiments.dissecting.images.tuning import final_job, progress, tune
from minmax_jax.gan.run import run_folder

RESULTS = Path(__file__).parents[2] / "results" / "dissecting" / "images"


def workshop(config: Config) -> Workshop:
    """Returns what trains and judges; `config` is settled."""
    assert config.b2 is not None
    return Workshop(
        trained(config), optimizers(config.b1, config.b2), Path(config.runs),
        Clock(config.piece_minutes), extractor=config.extractor,
    )  # fmt: skip


def record(config: Config, out: Path) -> None:
    """Runs what is not there, and writes the JSON after each method: pieces may end anywhere."""
    shop = workshop(config)
    runner = progress(config, shop)
    out.mkdir(parents=True, exist_ok=True)
    methods: dict[str, Any] = {}
    for method in config.methods:
        tuning = tune(config, runner, method)
        best = next(tuple(cell["rates"]) for cell in tuning if cell["chosen"])
        jobs = [final_job(config, method, best, seed) for seed in range(config.seeds or 0)]
        final = [runner.outcome(job) for job in jobs]
        methods[method] = {"tuning": tuning, "best": list(best), "final": final}
        if shop.picture(jobs[0]).exists():
            (out / f"{config.size}-{method}.png").write_bytes(shop.picture(jobs[0]).read_bytes())
        result = {
            # Where data and runs are is of no effect on the numbers.
            "config": {**dataclasses.asdict(config), "data": shop.data_name, "runs": None},
            "hardware": hardware(), "jax": jax.__version__, "methods": methods,
        }  # fmt: skip
        text = json.dumps(result, indent=1, allow_nan=False) + "\n"
        run_folder.write_atomically(out / f"{config.size}.json", text)


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """Seven methods on images: tuned with one budget each, then judged on fresh seeds.

    Args:
      config: what is run.
      redraw: print the tables and draw the figures again from the JSON, without running.
      out: the folder of the JSON and the figures.
    """
    path = out / f"{config.size}.json"
    with in_pieces():
        config = settle(config)
        if not redraw:
            record(config, out)
    if result := recorded(path, redraw=redraw):
        images_figure.draw(result, out)
        print(images_table.table(result))


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
