"""What lies in deploy/ is what Ray and Kubernetes read, as far as can be said without a cloud."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"
KUBERAY: dict[str, Any] = yaml.safe_load((DEPLOY / "kuberay.yaml").read_text())
LAUNCHER: dict[str, Any] = yaml.safe_load((DEPLOY / "ray-cluster.yaml").read_text())
GROUPS = [KUBERAY["spec"]["headGroupSpec"], *KUBERAY["spec"]["workerGroupSpecs"]]

# KubeRay's API reference, ray.io/v1: what may stand where.
SPEC = {
    "authOptions", "autoscalerOptions", "enableInTreeAutoscaling", "gcsFaultToleranceOptions", "headGroupSpec",
    "headServiceAnnotations", "managedBy", "rayVersion", "suspend", "upgradeStrategy", "workerGroupSpecs",
}  # fmt: skip
HEAD = {"enableIngress", "headService", "labels", "rayStartParams", "resources", "serviceType", "template"}
WORKERS = {
    "groupName", "idleTimeoutSeconds", "labels", "maxReplicas", "minReplicas", "numOfHosts", "rayStartParams",
    "replicas", "resources", "scaleStrategy", "suspend", "template",
}  # fmt: skip


def options_of_ray_start() -> set[str]:
    from ray.scripts.scripts import start

    return {name.removeprefix("--") for each in start.params for name in each.opts if name.startswith("--")}


def test_the_manifest_has_the_shape_of_a_ray_cluster() -> None:
    assert (KUBERAY["apiVersion"], KUBERAY["kind"]) == ("ray.io/v1", "RayCluster")
    spec = KUBERAY["spec"]
    assert set(spec) <= SPEC
    assert set(spec["headGroupSpec"]) <= HEAD
    for group in spec["workerGroupSpecs"]:
        assert set(group) <= WORKERS
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.get("groupName", "head"))
def test_its_pods_are_pods(group: dict[str, Any]) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "any"}, **group["template"]}
    kubernetes_validate.validate(pod, "1.33", strict=True)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.get("groupName", "head"))
def test_its_nodes_are_started_as_ray_can_be(group: dict[str, Any]) -> None:
    parameters = group["rayStartParams"]
    assert set(parameters) <= options_of_ray_start()
    assert all(isinstance(value, str) for value in parameters.values()), "Kubernetes wants strings"
    if "resources" in parameters:
        # KubeRay puts the value into a shell's command line as it is.
        (inside,) = shlex.split(parameters["resources"])
        assert json.loads(inside) == {"prover": 2}


def test_ray_is_the_same_everywhere() -> None:
    ray = KUBERAY["spec"]["rayVersion"]
    images = {each["image"] for group in GROUPS for each in group["template"]["spec"]["containers"]}
    assert images == {f"midtrace-node:{ray}-py311"}
    assert f"FROM rayproject/ray:{ray}-py311\n" in (DEPLOY / "Dockerfile").read_text()
    assert any(f"ray[default]=={ray}" in command for command in LAUNCHER["setup_commands"])


def test_health_checks_are_settings_that_ray_has() -> None:
    """Ray passes over names that it does not know."""
    import ray

    binary = (Path(ray.__file__).parent / "core" / "src" / "ray" / "gcs" / "gcs_server").read_bytes()
    names = {each["name"] for each in GROUPS[0]["template"]["spec"]["containers"][0]["env"]}
    names |= set(re.findall(r"RAY_health\w+", (DEPLOY / "ray-cluster.yaml").read_text()))
    assert len(names) == 4
    for name in names:
        assert name.removeprefix("RAY_").encode() in binary, name


def test_the_launcher_reads_its_configuration() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(LAUNCHER)
    validate_config(prepared)
    known = options_of_ray_start()
    for command in (*LAUNCHER["head_start_ray_commands"], *LAUNCHER["worker_start_ray_commands"]):
        words = shlex.split(command)
        if "start" in words:
            given = {word.removeprefix("--").partition("=")[0] for word in words if word.startswith("--")}
            assert given <= known
