"""Repairs of order: right JSON types that say the wrong thing at this point of the stream.

Those that look at one thing have a `mend`, which returns true if it changed something, and stand in a table below in the
order in which they run. Those that are one outcome of a joint decision (which call does this delta belong to? where does
this chunk end?) have none: the decision is made in one place, `dialects.chat.reader` and `dialects.chat.calls`.
"""

from __future__ import annotations

from typing import Final

from streamnorm.assemble import CallState, ChoiceState, StreamState
from streamnorm.dialects.chat.wire import MISSING, OBJECT, Call, Chunk, Delta, Function
from streamnorm.repairs.base import ANY, Check, Repair

__all__ = [
    "FINISH_REPAIRS",
    "IDENTITY_REPAIRS",
    "ID_REPAIRS",
    "NAME_REPAIRS",
    "OPENING_REPAIRS",
    "ORDER_CHECKS",
    "ORDER_REPAIRS",
    "ROLE_REPAIRS",
]


class ChunkIdMissing(Repair):
    """The chunk has no id, or an empty one."""

    code = "chunk-id-missing"
    rule = "1: every chunk has an id"
    done = "the stream's id was set, or one made from its first frame"

    @staticmethod
    def mend(chunk: Chunk, stream: StreamState) -> bool:
        if chunk.id:
            return False
        chunk.id = stream.id
        return True


class ChunkIdVaries(Repair):
    """The chunk has another id than the first one, as where each has its own."""

    code = "chunk-id-varies"
    rule = "1: the id is stable over the stream"
    done = "the first chunk's id was kept"

    @staticmethod
    def mend(chunk: Chunk, stream: StreamState) -> bool:
        if chunk.id == stream.id:
            return False
        chunk.id = stream.id
        return True


class ChunkObject(Repair):
    """`object` is empty, `text_completion`, `chat.completion.done` or the like: it is still a chunk."""

    code = "chunk-object"
    rule = '1: object is "chat.completion.chunk"'
    done = "object was set"

    @staticmethod
    def mend(chunk: Chunk, stream: StreamState) -> bool:
        if chunk.object == OBJECT:
            return False
        chunk.object = OBJECT
        return True


class ChunkCreatedVaries(Repair):
    """The chunk has another time than the first one."""

    code = "chunk-created-varies"
    rule = "1: created is stable over the stream"
    done = "the first chunk's time was kept"

    @staticmethod
    def mend(chunk: Chunk, stream: StreamState) -> bool:
        if chunk.created == stream.created:
            return False
        chunk.created = stream.created
        return True


class ChunkModelMissing(Repair):
    """The chunk has no model, or an empty one."""

    code = "chunk-model-missing"
    rule = "1: every chunk has a model"
    done = 'the stream\'s model was set, or "unknown"'

    @staticmethod
    def mend(chunk: Chunk, stream: StreamState) -> bool:
        if chunk.model:
            return False
        chunk.model = stream.model
        return True


class ChunkModelVaries(Repair):
    """The chunk names another model than the first one."""

    code = "chunk-model-varies"
    rule = "1: model is stable over the stream"
    done = "the first chunk's model was kept"

    @staticmethod
    def mend(chunk: Chunk, stream: StreamState) -> bool:
        if chunk.model == stream.model:
            return False
        chunk.model = stream.model
        return True


class ChunkHeadless(Repair):
    """A chunk without choices comes before the stream has an id (prompt filter results, for one)."""

    code = "chunk-headless"
    rule = "1: every chunk has an id"
    done = "it was held until the next chunk named the stream"


class ChoicesTogether(Repair):
    """One chunk carries deltas of several choices."""

    code = "choices-together"
    rule = "a delta has a chunk of its own"
    done = "each got a chunk of its own"


class ChoiceIndexMissing(Repair):
    """A choice has no index."""

    code = "choice-index-missing"
    rule = "choices[].index is required"
    done = "its place in the list was taken"


class ChoiceIndexDrifts(Repair):
    """The index counts chunks, or moves with the kind of content, though there is one choice."""

    code = "choice-index-drifts"
    rule = "choices[].index names the choice"
    done = "read as the choice that is there"


