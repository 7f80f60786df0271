"""Texts of schedules, and their checks against other values of a run."""

import json

import optax
import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import presets, schedule_text, schedules
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.config.preset_registry import PRESETS, Preset
from minmax_jax.gan.config.schedule_text import Length


def with_schedule(**fields):
    return presets.preset("digits", **fields)


def test_parse_reads_every_part_of_a_schedule():
    found = schedule_text.parse("penalty", "cosine:0.1x:20Mimg:warmup=1.5k:hold=64img")
    assert found == schedule_text.ScheduleText(
        "cosine", 0.1, True, Length(2e7, True), Length(1500.0, False), Length(64.0, True)
    )
    assert found.length.in_updates(512) == 39062.5
    assert schedule_text.parse("ema", "linear:5M")[:4] == ("linear", 5e6, False, None)
    assert schedule_text.parse("b2", "constant:warmup=1e2").warmup == Length(100.0, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "shape='' is not known; choose from constant, cosine, linear"),
        ("cosin:0", "did you mean cosine"),
        ("cosine", "b2 must have the form SHAPE"),
        ("step:0.5", "must have the form SHAPE"),
        ("constant:0.5", "must have the form SHAPE"),
        ("linear:0:1k:2k", "must have the form SHAPE"),
        ("linear:zero", "got 'linear:zero'"),
        ("linear:0:-5", "must have the form SHAPE"),
        ("linear:0:5imgs", "must have the form SHAPE"),
        ("linear:1e999", "must have the form SHAPE"),
        ("linear:0:warm=5", "must have the form SHAPE"),
        ("linear:0:warmup=5:warmup=6", "must have the form SHAPE"),
        ("linear:1.5", r"END of b2 must be in \[0, 1\), got 1.5"),
        ("linear:2x", r"END of b2 must be in \[0, 1\), got 1.998"),
        ("linear:0.5:100:warmup=60:hold=40", "LENGTH of b2 must be greater than .* 100 updates"),
        (3, "'b2' must be a text of the form"),
        (lambda: 0.5, "function of b2 must return a number"),
        (lambda step: "0.5", "function of b2 must return a number"),
        (lambda step: [0.5], "function of b2 must return a number"),
    ],
)
def test_invalid_schedules_are_named_with_a_remedy(text, message):
    with pytest.raises(ConfigError, match=message) as error:
        with_schedule(schedule={"b2": text}).check()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schedule": {"beta2": "linear:0"}}, "schedule='beta2' is not known; did you mean b2"),
        ({"schedule": {"b2": "linear:0"}, "optimizer": "sgda"}, "'b2' is not known"),
        ({"schedule": {"augment": "linear:2"}}, r"END of augment must be in \[0, 1\], got 2"),
        ({"schedule": {"penalty": "linear:-1"}}, "END of penalty must be at least 0, got -1"),
        (
            {"schedule": {"scope": "linear:1"}, "optimizer": "nsgda"},
            "scope of nsgda is not a number, but 'layer'. Set options scope=NUMBER",
        ),
        ({"schedule": [1]}, r"schedule must be a mapping, got \[1\]"),
        ({"update_order": "simultaneous", "max_steps": 2}, "max_steps must be 1 with"),
        ({"update_order": "first"}, "did you mean generator-first"),
        ({"penalty_step": "separate", "max_steps": 2}, "penalty must be positive with"),
        ({"penalty_step": "separate", "penalty": 1.0}, "update_order must be discriminator-first"),
        ({"ema_half_life": -1.0}, "ema_half_life must be at least 0"),
    ],
)
def test_schedules_are_checked_against_the_run(fields, message):
    with pytest.raises(ConfigError, match=message) as error:
        Config().replace(**fields).check()
    assert "\n" not in str(error.value)


def test_command_line_words_are_schedules_by_name():
    read = schedules.parse_schedules(["b2=cosine:0.99:1k", "ema=constant:warmup=3"])
    assert read == {"b2": "cosine:0.99:1k", "ema": "constant:warmup=3"}
    assert schedules.format_schedules(read) == ["b2=cosine:0.99:1k", "ema=constant:warmup=3"]
    with pytest.raises(ConfigError, match="schedule must have the form KEY=SHAPE"):
        schedules.parse_schedules(["cosine:0.99"])


def test_learning_rate_stands_for_both_unless_one_is_given():
    values = {"learning_rate": "linear:0", "learning_rate_max": "constant"}
    found = dict(schedules.schedules_of(with_schedule(schedule=values)))
    assert found == {"learning_rate_min": "linear:0", "learning_rate_max": "constant"}


def test_preset_schedules_go_to_optimizers_that_have_the_option(monkeypatch):
    own = {"schedule": {"b2": "linear:0.9", "penalty": "linear:0"}}
    monkeypatch.setitem(PRESETS._registered, "own", Preset(own))
    assert presets.preset("own", optimizer="sgda").schedules.values == {"penalty": "linear:0"}
    changed = presets.preset("own", schedule={"penalty": "constant", "ema": "linear:5k"})
    expected = {"b2": "linear:0.9", "penalty": "constant", "ema": "linear:5k"}
    assert changed.check().schedules.values == expected


def test_changes_name_schedules_that_end_with_the_run():
    old = with_schedule(schedule={"learning_rate_min": "linear:0:warmup=5", "b2": "linear:0.9:50"})
    same = old.replace(
        schedule={"b2": "linear:0.9:50", "learning_rate_min": "linear:0:8000:warmup=5"}
    )
    assert schedules.schedule_changes(old, same.replace(steps=9000)) == []
    changes = schedules.schedule_changes(old, old.replace(steps=9000))
    expected = "schedule of learning_rate_min: linear:0:8000:warmup=5 -> linear:0:9000:warmup=5"
    assert changes == [expected]


def test_python_schedules_are_recorded_by_their_values():
    config = with_schedule(schedule={"penalty": optax.linear_schedule(4.0, 0.0, 200)}).check()
    text = config.to_json()["schedules"]["values"]["penalty"]
    assert text.startswith("python: 4 at 0, 3.8 at 10, 2 at 100, 0 at 1000")
    read = Config.from_json(json.loads(json.dumps(config.to_json())))
    assert schedules.schedule_changes(read, config) == []
    other = config.replace(schedule={"penalty": optax.linear_schedule(4.0, 0.0, 100)})
    assert len(schedules.schedule_changes(read, other)) == 1
