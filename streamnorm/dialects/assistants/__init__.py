"""OpenAI's Assistants API (v2): its events, typed, the order in which they may come, and the reader."""

from streamnorm.dialects.assistants.reader import AssistantsReader

__all__ = ["AssistantsReader"]