class RoleMissing(Repair):
    """A choice's first delta has no role."""

    code = "role-missing"
    rule = "2: a choice's first delta carries the role"
    done = 'role "assistant" was set'

    @staticmethod
    def mend(delta: Delta, state: ChoiceState) -> bool:
        if state.role_sent or delta.role is not None:
            return False
        delta.role = "assistant"
        return True


class RoleRepeated(Repair):
    """A later delta has the role again."""

    code = "role-repeated"
    rule = "2: no later delta carries the role"
    done = "the role was taken off"

    @staticmethod
    def mend(delta: Delta, state: ChoiceState) -> bool:
        if not state.role_sent or delta.role is None:
            return False
        delta.role = None
        return True


class RoleOther(Repair):
    """The first delta's role is empty or another one."""

    code = "role-other"
    rule = '2: the role is "assistant"'
    done = 'role "assistant" was set'

    @staticmethod
    def mend(delta: Delta, state: ChoiceState) -> bool:
        if state.role_sent or delta.role in (None, "assistant"):
            return False
        delta.role = "assistant"
        return True


class MessageRepeated(Repair):
    """A chunk ends the stream with the whole message once more."""

    code = "message-repeated"
    rule = "a stream speaks in deltas"
    done = "only its finish reason and usage were read"


class DeltaAfterFinish(Repair):
    """A choice goes on after its finish reason."""

    code = "delta-after-finish"
    rule = "7: the finish comes last"
    done = "the finish was held until the end"


class FinishBesideDelta(Repair):
    """The finish reason is in a chunk that also says something."""

    code = "finish-beside-delta"
    rule = "7: the finish has a chunk of its own"
    done = "the finish got a chunk of its own"


class FinishEmpty(Repair):
    """`finish_reason` is an empty string."""

    code = "finish-empty"
    rule = "7: finish_reason is null until the end"
    done = "read as null"


class FinishRepeated(Repair):
    """A choice gives a finish reason a second time."""

    code = "finish-repeated"
    rule = "7: one finish_reason per choice"
    done = "sent once; a reason that tells of a cut wins"


class FinishRenamed(Repair):
    """A reason outside the specification, of known meaning."""

    code = "finish-renamed"
    rule = "7: the unified reason, the raw one kept"
    done = "mapped to the specification's word"


class FinishMissing(Repair):
    """The end of the stream came, `[DONE]` in chat, but no finish reason."""

    code = "finish-missing"
    rule = "7: one finish_reason per choice"
    done = "set by what the choice holds"
    dialects = ("chat", "ollama")

    @staticmethod
    def mend(state: ChoiceState) -> bool:
        if state.finish_reason is not None:
            return False
        state.finish_reason = "tool_calls" if state.calls else "stop"
        return True


class FinishStopWithCalls(Repair):
    """`stop` though calls were made. OpenAI itself does so where the request named the tool."""

    code = "finish-stop-with-calls"
    rule = "7: tool_calls if and only if calls were made"
    done = 'set to "tool_calls"'
    dialects = ANY

    @staticmethod
    def mend(state: ChoiceState) -> bool:
        if state.finish_reason != "stop" or not state.calls:
            return False
        state.finish_reason = "tool_calls"
        return True


class FinishCallsWithoutCalls(Repair):
    """`tool_calls`, but no call was made."""

    code = "finish-calls-without-calls"
    rule = "7: tool_calls if and only if calls were made"
    done = 'set to "stop"'
    dialects = ANY

    @staticmethod
    def mend(state: ChoiceState) -> bool:
        if state.finish_reason != "tool_calls" or state.calls:
            return False
        state.finish_reason = "stop"
        return True


class DoneMissing(Repair):
    """The stream finished without `[DONE]`, as many do."""

    code = "done-missing"
    rule = "9: [DONE] once"
    done = "the finish reason was taken for the end"


class DataAfterDone(Repair):
    """A frame comes behind `[DONE]`."""

    code = "data-after-done"
    rule = "9: [DONE] is last"
    done = "the frame was left out"


class UsageBesideChoices(Repair):
    """Usage in a chunk that has choices: on the finish, or a running count on each chunk."""

    code = "usage-beside-choices"
    rule = "8: usage once, in the last chunk, with no choices"
    done = "the last one got a chunk of its own at the end"


