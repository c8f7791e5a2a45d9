"""Numbers in words keep their digits, small ones and large ones."""

import pytest

from lstm_tutorial.numbers import write_number


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (2.1, 4, "2.100"),
        (0.0123456, 2, "0.012"),
        (20.0, 2, "20"),
        (123.4, 2, "123"),
        (-12345.6, 3, "-12,346"),
        (99.97, 3, "100"),
        (0.0, 3, "0.00"),
        (1234.4, 2, "1,234"),
        (1e-7, 3, "1.00e-07"),
        (float("nan"), 4, "nan"),
        (float("inf"), 4, "inf"),
    ],
)
def test_a_number_is_written_to_its_significant_digits(value, digits, text):
    assert write_number(value, digits) == text
