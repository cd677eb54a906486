"""Failure: simgate's errors in Airflow's terms: what no retry can mend fails for good, the rest is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from simgate.core.errors import InputError, SimgateError
from simgate.core.runtime.origin import told_as_theirs
from simgate.plan.tries import GivenUp


@contextmanager
def failures_for_airflow() -> Iterator[None]:
    """Make an InputError (a refusal is one) or a GivenUp final, and let any other SimgateError be tried again."""
    try:
        with told_as_theirs():
            yield
    except (InputError, GivenUp) as error:
        raise AirflowFailException(str(error)) from error
    except SimgateError as error:
        raise AirflowException(str(error)) from error
