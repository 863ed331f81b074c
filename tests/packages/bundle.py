#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
"""Writes the config.json of a container for node.sh.

Usage: bundle.py ROOT UID GID DEVICE DIRECTORY ARGUMENT...

As a container runtime of Kubernetes makes it of a pod without privileges and of
what a device plugin has answered: DEVICE and no other (besides those that every
container has), to be read and written. Its files are those below ROOT, read-only,
and it starts in DIRECTORY. DEVICE may be none.
"""

import json
import os
import sys

root, uid, gid, device, directory = sys.argv[1:6]
devices, allowed = [], [{"allow": False, "access": "rwm"}]
if device != "none":
    stat = os.stat(device)
    numbers = {"type": "c", "major": os.major(stat.st_rdev),
               "minor": os.minor(stat.st_rdev)}
    devices.append(dict(numbers, path=device, fileMode=stat.st_mode & 0o777,
                        uid=stat.st_uid, gid=stat.st_gid))
    allowed.append(dict(numbers, allow=True, access="rw"))
capabilities = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL",
                "CAP_SETGID", "CAP_SETUID", "CAP_NET_BIND_SERVICE"]
if uid != "0":
    capabilities = []
json.dump({
    "ociVersion": "1.0.2",
    "process": {
        "user": {"uid": int(uid), "gid": int(uid), "additionalGids": [int(gid)]},
        "args": sys.argv[6:],
        "env": ["PATH=/usr/bin:/bin"],
        "cwd": directory,
        "capabilities": {kind: capabilities for kind in
                         ("bounding", "effective", "permitted")},
        "noNewPrivileges": True,
    },
    "root": {"path": root, "readonly": True},
    "hostname": "pod",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs",
         "options": ["nosuid", "noexec", "nodev", "ro"]},
    ],
    "linux": {
        "devices": devices,
        "resources": {"devices": allowed},
        "namespaces": [{"type": kind} for kind in
                       ("pid", "mount", "ipc", "uts", "network", "cgroup")],
        "maskedPaths": ["/proc/kcore", "/sys/firmware"],
        "readonlyPaths": ["/proc/sys"],
    },
}, sys.stdout)
