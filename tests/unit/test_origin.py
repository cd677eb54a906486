"""Origin: an error that passed through other people's code is theirs, by distribution and entry point; no other is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simgate.core.errors import InputError, OutsideFault
from simgate.core.runtime import origin
from simgate.core.runtime.origin import Origin, fault_of, remember, their_trace, told_as_theirs

LAMP = Origin("simulator lamp", "lamp of simgate.simulators", "acme 2.0", "acme.lamp")
LENS = Origin("engine target lens", "lens of simgate.engines", "acme 2.0", "acme.lens")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has loaded two rows of one distribution."""
    monkeypatch.setattr(origin, "_KNOWN", {})
    remember(LAMP)
    remember(LENS)


def function_of(module: str, body: str, **names: Any) -> Callable[[], None]:
    """A function as a module of that name would have it."""
    scope: dict[str, Any] = {"__name__": module, **names}
    exec(compile(f"def run():\n    {body}\n", f"/site/{module.replace('.', '/')}.py", "exec"), scope)  # noqa: S102
    found: Callable[[], None] = scope["run"]
    return found


def raised(function: Callable[[], None]) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        function()
    return caught.value


def test_an_error_in_a_row_s_module_names_its_distribution_entry_point_and_place() -> None:
    error = raised(function_of("acme.lamp.bulb", "raise RuntimeError('no current')"))
    fault = fault_of(error)
    assert str(fault) == (
        "simulator lamp of distribution acme 2.0 (entry point lamp of simgate.simulators) failed: "
        "RuntimeError('no current') in acme.lamp.bulb line 2; ask the author of acme"
    )
    assert fault.exit_code == 1


def test_the_one_that_simgate_called_is_named_whatever_it_called_in_turn() -> None:
    inner = function_of("acme.lens", "raise ValueError('no glass')")
    error = raised(function_of("acme.lamp", "inner()", inner=inner))
    assert str(fault_of(error)).startswith("simulator lamp of distribution acme 2.0")
    assert "in acme.lens line 2" in str(fault_of(error))


def test_a_module_that_no_row_names_is_put_to_all_rows_of_its_distribution() -> None:
    said = str(fault_of(raised(function_of("acme.parts", "raise ValueError('no glass')"))))
    assert "simulator lamp of distribution acme 2.0 or engine target lens of distribution acme 2.0" in said


@pytest.mark.parametrize("module", ["simgate.sim.rollout", "acmes.lamp", "builtins"])
def test_an_error_elsewhere_is_nobody_s_but_its_own(module: str) -> None:
    error = raised(function_of(module, "raise RuntimeError('ours')"))
    assert fault_of(error) is None
    with pytest.raises(RuntimeError, match="ours"), told_as_theirs():
        raise error


def test_an_error_that_says_what_is_wrong_passes_through_other_people_s_code_as_it_is() -> None:
    with pytest.raises(InputError, match="no room"), told_as_theirs():
        function_of("acme.lamp", "raise InputError('no room')", InputError=InputError)()


def test_the_trace_begins_where_their_code_does() -> None:
    with pytest.raises(OutsideFault) as caught, told_as_theirs():
        function_of("acme.lamp", "raise RuntimeError('no current')")()
    assert caught.value.__cause__ is not None
    lines = their_trace(caught.value.__cause__).splitlines()
    assert "/site/acme/lamp.py" in lines[0]
    assert lines[-1] == "RuntimeError: no current"
