"""Policies: `policies/<sha256>.json`, every policy under which something was decided, by the digest of its bytes."""

from __future__ import annotations

from pydantic import ConfigDict

from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import DigestMismatch
from simgate.core.storage.store import Store
from simgate.release.policy import ChannelRules, Name, Policy, Rules


def keep_policy(store: Store, policy: Policy) -> str:
    """Keep a policy before something is decided under it; its digest."""
    store.create(policy_key(policy.sha256), policy.to_json())
    return policy.sha256


def read_policy(store: Store, sha256: str) -> Policy:
    """Return the policy of that digest; InputError where it is of another version of simgate."""
    return Policy.from_json(_bytes(store, sha256), what=f"policy {sha256[:12]}")


def read_rules(store: Store, sha256: str) -> Rules:
    """Read the people and rights of the policy with that digest; fields that this version does not know are skipped."""
    return PastRules.from_json(_bytes(store, sha256), what=f"policy {sha256[:12]}")


class PastChannel(ChannelRules):
    """A channel's rights; its demands are not read, since another version may have written them."""

    model_config = ConfigDict(extra="ignore")


class PastRules(Rules):
    """A policy's people and rights."""

    model_config = ConfigDict(extra="ignore")

    channels: dict[Name, PastChannel]


def _bytes(store: Store, sha256: str) -> bytes:
    data = store.get(policy_key(sha256))
    if (found := sha256_hex(data)) != sha256:
        raise DigestMismatch(
            f"the kept policy {policy_key(sha256)} is damaged", actual=f"sha256 {found}", expected=f"sha256 {sha256}",
            remedy="restore it: `simgate store recover` or a backup",
        )  # fmt: skip
    return data


def policy_key(sha256: str) -> str:
    """Return the key of a policy in the store."""
    return f"policies/{sha256}.json"
