"""Imports point down, and the core knows no network, no loop, no clock and no files."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import streamnorm
from streamnorm.profiles import load_profile, provider_ids

PACKAGE = Path(streamnorm.__file__).parent

#: From the bottom up. A module may import from its own layer and from those below.
LAYERS = (
    ("errors", "findings"),
    ("arguments", "sse", "leaks"),
    ("tools",),
    ("requests",),
    ("events",),
    ("assemble",),
    (
        "repairs.base",
        "repairs.framing",
        "repairs.shape",
        "repairs.sequence",
        "dialects.chat.wire",
    ),
    ("repairs",),
    ("dialects",),
    ("assistants",),
    ("plugins", "watch"),
    ("normalizer", "profiles"),
    ("sources",),
    ("captures.format", "captures.secrets", "captures.encoding"),
    ("captures",),
    ("conformance",),
    ("client", "assistants.engine.server"),
    ("openai",),
    ("cli",),
    ("pytest_plugin",),
)
#: Modules that only whoever does I/O may know.
IO = {
    "asyncio",
    "datetime",
    "httpx",
    "httpx_sse",
    "io",
    "os",
    "pathlib",
    "socket",
    "time",
    "threading",
}
DOES_IO = (
    *(f"assistants.engine.{name}" for name in ("engines", "live", "processes", "server", "store")),
    "assistants.local",
    "plugins",
    "profiles",
    "captures",
    "conformance.files",
    *(f"conformance.live.{name}" for name in ("asgi", "asking", "endpoint", "folder")),
    "client",
    "cli",
    "pytest_plugin",
)


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if name != "__init__":
            found.append((name, path))
    return found


def layer_of(name: str) -> int:
    fitting = [
        (len(prefix), level)
        for level, prefixes in enumerate(LAYERS)
        for prefix in prefixes
        if name == prefix or name.startswith(prefix + ".")
    ]
    assert fitting, f"{name} is in no layer"
    return max(fitting)[1]


def imports(path: Path) -> set[str]:
    """What the module imports when it runs; imports for the type checker alone do not count."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and path.stem == "normalizer":
            return  # late imports of what is not always needed
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text("utf-8")))
    return found


@pytest.mark.parametrize(("name", "path"), modules())
def test_imports_point_down(name: str, path: Path) -> None:
    own = {module for module, _ in modules()}
    for imported in imports(path):
        module = imported.removeprefix("streamnorm.")
        if imported.startswith("streamnorm.") and module in own:
            assert layer_of(module) <= layer_of(name), f"{name} imports {module}, which is above it"


@pytest.mark.parametrize(("name", "path"), modules())
def test_the_core_does_no_io(name: str, path: Path) -> None:
    if any(name == each or name.startswith(f"{each}.") for each in DOES_IO):
        return
    known = {imported.split(".")[0] for imported in imports(path)}
    assert not known & IO


@pytest.mark.parametrize(("name", "path"), modules())
def test_no_provider_is_named_in_python(name: str, path: Path) -> None:
    """Not in code: a docstring may say who was seen doing it, and some fields and streams bear a provider's name."""
    words = {provider.split("-")[0] for provider in provider_ids()} - {"openai"}
    words |= {load_profile(provider).name.split()[0].lower() for provider in provider_ids()} - {
        "openai"
    }
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.Match):
            text = ast.unparse(node).lower()
            for word in words:
                assert not re.search(rf"['\"][^'\"]*\b{re.escape(word)}\b", text), f"{name}: {text}"