class UsageInChoice(Repair):
    """Usage inside a choice."""

    code = "usage-in-choice"
    rule = "8: usage is the top-level field"
    done = "usage was moved to the chunk"


class UsageInVendorField(Repair):
    """Usage under `x_groq.usage` and nowhere else."""

    code = "usage-in-vendor-field"
    rule = "8: usage is the top-level field"
    done = "usage was copied to its place"


class UsageRepeated(Repair):
    """Usage in a chunk of its own, a second time."""

    code = "usage-repeated"
    rule = "8: usage once"
    done = "the last one was kept"


class ToolCallsTogether(Repair):
    """Several calls' deltas in one chunk."""

    code = "tool-calls-together"
    rule = "3: a call's delta has a chunk of its own"
    done = "each got a chunk of its own"


class ToolBesideText(Repair):
    """Text and a call in one delta."""

    code = "tool-beside-text"
    rule = "3: a call's delta has a chunk of its own"
    done = "each got a chunk of its own"


class ToolIndexMissing(Repair):
    """A call's delta has no index."""

    code = "tool-index-missing"
    rule = "3: a call has an index"
    done = "calls were told apart by id, then by name"


class ToolIndexNotDense(Repair):
    """The first index is not 0, or there are holes."""

    code = "tool-index-not-dense"
    rule = "3: dense index from 0 in order of appearance"
    done = "renumbered"

    @staticmethod
    def mend(delta: Call, call: CallState) -> bool:
        return delta.index not in (MISSING, call.index)


class ToolIndexReused(Repair):
    """A second call comes under the index of one that is whole."""

    code = "tool-index-reused"
    rule = "3: an index names one call"
    done = "a new call was opened"


class ToolIndexVaries(Repair):
    """One call, by its id, under several indexes."""

    code = "tool-index-varies"
    rule = "3: an index names one call"
    done = "the id was followed"


class ToolIdMissing(Repair):
    """A call never gets an id, or one that another call has."""

    code = "tool-id-missing"
    rule = "3: non-empty unique id"
    done = "an id was made"
    dialects = ANY


class ToolIdInFunction(Repair):
    """The call's id is inside `function`."""

    code = "tool-id-in-function"
    rule = "3: the id is on the call"
    done = "the id was moved to the call"

    @staticmethod
    def mend(delta: Call, call: CallState | None = None) -> bool:
        function = delta.function
        if delta.id or function is None or not function.id:
            return False
        delta.id = function.id
        return True


class ToolIdLate(Repair):
    """The id comes after the call's first delta."""

    code = "tool-id-late"
    rule = "3: the opening delta has the id"
    done = "the call was held until its id came"

    @staticmethod
    def mend(delta: Call, call: CallState) -> bool:
        if call.id or call.opened or not delta.id:
            return False
        call.wire_id = call.id = delta.id
        delta.id = None
        return True


class ToolIdEmpty(Repair):
    """`id: ""` on later deltas."""

    code = "tool-id-empty"
    rule = "3: later deltas carry no id"
    done = "the id was taken off"

    @staticmethod
    def mend(delta: Call, call: CallState) -> bool:
        if delta.id != "":
            return False
        delta.id = None
        return True


class ToolIdRepeated(Repair):
    """A later delta has the call's id again."""

    code = "tool-id-repeated"
    rule = "3: later deltas carry no id"
    done = "the id was taken off"

    @staticmethod
    def mend(delta: Call, call: CallState) -> bool:
        if not call.wire_id or delta.id != call.wire_id:
            return False
        delta.id = None
        return True


class ToolIdChanges(Repair):
    """Each delta of one call has an id of its own."""

    code = "tool-id-changes"
    rule = "3: an id names one call"
    done = "the first id was kept"

    @staticmethod
    def mend(delta: Call, call: CallState) -> bool:
        delta.id = None
        return True


class ToolNameSplit(Repair):
    """The name comes in parts."""

    code = "tool-name-split"
    rule = "3: the opening delta has the whole name"
    done = "the parts were joined"

    @staticmethod
    def mend(function: Function, call: CallState) -> bool:
        if call.opened or not function.name:
            return False
        call.name += function.name
        function.name = None
        return True


