"""`openai.types`: the objects that calls return. Of what requests take, the names: they are types of dicts and of words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamnorm.openai.mirror import ANY_DICT, ANY_TEXT, Mirror

if TYPE_CHECKING:
    from streamnorm.client.types.listed import Model, ModelDeleted
    from streamnorm.dialects.chat.types import CompletionUsage
    from streamnorm.openai.types import beta, chat

__all__ = ["CompletionUsage", "Model", "ModelDeleted", "beta", "chat"]

_DICTS = ("FunctionDefinition", "FunctionParameters", "Metadata")
_FORMATS = ("ResponseFormatJSONObject", "ResponseFormatJSONSchema", "ResponseFormatText")
_WORDS = ("AllModels", "ChatModel", "ReasoningEffort")
_SHARED = {ANY_DICT: (*_DICTS, *_FORMATS), ANY_TEXT: _WORDS}

_mirror = Mirror(
    __name__,
    {
        "streamnorm.client.types.listed": ("Model", "ModelDeleted"),
        "streamnorm.dialects.chat.types": ("CompletionUsage",),
        **_SHARED,
    },
    packages=("beta", "chat"),
    modules={
        "chat_model": {ANY_TEXT: ("ChatModel",)},
        "completion_usage": {
            "streamnorm.dialects.chat.types": (
                "CompletionTokensDetails",
                "CompletionUsage",
                "PromptTokensDetails",
            )
        },
        "model": {"streamnorm.client.types.listed": ("Model",)},
        "model_deleted": {"streamnorm.client.types.listed": ("ModelDeleted",)},
        "shared": _SHARED,
        "shared_params": _SHARED,
    },
)


def __getattr__(name: str) -> Any:
    return _mirror.find(name)


def __dir__() -> list[str]:
    return _mirror.names()
