"""Which release of Libreswan listens, and where its programs are.

Owns: the order of the ways to find out (`detect`), what pluto's own program says (`binary`), where its companions are
(`programs`), and what is remembered on disk (`cache`). Must not know: what is asked of pluto afterwards.
"""
