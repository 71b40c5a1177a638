"""The tables of the run log, and how an older log becomes this one."""

import sqlalchemy as sa

VERSION = 3

# UPGRADES[n] brings a log of version n to version n + 1. New tables need no statement: they are created before.
UPGRADES: dict[int, list[str]] = {
    1: [],  # 2: classes and votes
    2: [  # 3: studies; what people note about a run
        "ALTER TABLE runs ADD COLUMN notes TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN archived BOOLEAN NOT NULL DEFAULT FALSE",
        "ALTER TABLE runs ADD COLUMN deleted DOUBLE PRECISION",
    ],
}

metadata = sa.MetaData()

version = sa.Table("version", metadata, sa.Column("number", sa.Integer, nullable=False))

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, comment="order of creation, so order in the queue"),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("experiment", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False, default="", comment="why it failed or waits, for people"),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("group", sa.Text, index=True),
    sa.Column("parent", sa.Text),
    sa.Column("name", sa.Text),
    sa.Column("tags", sa.Text, nullable=False, default="", comment="separated by commas"),
    sa.Column("notes", sa.Text, nullable=False, default="", server_default=""),
    sa.Column("archived", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Column("deleted", sa.Double, comment="when it was put into the bin, none while it is not there"),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("started", sa.Double),
    sa.Column("ended", sa.Double),
    sa.Column("heartbeat", sa.Double),
    sa.Column("watched", sa.Double, comment="when somebody last looked"),
    sa.Column("step", sa.Integer, nullable=False, default=0),
    sa.Column("steps", sa.Integer, nullable=False, default=0),
    sa.Column("pace", sa.Text, nullable=False),
    sa.Column("stop_at", sa.Integer),
    sa.Column("recorded", sa.Boolean, nullable=False, default=False),
    sa.Column("versions", sa.Text, nullable=False, default="{}"),
    sa.Column("summary", sa.Text, nullable=False, default="{}"),
    sa.Column("teacher_run", sa.Text),
    sa.Column("worker", sa.Text, comment="host:pid:start of the process that trains it; none while written out"),
    sa.Column("size", sa.BigInteger, nullable=False, default=0, comment="bytes of its frames"),
    sqlite_autoincrement=True,
)


def _frames(name: str) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


scalars = _frames("scalars")
keyframes = _frames("keyframes")
layouts = _frames("layouts")

newest = sa.Table(
    "newest",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

stages = sa.Table(
    "stages",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

commands = sa.Table(
    "commands",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, comment="order of arrival"),
    sa.Column("run", sa.Text, nullable=False, index=True),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("counter", sa.BigInteger, nullable=False),
    sa.Column("command", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, comment="the step at which it took effect, none while it waits"),
    sa.Column("refused", sa.Text, comment="why it could not act, none if it could"),
    sa.Column("at", sa.Double, nullable=False),
    sa.UniqueConstraint("run", "client", "counter"),
    sqlite_autoincrement=True,
)

beats = sa.Table(
    "beats",
    metadata,
    sa.Column("name", sa.Text, primary_key=True, comment="a server's presence, or a wish such as a layout"),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("value", sa.Text, nullable=False, default=""),
)

studies = sa.Table(
    "studies",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="also the `group` of its runs"),
    sa.Column("kind", sa.Text, nullable=False, comment="plane or search"),
    sa.Column("spec", sa.Text, nullable=False, comment="what is studied, as JSON"),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("heartbeat", sa.Double),
)

classes = sa.Table(
    "classes",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False, index=True, comment="the lecturer's browser"),
    sa.Column("lesson", sa.Text, comment="none while the lecturer is on the Lab"),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("run", sa.Text, comment="what they show, none where it is no run of this log"),
    sa.Column("revealed", sa.Boolean, nullable=False),
    sa.Column("at", sa.Double, nullable=False, comment="when the lecturer last moved"),
)

votes = sa.Table(
    "votes",
    metadata,
    sa.Column("code", sa.Text, primary_key=True, comment="of the class"),
    sa.Column("lesson", sa.Text, primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("voter", sa.Text, primary_key=True, comment="a browser's key hashed with the code"),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("run", sa.Text, index=True, comment="what it was a prediction of, none until the reveal"),
    sa.Column("at", sa.Double, nullable=False),
)

OF_A_RUN = (scalars, keyframes, layouts, newest, stages, commands, votes)
