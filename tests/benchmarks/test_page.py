"""Figures and verdicts of the page on benchmarks follow from the records."""

import json
import operator
import re
import statistics
from pathlib import Path

import pytest

from benchmarks import clock, quality_report, start, store

FOLDER = Path(store.__file__).parent
PAGE = (FOLDER / "README.md").read_text("utf-8")


def record(name):
    return json.loads((FOLDER / "results" / f"{name}.json").read_text())


def tables(section):
    """Returns the tables of a section, as lists of rows of cells without the two head rows."""
    (text,) = [part for part in PAGE.split("\n## ") if part.startswith(section)]
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    lines = [block.splitlines() for block in blocks]
    return [[[cell.strip() for cell in row[1:-1].split("|")] for row in rows] for rows in lines]


# Each function returns the start of the cell "Measured" of every row of a table. A pair contains
# also the verdict that follows from the record, where it does not follow from that cell.


def update():
    groups = {
        (g["size"], g["leaves"], g["dtype"]): g["rows"] for g in record("update-cpu")["groups"]
    }
    first = groups[10_000_000, 30, "float32"]
    trees = [
        first,
        groups[100_000_000, 30, "float32"],
        groups[1_000_000, 30, "float32"],
        groups[10_000_000, 30, "bfloat16"],
    ]
    for name in ("nsgda", "ada_nsgda"):
        yield from (str(clock.ratio(rows[f"mm.{name}"])) for rows in trees)
    for name in ("nsgda", "ada_nsgda"):
        yield f"{first[f'mm.{name}']['bytes'] / first[f'handwritten {name}']['bytes']:.2f}"


def update_others():
    names = ["handwritten nsgda", "handwritten ada_nsgda", "mm.nsgda", "mm.ada_nsgda"]
    names += ["torch.optim.Adam fused", "torch.optim.Adam foreach"]
    for group in record("update-cpu")["groups"]:
        if group["size"] == 10_000_000 and group["dtype"] == "float32":
            nsgda, ada, ours, ours_ada, fused, foreach = (
                f"{clock.ratio(group['rows'][name]).median:.2f}" for name in names
            )
            yield f"{ours} / {nsgda}", f"{ours_ada} / {ada}", f"{fused} / {foreach}"


def step():
    networks = record("step-cpu")["networks"]
    cases = {
        (name, order): case
        for name, network in networks.items()
        for order, case in network["orders"].items()
    }

    def largest(count, without=()):
        counts = [case["counts"] for key, case in cases.items() if key not in without]
        return max(one["minmax_jax"][count] / one["handwritten"][count] for one in counts)

    def time(*key, form="minmax_jax"):
        return clock.ratio(cases[key]["times"][form])

    mlp, *_ = networks
    apart = [(name, "simultaneous") for name in networks]
    others = [time(*key).median for key in cases if key not in apart]
    counted = cases[mlp, "extragradient"]["counts"]
    more = [counted[one]["bytes"] for one in ("minmax_jax", "handwritten")]
    yield f"{largest('flops'):.3f}"
    yield f"{largest('bytes', [(mlp, 'extragradient')]):.3f}"
    yield f"{more[0] / more[1]:.3f} ({more[0] - more[1]:.0f} bytes more", "**no**"
    yield f"{largest('temporaries'):.3f}"
    yield from (str(time(*key)) for key in apart)
    yield f"{min(others):.2f}–{max(others):.2f}", "yes" if max(others) <= 1.02 else "**no**"
    yield from (str(time(name, "simultaneous", form="eager")) for name in networks)


def trainer():
    networks = record("trainer-cpu")["networks"]
    ours, bare = "mm.gan, threefry2x32", "bare step, 50 per call"
    single = {name: networks[name]["forms"]["bare step"] for name in ("dcgan", "mlp")}
    for name in single:
        yield str(clock.ratio(networks[name]["forms"][bare][f"{ours}, 50 per call"]))
    for forms in single.values():
        yield str(clock.ratio(forms[f"{ours}, 50 per call"]))
    for forms in single.values():
        many, one = (clock.ratio(forms[f"{ours}{end}"]).median for end in (", 50 per call", ""))
        yield f"{many:.2f}; 1 step {one:.2f}", "yes" if many <= one else "**no**"
    default, *rest = (clock.ratio(single["dcgan"][f"mm.gan, {one}"]) for one in
                      ("threefry2x32", "rbg", "unsafe_rbg"))  # fmt: skip
    best = min(rest)
    near = "within the spread" if default.low <= best.high else "**no**"
    yield (
        f"{default.median:.2f}; `rbg` {rest[0].median:.2f}; `unsafe_rbg` {rest[1].median:.2f}",
        "yes" if default <= best else near,
    )


