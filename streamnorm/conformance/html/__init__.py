"""Graded exchanges as one HTML file: add them to a `Matrix`, and `page` writes it."""

from __future__ import annotations

from streamnorm.conformance.html.matrix import Matrix
from streamnorm.conformance.html.page import TITLE, page

__all__ = ["TITLE", "Matrix", "page"]
