"""OpenAI's Responses API: its events, typed, the order in which they may come, and the reader."""

from streamnorm.dialects.responses.reader import ResponsesReader

__all__ = ["ResponsesReader"]
