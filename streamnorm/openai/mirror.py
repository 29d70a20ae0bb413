"""A module's names as a table: where each lives, looked up when it is asked for, so that a mirror costs nothing to import and
does not break over a part that is not used."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

__all__ = ["ANY_DICT", "ANY_TEXT", "Homes", "Mirror", "each_alone", "module_of"]

#: By home, the names that live there: `Name`, or `Name=TheirName` for one that is called otherwise there.
Homes = Mapping[str, Iterable[str]]

#: The homes of names that are but types: of dicts that requests take, and of words.
ANY_DICT = "dict"
ANY_TEXT = "str"
_PLAIN: dict[str, Any] = {ANY_DICT: dict[str, Any], ANY_TEXT: str}


def module_of(name: str) -> str:
    """The module of a name, where it is the name in another spelling."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def each_alone(homes: Homes) -> dict[str, Homes]:
    """A module for each of the names, with that name and no other."""
    return {module_of(name): {home: (name,)} for home, names in homes.items() for name in names}


class Mirror:
    """The names of the module `module`.

    packages: modules below it that are files. modules: modules below it that are tables only; they can be imported as any other.
    absent: by name that is not mirrored, why.
    """

    def __init__(
        self,
        module: str,
        homes: Homes,
        *,
        packages: Iterable[str] = (),
        modules: Mapping[str, Homes] | None = None,
        absent: Mapping[str, str] | None = None,
    ) -> None:
        self._module = module
        self._homes = {
            ours: (home, theirs or ours)
            for home, names in homes.items()
            for ours, _, theirs in (name.partition("=") for name in names)
        }
        self._packages = frozenset(packages)
        self._absent = absent or {}
        self.modules = {
            name: _TableModule(f"{module}.{name}", own) for name, own in (modules or {}).items()
        }
        sys.modules.update({made.__name__: made for made in self.modules.values()})

    def find(self, name: str) -> Any:
        """Raises AttributeError, with the reason where there is one."""
        if name in self._packages:
            return importlib.import_module(f"{self._module}.{name}")
        if name in self.modules:
            return self.modules[name]
        if name not in self._homes:
            reason = f": {self._absent[name]}" if name in self._absent else ""
            raise AttributeError(f"module {self._module!r} has no attribute {name!r}{reason}")
        home, theirs = self._homes[name]
        return _PLAIN[home] if home in _PLAIN else getattr(importlib.import_module(home), theirs)

    def names(self) -> list[str]:
        return sorted({*self._homes, *self._packages, *self.modules})


class _TableModule(ModuleType):
    def __init__(self, name: str, homes: Homes) -> None:
        super().__init__(name)
        self.__mirror = Mirror(name, homes)
        self.__all__ = [each for each in self.__mirror.names() if each[0] != "_"]

    def __getattr__(self, name: str) -> Any:
        return self.__mirror.find(name)

    def __dir__(self) -> list[str]:
        return self.__mirror.names()
