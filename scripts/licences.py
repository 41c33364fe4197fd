"""What the project stands on, with licences: from constraints.txt and the metadata of what is installed."""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("server", "gateway", "embedded", "archive", "demo", "dev")
"""From what every channel installs to what only we do; a package is listed under the first that brings it."""
LONGEST_NAME = 60
SPDX = {
    "Apache": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "ISC License": "ISC",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License 2.0": "Apache-2.0",
    "BSD License": "BSD",
    "BSD 2-Clause": "BSD-2-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield name, version, licence and what brings it: `base` or an extra; sorted by both.

    What another machine needs and this one does not, for its platform, is not in it.
    """
    pinned = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    )
    versions = {canonicalize_name(name): version for name, version in pinned.items()}
    brought: dict[str, str] = {}
    for extra in ("", *EXTRAS):
        for name in closure("onhand", {extra} if extra else set()):
            brought.setdefault(name, extra or "base")
    order = ["base", *EXTRAS]
    for name in sorted(brought.keys() & versions, key=lambda each: (order.index(brought[each]), each)):
        yield name, versions[name], licence(distribution(name)), brought[name]


def closure(name: str, extras: Iterable[str]) -> set[str]:
    """Return the names of all that a distribution with these extras requires."""
    found: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(name), extra) for extra in ("", *extras)]
    while waiting:
        current, extra = waiting.pop()
        if (current, extra) in found:
            continue
        try:
            requirements = distribution(current).requires or []
        except PackageNotFoundError:
            continue
        found.add((current, extra))
        for requirement in map(Requirement, requirements):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                other = canonicalize_name(requirement.name)
                waiting += [(other, each) for each in ("", *requirement.extras)]
    return {each for each, _ in found} - {canonicalize_name(name)}


def licence(found: Distribution) -> str:
    """Say a licence as an SPDX expression where the metadata allow it."""
    metadata = found.metadata
    if expression := metadata.get("License-Expression"):
        return expression
    classified = [
        each.rpartition(" :: ")[2]
        for each in metadata.get_all("Classifier", [])
        if each.startswith("License :: OSI Approved")
    ]
    said = (metadata.get("License") or "").strip()
    if said and "\n" not in said and len(said) < LONGEST_NAME:  # some put the whole text there
        return SPDX.get(said, said)
    named = [SPDX.get(each, each) for each in classified if each != "OSI Approved"]
    return " OR ".join(sorted(set(named))) or _by_text(said) or _by_file(found) or "not said"


def _by_text(text: str) -> str:
    for name, pattern in (
        ("MIT", "Permission is hereby granted, free of charge"),
        ("Apache-2.0", "Apache License"),
    ):
        if re.search(pattern, text):
            return name
    return ""


def _by_file(found: Distribution) -> str:
    for path in found.files or ():
        if path.name.upper().startswith("LICEN"):
            return _by_text(path.read_text())
    return ""
