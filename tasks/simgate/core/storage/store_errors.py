"""Errors of a store in words: what, actual, expected, remedy. They hold no secret and no page of XML."""

from __future__ import annotations

import errno
import re

from obstore.exceptions import BaseError, PreconditionError

from simgate.core.errors import StoreError

FAILURES = (BaseError, OSError)
"""Errors that a store's client raises (obstore raises FileNotFoundError and FileExistsError for some)."""

_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_NOT_DELETED = re.compile(r"DeleteObjects request failed for key .{1,2000} \(code: (\w{1,60})\)")
_STATUS = re.compile(r"status code: (\d{3})")
_KIND = re.compile(r"kind: (Connect|Timeout|Interrupted|Request|Unknown|Decode)\b")
_CAUSE = re.compile(r'message: "([^"]{1,120})"')
_MESSAGE = re.compile(r"<Message>([^<]{1,200})</Message>")

_INSTANCE_METADATA = "http://169.254.169.254/"
"""The address that the client asks for an account when nobody named one."""
_KEYS = "use another role's keys (SIMGATE_ROLE_KEYS), or make new ones with `simgate store key`"
_SAID: dict[str, tuple[str, str, str]] = {
    # code: (what, expected, remedy)
    "InvalidAccessKeyId": ("the server does not know this access key", "an account of this server", _KEYS),
    "SignatureDoesNotMatch": ("the secret key is wrong", "the one that belongs to the access key", _KEYS),
    "InvalidTokenId": ("the session token is wrong", "none, or a current one", "unset AWS_SESSION_TOKEN"),
    "ExpiredToken": ("the session token has expired", "a current one", "renew it"),
    "AccessDenied": ("this account may not do that", "a role that may", _KEYS),
    "NoSuchBucket": ("the bucket does not exist", "a bucket set up for simgate", "run `simgate store init`"),
    "RequestTimeTooSkewed": ("this machine's clock is wrong", "within 15 minutes of the server's", "set the clock"),
    "XMinioStorageFull": ("the store is full", "room for it", "free or add disk space, then try again"),
    "QuotaExceeded": ("the store is full", "room for it", "raise the quota or free space, then try again"),
    "NoAccount": (
        "there is no account to use",
        "a role's keys, or AWS_*",
        "set SIMGATE_ROLE_KEYS or AWS_ACCESS_KEY_ID",
    ),
    "NoCertificates": (
        "this machine knows no certificate authority",
        "a CA bundle",
        "install ca-certificates, or set SSL_CERT_FILE",
    ),
    "InvalidRange": ("the object is shorter than it said", "an unchanged object", "read it again"),
    "PreconditionFailed": ("the object changed while it was read", "an unchanged object", "read it again"),
}
_BY_STATUS = {403: "AccessDenied", 412: "PreconditionFailed", 416: "InvalidRange", 507: "XMinioStorageFull"}
_PASSING = {"SlowDown", "SlowDownRead", "SlowDownWrite", "InternalError", "ServiceUnavailable", "RequestTimeout"}


def code_of(error: BaseException) -> str:
    """Return the S3 error code, or "" where the server gave none."""
    text = str(error)
    if isinstance(error, PreconditionError):  # a folder has no status
        return "PreconditionFailed"
    if _INSTANCE_METADATA in text:
        return "NoAccount"
    if "No CA certificates were loaded" in text:  # asked for even where the endpoint is plain http
        return "NoCertificates"
    if found := _CODE.search(text) or _NOT_DELETED.search(text):
        return found.group(1)
    status = _STATUS.search(text)
    return _BY_STATUS.get(int(status.group(1)), "") if status else ""


def is_missing(error: BaseException) -> bool:
    """Return whether an object is missing; a missing bucket is another error."""
    return isinstance(error, FileNotFoundError) and code_of(error) != "NoSuchBucket"


def is_passing(error: BaseException) -> bool:
    """Return whether the same request may succeed later: the server was away, slow or ill, or the line was cut."""
    text, code = str(error), code_of(error)
    if code == "NoSuchUpload":  # a cut answer to the end of an upload, or one that was cleared away: send it again
        return True
    if "S3 error" not in text or "BadScheme" in text:
        return False
    if code in _SAID:
        return False
    status = _STATUS.search(text)
    if code in _PASSING or not status:
        return True
    return int(status.group(1)) in (408, 429) or int(status.group(1)) >= 500


def explain(error: BaseException, what: str) -> StoreError:
    """Turn a client's error into ours; `what` is like "cannot read runs/x in s3://bucket"."""
    if said := _SAID.get(code_of(error)):
        return StoreError(f"{what}: {said[0]}", actual=code_of(error), expected=said[1], remedy=said[2])
    if _number(error) in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(error):
        return StoreError(f"{what}: the disk is full", expected="room for it", remedy="free disk space, then try again")
    if is_passing(error):
        return StoreError(
            f"{what}: the server does not answer as it should", actual=_short(error),
            expected="an answer", remedy="see that the server runs and has room, then try again",
        )  # fmt: skip
    return StoreError(f"{what}: {_short(error)}")


def _number(error: BaseException) -> int | None:
    return error.errno if isinstance(error, OSError) else None


def _short(error: BaseException) -> str:
    """Shorten the client's message to one line: status and code, or the kind and cause of a broken connection."""
    text = str(error)
    if status := _STATUS.search(text):
        message = _MESSAGE.search(text)
        parts = (f"status {status.group(1)}", code_of(error), message.group(1) if message else "")
        return " ".join(part for part in parts if part)
    kind, cause = _KIND.search(text), _CAUSE.search(text)
    if kind:
        return f"{kind.group(1).lower()} error" + (f" ({cause.group(1)})" if cause else "")
    return text.partition("\n")[0].strip()[:300]
