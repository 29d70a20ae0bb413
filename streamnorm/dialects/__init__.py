"""Wire protocols: each dialect knows its types, how to decode them, and what may follow what. No HTTP, no clock."""
