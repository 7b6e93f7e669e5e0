"""How alerts leave the house: what may be called, what is sent, when it is tried again."""
