"""Policy: per channel, which evidence a candidate needs and who may approve it; and which people are who."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from simgate.core.canonical import sha256_hex
from simgate.core.document import Document
from simgate.core.errors import InputError
from simgate.release.trusted_key import TrustedKey

MAX_POLICY_BYTES = 1_000_000
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Role = Literal["validate", "train", "evaluate", "evaluate_live", "export", "hil"]


class Person(Document):
    """One human being (or the demo's responder), under every name that systems know."""

    name: Name
    emails: tuple[str, ...]
    """Commit e-mails."""
    airflow_ids: tuple[str, ...]
    """Ids of Airflow users: user names with SimpleAuthManager, numbers as text with FAB."""
    automatic: bool = False
    """True for a responder that is a program."""


class NotWorseThanLive(Document):
    """Paired comparison of closed-loop success with the live model's."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """Significance level of the one-sided exact McNemar test."""


class Demand(Document):
    """A bound on what a gate was asked: whoever starts a run may ask more of a candidate, never less."""

    stage: Literal["validate", "evaluate", "export", "hil"]
    field: Annotated[str, Field(min_length=1, max_length=200)]
    """Dotted name in the stage's spec, e.g. `limits.speed_m_s`."""
    at_least: float | None = None
    at_most: float | None = None

    def problem(self, spec: Mapping[str, Any]) -> str:
        """How a spec falls short; empty where it does not."""
        value: Any = spec
        for name in self.field.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            return f"{self.field} is {value!r}, not a number"
        if self.at_least is not None and not value >= self.at_least:
            return f"{self.field} is {value}, the channel wants at least {self.at_least}"
        if self.at_most is not None and not value <= self.at_most:
            return f"{self.field} is {value}, the channel wants at most {self.at_most}"
        return ""


class Channel(Document):
    """What a channel demands."""

    gates: Annotated[tuple[Literal["validate", "evaluate", "export", "hil"], ...], Field(min_length=1)]
    """Stages whose verdict must be PASS."""
    benches: Annotated[tuple[Literal["emulated", "device"], ...], Field(min_length=1)]
    """Kinds of HIL bench that count."""
    approvers: Annotated[tuple[Name, ...], Field(min_length=1)]
    """People who may approve."""
    demands: tuple[Demand, ...] = ()
    """Bounds on the specs of those gates."""
    rollback_by: tuple[Name, ...] = ()
    """People who may roll back; none named: the approvers."""
    waive_by: tuple[Name, ...] = ()
    """People who may waive a FAIL; none named: the approvers. A signed channel wants two of them for each waiver."""
    not_worse_than_live: NotWorseThanLive = NotWorseThanLive()
    max_evidence_age_h: Annotated[float, Field(gt=0)] = 168.0
    """Evidence older than this at approval does not count; a dataset's own age does not matter."""
    candidate_ttl_h: Annotated[float, Field(gt=0)] = 72.0
    """A candidate lapses after this."""
    allow_automatic: bool = False
    """Whether an automatic responder's answer counts."""
    max_aborted_observations: Annotated[int, Field(ge=0)] = 0
    """Bench runs of the same engine that may have begun and never ended."""
    signed: bool = False
    """Whether the candidate, its gates' manifests and the model's whole ledger must be signed by the policy's keys."""

    @property
    def candidate_ttl(self) -> timedelta:
        """How long a candidate may wait."""
        return timedelta(hours=self.candidate_ttl_h)


class Policy(Document):
    """`release/policy.yaml`."""

    version: Literal[1] = 1
    people: tuple[Person, ...]
    channels: dict[Name, Channel]
    keys: Annotated[tuple[TrustedKey, ...], Field(max_length=1000)] = ()
    """Whose signatures count. A pull request's gates have keys of their own, which stay out of here."""

    @model_validator(mode="after")
    def _a_key_has_one_role(self) -> Self:
        ids = [key.id for key in self.keys]
        if len(set(ids)) != len(ids):
            raise ValueError("a key is named twice: each has one role")
        return self

    @model_validator(mode="after")
    def _approvers_are_people(self) -> Self:
        names = [person.name for person in self.people]
        unknown = {name for channel in self.channels.values() for name in channel.approvers} - set(names)
        if unknown:
            raise ValueError(f"approvers {sorted(unknown)} are not among people")
        for kind in ("emails", "airflow_ids"):
            ids = [item for person in self.people for item in getattr(person, kind)]
            if len(set(ids)) != len(ids) or len(set(names)) != len(names):
                raise ValueError(f"two people share a name or one of their {kind}")
        owners = [(item, person.name) for person in self.people for item in {*person.emails, *person.airflow_ids}]
        if len({item for item, _ in owners}) != len(owners):
            raise ValueError("one person's e-mail is another's Airflow id")
        return self

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read a policy file; the error names the field."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"cannot read policy {path}: {error.strerror}") from error
        if len(data) > MAX_POLICY_BYTES:
            raise InputError(
                f"policy {path} is too large", actual=len(data), expected=f"at most {MAX_POLICY_BYTES} bytes"
            )
        try:
            value = yaml.safe_load(data)
        except yaml.YAMLError as error:
            raise InputError(f"policy {path} is not YAML: {error}") from error
        value = _dates_as_text(value, path)
        if isinstance(value, dict):  # `x-…` holds what YAML anchors share, as in compose files
            value = {name: item for name, item in value.items() if not str(name).startswith("x-")}
        return cls.from_value(value, what=f"policy {path.name}")

    @property
    def sha256(self) -> str:
        """Digest of the policy's meaning, not of its spelling."""
        return sha256_hex(self.to_json())

    def channel(self, name: str) -> Channel:
        """One channel's demands."""
        if name not in self.channels:
            raise InputError("no such channel in the policy", actual=name, expected=" | ".join(sorted(self.channels)))
        return self.channels[name]

    def by_email(self, email: str) -> Person | None:
        """Who commits under that e-mail."""
        return next((person for person in self.people if email in person.emails), None)

    def by_airflow_id(self, airflow_id: str) -> Person | None:
        """Who has that Airflow account."""
        return next((person for person in self.people if airflow_id in person.airflow_ids), None)

    def person(self, identity: str) -> Person | None:
        """Who is meant by a name of this policy, a commit e-mail or an Airflow id."""
        return next((person for person in self.people if person.name == identity), None) or self.who(identity)

    def who(self, identity: str) -> Person | None:
        """Who is meant by a commit e-mail or an Airflow id."""
        return self.by_email(identity) or self.by_airflow_id(identity)


def _dates_as_text(value: Any, path: Path) -> Any:
    """YAML reads a bare date as a date; documents have text, which pydantic reads."""
    try:
        return json.loads(json.dumps(value, default=lambda item: item.isoformat()))
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"policy {path} holds what JSON does not: {error}") from error
