"""Inside: the first process of a cluster's private pid and mount namespaces; it starts the components and reaps.

The network is the host's; everything listens on loopback addresses of the cluster's own. When this process ends, every
component, shim and pod ends with it, and every mount goes with the namespace. No component is started again: that is
what tests of faults want. Run as `python inside.py <state folder>`, standard library only.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

READY_WITHIN_S = 60.0


class Machine:
    """What the components run on."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.given = json.loads((state / "places.json").read_text())
        self.api, self.node = self.given["api_ip"], self.given["node_ip"]
        debian = self.given["debian"]
        os.environ["PATH"] = f"{debian}/usr/bin:{debian}/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin:{debian}/bin"

    def start(self, name: str, *arguments: str, program: str = "") -> None:
        """Start a component; what it prints is in `log/<name>.log`."""
        with (self.state / "log" / f"{name}.log").open("ab") as log:
            subprocess.Popen([name, *arguments], executable=program or None, stdout=log, stderr=log)

    def kube(self, name: str, *arguments: str) -> None:
        """Start a component of Kubernetes: one program, picked by the name it is called by."""
        self.start(name, *arguments, program=self.given["hyperkube"])


def mounts(state: Path) -> None:
    """A /run, /var/log and /var/lib of its own: nothing lands in the machine's."""
    _mount("--make-rshared", "/")  # shared inside, as the kubelet wants it; still a slave of the host
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for folder in ("log", "lib"):
        private = state / f"var-{folder}"
        private.mkdir(exist_ok=True)
        _mount("--bind", str(private), f"/var/{folder}")
    for made in ("/run/etcd", "/var/lib/kubelet", "/var/lib/cni", "/var/log/pods", "/var/log/containers"):
        Path(made).mkdir(parents=True)


def start_all(machine: Machine) -> None:
    """Start every component, each when what it needs answers."""
    _start_etcd(machine)
    machine.start("containerd", "--config", str(machine.state / "containerd.toml"))
    _start_api_server(machine)
    _import_base_images(machine)
    # The controller manager gives up after 10 s without an API server, and a kubelet loses its first events.
    _wait(lambda: _ready(machine), "the API server")
    _start_controllers(machine)
    machine.kube(
        "kubelet", "--config", f"{machine.state}/kubelet.yaml", "--kubeconfig", f"{machine.state}/kubeconfig",
        "--hostname-override", machine.node, "--root-dir", "/var/lib/kubelet", "--cert-dir", "/var/lib/kubelet/pki",
    )  # fmt: skip


def _start_etcd(machine: Machine) -> None:
    clients, peers = f"http://{machine.api}:2379", f"http://{machine.api}:2380"
    machine.start(
        "etcd", "--data-dir", "/run/etcd", "--log-level", "warn", "--listen-client-urls", clients,
        "--advertise-client-urls", clients, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
        "--initial-cluster", f"default={peers}",
    )  # fmt: skip


def _start_api_server(machine: Machine) -> None:
    pki = machine.state / "pki"
    machine.kube(
        "kube-apiserver", "--etcd-servers", f"http://{machine.api}:2379", "--bind-address", machine.api,
        "--secure-port", "443", "--advertise-address", "198.51.100.1", "--endpoint-reconciler-type", "none",
        "--cert-dir", str(pki), "--service-cluster-ip-range", f"{machine.api.rpartition('.')[0]}.0/24",
        "--token-auth-file", str(machine.state / "tokens.csv"), "--authorization-mode", "RBAC",
        "--service-account-issuer", "https://kubernetes.default.svc",
        "--service-account-key-file", f"{pki}/accounts.key",
        "--service-account-signing-key-file", f"{pki}/accounts.key",
        "--allow-privileged=true", "--kubelet-preferred-address-types", "InternalIP", "--profiling=false",
        "--feature-gates=MutatingAdmissionPolicy=true",
        "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
    )  # fmt: skip


def _start_controllers(machine: Machine) -> None:
    config = f"{machine.state}/kubeconfig"
    common = (
        "--kubeconfig", config, "--authentication-kubeconfig", config, "--authorization-kubeconfig", config,
        "--secure-port", "0", "--leader-elect=false", "--profiling=false",
    )  # fmt: skip
    machine.kube(
        "kube-controller-manager", *common, "--root-ca-file", f"{machine.state}/pki/apiserver.crt",
        "--service-account-private-key-file", f"{machine.state}/pki/accounts.key",
        "--node-monitor-grace-period", "20s", "--flex-volume-plugin-dir", "/var/lib/kubelet/volumeplugins",
    )  # fmt: skip
    machine.kube("kube-scheduler", *common)


def _import_base_images(machine: Machine) -> None:
    ctr = ["ctr", "-a", "/run/containerd/containerd.sock", "-n", "k8s.io"]
    _wait(lambda: subprocess.run([*ctr, "version"], capture_output=True).returncode == 0, "containerd")
    with (machine.state / "log" / "import.log").open("ab") as log:
        command = [*ctr, "images", "import", str(machine.state / "base.tar")]
        subprocess.run(command, stdout=log, stderr=log, check=True)


def _ready(machine: Machine) -> bool:
    trusted = ssl.create_default_context(cafile=f"{machine.state}/pki/apiserver.crt")
    try:
        with urllib.request.urlopen(f"https://{machine.api}/readyz", timeout=5, context=trusted) as answer:
            return bool(answer.read() == b"ok")
    except (urllib.error.URLError, OSError):
        return False


def _wait(what: Callable[[], bool], said: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not what():
        if time.monotonic() > deadline:
            raise SystemExit(f"{said} did not answer within {READY_WITHIN_S:.0f} s")
        time.sleep(0.1)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def end_with(pipe: int) -> None:
    """End when the other side of the pipe is closed: whoever started the cluster is gone, however it went."""
    while os.read(pipe, 1):
        pass
    os._exit(0)


def reap() -> None:
    """Wait for every process that ends, forever: the first process of a namespace inherits the orphans."""
    while True:
        try:
            pid, status = os.wait()
            print(f"process {pid} ended with {os.waitstatus_to_exitcode(status)}", flush=True)
        except ChildProcessError:
            time.sleep(1)


def main(state: Path, *, owned: bool) -> None:
    """Be the first process of a cluster."""
    os.umask(0o022)  # containerd makes folders that a layer does not name: in a pod, everybody must enter them
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    if owned:
        threading.Thread(target=end_with, args=(0,), daemon=True).start()
    mounts(state)
    start_all(Machine(state))
    reap()


if __name__ == "__main__":
    main(Path(sys.argv[1]), owned="--owned" in sys.argv)
