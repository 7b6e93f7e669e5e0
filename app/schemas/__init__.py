"""The answers as they leave, a module for each noun."""
