"""`client.beta`: the Assistants API, on the endpoint or on the engine in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamnorm.client.beta.assistants import Assistants, AsyncAssistants
from streamnorm.client.beta.threads import AsyncThreads, Threads

if TYPE_CHECKING:
    from streamnorm.client.api import AsyncOpenAI, OpenAI

__all__ = ["AsyncBeta", "Beta"]


class Beta:
    """`client.beta`. `chat` is that of the client, for code from when it was here."""

    def __init__(self, client: OpenAI) -> None:
        self.chat = client.chat
        self.assistants = Assistants(client)
        self.threads = Threads(client)


class AsyncBeta:
    """`client.beta`, awaited."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self.chat = client.chat
        self.assistants = AsyncAssistants(client)
        self.threads = AsyncThreads(client)
