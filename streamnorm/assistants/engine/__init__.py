"""Assistants, threads and runs over any chat endpoint: a store, the states of a run, and the API's paths. What sends bytes is in
`streamnorm.assistants.local` and in `server`."""
