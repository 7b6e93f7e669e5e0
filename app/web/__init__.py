"""The web pages: rendered on the server, German first, English beside it."""

from app.web.pages import STATIC
from app.web.router import router

__all__ = ["STATIC", "router"]
