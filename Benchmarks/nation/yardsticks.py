"""The same work by programs that are not ours, in the same run."""

import hashlib
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import fleet

TABLES = ("meta", "commits", "record", "change", "audit", "audit_personal", "audit_seal")


def insertion(store, path):
    """Seconds that Python's sqlite3 takes to put all rows of a store into a new one, in one durable transaction."""
    with sqlite3.connect(store) as source:
        tables = source.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC").fetchall()
        rows = {name: source.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}
    target = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        target.execute(f"PRAGMA {pragma}")
    for name, sql in tables:
        if not name.startswith("sqlite_"):
            target.execute(sql)
    started = time.monotonic()
    target.execute("BEGIN IMMEDIATE")
    for name, found in rows.items():
        if found:
            target.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(found[0]))})", found)
    target.execute("COMMIT")
    taken = time.monotonic() - started
    target.close()
    return taken


def commits(path, count):
    """Seconds of each of COUNT durable transactions of one row."""
    target = sqlite3.connect(path, isolation_level=None)
    target.execute("PRAGMA journal_mode = WAL")
    target.execute("PRAGMA synchronous = FULL")
    target.execute("CREATE TABLE IF NOT EXISTS kept (key INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    taken = []
    for number in range(count):
        started = time.monotonic()
        target.execute("INSERT INTO kept VALUES (?, ?)", (number, bytes(600)))
        taken.append(time.monotonic() - started)
    target.close()
    return taken


def scrypt_rate(seconds=3):
    """Derivations a second that OpenSSL makes on all processors, at the cost of a log-in."""
    def derive(_):
        hashlib.scrypt(b"whatever", salt=bytes(16), dklen=32, maxmem=fleet.MEMORY, **fleet.COST)

    processors = os.cpu_count()
    with ThreadPoolExecutor(processors) as pool:
        started, done = time.monotonic(), 0
        while time.monotonic() - started < seconds:
            list(pool.map(derive, range(processors * 4)))
            done += processors * 4
        return done / (time.monotonic() - started)


def dictionary_copies(users, count):
    """Seconds of each of COUNT changes of a plain dictionary whose older versions stay as they are."""
    table = {fleet.identity(fleet.name(number)): (number,) for number in range(users)}
    taken = []
    for number in range(count):
        started = time.monotonic()
        changed = dict(table)
        changed[fleet.identity(fleet.name(number % users))] = (number + 1,)
        taken.append(time.monotonic() - started)
        table = changed
    return taken
