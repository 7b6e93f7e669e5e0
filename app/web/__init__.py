"""The web pages: rendered on the server, German first, English beside it. The API takes its sentences from here too."""
