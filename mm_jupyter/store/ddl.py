"""The tables of ``schema.py`` in SQLite's words, so that a kernel needs no SQLAlchemy to make a store.

Made by: python -m mm_jupyter.store.schema >mm_jupyter/store/ddl.py"""

TABLES = """\
CREATE TABLE alembic_version (
    version_num TEXT NOT NULL,
    PRIMARY KEY (version_num)
);
CREATE TABLE batches (
    id INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    kind TEXT NOT NULL,
    asked DOUBLE NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (id),
    UNIQUE ("key")
);
CREATE TABLE environments (
    id INTEGER NOT NULL,
    digest TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (digest)
);
CREATE TABLE experiments (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);
CREATE TABLE git_states (
    id INTEGER NOT NULL,
    digest BLOB NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (digest)
);
CREATE TABLE names (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);
CREATE TABLE packs (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);
CREATE TABLE sessions (
    id INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    notebook TEXT,
    started DOUBLE NOT NULL,
    ended DOUBLE,
    username TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    cwd TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE ("key")
);
CREATE TABLE sources (
    id INTEGER NOT NULL,
    digest BLOB NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (digest)
);
CREATE TABLE audit (
    number INTEGER NOT NULL,
    at DOUBLE NOT NULL,
    who INTEGER NOT NULL,
    what TEXT NOT NULL,
    object TEXT NOT NULL,
    "before" TEXT,
    "after" TEXT,
    PRIMARY KEY (number),
    FOREIGN KEY(who) REFERENCES names (id)
);
CREATE INDEX audit_object ON audit (object);
CREATE TABLE blobs (
    id INTEGER NOT NULL,
    digest BLOB NOT NULL,
    size BIGINT NOT NULL,
    codec SMALLINT NOT NULL,
    data BLOB,
    pack INTEGER,
    start BIGINT,
    stored BIGINT,
    PRIMARY KEY (id),
    UNIQUE (digest),
    FOREIGN KEY(pack) REFERENCES packs (id)
);
CREATE INDEX ix_blobs_pack ON blobs (pack);
CREATE TABLE executions (
    session INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    cell_id TEXT,
    count INTEGER,
    source INTEGER NOT NULL,
    started DOUBLE NOT NULL,
    seconds DOUBLE NOT NULL,
    status TEXT NOT NULL,
    detail BLOB,
    PRIMARY KEY (session, seq),
    FOREIGN KEY(session) REFERENCES sessions (id)
)
 WITHOUT ROWID;
CREATE TABLE runs (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    started DOUBLE NOT NULL,
    seconds DOUBLE,
    session INTEGER NOT NULL,
    seq INTEGER,
    cell_id TEXT,
    within INTEGER,
    parent INTEGER,
    note TEXT,
    verdict TEXT,
    models TEXT,
    source INTEGER NOT NULL,
    environment INTEGER,
    git INTEGER,
    detail BLOB,
    UNIQUE (experiment, version),
    FOREIGN KEY(experiment) REFERENCES experiments (id),
    FOREIGN KEY(session) REFERENCES sessions (id)
);
CREATE INDEX runs_parent ON runs (parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_running ON runs (id) WHERE status = 'running';
CREATE INDEX runs_session ON runs (session, seq);
CREATE INDEX runs_started ON runs (started);
CREATE INDEX runs_within ON runs (within) WHERE within IS NOT NULL;
CREATE TABLE jobs (
    id INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    run INTEGER,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    worker TEXT,
    seen DOUBLE,
    tries INTEGER NOT NULL,
    phase TEXT NOT NULL,
    cell INTEGER NOT NULL,
    cells INTEGER NOT NULL,
    started DOUBLE,
    ended DOUBLE,
    verdict TEXT,
    said TEXT,
    data BLOB,
    PRIMARY KEY (id),
    FOREIGN KEY(batch) REFERENCES batches (id) ON DELETE CASCADE,
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE INDEX ix_jobs_batch ON jobs (batch);
CREATE INDEX ix_jobs_run ON jobs (run);
CREATE INDEX jobs_left ON jobs (id) WHERE state IN ('waiting', 'running');
CREATE TABLE metrics (
    run INTEGER NOT NULL,
    name INTEGER NOT NULL,
    number DOUBLE,
    deviation DOUBLE,
    PRIMARY KEY (run, name),
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE,
    FOREIGN KEY(name) REFERENCES names (id)
)
 WITHOUT ROWID;
CREATE INDEX metrics_number ON metrics (name, number) WHERE number IS NOT NULL;
CREATE TABLE noises (
    id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE INDEX ix_noises_run ON noises (run);
CREATE TABLE params (
    run INTEGER NOT NULL,
    name INTEGER NOT NULL,
    type SMALLINT NOT NULL,
    origin SMALLINT NOT NULL,
    number DOUBLE,
    text TEXT,
    PRIMARY KEY (run, name),
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE,
    FOREIGN KEY(name) REFERENCES names (id)
)
 WITHOUT ROWID;
CREATE INDEX params_number ON params (name, number) WHERE number IS NOT NULL;
CREATE INDEX params_text ON params (name, substr(text, 1, 64)) WHERE text IS NOT NULL;
CREATE TABLE series (
    run INTEGER NOT NULL,
    name INTEGER NOT NULL,
    part INTEGER NOT NULL,
    points INTEGER NOT NULL,
    last BIGINT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (run, name, part),
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE,
    FOREIGN KEY(name) REFERENCES names (id)
);
CREATE TABLE tags (
    run INTEGER NOT NULL,
    name INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, name),
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE,
    FOREIGN KEY(name) REFERENCES names (id)
)
 WITHOUT ROWID;
CREATE INDEX tags_text ON tags (name, substr(text, 1, 64));
CREATE TABLE verdicts (
    id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE INDEX ix_verdicts_run ON verdicts (run)
"""
