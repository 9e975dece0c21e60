"""Keeps connections up: pure decisions (`machine`, `engine`), and the loop that feeds them."""