class ToolNameRepeated(Repair):
    """A later delta has the call's name again."""

    code = "tool-name-repeated"
    rule = "3: later deltas carry no name"
    done = "the name was taken off"

    @staticmethod
    def mend(function: Function, call: CallState) -> bool:
        if not call.name or function.name != call.name:
            return False
        function.name = None
        return True


class ToolNameEmpty(Repair):
    """`name: ""` on later deltas."""

    code = "tool-name-empty"
    rule = "3: later deltas carry no name"
    done = "the name was taken off"

    @staticmethod
    def mend(function: Function, call: CallState) -> bool:
        if function.name:
            return False
        function.name = None
        return True


class ToolNameLate(Repair):
    """The name comes after the call's first delta."""

    code = "tool-name-late"
    rule = "3: the opening delta has the whole name"
    done = "the call was held until its name came"

    @staticmethod
    def mend(function: Function, call: CallState) -> bool:
        if call.name or not function.name:
            return False
        call.name, function.name = function.name, None
        return True


class ToolTypeMissing(Repair):
    """The opening delta has no type."""

    code = "tool-type-missing"
    rule = '3: the opening delta has type "function"'
    done = "the type was set"

    @staticmethod
    def mend(delta: Call, call: CallState) -> bool:
        if call.type:
            return False
        call.type = "function"
        return True


class ToolTypeRepeated(Repair):
    """A later delta has the call's type again."""

    code = "tool-type-repeated"
    rule = "3: later deltas carry no type"
    done = "the type was taken off"


class ToolArgumentsInOpening(Repair):
    """The opening delta already has arguments."""

    code = "tool-arguments-in-opening"
    rule = '3: the opening delta has arguments ""'
    done = "the arguments got a chunk of their own"


class ToolArgumentsNull(Repair):
    """The opening delta has no arguments, or null."""

    code = "tool-arguments-null"
    rule = '3: the opening delta has arguments ""'
    done = 'set to ""'

    @staticmethod
    def mend(delta: Call, call: CallState) -> bool:
        return delta.custom is None and (delta.function is None or delta.function.arguments is None)


class ToolDeltaEmpty(Repair):
    """A later delta of a call without any arguments."""

    code = "tool-delta-empty"
    rule = "3: later deltas carry a non-empty fragment"
    done = "the call was taken off the chunk"


class ToolArgumentsCumulative(Repair):
    """A fragment repeats all that came before, where going on would not be JSON and starting anew is."""

    code = "tool-arguments-cumulative"
    rule = "4: fragments join to the argument text"
    done = "only what is new was passed on"
    dialects = ANY


class ToolArgumentsPlaceholder(Repair):
    """`{}` or `null` first, then the real arguments."""

    code = "tool-arguments-placeholder"
    rule = "4: fragments join to the argument text"
    done = "the placeholder was dropped"
    dialects = ANY


class ToolArgumentsQuoted(Repair):
    """The arguments are a JSON string that holds the JSON object."""

    code = "tool-arguments-quoted"
    rule = "4: arguments is the JSON text itself"
    done = "the inner text was taken"
    dialects = ANY


class ToolArgumentsEmpty(Repair):
    """A call without arguments ends with an empty text, or null."""

    code = "tool-arguments-empty"
    rule = "4: arguments is the text of a JSON object"
    done = 'set to "{}"'


class FunctionCallLegacy(Repair):
    """`delta.function_call`, the form before tools."""

    code = "function-call-legacy"
    rule = "5: legacy function_call deltas become tool calls"
    done = "read as a tool call"


class FunctionCallDoubled(Repair):
    """`function_call` beside `tool_calls`, saying the same."""

    code = "function-call-doubled"
    rule = "5: a call is told once"
    done = "function_call was left out"


class ToolArgumentsIncomplete(Check):
    """The arguments of a finished call are not one JSON object: cut, or never right. Or a custom tool's input was cut."""

    code = "tool-arguments-incomplete"
    rule = "4: arguments is the text of a JSON object"


class ToolArgumentsInvalid(Check):
    """The arguments of a finished call do not fit the schema of its tool. Looked at where the tools are known."""

    code = "tool-arguments-invalid"
    rule = "arguments fit the schema of their tool"


