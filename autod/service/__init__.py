"""The local API of the supervisor: Varlink on a Unix socket."""
