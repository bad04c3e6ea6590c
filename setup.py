"""What setup.cfg cannot say: every folder of modules below those it maps is part of the package."""

from pathlib import Path

from setuptools import setup
from setuptools.config.setupcfg import read_configuration


def packages(name: str, folder: str) -> set[str]:
    """Return the names of a package and of those below it that hold modules."""
    root = Path(folder)
    return {".".join((name, *path.parent.relative_to(root).parts)) for path in root.rglob("*.py")}


mapped = read_configuration("setup.cfg")["options"]["package_dir"]
setup(packages=sorted(set().union(*(packages(*item) for item in mapped.items()))))
