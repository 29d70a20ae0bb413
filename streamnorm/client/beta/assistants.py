"""`client.beta.assistants`."""

from __future__ import annotations

from typing import Unpack

from streamnorm.assistants.types.assistant import Assistant, AssistantDeleted
from streamnorm.client.beta import operations as operation
from streamnorm.client.beta.methods import awaited, blocking, paginated
from streamnorm.client.beta.parameters import About, AssistantCreate, AssistantUpdate, Listing
from streamnorm.client.beta.resource import Awaited, Blocking, Flow, Pages, Resource

__all__ = ["Assistants", "AsyncAssistants"]


class _Assistants(Resource):
    def _create(self, **passed: Unpack[AssistantCreate]) -> Flow[Assistant]:
        """An assistant: a model with instructions and tools."""
        return self._ask(operation.ASSISTANT_CREATE, passed)

    def _retrieve(self, assistant_id: str, **passed: Unpack[About]) -> Flow[Assistant]:
        """An assistant by its id."""
        return self._ask(operation.ASSISTANT_RETRIEVE, passed, assistant_id=assistant_id)

    def _update(self, assistant_id: str, **passed: Unpack[AssistantUpdate]) -> Flow[Assistant]:
        """Change what is given of an assistant."""
        return self._ask(operation.ASSISTANT_UPDATE, passed, assistant_id=assistant_id)

    def _list(self, **passed: Unpack[Listing]) -> Pages[Assistant]:
        """All assistants, page by page."""
        return self._ask_list(operation.ASSISTANT_LIST, passed)

    def _delete(self, assistant_id: str, **passed: Unpack[About]) -> Flow[AssistantDeleted]:
        """Delete an assistant."""
        return self._ask(operation.ASSISTANT_DELETE, passed, assistant_id=assistant_id)


class Assistants(Blocking, _Assistants):
    """`client.beta.assistants`."""

    create = blocking(_Assistants._create)
    retrieve = blocking(_Assistants._retrieve)
    update = blocking(_Assistants._update)
    list = blocking(_Assistants._list)
    delete = blocking(_Assistants._delete)


class AsyncAssistants(Awaited, _Assistants):
    """`client.beta.assistants`, awaited."""

    create = awaited(_Assistants._create)
    retrieve = awaited(_Assistants._retrieve)
    update = awaited(_Assistants._update)
    list = paginated(_Assistants._list)
    delete = awaited(_Assistants._delete)
