"""Table of all claims, and the tables of their pages, from the recorded results.

    python -m experiments.claims

The command rewrites the parts of `experiments/README.md` and of `experiments/claims/*.md` between
markers, and draws the figures that combine several records. It runs no experiment. Tests fail if a
part is not current.
"""

from experiments._shared.files import write_atomically
from experiments.claims import figures
from experiments.claims.groups import GROUPS
from experiments.claims.render import pages


def main() -> None:
    """Rewrites all pages that are not current."""
    for path, text in pages(GROUPS).items():
        if path.read_text() != text:
            write_atomically(path, text)
            print(f"rewritten: {path}")
    figures.draw_all()


if __name__ == "__main__":
    main()
