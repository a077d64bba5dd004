"""Calls that the sandbox does not carry out."""


class Refused(Exception):
    """The call was not carried out: nothing has moved. ``code`` is for programs, ``detail`` for people."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
