"""Table of average gradient norms, their slopes and the bound."""

from typing import Any

from experiments.one_sided.theory.config import SCHEDULES, learning_rates_of

HEADER = (
    "| method | max learning rate | noise | min learning rate | average ‖∇_x f‖² | slope [95 %] "
    "| average ‖∇_y f‖² | squared step of y |"
)


def format_table(result: dict[str, Any]) -> str:
    """Returns one Markdown table per game."""
    lines = []
    for game, methods in result["games"].items():
        lines += [f"\n{game}\n", HEADER, "|---" * 8 + "|"]
        for method, schedules in methods.items():
            for schedule, noises in schedules.items():
                for noise, cell in noises.items():
                    if noise != "bound":
                        lines.append(row(method, schedule, noise, cell))
        lines += bound_rows(methods.get("extragradient", {}))
    return "\n".join(lines)


def bound_rows(schedules: dict[str, Any]) -> list[str]:
    """Formats the largest average of extragradient, relative to its bound, per learning rate."""
    bounds = {
        name: schedules[name]["bound"] for name in SCHEDULES if "bound" in schedules.get(name, {})
    }
    if not bounds:
        return []
    rates = next(iter(bounds.values()))["rates"]
    lines = ["", f"| largest (average / bound) of extragradient | {' | '.join(bounds)} |"]
    lines.append("|---" * (1 + len(bounds)) + "|")
    for index, rate in enumerate(rates):
        ratios = [f"{bound['largest_ratio'][index]:.2g}" for bound in bounds.values()]
        lines.append(f"| min learning rate {rate:.2g} | {' | '.join(ratios)} |")
    return lines


def row(method: str, schedule: str, noise: str, cell: dict[str, Any]) -> str:
    """Formats one method with one schedule and noise; a rate at an edge of the grid is marked."""
    mean, low, high = cell["slope"]
    last = {name: cell[name]["median"][-1] for name in ("min", "max", "moved")}
    edge = " †" if cell["at_edge"] else ""
    return (
        f"| {method} | {schedule} | {noise} | {cell['rate']:.2g}{edge} | {last['min']:.2g} "
        f"| {mean:.2f} [{low:.2f}, {high:.2f}] | {last['max']:.2g} | {last['moved']:.2g} |"
    )


def tuning_table(result: dict[str, Any]) -> str:
    """Formats the tuning runs of all cells; the chosen learning rate is bold."""
    lines = ["| game | method | max learning rate | noise | min learning rate: average ‖∇_x f‖² |"]
    lines.append("|---" * 5 + "|")
    for game, methods in result["games"].items():
        for method, schedules in methods.items():
            for schedule, noises in schedules.items():
                for noise, cell in noises.items():
                    if noise != "bound":
                        found = "; ".join(_tried(method, cell))
                        lines.append(f"| {game} | {method} | {schedule} | {noise} | {found} |")
    return "\n".join(lines)


def _tried(method: str, cell: dict[str, Any]) -> list[str]:
    """Formats every learning rate of a cell with its average over the tuning seeds."""
    texts = []
    for rate, value in zip(learning_rates_of(method), cell["tuning"], strict=True):
        text = f"{rate:.2g}: " + ("–" if value is None else f"{value:.2g}")
        texts.append(f"**{text}**" if rate == cell["rate"] else text)
    return texts
