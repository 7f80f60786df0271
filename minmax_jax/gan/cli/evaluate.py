"""`minmax-jax evaluate` evaluates a checkpoint of a run."""

import dataclasses
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.base.messages import print_lines
from minmax_jax.gan.config.fields import HIDE_DEFAULT, choices
from minmax_jax.gan.evaluation import evaluate, evaluator, features, score_table, scores
from minmax_jax.gan.run import evaluations


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Evaluate samples of a run, which may still be training.

    Draws them from the generator with the moving average of its parameters. Appends the
    scores to evaluations.jsonl in the run folder, and prints them beside the scores of
    held-out real examples.
    """

    run: str
    """Run folder, as passed to train with --out."""
    step: Annotated[int | None, arg(metavar="INT"), HIDE_DEFAULT] = None
    """Step of the checkpoint. Default: the newest checkpoint."""
    extractors: Annotated[
        tuple[str, ...], arg(metavar=choices(features.EXTRACTORS) + " ..."), HIDE_DEFAULT
    ] = ()
    """Feature extractors: a classifier trained on the labels of the data, raw pixels or points, or Inception (see convert-inception). Default: classifier for labeled images, pixels for other images, points for vectors."""  # noqa: E501
    metrics: Annotated[
        tuple[str, ...], arg(metavar=choices(scores.METRICS) + " ..."), HIDE_DEFAULT
    ] = ()
    """Metrics to compute. fid and kid mean frechet and kernel in Inception features. Default: all that the data and the extractor allow."""  # noqa: E501
    num: int = 5000
    """Number of samples. Compare scores only if this number is the same."""
    num_reference: int = evaluator.REFERENCE
    """Maximum number of training examples to compare with. If there are more, a random sample of them is used, with the proportions of the classes."""  # noqa: E501
    seed: Annotated[int | None, arg(metavar="INT"), HIDE_DEFAULT] = None
    """Seed of the latents. Default: the seed of the run."""
    data: Annotated[str, HIDE_DEFAULT] = ""
    """Where to find the data, if it has moved. Default: the data of the run."""
    inception_weights: Annotated[str | None, arg(metavar="FILE"), HIDE_DEFAULT] = None
    """File with other Inception weights, in torch-fidelity's format. Default: the published weights, stored once by convert-inception."""  # noqa: E501
    per_class: bool = False
    """Also score the samples of each class against the training examples of that class. For conditional runs."""  # noqa: E501


def run(command: Evaluate) -> None:
    """Evaluates, and prints one table per extractor."""
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
        per_class=command.per_class,
    )
    for record in records:
        print_lines(f"{command.run} at step {record['step']}, in " + score_table.text(record))
        if "per_class" in record:
            print_lines(score_table.per_class_text(record["per_class"]))
    print_lines(f"added to {command.run}/{evaluations.FILE}")
