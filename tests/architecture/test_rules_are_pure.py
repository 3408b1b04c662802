"""What import-linter cannot say: the rules know the standard library and themselves, nothing that reaches outside."""

import sys

import grimp
import pytest

# The parts of the standard library that read, write, wait, log, or answer differently each time.
NOT_PURE = {
    "asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "subprocess", "tempfile",
    "threading", "time", "urllib",
}  # fmt: skip


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The top-level names of what the rules import, themselves left out."""
    graph = grimp.build_graph("core", include_external_packages=True, cache_dir=None)
    rules = {"core.rules", *graph.find_descendants("core.rules")}
    assert len(rules) > 1
    return {
        other.split(".")[0]
        for module in rules
        for other in graph.find_modules_directly_imported_by(module)
        if other not in rules
    }


def test_the_rules_import_the_standard_library_alone(imported: set[str]) -> None:
    assert imported <= sys.stdlib_module_names


def test_the_rules_import_nothing_that_reaches_outside(imported: set[str]) -> None:
    assert not imported & NOT_PURE