class ToolArgumentsDuplicate(Check):
    """A name in the arguments comes twice; readers differ in which value they take. Looked at where the tools are known."""

    code = "tool-arguments-duplicate"
    rule = "the names in an object are unique (RFC 8259, 4)"


class ToolUnknown(Check):
    """A call of a tool that was not offered. Looked at where the tools are known."""

    code = "tool-unknown"
    rule = "a call is of a tool that was offered"


class ToolNameMissing(Check):
    """A call never got a name."""

    code = "tool-name-missing"
    rule = "3: the opening delta has the whole name"


class ToolNameChanges(Check):
    """A second name for a call that has been told."""

    code = "tool-name-changes"
    rule = "3: a call has one name"

    @staticmethod
    def mend(function: Function, call: CallState) -> bool:
        function.name = None
        return True


class FinishUnknown(Check):
    """A finish reason whose meaning nobody has told us: not taken for a success."""

    code = "finish-unknown"
    rule = "7: finish_reason is one of the specification's"


class StreamBroken(Check):
    """The stream failed: an error from the server, bytes that are no stream, or an end before its end."""

    code = "stream-failed"
    rule = "10, 11: an error is raised; a stream without its end is truncated"


# The tables, in the order in which they run.
IDENTITY_REPAIRS: Final = (
    ChunkIdMissing,
    ChunkIdVaries,
    ChunkObject,
    ChunkCreatedVaries,
    ChunkModelMissing,
    ChunkModelVaries,
)
ROLE_REPAIRS: Final = (RoleRepeated, RoleMissing, RoleOther)
OPENING_REPAIRS: Final = (ToolIndexNotDense, ToolTypeMissing, ToolArgumentsNull)
#: By the field they look at; the first that fires has dealt with it.
ID_REPAIRS: Final = (ToolIdRepeated, ToolIdEmpty, ToolIdLate, ToolIdChanges)
NAME_REPAIRS: Final = (
    ToolNameRepeated,
    ToolNameEmpty,
    ToolNameLate,
    ToolNameSplit,
    ToolNameChanges,
)
FINISH_REPAIRS: Final = (FinishMissing, FinishStopWithCalls, FinishCallsWithoutCalls)

ORDER_REPAIRS: Final[tuple[type[Repair], ...]] = (
    ChunkIdMissing,
    ChunkIdVaries,
    ChunkObject,
    ChunkCreatedVaries,
    ChunkModelMissing,
    ChunkModelVaries,
    ChunkHeadless,
    ChoicesTogether,
    ChoiceIndexMissing,
    ChoiceIndexDrifts,
    RoleMissing,
    RoleRepeated,
    RoleOther,
    MessageRepeated,
    DeltaAfterFinish,
    FinishBesideDelta,
    FinishEmpty,
    FinishRepeated,
    FinishRenamed,
    FinishMissing,
    FinishStopWithCalls,
    FinishCallsWithoutCalls,
    DoneMissing,
    DataAfterDone,
    UsageBesideChoices,
    UsageInChoice,
    UsageInVendorField,
    UsageRepeated,
    ToolCallsTogether,
    ToolBesideText,
    ToolIndexMissing,
    ToolIndexNotDense,
    ToolIndexReused,
    ToolIndexVaries,
    ToolIdMissing,
    ToolIdInFunction,
    ToolIdLate,
    ToolIdEmpty,
    ToolIdRepeated,
    ToolIdChanges,
    ToolNameSplit,
    ToolNameRepeated,
    ToolNameEmpty,
    ToolNameLate,
    ToolTypeMissing,
    ToolTypeRepeated,
    ToolArgumentsInOpening,
    ToolArgumentsNull,
    ToolDeltaEmpty,
    ToolArgumentsCumulative,
    ToolArgumentsPlaceholder,
    ToolArgumentsQuoted,
    ToolArgumentsEmpty,
    FunctionCallLegacy,
    FunctionCallDoubled,
)

ORDER_CHECKS: Final[tuple[type[Check], ...]] = (
    ToolArgumentsIncomplete,
    ToolArgumentsInvalid,
    ToolArgumentsDuplicate,
    ToolUnknown,
    ToolNameMissing,
    ToolNameChanges,
    FinishUnknown,
    StreamBroken,
)
