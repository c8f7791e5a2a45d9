"""Chapters are found, and their parameters read, without running them."""

import pytest

from lstm_tutorial.reruns.chapters import RequestError, find_chapter, find_chapters, read_parameters


def test_the_books_chapters_are_found_by_name():
    chapters = find_chapters()
    assert "workflow/keras" in chapters
    assert chapters["workflow/keras"].parameters["units"].default == 50
    assert all(chapter.title and chapter.parameters for chapter in chapters.values())


def test_parameters_are_read_with_type_default_and_help():
    found = read_parameters(
        'a: int = 5  # how many\nb: str | None = None\nc: list[float] = [1, 2.5]  # x # y\nd = 3\ne: str = "#"  # mark'
    )
    assert list(found) == ["a", "b", "c", "e"]
    assert (found["a"].annotation, found["a"].default, found["a"].help) == ("int", 5, "how many")
    assert (found["b"].annotation, found["b"].default, found["b"].help) == ("str | None", None, "")
    assert (found["c"].default, found["e"].default, found["e"].help) == ([1, 2.5], "#", "mark")


def test_given_values_become_what_the_parameters_want(stub):
    chapter = find_chapter(str(stub))
    assert chapter.title == "A stub"
    assert chapter.convert({"timesteps": "12", "sizes": "3,4", "fail": "true", "csv": "x.csv"}) == {
        "timesteps": 12,
        "sizes": [3, 4],
        "fail": True,
        "csv": "x.csv",
    }
    assert chapter.defaults["sizes"] == [1, 2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"timestep": "12"}, "stub has no parameter 'timestep'; did you mean 'timesteps'?"),
        ({"zzz": "12"}, "stub has no parameter 'zzz'; there are csv, time, target"),
        ({"timesteps": "many"}, "parameter timesteps: 'many' should be a valid integer"),
        ({"timesteps": "0"}, "parameter timesteps: '0' should be greater than or equal to 1"),
        ({"sizes": "1,x"}, "parameter sizes: 'x' should be a valid integer"),
    ],
)
def test_names_and_values_that_do_not_fit_are_refused(stub, given, message):
    with pytest.raises(RequestError) as refused:
        find_chapter(str(stub)).convert(given)
    assert str(refused.value).startswith(message)


def test_unknown_chapters_are_refused_with_the_nearest(tmp_path):
    with pytest.raises(RequestError, match="no chapter 'workflow/kers'; did you mean 'workflow/keras'"):
        find_chapter("workflow/kers")
    with pytest.raises(RequestError, match="no such notebook"):
        find_chapter(str(tmp_path / "none.ipynb"))
    (tmp_path / "text.ipynb").write_text("no json")
    with pytest.raises(RequestError, match="not a notebook"):
        find_chapter(str(tmp_path / "text.ipynb"))
    (tmp_path / "empty.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    with pytest.raises(RequestError, match="no cell is tagged 'parameters'"):
        find_chapter(str(tmp_path / "empty.ipynb"))
