"""Which code made a result: a hash of a source file and of all that it imports from this package.

Numba's disk cache and the stored results of experiments are keyed by it. Following the imports,
and not hashing the whole package, lets an edit invalidate just what it can have changed.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]  # holds sims, theory and figures, installed or not
PACKAGE = __name__.partition(".")[0]

_FROM = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+(?:\(([^)]*)\)|(.*))", re.MULTILINE)
_IMPORT = re.compile(r"^\s*import\s+(.*)", re.MULTILINE)


@cache
def source_hash(source: Path) -> str:
    """Return a hash (16 hexadecimal digits) of a file and of what it imports, transitively."""
    digest = hashlib.sha256()
    for path in sorted(_closure(source)):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _closure(source: Path) -> set[Path]:
    found: set[Path] = set()
    pending = [source]
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            pending.extend(_imported(path))
    return found


@cache
def _imported(source: Path) -> frozenset[Path]:
    """Return the files of this package that a file imports anywhere, also inside functions."""
    names = _module_names(source.read_text(encoding="utf-8"))
    return frozenset(path for name in names if (path := _file_of(name)) is not None)


def _module_names(source: str) -> Iterator[str]:
    """Yield what may be a module: ``from a import b`` imports ``a``, and perhaps module ``a.b``.

    By pattern, a tenth of the price of parsing; an import shown in a docstring counts as well.
    """
    for module, several, one in _FROM.findall(source):
        yield module
        yield from (f"{module}.{name}" for name in re.findall(r"\w+", several or one))
    for modules in _IMPORT.findall(source):
        yield from re.findall(r"[\w.]+", modules)


def _file_of(module: str) -> Path | None:
    if not module.startswith(f"{PACKAGE}."):
        return None
    path = ROOT.joinpath(*module[len(PACKAGE) + 1 :].split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)
