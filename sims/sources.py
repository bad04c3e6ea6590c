"""Which code made a result: a hash of a source file and of all that it imports from this package.

Numba's disk cache and the stored results of experiments are keyed by it. Following the imports,
and not hashing the whole package, lets an edit invalidate just what it can have changed.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent
PACKAGE = __name__.rpartition(".")[0]


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
    names = _module_names(ast.parse(source.read_bytes()))
    return frozenset(path for name in names if (path := _file_of(name)) is not None)


def _module_names(tree: ast.AST) -> Iterator[str]:
    """Yield what may be a module: ``from a import b`` imports ``a``, and perhaps module ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file_of(module: str) -> Path | None:
    if not module.startswith(f"{PACKAGE}."):
        return None
    path = ROOT.joinpath(*module[len(PACKAGE) + 1 :].split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)
