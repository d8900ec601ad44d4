"""The one error that an action raises: what the cloud would answer instead of a result."""


class ApiError(Exception):
    """An error answer: HTTP status, the cloud's code and message, as documented on the action's API page."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
