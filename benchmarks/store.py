"""Results of single cases of a suite, written as they come."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments._shared.files import write_json

Keep = Callable[[str, Callable[[], Any]], Any]
"""Function of a case's name and of a function that measures it, which returns its result."""


def measure(name: str, compute: Callable[[], Any]) -> Any:
    """Measures a case and keeps nothing."""
    del name
    return compute()


class Store:
    """Keeps the results of a suite in a file, so that an interrupted suite continues there.

    Results with another machine, commit or configuration than `about` are discarded.
    """

    def __init__(self, path: Path, about: Any) -> None:
        self.path, self.about = path, json.loads(json.dumps(about))
        stored = json.loads(path.read_text()) if path.exists() else {}
        same = stored.get("about") == self.about
        self.cases: dict[str, Any] = stored["cases"] if same else {}

    def __call__(self, name: str, compute: Callable[[], Any]) -> Any:
        """Returns the kept result of a case, or measures it and writes the file."""
        if name not in self.cases:
            # Through JSON, so that a kept result equals a new one.
            self.cases[name] = json.loads(json.dumps(compute()))
            write_json(self.path, {"about": self.about, "cases": self.cases})
        return self.cases[name]

    def remove(self) -> None:
        """Removes the file. The results are in the record of the suite by then."""
        self.path.unlink(missing_ok=True)
