"""Claim A7 on MNIST: seven methods, and Adam with further values of b2."""

from typing import Any, NamedTuple

from experiments._shared.comparisons import format_p, holm, welch
from experiments._shared.means import format_mean
from experiments.claims.row import Row, result, table
from experiments.dissecting.images import table as images
from experiments.dissecting.images.methods import METHODS

RECORD = "dissecting/images/cpu"
OTHER_B2 = {0.9: "dissecting/images/b2-0.9/cpu", 0.99: "dissecting/images/b2-0.99/cpu"}
"""Records of Adam with other values of b2, by this value; `RECORD` has 0.999."""
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


def adams() -> dict[float, Entry]:
    """Returns Adam by value of b2."""
    paths = {**OTHER_B2, 0.999: RECORD}
    return {b2: Entry(f"Adam, b2 = {b2:g}", result(path), ADAM) for b2, path in paths.items()}


def best_adam() -> Entry:
    """Returns Adam with the value of b2 that was best in tuning."""
    return min(adams().values(), key=Entry.tuned)


def entries() -> list[Entry]:
    """Returns all methods, Adam with every value of b2."""
    record = result(RECORD)
    others = [Entry(METHODS[name].title, record, name) for name in record["methods"]]
    return [
        *(entry for entry in others if entry.method != ADAM),
        *adams().values(),
    ]


def scores_table() -> str:
    """Formats the scores of final runs, and p-values of the other methods against Adam."""
    found, adam = entries(), best_adam()
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


def tuning_tables() -> str:
    """Formats all tuning runs, by value of b2."""
    parts = [f"b2 = 0.999. {images.tuning_table(result(RECORD))}"]
    for b2, path in OTHER_B2.items():
        parts.append(f"b2 = {b2:g}. {images.tuning_table(result(path))}")
    return "\n\n".join(parts)


def deciding_figure() -> str:
    """Formats the Fréchet distances that decide the verdict."""
    found = {entry.method: entry for entry in entries()}
    shown = {"SGDA": found["sgda"], "Adam": best_adam()}
    texts = [f"{title} {format_mean(entry.scores(), 0)}" for title, entry in shown.items()]
    return f"FD: {', '.join(texts)}"


ROWS = [
    Row(
        "A7",
        "The same on MNIST",
        "reduced: DCGAN of width 8, ten seeds",
        "premise absent: SGDA does not fail; Adam is worse",
        deciding_figure,
        {
            "table": scores_table,
            "tuning": tuning_tables,
        },
        "FD: Fréchet distance, lower is better",
    ),
]
