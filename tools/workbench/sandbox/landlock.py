"""Rights of Landlock by version of the kernel's interface: see landlock(7).

A kernel is asked to handle all that its version knows, and what it handles is refused unless a rule allows it.
"""

# LANDLOCK_ACCESS_FS_…: EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, MAKE_DIR,
# MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK and MAKE_SYM; then REFER, TRUNCATE and IOCTL_DEV, each with the version
# that brought it.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_SOCK, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
_FIRST = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL_DEV = (2, 1 << 13), (3, 1 << 14), (5, 1 << 15)
# BIND_TCP and CONNECT_TCP; ABSTRACT_UNIX_SOCKET and SIGNAL.
_NETWORK, _SCOPES = (4, 0b11), (6, 0b11)


def handled(version: int) -> tuple[int, int, int]:
    """What a version knows, of files, of the network, and of scopes."""
    files = _FIRST | _known(version, _REFER, _TRUNCATE, _IOCTL_DEV)
    return files, _known(version, _NETWORK), _known(version, _SCOPES)


def read(*, folder: bool) -> int:
    """To read and to run what lies there."""
    return _EXECUTE | _READ_FILE | (_READ_DIR if folder else 0)


def use(version: int) -> int:
    """To read and write one file that stays where it is, such as `/dev/null`."""
    return _READ_FILE | _WRITE_FILE | _known(version, _TRUNCATE, _IOCTL_DEV)


def own(version: int) -> int:
    """To do everything below a folder but to make devices and sockets."""
    files, _, _ = handled(version)
    return files & ~(_MAKE_CHAR | _MAKE_SOCK | _MAKE_BLOCK)


def _known(version: int, *rights: tuple[int, int]) -> int:
    return sum(bits for since, bits in rights if version >= since)
