"""Policy: per channel, what a candidate's gates must be asked and who may decide; and which people are who."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, ValidationError, model_validator

from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.document import Document
from simgate.core.documents.yaml_text import file_bytes, read_yaml
from simgate.core.errors import InputError
from simgate.release.reference import GATE_FIELDS, UPDATE, Gate, Reference, lacking
from simgate.release.trusted_key import TrustedKey
from simgate.rows.evidence import EVIDENCE_ROLES
from simgate.rows.families import FAMILIES

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


def _is_role(value: str) -> str:
    if value not in EVIDENCE_ROLES:
        raise ValueError(f"no evidence is called {value}; there are {', '.join(EVIDENCE_ROLES)}")
    return value


Role = Annotated[str, AfterValidator(_is_role)]
"""Name of a manifest among a candidate's evidence."""
Right = Literal["approve", "rollback", "waive"]
RIGHTS: tuple[Right, ...] = get_args(Right)


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


def _approvers(channel: dict[str, Any]) -> tuple[str, ...]:
    # Absent where the approvers themselves are wrong: that is the error to show.
    found: tuple[str, ...] = channel.get("approvers", ())
    return found


class ChannelRules(Document):
    """The people with rights in a channel, and how long a candidate waits."""

    approvers: Annotated[tuple[Name, ...], Field(min_length=1)]
    """People who may approve."""
    rollback_by: tuple[Name, ...] = Field(default_factory=_approvers)
    """People who may roll back; the approvers where the file does not say."""
    waive_by: tuple[Name, ...] = Field(default_factory=_approvers)
    """People who may waive a FAIL of the bench; the approvers where the file does not say."""
    candidate_ttl_h: Annotated[float, Field(gt=0)] = 72.0
    """A candidate lapses after this."""
    allow_automatic: bool = False
    """Whether an automatic responder's answer counts."""
    signed: bool = False
    """Whether the candidate, its gates' manifests and the model's whole ledger must be signed by the policy's keys."""

    @property
    def waive_second(self) -> bool:
        """Whether a waiver needs a second person: where releases are signed, nobody excuses a FAIL alone."""
        return self.signed

    def by_right(self, right: Right) -> tuple[Name, ...]:
        """Return names that the channel gives a right to."""
        return {"approve": self.approvers, "rollback": self.rollback_by, "waive": self.waive_by}[right]

    @property
    def candidate_ttl(self) -> timedelta:
        """The longest time that a candidate may wait for its answer."""
        return timedelta(hours=self.candidate_ttl_h)


class Channel(ChannelRules):
    """The demands of a channel."""

    gates: Annotated[tuple[Gate, ...], Field(min_length=1)]
    """Stages whose verdict must be PASS."""
    reference: Reference
    """The least spec of each of those gates and of the dataset: a candidate that was asked less in any field is
    refused.
    """
    benches: Annotated[tuple[Literal["emulated", "device"], ...], Field(min_length=1)]
    """Kinds of HIL bench that count."""
    not_worse_than_live: NotWorseThanLive = NotWorseThanLive()
    max_evidence_age_h: Annotated[float, Field(gt=0)] = 168.0
    """A bench run older than this at approval does not count; the age of pure stages does not matter."""
    max_aborted_observations: Annotated[int, Field(ge=0)] = 0
    """Bench runs of the same engine that may have begun and never ended."""

    @model_validator(mode="after")
    def _a_reference_for_each_gate(self) -> Self:
        if set(self.gates) != set(self.reference.gates):
            raise ValueError(f"gates are {', '.join(self.gates)}, the reference has {', '.join(self.reference.gates)}")
        judged = self.reference.evaluate
        if judged is not None and self.reference.hil is not None and not FAMILIES.find(judged.family).commands:
            raise ValueError(f"hil is a gate, and a {judged.family} commands nothing that a bench could replay")
        if self.reference.hil is not None and self.reference.hil.bench not in self.benches:
            raise ValueError(f"the reference's bench is {self.reference.hil.bench}, benches are {self.benches}")
        return self


