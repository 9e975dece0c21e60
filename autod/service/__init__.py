"""The service around the supervisor: the local API (Varlink), metrics, history, hooks and a live page."""
