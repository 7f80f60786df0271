"""Claim A7 on MNIST: four methods tuned at full length, and seven in a record."""

from typing import Any, NamedTuple

from experiments._shared.comparisons import format_p, holm, welch
from experiments._shared.means import format_mean
from experiments.claims.row import Row, result, table
from experiments.dissecting.images import table as images
from experiments.dissecting.images.methods import METHODS

LONG, EARLIER = "dissecting/images/long/cpu", "dissecting/images/cpu"
OTHER_B2 = {0.9: "dissecting/images/b2-0.9/cpu", 0.99: "dissecting/images/b2-0.99/cpu"}
"""Records of Adam with other values of b2, by this value; `LONG` has 0.999."""
ADAM = "adam_gda"


class Entry(NamedTuple):
    """One row of the table: a method in one record."""

    title: str
    record: dict[str, Any]
    method: str

    @property
    def found(self) -> dict[str, Any]:
        """Tuning and final runs."""
        return self.record["methods"][self.method]

    def scores(self, name: str = "frechet_distance") -> list[Any]:
        """Returns a score of every final run."""
        return images.scores(self.record, self.method, name)

    def tuned(self) -> float:
        """Returns the mean Fréchet distance of the chosen cell in tuning runs of full length."""
        distances = next(cell["long"] for cell in self.found["tuning"] if cell["chosen"])
        return sum(distances) / len(distances)


def entries(path: str) -> list[Entry]:
    """Returns all methods of a record."""
    record = result(path)
    return [Entry(METHODS[method].title, record, method) for method in record["methods"]]


def long_entries() -> list[Entry]:
    """Returns the methods that were tuned at full length, Adam with three values of b2."""
    others = [entry for entry in entries(LONG) if entry.method != ADAM]
    adams = {**OTHER_B2, 0.999: LONG}
    return [*others, *(Entry(f"Adam, b2 = {b2:g}", result(of), ADAM) for b2, of in adams.items())]


def best_adam() -> Entry:
    """Returns Adam with the value of b2 that was best in tuning."""
    return min((entry for entry in long_entries() if entry.method == ADAM), key=Entry.tuned)


def scores_table(found: list[Entry], adam: Entry) -> str:
    """Formats the scores of final runs, and p-values of the other methods against Adam."""
    others = [entry for entry in found if entry.method != ADAM]
    corrected = holm([welch(entry.scores(), adam.scores()) for entry in others])
    p = {e.title: format_p(value) for e, value in zip(others, corrected, strict=True)}
    p[adam.title] = "reference"
    rows = []
    for entry in sorted(found, key=lambda entry: sum(entry.scores())):
        scores = [
            format_mean(entry.scores(name), images.COLUMNS[name][1])
            for name in ("frechet_distance", "kernel_distance", "precision", "recall")
        ]
        rates = "{:g}, {:g}".format(*entry.found["best"])
        p_value = p.get(entry.title, "")
        rows.append([entry.title, rates, images.edge(entry.found), *scores, p_value])
    head = (
        "method | learning rates (min, max) | at grid edge | Fréchet distance ↓ "
        "| kernel distance ↓ | precision ↑ | recall ↑ | p against Adam, Holm"
    )
    return table(head, rows)


def earlier_table() -> str:
    """Formats the seven methods of the earlier record."""
    found = entries(EARLIER)
    return scores_table(found, next(entry for entry in found if entry.method == ADAM))


def tuning_tables() -> str:
    """Formats all tuning runs at full length, by value of b2."""
    parts = [f"b2 = 0.999. {images.tuning_table(result(LONG))}"]
    for b2, path in OTHER_B2.items():
        parts.append(f"b2 = {b2:g}. {images.tuning_table(result(path))}")
    return "\n\n".join(parts)


def deciding_figure() -> str:
    """Formats the Fréchet distances that decide the verdict."""
    found = {entry.method: entry for entry in entries(LONG)}
    shown = {"SGDA": found["sgda"], "Ada-nSGDA": found["ada_nsgda"], "Adam": best_adam()}
    texts = [f"{title} {format_mean(entry.scores(), 0)}" for title, entry in shown.items()]
    return f"Fréchet distance: {', '.join(texts)}"


ROWS = [
    Row(
        "A7",
        "The same on MNIST",
        "reduced: DCGAN of width 8, 2,000 updates, five seeds",
        "premise absent: SGDA does not fail here",
        deciding_figure,
        {
            "table": lambda: scores_table(long_entries(), best_adam()),
            "earlier": earlier_table,
            "tuning": tuning_tables,
            "earlier-tuning": lambda: images.tuning_table(result(EARLIER)),
        },
    ),
]
