"""Statement: how an attempt's facts become its manifest."""

from __future__ import annotations

from collections.abc import Sequence

from simgate.core.identity.key import KeyParts, LoadedInput
from simgate.core.runtime.attempt import Attempt
from simgate.core.runtime.manifest import (
    BUILD_TYPE,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    BuildDefinition,
    Builder,
    BuildMetadata,
    Dependency,
    DependencyNotes,
    Digest,
    ExternalParameters,
    InternalParameters,
    Manifest,
    Predicate,
    RunDetails,
)


def statement(
    attempt: Attempt, parts: KeyParts, inputs: Sequence[LoadedInput], *, place: str, started_on: str, finished_on: str
) -> Manifest:
    """Return the manifest of an attempt whose outputs are all written."""
    job = attempt.job
    return Manifest(
        type_=STATEMENT_TYPE,
        predicate_type=PREDICATE_TYPE,
        subject=attempt.subjects,
        predicate=Predicate(
            build_definition=BuildDefinition(
                build_type=BUILD_TYPE,
                external_parameters=ExternalParameters(stage=job.stage, spec=job.spec),
                internal_parameters=InternalParameters(
                    run_key=parts.run_key,
                    code_digest=job.code_digest,
                    lock_digest=job.lock_digest,
                    distributions=job.distributions,
                    nonce=job.nonce or "",
                    domain=job.domain,
                ),
                resolved_dependencies=tuple(_dependency(item) for item in inputs),
            ),
            run_details=RunDetails(
                builder=Builder(id=f"urn:simgate:place:{place}"),
                metadata=BuildMetadata(invocation_id=job.run_record, started_on=started_on, finished_on=finished_on),
                byproducts=attempt.byproducts,
            ),
        ),
    )


def _dependency(item: LoadedInput) -> Dependency:
    notes = DependencyNotes(key_part=item.part.part, content_digest=item.content_digest, output=item.part.output)
    return Dependency(name=item.part.name, uri=item.uri, digest=Digest(sha256=item.sha256), annotations=notes)
