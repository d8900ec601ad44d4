"""How an action declares what it takes: plain type hints on a function named after the API action.

`str`, `int`, `bool` are one wire field; `list[str]` is `Name.1`, `Name.2`; `list[SomeDataclass]` is `Name.1.Field`;
`Annotated[list[SomeDataclass], JSON]` is JSON text in one field. A parameter without default is required.
"""

JSON = "json"
"""Marks a parameter whose wire form is JSON text in one field: `BackendServers: Annotated[list[Server], JSON]`."""
