"""Gemini's own dialect: `streamGenerateContent`."""

from streamnorm.dialects.gemini.reader import GeminiReader

__all__ = ["GeminiReader"]
