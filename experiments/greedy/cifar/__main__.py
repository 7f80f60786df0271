"""CIFAR-10: the score along training, ours (each second update accepted) against descent–ascent.

    python -m experiments.greedy.cifar                  # for an accelerator; resumes
    python -m experiments.greedy.cifar --stages 1       # one stage of one run, then stops
    python -m experiments.greedy.cifar --redraw         # table and figure, from the JSON
    python -m experiments.greedy.cifar --data digits --width 4 --batch 16 --steps 40 --every 20 \\
        --evaluate 200 --seeds 1                        # on a CPU: it runs, and shows no more

The authors' networks, Adam 2e-4 (b1 = 0.5) and non-saturating loss. A run is trained in stages of
`--every` updates by `minmax_jax.gan`, each from the last one's checkpoint, and scored after each:
Fréchet distance and classes in the features of our classifier, which is no inception score.
"""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import jax
import tyro

from experiments.greedy.cifar import figure as cifar_figure
from experiments.greedy.cifar.scores import headline
from minmax_jax import gan

RESULTS = Path(__file__).parents[2] / "results" / "greedy" / "cifar"
METHODS: dict[str, dict[str, Any]] = {
    # GDA in the order of play of ours: the greedy method that accepts everything.
    "gda": {"max_ascent_steps": 1, "accept_every": 1},
    "ours": {"max_ascent_steps": 1, "accept_every": 2},
}


@dataclasses.dataclass(frozen=True)
class Config:
    """Train with ours and with descent–ascent, and score both along the way."""

    data: str = "uoft-cs/cifar10"
    """A hub name or folder that datasets.load_dataset reads, or digits."""
    runs: str = "runs/greedy/cifar"
    """Folder of the runs; a stage that is done is not repeated."""
    network: str = "mangoubi_cifar"
    """Pair of networks of minmax_jax.gan."""
    width: int = 64
    """Its width; theirs."""
    latent_dim: int = 100
    """Numbers in one latent vector; theirs."""
    batch: int = 64
    """Real and generated images in a batch; theirs are 64 to 128."""
    learning_rate: float = 2e-4
    """Adam's, of both players."""
    steps: int = 50_000
    """Updates of a run."""
    every: int = 2500
    """Updates of a stage, after which a run is scored; a divisor of steps."""
    evaluate: int = 10_000
    """Samples that are scored."""
    seeds: int = 3
    """Seeds 0, 1, ..."""
    stages: int = 0
    """Stop after so many stages, to work in short pieces; 0: when all is done."""


def run(config: Config) -> dict[str, Any]:
    """Runs the stages that are missing, all runs abreast, and returns what the JSON holds."""
    left = config.stages or -1
    for end in range(config.every, config.steps + 1, config.every):
        for seed in range(config.seeds):
            for method in METHODS:
                folder = Path(config.runs) / name(config, method, seed)
                done = read(folder)
                if len(done) < end // config.every and left:
                    scores = stage(config, method, seed, end, folder)
                    write(folder, [*done, {"step": end, **scores}])
                    left -= 1
    found = {
        method: [
            {"seed": seed, "scores": read(Path(config.runs) / name(config, method, seed))}
            for seed in range(config.seeds)
        ]
        for method in METHODS
    }
    return {
        "config": {**dataclasses.asdict(config), "runs": None},
        "hardware": f"{jax.devices()[0].device_kind}, {os.cpu_count()} CPU cores",
        "jax": jax.__version__,
        "methods": found,
    }


def name(config: Config, method: str, seed: int) -> str:
    """The folder of a run: what may differ between runs that stand side by side."""
    data = Path(config.data).name
    return f"{data}-{config.network}-w{config.width}-b{config.batch}-{method}-s{seed}"


def stage(config: Config, method: str, seed: int, end: int, folder: Path) -> dict[str, Any]:
    """Trains one run up to update `end` and returns its scores there."""
    done = gan.train(
        gan.preset(
            "cifar10",
            data=config.data,
            out=str(folder),
            seed=seed,
            steps=end,
            optimizer="greedy_adam",
            options={"b1": 0.5, **METHODS[method]},
            learning_rate_min=config.learning_rate,
            learning_rate_max=config.learning_rate,
            network=config.network,
            width=config.width,
            latent_dim=config.latent_dim,
            batch_size=config.batch,
            ema_decay=0.0,
            evaluate=config.evaluate,
            log_every=min(100, config.every),
            checkpoint_every=config.every,
        )
    )
    record = next(r for r in reversed(done.metrics) if "acceptance_rate" in r)
    scores = headline(done.summary)
    return {**scores, "acceptance_rate": record["acceptance_rate"], "seconds": record["seconds"]}


def read(folder: Path) -> list[dict[str, Any]]:
    """The scores of the stages that are done."""
    path = folder.with_suffix(".json")
    return json.loads(path.read_text()) if path.exists() else []


def write(folder: Path, scores: list[dict[str, Any]]) -> None:
    """Whole or not at all: a run may be stopped at any time."""
    part = folder.with_suffix(".part")
    part.write_text(json.dumps(scores))
    part.replace(folder.with_suffix(".json"))


def table(result: dict[str, Any]) -> str:
    """The last score of each run."""
    lines = [
        "| method | seed | updates | Fréchet distance | classes | accepted | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for method, found in result["methods"].items():
        for one in found:
            if one["scores"]:
                last = one["scores"][-1]
                distance = last["frechet_distance"]
                lines.append(
                    f"| `{method}` | {one['seed']} | {last['step']} "
                    f"| {'–' if distance is None else f'{distance:.1f}'} "
                    f"| {last['classes_covered']} | {last['acceptance_rate']:.0%} "
                    f"| {last['seconds']:.0f} |"
                )
    return "\n".join(lines)


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """Ours against descent–ascent on CIFAR-10, scored along training.

    Args:
      config: what is run.
      redraw: print the table and draw the figure again from the JSON, without running.
      out: the folder of the JSON and the figure.
    """
    path = out / "cifar.json"
    if not redraw:
        if config.every < 1 or config.steps % config.every:
            raise SystemExit(f"every={config.every} must divide steps={config.steps}")
        result = run(config)
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n")
    result = json.loads(path.read_text())
    cifar_figure.draw(result, path.with_suffix(".png"))
    print(table(result))


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
