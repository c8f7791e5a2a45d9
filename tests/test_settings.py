"""Every choice has one declaration, with limits, and text becomes what it should be or is refused in one line."""

import pytest
from pydantic import ValidationError

from lstm_tutorial.settings import Settings, convert, first_problem


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("units", "16", 16), ("learning_rate", "1e-3", 0.001), ("csv", "my.csv", "my.csv"), ("time", None, None)],
)
def test_text_becomes_the_type_that_settings_declares(name, text, value):
    assert convert(name, text, "anything") == value


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [("int", "3", 3), ("list[int]", "1, 2,3", [1, 2, 3]), ("list[float]", "[0.5]", [0.5]), ("bool", "true", True)],
)
def test_a_chapters_own_parameters_follow_their_annotation(annotation, text, value):
    assert convert("its_own", text, annotation) == value


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("units", "abc", "parameter units: 'abc' should be a valid integer"),
        ("units", "2.5", "parameter units: '2.5' should be a valid integer"),
        ("units", 0, "parameter units: 0 should be greater than or equal to 1"),
        ("epochs", -3, "parameter epochs: -3 should be greater than or equal to 1"),
        ("test_fraction", "1", "parameter test_fraction: '1' should be less than 1"),
        ("test_fraction", "0", "parameter test_fraction: '0' should be greater than 0"),
        ("learning_rate", "nan", "parameter learning_rate: 'nan' should be"),
        ("its_own", "x", "parameter its_own: 'x' should be a valid integer"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(name, value, message):
    with pytest.raises(ValueError, match=message) as refused:
        convert(name, value, "int")
    assert "\n" not in str(refused.value)


def test_parts_that_leave_nothing_to_train_on_are_refused():
    with pytest.raises(ValidationError) as refused:
        Settings(validation_fraction=0.5, test_fraction=0.5)
    assert first_problem(refused.value) == (
        "validation_fraction + test_fraction is 1, which leaves nothing to train on; their sum should be less than 1"
    )


def test_settings_are_frozen_and_know_their_names():
    with pytest.raises(ValidationError):
        Settings().units = 3  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Settings(unit=3)  # type: ignore[call-arg]
    assert all(field.description for field in Settings.model_fields.values())
