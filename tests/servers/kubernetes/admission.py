"""Admission: every pod of the test cluster shares the machine's network, for there is no other.

A property of this cluster, not of the project: pods find MinIO on the machine's loopback, and isolation of networks
is not tested here.
"""

from __future__ import annotations

import time

from kubernetes import client

NAME = "host-network"
POLICY = {
    "apiVersion": "admissionregistration.k8s.io/v1beta1",
    "kind": "MutatingAdmissionPolicy",
    "metadata": {"name": NAME},
    "spec": {
        "matchConstraints": {
            # A namespace that forbids the host's network is left alone: admitted or not, its pods reach nothing.
            "namespaceSelector": {
                "matchExpressions": [
                    {"key": "pod-security.kubernetes.io/enforce", "operator": "NotIn", "values": ["restricted"]}
                ]
            },
            "resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
            ],
        },
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [
            {
                "patchType": "ApplyConfiguration",
                "applyConfiguration": {"expression": "Object{spec: Object.spec{hostNetwork: true}}"},
            }
        ],
    },
}
BINDING = {
    "apiVersion": "admissionregistration.k8s.io/v1beta1",
    "kind": "MutatingAdmissionPolicyBinding",
    "metadata": {"name": NAME},
    "spec": {"policyName": NAME},
}


def force_host_network(api: client.ApiClient, within_s: float = 30.0) -> None:
    """Install the policy and wait until it works."""
    rules = client.AdmissionregistrationV1beta1Api(api)
    rules.create_mutating_admission_policy(POLICY)
    rules.create_mutating_admission_policy_binding(BINDING)
    deadline = time.monotonic() + within_s
    while not _forced(client.CoreV1Api(api)):
        if time.monotonic() > deadline:
            raise RuntimeError(f"pods do not get the host's network within {within_s:.0f} s")
        time.sleep(0.1)


def _forced(core: client.CoreV1Api) -> bool:
    pod = {
        "metadata": {"name": "asked"},
        "spec": {"containers": [{"name": "main", "image": "busybox:1.35"}]},
    }
    return bool(core.create_namespaced_pod("default", pod, dry_run="All").spec.host_network)
