"""Opening the run log's database, and saying in plain words why it cannot be used.

SQLite in WAL mode by default: many readers and one writer at a time, and a write that returned is in the file for good
even if its process is killed in the next instant (`synchronous=NORMAL`; only a power cut may take the last ones).
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.dialects import postgresql, sqlite

from kdcore.folders import data_folder
from kdcore.runs import schema

BUSY_SECONDS = 5.0
LEAST_FREE_BYTES = 20_000_000
# SQLite's WAL needs memory shared by all processes on the file, which these cannot give.
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "fuse.sshfs"}


class LogUnavailable(Exception):
    """The run log cannot be read or written; the message says why and what helps."""


def _made_folder() -> Path:
    folder = data_folder().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogUnavailable(f"The data folder {folder} cannot be made: {error.strerror}. {_elsewhere}") from error
    return folder


_elsewhere = "Set DKLAB_HOME to a folder that can be written."


class Database:
    """Short transactions on one database; every failure of it is a LogUnavailable."""

    def __init__(self, url: str | None = None, busy_seconds: float = BUSY_SECONDS) -> None:
        self.folder = _made_folder()
        self.url = url or os.environ.get("DKLAB_DATABASE_URL") or f"sqlite:///{self.folder / 'log.sqlite'}"
        try:
            parsed = sa.make_url(self.url)
            if parsed.get_backend_name() == "sqlite" and not parsed.database:
                raise LogUnavailable("DKLAB_DATABASE_URL needs a file: sqlite:////folder/log.sqlite")
            self.file = Path(str(parsed.database)).absolute() if parsed.get_backend_name() == "sqlite" else None
            options: dict[str, Any] = {"connect_args": {"timeout": busy_seconds}} if self.file else {}
            self._engine = sa.create_engine(parsed, pool_size=8, max_overflow=32, **options)
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
            raise LogUnavailable(f"DKLAB_DATABASE_URL cannot be used: {error}") from error
        if self.file:
            _check_folder(self.file.parent)
            sa.event.listen(self._engine, "connect", _set_up_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        self._inode = 0
        self._writer = self._engine.execution_options(writes=True)
        self._create()
        self._inode = self.file.stat().st_ino if self.file else 0

    def _create(self) -> None:
        try:
            with FileLock(self.folder / "log.lock", timeout=20):
                if self.file:
                    self._use_wal()
                with self.write() as connection:
                    schema.metadata.create_all(connection)
                    _upgrade(connection)
        except Timeout as error:
            raise LogUnavailable(f"Another program has held {self.folder / 'log.lock'} for 20 s.") from error
        except OSError as error:
            raise LogUnavailable(
                f"The folder {self.folder} cannot be written: {error.strerror}. {_elsewhere}"
            ) from error

    def _use_wal(self) -> None:
        with self.read() as connection:
            connection.exec_driver_sql("PRAGMA auto_vacuum=INCREMENTAL")
            mode = connection.exec_driver_sql("PRAGMA journal_mode=WAL").scalar()
        if mode != "wal":
            raise LogUnavailable(_no_wal(self.folder, f"the file system allows only journal mode {mode!r}"))

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading; each statement sees the log as it is then."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: when the block ends without an error, all of it is in the log for good."""
        with self._translated(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self.is_gone():
            raise LogUnavailable(f"The run log {self.file} is missing. Restart the server to begin a new one.")
        try:
            yield
        except sa.exc.IntegrityError:
            raise
        except sa.exc.DBAPIError as error:
            raise LogUnavailable(
                explain(str(error.orig), self.file or sa.make_url(self.url).render_as_string())
            ) from error
        except sa.exc.TimeoutError as error:
            raise LogUnavailable("The run log is overloaded: no connection became free in 30 s.") from error

    def upsert(self, connection: sa.Connection, table: sa.Table, values: dict[str, Any], replace: bool = True) -> bool:
        """Insert a row, or replace (or leave) the one with its key. True where a row was written."""
        dialect = sqlite if self.file else postgresql
        insert = dialect.insert(table).values(values)
        keys = {column.name for column in table.primary_key}
        rest = {name: insert.excluded[name] for name in values if name not in keys}
        final = insert.on_conflict_do_update(index_elements=sorted(keys), set_=rest) if replace else None
        result = connection.execute(insert.on_conflict_do_nothing() if final is None else final)
        return result.rowcount > 0

    def watcher(self) -> Callable[[], bool]:
        """A cheap question (3 microseconds on SQLite): may anybody else have written since it was last asked?

        For use in one thread. On another database the answer is always yes.
        """
        if self.file is None:
            return lambda: True
        connection = sqlite3.connect(f"file:{self.file}?mode=rw", uri=True, isolation_level=None)
        seen = -1

        def changed() -> bool:
            nonlocal seen
            try:
                now = int(connection.execute("PRAGMA data_version").fetchone()[0])
            except sqlite3.Error:
                return True
            before, seen = seen, now
            return now != before

        return changed

    def trouble(self) -> str | None:
        """What threatens the log although it still answers: its file is gone, or the disk is nearly full."""
        if self.is_gone():
            return f"The run log {self.file} is missing. Restart the server to begin a new one."
        free = shutil.disk_usage(self.folder).free
        if free < LEAST_FREE_BYTES:
            return f"The disk of {self.folder} is nearly full ({free // 1_000_000} MB left); runs cannot be kept."
        return None

    def is_gone(self) -> bool:
        """Whether the file was deleted or replaced under us; what is written then would be lost silently."""
        try:
            return bool(self.file and self._inode and self.file.stat().st_ino != self._inode)
        except OSError:
            return True

    def give_back_space(self) -> None:
        """Shrink the file by what was deleted; where another one writes just now, it is done next time."""
        if self.file:
            with contextlib.suppress(sqlite3.Error), self.read() as connection:
                driver = connection.connection.dbapi_connection
                assert isinstance(driver, sqlite3.Connection)
                # As a plain statement it would free one page only: the driver takes a single step of it.
                driver.executescript("PRAGMA incremental_vacuum")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def explain(problem: str, where: object) -> str:
    """A database's own message, in words that say what helps."""
    known = {
        "database is locked": "is locked by another program. Close it, or wait until it is done",
        "unable to open": "cannot be opened. Check that its folder is there and can be written",
        "readonly": "cannot be written. Check the rights on the file and its folder",
        "is full": "cannot grow: the disk is full. Free some space; training goes on meanwhile",
        "no space": "cannot grow: the disk is full. Free some space; training goes on meanwhile",
        "no such table": "is missing or was emptied. Restart the server to begin a new one",
        "not a database": "is not a run log. Move the file away to begin a new one",
        "malformed": "is damaged. Move the file away to begin a new one",
        "disk i/o error": "cannot be read or written. The disk may be full, broken or on a network",
        "locking protocol": "lies on a file system without proper locks. Set DKLAB_HOME to a folder on a local disk",
    }
    for sign, words in known.items():
        if sign in problem.lower():
            return f"The run log {where} {words}."
    return f"The run log {where} cannot be used: {problem}."


def _no_wal(folder: Path, why: str) -> str:
    return (
        f"The run log cannot be kept in {folder}: {why}, and SQLite needs more there. "
        "Set DKLAB_HOME to a folder on a local disk, or DKLAB_DATABASE_URL to a database server."
    )


def file_system(folder: Path) -> str:
    """The kind of file system a folder lies on ("ext4", "nfs4", ...), empty where it cannot be told."""
    try:
        mounts = psutil.disk_partitions(all=True)
    except OSError:
        return ""
    holding = [mount for mount in mounts if folder.resolve().is_relative_to(mount.mountpoint)]
    return max(holding, key=lambda mount: len(mount.mountpoint)).fstype.lower() if holding else ""


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise LogUnavailable(f"The folder {folder} of the run log is missing.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise LogUnavailable(f"The folder {folder} cannot be written. {_elsewhere}")
    kind = file_system(folder)
    if kind in NETWORK_FILE_SYSTEMS:
        raise LogUnavailable(_no_wal(folder, f"it lies on a network file system ({kind})"))


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by `_begin_sqlite`, not by the driver, which would begin them too late.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA journal_size_limit=16000000")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that turns from reading to writing fails at once when another one wrote: take the lock first.
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _upgrade(connection: sa.Connection) -> None:
    number = connection.execute(sa.select(schema.version.c.number)).scalar()
    if number is None:
        connection.execute(schema.version.insert().values(number=schema.VERSION))
        return
    if number > schema.VERSION:
        raise LogUnavailable(f"The run log was written by a newer version ({number}); this one knows {schema.VERSION}.")
    for step in range(number, schema.VERSION):
        for statement in schema.UPGRADES[step]:
            connection.exec_driver_sql(statement)
    connection.execute(schema.version.update().values(number=schema.VERSION))
