"""Folders in which only the current user can change files."""

import os
import stat
from pathlib import Path


def make_private(folder: Path) -> None:
    """Creates a folder and its missing parents, accessible to the current user only.

    Raises:
      OSError: If a folder cannot be created.
    """
    for path in reversed((folder, *folder.parents)):
        if not path.is_dir():
            path.mkdir(mode=0o700, exist_ok=True)


def why_not_private(folder: Path) -> str | None:
    """Returns why somebody else can change the content of a folder, or None if nobody can.

    Somebody who can rename the folder or one of its parents can also replace it. The system's
    administrator is trusted. If the folder does not exist, its next existing parent counts.

    Args:
      folder: Folder; symbolic links are followed.
    """
    if not hasattr(os, "geteuid"):  # Windows has other permissions.
        return None
    folder = folder.resolve()
    existing = [path for path in (folder, *folder.parents) if path.exists()]
    for place in existing:
        status = place.stat()
        if status.st_uid != os.geteuid() and (place == folder or status.st_uid != 0):
            return f"{place} belongs to another user"
        if place != folder and status.st_mode & stat.S_ISVTX:
            continue  # In folders such as /tmp, nobody can rename the files of others.
        if status.st_mode & stat.S_IWOTH:
            return f"{place} can be written by every user"
        if status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid):
            return f"{place} can be written by the users of a group"
    return None


def _is_own_group(group: int) -> bool:
    """Returns whether the current user is the only member of a group.

    Some systems give every user a group of the same name, and let it write by default.
    """
    import grp
    import pwd

    try:
        found, user = grp.getgrgid(group), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    is_named_alike = found.gr_name == user.pw_name and user.pw_gid == group
    return is_named_alike and set(found.gr_mem) <= {user.pw_name}
