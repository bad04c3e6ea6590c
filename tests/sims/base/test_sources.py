"""The hash of a source follows its imports, and nothing else."""

import ast

import pytest

from treesmc.sims.base import sources

ROOMS = ("sims", "theory", "figures")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """a imports b (inside a function), b imports module d of folder c; e stands alone."""
    files = {
        "a.py": "def f():\n    import package.b\n",
        "b.py": "from package.c import d\nimport numpy\n",
        "c/d.py": "X = 1\n",
        "e.py": "import package.b\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    monkeypatch.setattr(sources, "PACKAGE", "package")
    return tmp_path


def fresh_hash(path):
    sources.source_hash.cache_clear()
    sources._imported.cache_clear()
    return sources.source_hash(path)


@pytest.mark.parametrize(
    ("edited", "changes"),
    [("a.py", True), ("b.py", True), ("c/d.py", True), ("e.py", False)],
)
def test_hash_changes_with_what_is_imported_only(package, edited, changes):
    before = fresh_hash(package / "a.py")
    with (package / edited).open("a") as handle:
        handle.write("# edited\n")
    assert (fresh_hash(package / "a.py") != before) == changes


def parsed_names(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_patterns_find_what_the_parser_finds():
    files = [path for room in ROOMS for path in (sources.ROOT / room).rglob("*.py")]
    assert len(files) > 50
    for file in files:
        text = file.read_text()
        missed = set(parsed_names(text)) - set(sources._module_names(text))
        assert not missed, f"{file}: write these imports without comments in brackets"


def test_circular_imports_end(package):
    (package / "c/d.py").write_text("import package.a\n")
    assert fresh_hash(package / "a.py") != fresh_hash(package / "e.py")