def solve():
    games = record("solve-cpu")["games"]
    speeds = {
        name: {form: 1 / found["ratio"][0] for form, found in game["forms"].items()}
        for name, game in games.items()
    }
    for name in ("bilinear 8×8, sgda", "bilinear 8×8, extragradient"):
        yield f"{speeds[name]['vmap']:.2f}"
    best = {k: v for k, v in speeds["Gaussian-mode GAN, adam_gda"].items() if "one run" not in k}
    yield f"{max(best.values()):.2f}"


def scaling():
    found = record("scaling-cpu")
    others = {"mlp": set(), "dcgan": set()}
    for row in found["devices"]:
        if row["network"] == "mlp" or row["devices"] > 1:
            number = row["collectives"] - row["batch_norm"] - 1  # One is of the non-finite check.
            others[row["network"]].add(number / row["field_evaluations"])
    yield from (f"{number:g}" for numbers in others.values() for number in numbers)
    rows = found["devices"]
    # Beyond gradients, statistics and two flags of the non-finite check.
    known = [r["field_evaluations"] * r["parameters"] + r["statistics"] + 2 for r in rows]
    sent = [r["sent"] - r["batch_norm_sent"] for r in rows]
    yield f"{sum(sent) - sum(known)}"
    yield f"{sum(row['transfers'] for row in rows)}"
    lines = found["lines"]
    costs = [one["off"] for name, one in lines.items() if "of a step" in name]
    yield f"{max(costs):.3f}", "yes" if max(costs) < 0.03 else "**no**"
    off = lines["seconds of a solve / step"]["off"]
    yield f"{off:.3f}", "yes" if off < 0.03 else "**no**"
    state = {(row["mode"], row["devices"]): row["state"] for row in found["memory"]}
    share = state["fsdp", 8] / state["pmap", 8]
    yield f"{share:.3f}", "yes" if share < 1.05 / 8 else "**no**"


def overhead():
    yield str(clock.ratio(record("overhead-cpu")["imports"]["minmax_jax"]))


def constrained():
    cases = [
        c for methods in record("constrained-cpu")["problems"].values() for c in methods.values()
    ]
    yield from (f"{max(case[name] for case in cases):.0e}".replace("e-0", "e-")
                for name in ("difference", "error"))  # fmt: skip


GRAPH = "CUDA graph"
COMPILED = "CUDA graph of torch.compile"
EARLIER = "PyTorch CUDA graph"
"""Names of PyTorch's forms in the records of an H100. The last one is of the earlier record."""


def h100_case(name):
    """Returns counts and times of a network in the suite `step`."""
    return record("step-h100")["networks"][name]["orders"]["simultaneous"]


def milliseconds(found):
    return {form: 1e3 * one["seconds"] for form, one in found.items()}


def h100_networks():
    """Yields name, times of one step per call and in a loop, and PyTorch's times.

    Networks that the suite `step` did not reach have times of the suite `trainer`, and PyTorch's
    time of the earlier record.
    """
    earlier = record("earlier-h100")["step_milliseconds"]
    trained = record("trainer-h100")["networks"]
    for name in ("mlp 256", "dcgan 16", "dcgan 32", "dcgan 64", "resnet 128"):
        if name in record("step-h100")["networks"]:
            times = milliseconds(h100_case(name)["times"])
            yield name, times["minmax_jax"], times["minmax_jax in a loop"], times
        else:
            key = name if name in trained else name.split()[0]
            times = milliseconds(trained[key]["forms"]["bare step"])
            graph = {GRAPH: earlier[name][EARLIER]} if name in earlier else {}
            yield name, times["bare step"], times["bare step, 50 per call"], graph


def h100_ratios():
    for _, single, loop, torch in h100_networks():
        if GRAPH in torch:
            yield f"{single / torch[GRAPH]:.2f}"
            if COMPILED in torch:
                yield f"{single / torch[COMPILED]:.2f}"
            yield f"{loop / torch.get(COMPILED, torch[GRAPH]):.2f}"
    yield "–", "not measured"


def h100_handwritten():
    cases = [h100_case(name) for name in record("step-h100")["networks"]]
    yield from (str(clock.ratio(case["times"]["minmax_jax"])) for case in cases)
    for count in ("flops", "bytes"):
        for counted in (case["counts"] for case in cases):
            yield f"{counted['minmax_jax'][count] / counted['handwritten'][count]:.3f}"


