"""`minmax-jax evaluate`: score a checkpoint of a run, apart from training."""

import dataclasses

from minmax_jax.gan.evaluation import evaluate, evaluator, score_table
from minmax_jax.gan.run import evaluations


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Score samples of a run's averaged generator; the run may still be training.

    Adds the scores to evaluations.jsonl in the run folder and prints them, beside those of
    held-out real examples.
    """

    run: str
    """Run folder, as given to train --out."""
    step: int | None = None
    """Which checkpoint of the run; the newest if not given."""
    extractors: tuple[str, ...] = ()
    """What the scores are measured in: classifier (trained on the data's labels), pixels, inception (torch-fidelity, extra fid), points (of vectors). If not given: classifier, without labels pixels, for vectors points."""  # noqa: E501
    metrics: tuple[str, ...] = ()
    """Which scores: frechet, kernel, precision_recall, density_coverage, bins, inception_style, classes, modes. If not given: all that can be had."""  # noqa: E501
    num: int = 5000
    """How many samples. Scores compare only at the same number."""
    num_reference: int = evaluator.REFERENCE
    """At most so many training examples are compared with."""
    seed: int | None = None
    """Seed of the latents; the run's own if not given."""
    data: str = ""
    """Where the run's data are, if they have moved since it was trained."""
    inception_weights: str | None = None
    """File of torch-fidelity's Inception weights; downloaded once if not given."""


def run(command: Evaluate) -> None:
    """Evaluates, and prints a table an extractor."""
    records = evaluate.evaluate(
        command.run,
        command.step,
        extractors=command.extractors,
        metrics=command.metrics,
        num_samples=command.num,
        num_reference=command.num_reference,
        seed=command.seed,
        data=command.data,
        inception_weights=command.inception_weights,
    )
    for record in records:
        print(f"{command.run} at step {record['step']}, in " + score_table.text(record))
    print(f"added to {command.run}/{evaluations.FILE}")
