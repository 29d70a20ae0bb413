"""The objects of the Assistants API under the names, and with the fields and their order, that they have in OpenAI's SDK."""
