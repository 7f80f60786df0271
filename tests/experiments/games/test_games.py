import dataclasses
import functools
import json

import jax
import numpy as np
import optax
import pytest

import minmax_jax as mm
from experiments.games import __main__ as command
from experiments.games import profile, spectra, trajectories_figure
from experiments.games.families import families
from experiments.games.run import run
from experiments.games.suite import GAMES, VARIANTS, Config, center, flat, methods, starts

TINY = Config(
    budget=100,
    rates=2,
    lowest=0.1,
    highest=0.5,
    seeds=2,
    priced_updates=3,
    games=("xy", "local saddle (F2)"),
    methods=("sgda", "extragradient", "greedy_adam"),
)


@pytest.fixture(scope="module")
def result():
    return json.loads(json.dumps(run(TINY), allow_nan=False))


def test_methods_contain_every_optimizer_once():
    factories = list(methods().values())
    assert set(mm.optimizers.values()) == set(factories) - set(VARIANTS.values())
    assert len(factories) == len(set(factories)) == len(mm.optimizers) + len(VARIANTS)


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_variants_differ_from_their_optimizer(name):
    game = mm.games.matrix()
    ends = []
    base = {"reflect": "sgda", "greedy": "greedy_adam"}.get(name.split("(")[0], name.split("(")[0])
    for make in (VARIANTS[name], mm.optimizers[base]):
        solve = functools.partial(mm.solve, make(0.5, projection=game.projection), game.field_fn)
        options = {"payoff_fn": game.payoff_fn, "key": jax.random.key(0)}
        end = jax.jit(lambda z, s=solve: s(z, 3, **options).players)(game.start)  # noqa: B023
        np.testing.assert_allclose(game.projection(end).min, end.min, atol=1e-6)
        ends.append(flat(end))
    assert np.abs(ends[0] - ends[1]).max() > 1e-3


@pytest.mark.parametrize(("power", "rates"), [(0.5, (1, 0.5**0.5, 3**-0.5)), (1, (1, 0.5, 1 / 3))])
def test_decaying_steps_have_the_scheduled_norms(power, rates):
    field_fn, start = GAMES["quadratic"]().field_fn, mm.Players(1.0, 2.0)
    optimizer = VARIANTS[f"nsgda(decay={power})"](0.1, projection=None)
    path = mm.solve(optimizer, field_fn, start, 3, record=lambda k, z, u, s: u).records
    np.testing.assert_allclose(np.abs(path.min), 0.1 * np.array(rates), rtol=1e-5)
    np.testing.assert_allclose(np.abs(path.max), 0.1 * np.array(rates), rtol=1e-5)


def _run_greedy(game, optimizer):
    options = {"payoff_fn": game.payoff_fn, "key": jax.random.key(0)}
    return jax.jit(lambda z: mm.solve(optimizer, game.field_fn, z, 60, **options).players)(
        game.start
    )


def test_greedy_noise_is_the_published_setting_and_solves_f1():
    game = mm.games.keswani("F1")
    expected = mm.greedy(
        optax.chain(optax.set_to_zero(), mm.add_noise(0.5)),
        optax.sgd(0.05),
        max_ascent_steps=50,
        gradient_tolerance=1e-3,
        stochastic=False,
    )
    tx = VARIANTS["greedy(noise)"](0.05, projection=None)
    ends = _run_greedy(game, tx), _run_greedy(game, expected)
    assert flat(ends[0]).tolist() == flat(ends[1]).tolist()
    assert abs(ends[0].min) < 0.1 * abs(game.start.min)


def test_add_runs_missing_methods_and_keeps_the_record(result, tmp_path, monkeypatch):
    ran = []

    def fake(config, with_spectra):
        ran.append((config.methods, with_spectra))
        new = {"hardware": "h", "jax": "j", "seconds": 1}
        return {**new, "methods": {name: result["methods"]["sgda"] for name in config.methods}}

    monkeypatch.setattr(command, "run", fake)
    for module in ("trajectories_figure", "spectra_figure", "profile_figure"):
        monkeypatch.setattr(getattr(command, module), "draw", lambda result, path: None)
    path = tmp_path / "games.json"
    path.write_text(json.dumps(result))
    names = ("extragradient", "reflect(sgda)", "tiada(adam)")
    command.main(dataclasses.replace(TINY, methods=names), add=True, out=tmp_path)
    assert ran == [((name,), False) for name in names[1:]]
    found = json.loads(path.read_text())
    for name in names[1:]:
        assert found["methods"].pop(name) == result["methods"]["sgda"]
    facts = {"hardware": "h", "jax": "j", "seconds": 1}
    assert found.pop("added") == [{"methods": [name], **facts} for name in names[1:]]
    assert found == result
    with pytest.raises(SystemExit):
        command.main(dataclasses.replace(TINY, budget=7), add=True, out=tmp_path)