def h100_trainer():
    networks = record("trainer-h100")["networks"].values()
    trainer, bare = "mm.gan, threefry2x32, 50 per call", "bare step, 50 per call"
    yield from (str(clock.ratio(one["forms"][bare][trainer])) for one in networks)
    shares = [clock.ratio(one["forms"]["bare step"][trainer]).median for one in networks]
    yield f"{min(shares):.2f}–{max(shares):.2f}", "yes" if max(shares) <= 1.15 else "**no**"


def h100_update_rows():
    groups = record("update-h100")["groups"]
    return {g["dtype"]: g["rows"] for g in groups if g["size"] == 100_000_000}


def h100_updates():
    for name in ("ada_nsgda", "nsgda"):
        for dtype in ("float32", "bfloat16"):
            yield str(clock.ratio(h100_update_rows()[dtype][f"mm.{name}"]))


def h100_solve():
    games = record("solve-h100")["games"].values()
    yield from (f"{1 / game['forms']['vmap']['ratio'][0]:.2f}" for game in games)
    yield from (f"{record(f'{suite}-h100')['seconds']:.0f} s" for suite in ("solve", "update"))


def methods():
    found = {name: one["methods"] for name, one in record("quality-cpu")["problems"].items()}
    for name, *_ in tables("`quality`")[0][2:]:
        rows = [quality_report._row(name, found[one][name.strip("`")]) for one in found]
        cells = [(f"{r.reached}/{r.runs}", quality_report._format(r.calls)) for r in rows]
        yield tuple(cell for pair in cells for cell in pair)


def compilations():
    seconds = {
        name: statistics.median(times) for name, times in record("overhead-cpu")["compile"].items()
    }
    slowest = max(seconds, key=lambda name: seconds[name])
    assert f"`{slowest}` (slowest)" in PAGE
    yield from ((f"{seconds[name]:.2f}",) for name in ("sgda", "ada_nsgda", slowest))


def starts():
    found = record("overhead-cpu")["starts"].values()
    yield from ((f"{statistics.median(times):.2f}",) for times in found)


def processor_times():
    problems = record("constrained-cpu")["problems"].values()
    seconds = [case["seconds"] for methods in problems for case in methods.values()]
    for form, digits in (("mm.solve", 2), ("step", 0), ("Cooper", 0)):
        times = [1e6 * one[form] for one in seconds]
        yield (f"{min(times):.{digits}f}–{max(times):,.{digits}f}".replace("1128", "1,128"),)


def start_parts():
    found = record("start-cpu")
    for part in start.PHASES:
        least = [min(each[part] for each in found["parts"][which]) for which in start.CACHES]
        yield tuple(f"{seconds:.1f}" for seconds in least)
    yield tuple(f"{min(found['first_step'][which]):.1f}" for which in start.CACHES)


def start_ratios():
    found = record("start-cpu")
    assert found["config"]["before"].startswith("b51fcc8")
    for which in start.CACHES:
        yield f"{min(found['first_step'][which]) / min(found['before'][which]):.2f}"


def h100_times():
    earlier = record("earlier-h100")["step_milliseconds"]
    for name, single, loop, torch in h100_networks():
        before = earlier.get(name, {})
        cells = [before.get("library"), single, before.get("library in a loop"), loop]
        cells += [torch.get(GRAPH), torch.get(COMPILED)]
        texts = ["–" if one is None else f"{one:.2f}" for one in cells]
        if GRAPH in torch and len(torch) == 1:
            texts[4] += " (b51fcc8)"
        yield tuple(texts)
    half = earlier["resnet 128 bfloat16"]
    yield f"{half['library']:.2f}", "–", f"{half['library in a loop']:.2f}", *["–"] * 3


def machines():
    for name, *_ in tables("Method")[0][2:]:
        yield record(re.findall("`(.*)`", name)[0] + "-cpu")["machine"]


MEASURED = [
    ("`update`", 0, "Measured", update),
    ("`step`", 0, "Measured", step),
    ("`trainer`", 0, "Measured", trainer),
    ("`solve`", 0, "Measured", solve),
    ("`scaling`", 0, "Measured", scaling),
    ("`overhead`", 0, "Measured", overhead),
    ("`start`", 1, "Measured", start_ratios),
    ("`constrained`", 0, "Measured", constrained),
    ("Results on an H100", 1, "Measured", h100_ratios),
    ("Results on an H100", 2, "Measured", h100_handwritten),
    ("Results on an H100", 3, "Measured", h100_trainer),
    ("Results on an H100", 4, "Measured", h100_updates),
    ("Results on an H100", 5, "Measured", h100_solve),
]
"""Tables with verdicts: section, index, column of figures, and function that computes them."""


