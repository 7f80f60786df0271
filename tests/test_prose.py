"""Tests of the wording check."""

import pytest

from tests import prose


@pytest.mark.parametrize("number", [".47", "(.47)", "[.5, 1]", "−.3"])
def test_number_without_leading_zero_is_found(number):
    assert [
        finding.line for finding in prose.check_markdown(f"First line.\nIt is {number}.\n")
    ] == [2]


@pytest.mark.parametrize(
    "text",
    ["0.47", "1.5", "v0.1.0", "`.47`", "```\nx = .5\n```", "[a](b/.5)", "samples.png", "![a](.5)"],
)
def test_correct_numbers_code_and_links_pass(text):
    assert not prose.check_markdown(text)


@pytest.mark.parametrize("phrase", prose.PHRASES)
def test_phrase_is_found_across_line_breaks(phrase):
    wrapped = phrase.replace(" ", "\n# ")
    (finding,) = prose.check_python(f'"""A module."""\n# Here {wrapped} it.\n')
    assert finding.line == 2 and prose.PHRASES[phrase] in finding.text
    assert len(prose.check_markdown(f"Here {phrase} it.")) == 1


def test_long_summary_and_long_test_name_are_found():
    name = f"test_{'a' * 56}"
    found = prose.check_python(f'"""{"a" * 80}."""\ndef {name}(): pass\n')
    assert [finding.line for finding in found] == [1, 2]
    assert not prose.check_python(f'"""{"a" * 79}."""\ndef {name[:-1]}(): pass\n')


def test_sentence_that_does_not_end_on_the_first_line_is_found():
    assert prose.check_python('"""A module\n\nwith more."""')


def test_main_reports_file_line_and_remedy(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    prose.subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "page.md").write_text("It takes .46 of the time.\n")
    assert prose.main([]) == 1
    assert capsys.readouterr().out.startswith("page.md:1: '.4': write the leading zero")
    (tmp_path / "page.md").write_text("It takes 0.46 of the time.\n")
    assert prose.main([]) == 0
