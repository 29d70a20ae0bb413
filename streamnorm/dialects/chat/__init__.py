"""The chat-completions dialect: `wire` is what arrives, `types` what leaves, `shape` and `order` say what is put right."""
