"""`client.beta.threads.messages`."""

from __future__ import annotations

from typing import Unpack

from streamnorm.assistants.types.message import Message, MessageDeleted
from streamnorm.client.beta import operations as operation
from streamnorm.client.beta.methods import awaited, blocking, paginated
from streamnorm.client.beta.parameters import About, MessageCreate, MessageListing, MessageUpdate
from streamnorm.client.beta.resource import Awaited, Blocking, Flow, Pages, Resource

__all__ = ["AsyncMessages", "Messages"]


class _Messages(Resource):
    def _create(self, thread_id: str, **passed: Unpack[MessageCreate]) -> Flow[Message]:
        """Add a message to a thread."""
        return self._ask(operation.MESSAGE_CREATE, passed, thread_id=thread_id)

    def _retrieve(
        self, message_id: str, *, thread_id: str, **passed: Unpack[About]
    ) -> Flow[Message]:
        """A message by its id."""
        return self._ask(
            operation.MESSAGE_RETRIEVE, passed, thread_id=thread_id, message_id=message_id
        )

    def _update(
        self, message_id: str, *, thread_id: str, **passed: Unpack[MessageUpdate]
    ) -> Flow[Message]:
        """Change a message's metadata."""
        return self._ask(
            operation.MESSAGE_UPDATE, passed, thread_id=thread_id, message_id=message_id
        )

    def _list(self, thread_id: str, **passed: Unpack[MessageListing]) -> Pages[Message]:
        """The messages of a thread, page by page, the latest first."""
        return self._ask_list(operation.MESSAGE_LIST, passed, thread_id=thread_id)

    def _delete(
        self, message_id: str, *, thread_id: str, **passed: Unpack[About]
    ) -> Flow[MessageDeleted]:
        """Take a message out of a thread."""
        return self._ask(
            operation.MESSAGE_DELETE, passed, thread_id=thread_id, message_id=message_id
        )


class Messages(Blocking, _Messages):
    """`client.beta.threads.messages`."""

    create = blocking(_Messages._create)
    retrieve = blocking(_Messages._retrieve)
    update = blocking(_Messages._update)
    list = blocking(_Messages._list)
    delete = blocking(_Messages._delete)


class AsyncMessages(Awaited, _Messages):
    """`client.beta.threads.messages`, awaited."""

    create = awaited(_Messages._create)
    retrieve = awaited(_Messages._retrieve)
    update = awaited(_Messages._update)
    list = paginated(_Messages._list)
    delete = awaited(_Messages._delete)
