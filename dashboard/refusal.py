"""Why is a request not answered as asked? One kind of error for every refusal: a status and a sentence for a person."""

from __future__ import annotations


class RefusedError(Exception):
    """The request is refused: the text says why, for a person; `status` is the HTTP status.

    `retry_after` are the seconds after which asking again makes sense; 0 where it never does.
    """

    def __init__(self, text: str, status: int = 400, *, retry_after: int = 0) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after = retry_after
