"""Asynchronous client, command line and supervisor for pluto, the IKE daemon of Libreswan."""
