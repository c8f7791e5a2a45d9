"""The unit that goes along with a quantity is found, and judged on what it was not chosen on."""

import numpy as np
import pytest

from lstm_tutorial.applications.tracking import best_cell


def test_the_unit_that_goes_along_with_a_quantity_is_found():
    rng = np.random.default_rng(0)
    states = [rng.normal(size=(length, 5)) for length in (30, 50)]
    unit, correlation = best_cell(states, [-3 * each[:, 3] + 0.1 * rng.normal(size=len(each)) for each in states])
    assert unit == 3 and correlation < -0.99
    assert best_cell(states, [np.ones(30), np.ones(50)])[1] == 0


def test_what_goes_along_by_chance_does_not_on_the_other_half():
    rng = np.random.default_rng(0)
    states, wanted = [rng.normal(size=(20, 500)) for _ in range(2)], [rng.normal(size=20) for _ in range(2)]
    unit, correlation = best_cell(states, wanted)
    there = np.corrcoef(states[0][:, unit], wanted[0])[0, 1]
    assert abs(there) > 0.6 > 0.5 > abs(correlation)
    assert np.isclose(correlation, np.corrcoef(states[1][:, unit], wanted[1])[0, 1])


def test_one_sequence_is_refused():
    with pytest.raises(ValueError, match="1 sequences; wanted two or more"):
        best_cell([np.ones((3, 2))], [np.ones(3)])
