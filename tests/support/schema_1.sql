CREATE TABLE blogs (
    blog VARCHAR NOT NULL,
    site VARCHAR NOT NULL,
    sweep INTEGER,
    PRIMARY KEY (blog)
);
CREATE TABLE categories (
    blog VARCHAR NOT NULL,
    slug VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    pages INTEGER,
    walked INTEGER,
    PRIMARY KEY (blog, slug)
);
CREATE TABLE changes (
    blog VARCHAR NOT NULL,
    post BIGINT NOT NULL,
    change VARCHAR NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (blog, post)
);
CREATE TABLE failures (
    blog VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    post BIGINT,
    run INTEGER NOT NULL,
    count INTEGER NOT NULL,
    reason VARCHAR NOT NULL,
    final BOOLEAN NOT NULL,
    retry_at VARCHAR NOT NULL,
    PRIMARY KEY (blog, address)
);
CREATE TABLE mentions (
    blog VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    post BIGINT,
    url VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    modified VARCHAR,
    type VARCHAR,
    facts TEXT,
    run INTEGER NOT NULL,
    PRIMARY KEY (blog, source, key)
);
CREATE INDEX mentions_address ON mentions (blog, address);
CREATE INDEX mentions_post ON mentions (blog, post);
CREATE TABLE places (
    blog VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    run INTEGER NOT NULL,
    page INTEGER NOT NULL,
    place INTEGER NOT NULL,
    named BOOLEAN NOT NULL,
    PRIMARY KEY (blog, category, key)
);
CREATE INDEX places_key ON places (blog, key);
CREATE TABLE posts (
    blog VARCHAR NOT NULL,
    id BIGINT NOT NULL,
    address VARCHAR NOT NULL,
    external BOOLEAN NOT NULL,
    first_run INTEGER NOT NULL,
    type VARCHAR,
    facts VARCHAR NOT NULL,
    made_from VARCHAR,
    tried INTEGER,
    due VARCHAR,
    read_run INTEGER,
    etag VARCHAR,
    last_modified VARCHAR,
    problems TEXT,
    gone_since VARCHAR,
    last_changed VARCHAR,
    record TEXT,
    checksum VARCHAR,
    size INTEGER,
    head TEXT,
    content VARCHAR,
    day VARCHAR,
    instant VARCHAR,
    protected BOOLEAN,
    credited BOOLEAN,
    content_source VARCHAR,
    bodied BOOLEAN,
    PRIMARY KEY (blog, id)
);
CREATE INDEX posts_address ON posts (blog, address);
CREATE TABLE runs (
    blog VARCHAR NOT NULL,
    id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    spider VARCHAR NOT NULL,
    arguments TEXT NOT NULL,
    host VARCHAR NOT NULL,
    pid INTEGER NOT NULL,
    start VARCHAR NOT NULL,
    "end" VARCHAR,
    verdict VARCHAR,
    report TEXT,
    PRIMARY KEY (blog, id)
);
CREATE TABLE sources (
    blog VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    run INTEGER NOT NULL,
    whole INTEGER,
    asked VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    claimed INTEGER,
    again BOOLEAN NOT NULL,
    more TEXT NOT NULL,
    PRIMARY KEY (blog, source)
);
CREATE TABLE engcrawl_schema (version INTEGER NOT NULL, PRIMARY KEY (version));
INSERT INTO engcrawl_schema VALUES (1);
