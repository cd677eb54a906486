"""Configuration: the files that the components of one cluster read."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import secrets
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.servers.kubernetes.base_image import PAUSE, TAG
from tests.servers.kubernetes.places import Places

VALIDITY = datetime.timedelta(days=30)
SERVICE_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
UNUSED_PLUGINS = ("btrfs", "zfs", "devmapper", "aufs")


def write_configuration(places: Places) -> None:
    """Write all of it; private keys and tokens are readable by their owner alone."""
    for folder in ("pki", "cni", "log", "containerd", "registries/_default"):
        (places.state / folder).mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(16)
    _private(places.state / "tokens.csv", f"{token},admin,admin,system:masters\n".encode())
    authority = _write_keys(places)
    _private(places.kubeconfig, yaml.safe_dump(_kubeconfig(places, token, authority)).encode())
    (places.state / "containerd.toml").write_text(_containerd(places))
    (places.state / "registries/_default/hosts.toml").write_text(_registry(places))
    (places.state / "cni/10-none.conflist").write_text(_cni())
    (places.state / "kubelet.yaml").write_text(yaml.safe_dump(_kubelet(places)))


def _write_keys(places: Places) -> bytes:
    """The API server's own certificate is the only authority there is; returned in PEM."""
    pki = places.state / "pki"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"simgate-test-{places.name}"[:64])])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.IPAddress(ipaddress.ip_address(places.api_ip)), *(x509.DNSName(host) for host in SERVICE_NAMES)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (pki / "apiserver.crt").write_bytes(pem)
    _private(pki / "apiserver.key", _pem(key))
    _private(pki / "accounts.key", _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    return pem


def _usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_encipherment=True, key_cert_sign=True, content_commitment=False,
        data_encipherment=False, key_agreement=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _private(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)


def _kubeconfig(places: Places, token: str, authority: bytes) -> dict[str, object]:
    cluster = {
        "server": f"https://{places.api_ip}:443",
        "certificate-authority-data": base64.b64encode(authority).decode(),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin", "namespace": "default"}}],
        "current-context": "test",
    }


def _containerd(places: Places) -> str:
    state = places.state
    unused = ", ".join(f'"io.containerd.snapshotter.v1.{name}"' for name in UNUSED_PLUGINS)
    return f"""version = 2
root = "{state}/containerd"
state = "/run/containerd"
disabled_plugins = [{unused}]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{state}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}:{TAG}"
  stream_server_address = "127.0.0.1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{state}/registries"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{state}/cni"
    conf_dir = "{state}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "{places.debian}/usr/sbin/runc"
      SystemdCgroup = false
"""


def _registry(places: Places) -> str:
    # Nothing listens there: a pull of an image that was not imported fails at once and never leaves the machine.
    return f'server = "http://{places.api_ip}:1"\n'


def _cni() -> str:
    # containerd is not ready without a network. No pod ever asks for it: each is given the host's (admission.py).
    return json.dumps({"cniVersion": "0.4.0", "name": "none", "plugins": [{"type": "none"}]})


def _kubelet(places: Places) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": places.node_ip,
        "port": 10250,
        "healthzPort": 0,
        "readOnlyPort": 0,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{places.cgroup}",
        "failCgroupV1": False,
        "enforceNodeAllocatable": [],
        "oomScoreAdj": 0,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "resolvConf": "",
        "clusterDNS": [places.api_ip],
        "evictionHard": {
            "memory.available": "50Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "volumePluginDir": "/var/lib/kubelet/volumeplugins",
        "nodeStatusUpdateFrequency": "5s",
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
    }
