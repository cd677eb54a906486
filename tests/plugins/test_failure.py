"""Failures in Airflow's terms: what no retry can mend is final; an error of other people's code is theirs."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from simgate.core.errors import InputError, SimgateError
from simgate.core.runtime import origin
from simgate.core.runtime.origin import Origin
from simgate_airflow.failure import failures_for_airflow


def raised(error: Exception) -> BaseException:
    with pytest.raises(Exception) as caught, failures_for_airflow():  # noqa: PT011
        raise error
    return caught.value


def test_a_wrong_input_is_final_and_any_other_error_of_ours_is_tried_again() -> None:
    assert type(raised(InputError("no such scene"))) is AirflowFailException
    assert type(raised(SimgateError("the store is away"))) is AirflowException
    assert type(raised(ValueError("a fault of ours"))) is ValueError


def test_an_error_of_other_people_s_code_names_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    lamp = Origin("simulator lamp", "lamp of simgate.simulators", "acme 2.0", __name__)
    monkeypatch.setattr(origin, "_KNOWN", {__name__: lamp})
    error = raised(ValueError("no current"))
    assert type(error) is AirflowException
    assert str(error).startswith("simulator lamp of distribution acme 2.0 (entry point lamp of simgate.simulators)")
