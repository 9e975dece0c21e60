"""Keeps connections up for years: pure decisions (`machine`, `engine`) and the loop that feeds them."""
