"""What setup.cfg cannot say: the package is four folders, with all folders of modules in them."""

from pathlib import Path

from setuptools import setup

FOLDERS = {
    "treesmc": "src/treesmc",
    **{f"treesmc.{name}": name for name in ("sims", "theory", "figures")},
}


def packages(name: str, folder: str) -> list[str]:
    """Return the names of a package and of those below it that hold modules."""
    root = Path(folder)
    folders = {path.parent.relative_to(root) for path in root.rglob("*.py")}
    return sorted(".".join((name, *inner.parts)) for inner in folders)


setup(
    package_dir=FOLDERS,
    packages=[found for name, folder in FOLDERS.items() for found in packages(name, folder)],
)
