//! The store's own tables. Version 1.

pub(super) const TABLES: &str = "
create table if not exists tidegate_schema (version integer not null) strict;

create table if not exists tidegate_marker (
    grp      text not null,
    handler  text not null,
    event_id text not null,
    state    text not null check (state in ('done', 'dead')),
    letter   text,
    at       integer not null,
    primary key (grp, handler, event_id)
) strict, without rowid;

create table if not exists tidegate_outbox (
    grp       text not null,
    handler   text not null,
    event_id  text not null,
    ordinal   integer not null,
    topic     text not null,
    partition integer,
    key       blob,
    value     blob,
    headers   blob not null,
    timestamp integer,
    primary key (grp, handler, event_id, ordinal)
) strict, without rowid;

create table if not exists tidegate_owner (
    grp       text not null,
    topic     text not null,
    partition integer not null,
    epoch     integer not null,
    primary key (grp, topic, partition)
) strict, without rowid;
";
