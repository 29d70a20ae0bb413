"""The public names of `openai` that have no counterpart here, each with its reason."""

from __future__ import annotations

from typing import Final

__all__ = ["CHAT_TYPES", "TOP"]

_GLOBAL: Final = (
    "there is no client of the whole module: make one, client = OpenAI(), and set it there"
)
_OTHER_API: Final = "an API of its own; chat completions and models are what any endpoint has"
_OTHER_HOST: Final = "a host with its own keys and paths; give OpenAI() its base_url and headers"
_STORED: Final = "of completions that are stored at OpenAI"
_OLD: Final = "of the module as it was before 1.0, where using it raises"
_TRANSPORT: Final = "give http_client= a client of httpx or httpx2"
_WEBSOCKET: Final = "of the realtime API, which is no HTTP stream"
_RAW: Final = (
    "what with_raw_response and with_streaming_response return has no name of its own here"
)
_INTERNAL: Final = "a name of the SDK's own making, which callers have no use for"


def _for(reason: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, reason)


#: Of the module itself.
TOP: Final[dict[str, str]] = {
    **_for(_GLOBAL, "api_key", "organization", "project", "base_url", "timeout", "max_retries"),
    **_for(_GLOBAL, "default_headers", "default_query", "http_client", "api_type"),
    **_for(_GLOBAL, "beta", "chat", "models"),
    **_for(_OTHER_API, "admin", "admin_api_key", "audio", "batches", "completions", "containers"),
    **_for(_OTHER_API, "content_provenance_checks", "conversations", "decisions", "embeddings"),
    **_for(
        _OTHER_API, "evals", "files", "fine_tuning", "images", "live", "moderations", "realtime"
    ),
    **_for(_OTHER_API, "responses", "safety", "skills", "uploads", "vector_stores", "videos"),
    **_for(_OTHER_API, "webhooks", "webhook_secret", "InvalidWebhookSignatureError"),
    **_for(_OTHER_API, "ComputerToolset", "AsyncComputerToolset", "ComputerDriver"),
    **_for(_OTHER_API, "AsyncComputerDriver", "pydantic_responses_function_tool", "file_from_path"),
    **_for(_OTHER_API, "HttpxBinaryResponseContent", "OAuthError", "auth"),
    **_for(_OTHER_HOST, "AzureOpenAI", "AsyncAzureOpenAI", "BedrockOpenAI", "AsyncBedrockOpenAI"),
    **_for(_OTHER_HOST, "api_version", "azure_endpoint", "azure_ad_token", "DataResidency"),
    **_for(_OTHER_HOST, "azure_ad_token_provider", "bedrock_token_provider", "providers"),
    **_for(_OLD, "Audio", "ChatCompletion", "Completion", "Customer", "Deployment", "Edit"),
    **_for(_OLD, "Embedding", "Engine", "ErrorObject", "File", "FineTune", "FineTuningJob"),
    **_for(_OLD, "Image", "Model", "Moderation"),
    **_for(_TRANSPORT, "DefaultHttpxClient", "DefaultAsyncHttpxClient", "DefaultAioHttpClient"),
    **_for(_TRANSPORT, "DefaultHttpx2Client", "DefaultAsyncHttpx2Client", "Transport"),
    **_for(_TRANSPORT, "ProxiesTypes", "DEFAULT_CONNECTION_LIMITS"),
    **_for(_WEBSOCKET, "ReconnectingEvent", "ReconnectingOverrides", "WebSocketQueueFullError"),
    **_for(_WEBSOCKET, "WebSocketConnectionClosedError"),
    **_for(_RAW, "APIResponse", "AsyncAPIResponse"),
    **_for(_INTERNAL, "RequestOptions", "__title__", "override", "resources"),
}

#: Of `openai.types.chat`.
CHAT_TYPES: Final[dict[str, str]] = {
    **_for(_STORED, "ChatCompletionDeleted", "ChatCompletionStoreMessage", "CompletionListParams"),
    **_for(_STORED, "CompletionUpdateParams", "ChatCompletionContentPartImage"),
    **_for(_STORED, "ChatCompletionContentPartText", "ChatCompletionFunctionTool"),
}
