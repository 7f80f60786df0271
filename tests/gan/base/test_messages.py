import pytest

from minmax_jax.gan.base import messages


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ‖x‖ 数字 été", "plain, ‖x‖ 数字 été"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("two\nlines\r\ttab", r"two\nlines\r\ttab"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("line\u2028separator", r"line\u2028separator"),
        ("file\udcff.png", r"file\udcff.png"),
    ],
)
def test_printable_escapes_what_acts_on_a_terminal(text, shown):
    assert messages.printable(text) == shown


def test_notes_and_lines_are_escaped(capsys):
    messages.print_note("run \x1b[31m\nname")
    messages.print_lines("| a |\n| \x1b[31m |")
    out, err = capsys.readouterr()
    assert err == "run \\x1b[31m\\nname\n" and out == "| a |\n| \\x1b[31m |\n"


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_short_is_one_short_line_for_any_value():
    for value in ("a" * 10**6, 10**10_000, nested(20_000), "\x1b" * 100):
        text = messages.short(value)
        assert 0 < len(text) <= 60 and messages.printable(text) == text