def test_every_method_of_a_row_of_trajectories_has_a_color():
    record = json.loads((command.OUT / "games.json").read_text(encoding="utf-8"))
    rows = trajectories_figure.rows_of(record)
    assert max(len(names) for _, names in rows) == len(trajectories_figure.COLORS) == 5
    drawn = [name for _, names in rows for name in names]
    assert sorted(drawn) == sorted(record["methods"])


def test_run_solves_xy_with_extragradient_but_not_with_sgda(result):
    sgda, extra = (result["methods"][m]["xy"]["tolerances"][0] for m in ("sgda", "extragradient"))
    assert sgda == {"rate": None, "price": None, "calls": [None, None]}
    assert extra["rate"] == 0.5
    assert extra["price"] == 2
    # Each update multiplies the squared norm by 1 − η² + η⁴, from any start.
    updates = np.ceil(np.log(1e-4) / np.log(1 - 0.5**2 + 0.5**4))
    assert extra["calls"] == [2 * updates] * 2


def test_run_without_solution_records_trajectories_only(result):
    for games in result["methods"].values():
        assert "tolerances" not in games["local saddle (F2)"]
        assert len(games["local saddle (F2)"]["trail"]) > 1
    assert "local saddle (F2)" not in profile.solved_games(result)


def test_spectra_of_linear_games_match_closed_form(result):
    found = {name: game["spectrum"]["eigenvalues"] for name, game in result["games"].items()}
    np.testing.assert_allclose(found["xy"], [[[0, -1], [0, 1]]] * len(found["xy"]), atol=1e-6)
    np.testing.assert_allclose(found["local saddle (F2)"][0], [[2, 0]] * 2, atol=1e-6)


def test_plane_is_none_unless_game_has_two_parameters():
    assert spectra.plane(mm.games.matrix()) is None
    assert spectra.plane(mm.games.dirac_gan())["centre"] == [0, 0]


def test_starts_are_feasible_and_as_far_as_the_game_start():
    for make in GAMES.values():
        game = make()
        points = starts(game, 3)
        middle = flat(center(game))
        distances = np.linalg.norm(np.asarray(jax.vmap(flat)(points)) - middle, axis=1)
        if game.projection is None:
            radius = np.linalg.norm(np.asarray(flat(game.start) - middle))
            np.testing.assert_allclose(distances, radius, rtol=1e-5)
        else:
            feasible = jax.vmap(game.projection)(points)
            for point, like in zip(*map(jax.tree.leaves, (feasible, points)), strict=True):
                np.testing.assert_allclose(point, like, atol=1e-6)


def test_polar_payoff_is_the_loss_of_the_min_player():
    game = GAMES["polar"]()
    np.testing.assert_allclose(
        jax.grad(game.payoff_fn)(game.start).min, game.field_fn(game.start).min, rtol=1e-5
    )


def test_profile_ends_at_solved_share():
    def cells(calls):
        return {"g": {"tolerances": [{"calls": calls}]}}

    found = {
        "games": {"g": {"solved": True}},
        "methods": {"a": cells([10.0, 40.0, None]), "b": cells([20.0, None, None])},
        "config": {"seeds": 3},
    }
    factors = np.array([1.0, 2.0, 1e9])
    shares = {m: profile.share_within(r, factors) for m, r in profile.ratios(found, 0).items()}
    np.testing.assert_allclose(shares["a"], [2 / 3] * 3)
    np.testing.assert_allclose(shares["b"], [0, 1 / 3, 1 / 3])
    assert profile.ranked(found, 0) == ["a", "b"]
    assert "| `b` | ∞ (1/3) | 33% |" in profile.table(found)


def test_families_put_unlisted_methods_among_others():
    assert families({"methods": {"sgda": {}, "new": {}}})["others"] == ["new"]


def test_command_redraws_figures_from_json(tmp_path, result, monkeypatch, capsys):
    monkeypatch.setattr(command, "run", lambda config: result)
    command.main(TINY, out=tmp_path)
    images = sorted(tmp_path.glob("*.png"))
    assert [p.name for p in images] == ["profile.png", "spectra.png", "trajectories.png"]
    for image in images:
        image.unlink()
    monkeypatch.delattr(command, "run")
    command.main(TINY, out=tmp_path, redraw=True)
    assert all(image.stat().st_size > 10_000 for image in images)
    assert "| method | xy | solved |" in capsys.readouterr().out


def test_run_raises_for_unknown_names():
    with pytest.raises(ValueError, match="unknown names"):
        run(Config(games=("chess",)))
