#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Looks at the manifests of packaging/: see tests/packages/run.sh.

Usage: tests/packages/manifests.py KUBERNETES GITHUB
       tests/packages/manifests.py --node KUBERNETES FEATURES

With --node: what the rule for NFD gives to this machine, whose feature file is
FEATURES, as NAME=VALUE in one line.
"""
import os
import re
import sys

import yaml

# What Intel's device plugin and its rule for NFD know: doc/kubernetes.md.
RESOURCES = {"sgx.intel.com/enclave", "sgx.intel.com/provision", "sgx.intel.com/epc"}
LABEL = "intel.feature.node.kubernetes.io/sgx"
FEATURES = {"kernel.loadedmodule", "local.feature"}


def demand(condition, what):
    if not condition:
        sys.exit("manifests.py: " + what)


def rule(document):
    spec = document["spec"]["rules"]
    labels = {}
    for entry in spec:
        demand(entry["name"] and entry["matchFeatures"], "a rule without a match")
        labels.update(entry.get("labels", {}))
        demand(set(entry.get("extendedResources", {})) <= RESOURCES,
               "resources that nobody asks for")
        for match in entry["matchFeatures"]:
            demand(match["feature"] in FEATURES, "no feature " + match["feature"])
            for expression in match["matchExpressions"].values():
                demand(expression["op"] == "Exists", "an unknown op")
    demand(labels.get(LABEL) == "true", "the plugin's label is not set")


def pod(document):
    spec = document["spec"]
    demand(spec["nodeSelector"] == {LABEL: "true"}, "the pod goes anywhere")
    for container in spec["containers"]:
        demand(container["name"] and container["image"], "a container without image")
        limits = container["resources"]["limits"]
        demand(set(limits) <= RESOURCES and "sgx.intel.com/enclave" in limits,
               "the pod asks for no enclave")


def kubernetes(path):
    kinds = {("nfd.k8s-sigs.io/v1alpha1", "NodeFeatureRule"): rule,
             ("v1", "Pod"): pod}
    with open(path, encoding="utf-8") as file:
        for document in yaml.safe_load_all(file):
            name = document["metadata"]["name"]
            demand(re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name),
                   "no name for an object: " + name)
            kinds.pop((document["apiVersion"], document["kind"]))(document)
    demand(not kinds, "there is no " + ", ".join(k[1] for k in kinds))


def github(path):
    with open(path, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    # "on" is a truth value in YAML 1.1.
    demand(document[True], "nothing starts it")
    for job in document["jobs"].values():
        demand(job["runs-on"] and job["container"] == "debian:12", "no machine")
        demand(all(("run" in step) != ("uses" in step) for step in job["steps"]),
               "a step that runs and uses, or neither")
        demand(any("softsgx run" in step.get("run", "") for step in job["steps"]),
               "softsgx is not run")


def node(path, features):
    """As NFD does it, for what the rule uses: loaded modules, a feature file."""
    have = {"kernel.loadedmodule": {}, "local.feature": {}}
    with open("/proc/modules", encoding="utf-8") as file:
        for line in file:
            have["kernel.loadedmodule"][line.split()[0]] = ""
    if os.path.exists(features):
        with open(features, encoding="utf-8") as file:
            for line in file:
                name, _, value = line.strip().partition("=")
                have["local.feature"][name] = value or "true"
    given = {}
    with open(path, encoding="utf-8") as file:
        rules = next(d for d in yaml.safe_load_all(file)
                     if d["kind"] == "NodeFeatureRule")["spec"]["rules"]
    for entry in rules:
        if not all(name in have[match["feature"]]
                   for match in entry["matchFeatures"]
                   for name in match["matchExpressions"]):
            continue
        given.update(entry.get("labels", {}))
        for name, value in entry.get("extendedResources", {}).items():
            feature = re.fullmatch(r"@(\w+\.\w+)\.([\w-]+)", value)
            given[name] = have[feature[1]][feature[2]] if feature else value
    given.pop("feature.node.kubernetes.io/softsgx", None)
    print(*("%s=%s" % item for item in sorted(given.items())))


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--node":
        node(*sys.argv[2:])
        return
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    kubernetes(sys.argv[1])
    github(sys.argv[2])


main()
