"""The language of an answer's sentences: the best that Accept-Language names, else German."""

from typing import Annotated

from fastapi import Depends, Header, Response

from app.web.language import Translator, chosen, translator


def spoken(
    response: Response,
    accept_language: Annotated[
        str | None, Header(max_length=1_000, description="de or en: the language of the sentences; German unless said")
    ] = None,
) -> Translator:
    """The translator for the caller; the answer says in which language it speaks."""
    speak = translator(chosen(None, accept_language))
    response.headers["Content-Language"] = speak.language
    return speak


Speak = Annotated[Translator, Depends(spoken)]