class Rules(Document):
    """People and their rights: the part of a policy by which decisions of any time are judged."""

    people: tuple[Person, ...]
    channels: Mapping[Name, ChannelRules]

    def by_email(self, email: str) -> Person | None:
        """Find the person who commits under that e-mail."""
        return next((person for person in self.people if email in person.emails), None)

    def by_airflow_id(self, airflow_id: str) -> Person | None:
        """Find the person who has that Airflow account."""
        return next((person for person in self.people if airflow_id in person.airflow_ids), None)

    def who(self, identity: str) -> Person | None:
        """Find the person behind a commit e-mail or an Airflow id."""
        return self.by_email(identity) or self.by_airflow_id(identity)

    def person(self, identity: str) -> Person | None:
        """Find the person behind a name, a commit e-mail or an Airflow id; no two people share one of these."""
        return next((person for person in self.people if person.name == identity), None) or self.who(identity)

    def holders(self, channel: str, right: Right) -> tuple[Person, ...]:
        """Return the people who have a right in a channel; a program has none where automatic answers do not count."""
        rules = self.channels[channel]
        named = (person for person in self.people if person.name in rules.by_right(right))
        return tuple(person for person in named if rules.allow_automatic or not person.automatic)


class Policy(Rules):
    """`policy.yaml` of a project."""

    version: Literal[2] = 2
    channels: dict[Name, Channel]
    keys: Annotated[tuple[TrustedKey, ...], Field(max_length=1000)] = ()
    """Public keys whose signatures count. A pull request's gates have keys of their own, which stay out of here."""

    @model_validator(mode="after")
    def _a_key_has_one_role(self) -> Self:
        ids = [key.id for key in self.keys]
        if len(set(ids)) != len(ids):
            raise ValueError("a key is named twice: each has one role")
        return self

    @model_validator(mode="after")
    def _approvers_are_people(self) -> Self:
        names = [person.name for person in self.people]
        for right in RIGHTS:
            unknown = {name for channel in self.channels.values() for name in channel.by_right(right)} - set(names)
            if unknown:
                raise ValueError(f"{sorted(unknown)} may {right} and are not among people")
        for kind in ("emails", "airflow_ids"):
            ids = [item for person in self.people for item in getattr(person, kind)]
            if len(set(ids)) != len(ids) or len(set(names)) != len(names):
                raise ValueError(f"two people share a name or one of their {kind}")
        owners = [
            (item, person.name) for person in self.people for item in {person.name, *person.emails, *person.airflow_ids}
        ]
        if len({item for item, _ in owners}) != len(owners):
            raise ValueError("one person's name, e-mail or Airflow id is another's")
        return self

    @classmethod
    def from_value(cls, value: Any, *, what: str) -> Self:
        """Validate an untrusted value; a reference that leaves a field to a default is an error that names it."""
        if isinstance(value, dict) and isinstance(value.get("channels"), dict):
            for name, channel in value["channels"].items():
                _check_whole(name, channel, what)
        try:
            return super().from_value(value, what=what)
        except InputError as error:
            raise _plainly(error, what) from error.__cause__

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read a policy file; the error names the field."""
        try:
            data = file_bytes(path)
        except OSError as error:
            raise InputError(
                f"cannot read policy {path}: {error.strerror}", remedy="--policy or SIMGATE_POLICY names a project's"
            ) from error
        value = read_yaml(data, what=f"policy {path}")
        if isinstance(value, dict):  # `x-…` holds what YAML anchors share, as in compose files
            value = {name: item for name, item in value.items() if not str(name).startswith("x-")}
        return cls.from_value(value, what=f"policy {path.name}")

    @property
    def sha256(self) -> str:
        """Digest of the policy's meaning, not of its spelling."""
        return sha256_hex(self.to_json())

    def channel(self, name: str) -> Channel:
        """Return the demands of one channel; InputError for a channel that the policy lacks."""
        if name not in self.channels:
            raise InputError("no such channel in the policy", actual=name, expected=" | ".join(sorted(self.channels)))
        return self.channels[name]


def _plainly(error: InputError, what: str) -> InputError:
    """Shorten a validator's error to its sentence and the field, without the whole value."""
    cause = error.__cause__
    first = cause.errors(include_url=False)[0] if isinstance(cause, ValidationError) else None
    if first is None or first["type"] != "value_error":
        return error
    field = ".".join(str(part) for part in first["loc"])
    said = first["msg"].removeprefix("Value error, ")
    return InputError(f"{what}: field {field}: {said}" if field else f"{what}: {said}")


def _check_whole(channel: str, value: Any, what: str) -> None:
    if not isinstance(value, dict):
        return
    if "demands" in value:
        raise InputError(f"{what}: channel {channel} has demands", expected="a reference", remedy=UPDATE)
    if not isinstance(value.get("reference"), dict):
        raise InputError(f"{what}: channel {channel} has no reference", remedy=UPDATE)
    missing = [name for name in lacking(Reference, value["reference"]) if name not in GATE_FIELDS]
    if missing:
        raise InputError(f"{what}: the reference of channel {channel} lacks {', '.join(missing)}", remedy=UPDATE)