@pytest.mark.parametrize(("section", "index", "column", "compute"), MEASURED)
def test_figures_and_verdicts_follow_from_the_records(section, index, column, compute):
    head, _, *rows = tables(section)[index]
    for row, expected in zip(rows, compute(), strict=True):
        cells = dict(zip(head, row, strict=True))
        text, verdict = expected if isinstance(expected, tuple) else (expected, None)
        assert cells[column].startswith(text), row
        verdict = verdict or verdict_of(text, cells["Target"])
        assert cells["Met?"].startswith(verdict), row


def verdict_of(measured, target):
    """Returns `yes` or `**no**`, from the first number of a cell and a target such as `≤ 1.1`."""
    ((sign, limit),) = re.findall(r"^([≤≥]?) ?([\d.e-]+)(?: s)?$", target)
    (value,) = re.findall(r"^[\d.]+(?:e-?\d+)?", measured)
    met = {"≤": operator.le, "≥": operator.ge, "": operator.eq}[sign]
    return "yes" if met(float(value), float(limit)) else "**no**"


OTHERS = [
    ("`quality`", 0, methods),
    ("`overhead`", 1, compilations),
    ("`overhead`", 2, starts),
    ("`start`", 0, start_parts),
    ("`constrained`", 1, processor_times),
    ("Results on an H100", 0, h100_times),
]


@pytest.mark.parametrize(("section", "index", "compute"), OTHERS)
def test_tables_without_verdicts_follow_from_the_records(section, index, compute):
    rows, computed = tables(section)[index][2:], [*compute()]
    for row, expected in zip(rows, computed, strict=True):
        assert tuple(row[1 : 1 + len(expected)]) == expected, row


def test_ratios_of_other_implementations_follow_from_the_record():
    rows = tables("`update`")[1][2:]
    assert [*zip(*(row[1:] for row in rows), strict=True)] == [*update_others()]


def test_sentences_about_the_h100_follow_from_the_records():
    section = " ".join(PAGE.partition("## Results on an H100")[2].split())
    networks = {"MLP 256": "mlp 256", "DCGAN 16": "dcgan 16", "DCGAN 64": "dcgan 64"}
    found = {title: milliseconds(h100_case(name)["times"]) for title, name in networks.items()}
    for form in ("eager", "mm.symplectic"):
        mlp, first, second = (f"{times[form]:.2f} ({title})" for title, times in found.items())
        assert f"takes {mlp}, {first} and {second} ms" in section
    trees = record("earlier-h100")["update_ratios_to_optax_adam"]
    earlier = trees["100,000,000 elements, 30 leaves"]
    now = milliseconds(h100_update_rows()["float32"])["optax.adam"]
    before = earlier["milliseconds of optax.adam"]
    assert f"Adam then took {before:.2f} ms instead of {now:.2f} ms" in section
    column = [row[5] for row in tables("Results on an H100")[4][2:]]
    names = ("ada_nsgda", "ada_nsgda bfloat16", "nsgda")
    assert column == [*(f"{earlier[name]:.2f}" for name in names), "–"]


def test_commits_and_loads_are_those_of_the_records():
    for row, about in zip(tables("Method")[0][2:], machines(), strict=True):
        ((commit, changed),) = re.findall("^([0-9a-f]+)([+]?)$", about["commit"])
        assert row[1] == commit[:7] + changed, row
        assert row[2] == "–" or about["versions"]["torch"].startswith(f"{row[2]}."), row
        assert float(row[3]) == pytest.approx(about["load_before"], abs=0.051), row


def test_every_table_with_a_verdict_is_checked():
    heads = len(re.findall(r"^\|.*Met\?", PAGE, re.MULTILINE))
    assert heads == len(MEASURED)


@pytest.mark.parametrize(
    ("measured", "target", "verdict"),
    [
        ("1.04 [1.0, 1.1]", "≤ 1.02", "**no**"),
        ("0.91", "≥ 1.0", "**no**"),
        ("9e-16", "≤ 1e-12", "yes"),
        ("2", "1", "**no**"),
    ],
)
def test_verdict_follows_from_target(measured, target, verdict):
    assert verdict_of(measured, target) == verdict
