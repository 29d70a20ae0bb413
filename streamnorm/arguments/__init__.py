"""The arguments of tool calls, while they stream: JSON text that comes in fragments."""
