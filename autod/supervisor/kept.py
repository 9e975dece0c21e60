"""Files of the supervisor that are written whole or not at all, even if the power fails meanwhile.

Owns the replacing of such a file. Must not know what is in it.
"""

from __future__ import annotations

import os
from contextlib import suppress

__all__ = ["replace_file"]


def replace_file(path: str, text: str) -> None:
    """Put `text` in the place of the file at `path`, for its owner alone; on the disk when this returns.

    Raises OSError, or UnicodeEncodeError for what is not text: then the file is as it was, but for a folder that could
    not be written through, where it may be the new one already.
    """
    data = text.encode()
    fresh = f"{path}.new"
    # Opened first: who has no descriptor for it must not have replaced the file.
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # A file that an earlier run left behind may have another mode.
        with suppress(FileNotFoundError):
            os.unlink(fresh)
        try:
            with open(fresh, "xb", opener=_private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
        except OSError:
            with suppress(OSError):
                os.unlink(fresh)
            raise
        # The new name is on the disk only when the folder is.
        os.fsync(folder)
    finally:
        os.close(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
