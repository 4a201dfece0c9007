-- Times are milliseconds since the Unix epoch, booleans 0 or 1, documents JSON text.

create table accounts (
  id         text    not null primary key,
  name       text    not null unique,
  created_at integer not null
) strict;

create table access_keys (
  id         text    not null primary key,
  account_id text    not null references accounts (id),
  mode       text    not null check (mode in ('live', 'test')),
  hash       text    not null unique,
  hint       text    not null,
  name       text,
  created_at integer not null,
  revoked_at integer
) strict;

-- `account_sequence` grows with every flow of the account; deleted flows leave gaps.
create table call_flows (
  id               text    not null primary key,
  account_id       text    not null,
  account_sequence integer not null check (account_sequence >= 1),
  is_default       integer not null check (is_default in (0, 1)),
  flow             text    not null,
  created_at       integer not null,
  updated_at       integer not null
) strict;
create unique index call_flows_by_age on call_flows (account_id, account_sequence);
create unique index call_flows_default on call_flows (account_id) where is_default = 1;

-- How many flows lie in each block of 4,096 sequences of an account: any page of the list is found by skipping blocks.
create table call_flow_blocks (
  account_id text    not null,
  block      integer not null,
  count      integer not null check (count >= 0),
  primary key (account_id, block)
) strict, without rowid;

create table numbers (
  id            text    not null primary key,
  account_id    text    not null,
  number        text    not null unique,
  call_flow_id  text    not null references call_flows (id) on delete cascade,
  assignment_id text    not null,
  created_at    integer not null,
  updated_at    integer not null
) strict;
create index numbers_by_call_flow on numbers (call_flow_id, created_at, id);

-- How many calls an account has: the list's total, and the last `account_sequence`.
create table call_counts (
  account_id text    not null primary key,
  count      integer not null check (count >= 1)
) strict, without rowid;

-- `account_sequence` numbers the calls of an account from 1 without a gap, since none is ever deleted: a page is a range of it.
-- Children name a call by `key`, which grows: rows made together lie together, where a random id would touch a page for each.
create table calls (
  key              integer not null primary key,
  id               text    not null unique,
  account_id       text    not null,
  account_sequence integer not null check (account_sequence >= 1),
  status           text    not null check (status in ('queued', 'starting', 'ongoing', 'ended', 'failed', 'busy', 'no_answer')),
  live             integer not null check (live in (0, 1)),
  direction        text    not null check (direction in ('incoming', 'outgoing')),
  source           text,
  destination      text,
  number_id        text,
  webhook          text,
  call_flow        text    not null,
  test             integer not null check (test in (0, 1)),
  created_at       integer not null,
  updated_at       integer not null,
  ended_at         integer,
  end_reason       text
) strict;
create unique index calls_by_age on calls (account_id, account_sequence);
create index calls_live on calls (created_at, id) where live = 1;

create table legs (
  sequence          integer not null primary key,
  id                text    not null unique,
  call_key          integer not null references calls (key) on delete cascade,
  status            text    not null check (status in ('starting', 'ringing', 'ongoing', 'busy', 'no_answer', 'failed', 'hangup')),
  direction         text    not null check (direction in ('incoming', 'outgoing')),
  source            text,
  destination       text,
  sip_response_code integer,
  created_at        integer not null,
  updated_at        integer not null,
  answered_at       integer,
  ended_at          integer,
  end_reason        text
) strict;
create index legs_by_call on legs (call_key, sequence);

create table journal (
  call_key integer not null references calls (key) on delete cascade,
  sequence integer not null check (sequence >= 1),
  at       integer not null,
  event    text    not null,
  primary key (call_key, sequence)
) strict, without rowid;

-- Events that must leave. A call's events leave in the order of `sequence`.
create table outbox (
  sequence        integer not null primary key,
  id              text    not null,
  account_id      text    not null,
  call_id         text    not null,
  type            text    not null check (type in ('call', 'leg', 'recording', 'transcription')),
  event           text    not null,
  payload         text    not null,
  created_at      integer not null,
  state           text    not null check (state in ('pending', 'delivered', 'dead')),
  attempts        integer not null check (attempts >= 0),
  next_attempt_at integer not null
) strict;
create index outbox_due on outbox (next_attempt_at, sequence) where state = 'pending';

create table recordings (
  id                  text    not null primary key,
  account_id          text    not null,
  call_id             text    not null,
  leg_id              text    not null,
  type                text    not null check (type in ('ivr', 'transfer', 'call')),
  status              text    not null check (status in ('initialised', 'recording', 'done', 'failed')),
  duration_seconds    real    not null,
  transcribe_language text,
  created_at          integer not null,
  updated_at          integer not null
) strict;
create index recordings_by_leg on recordings (leg_id, created_at, id);

create table transcriptions (
  id           text    not null primary key,
  account_id   text    not null,
  recording_id text    not null references recordings (id) on delete cascade,
  call_id      text    not null,
  leg_id       text    not null,
  language     text    not null,
  status       text    not null check (status in ('created', 'transcribing', 'done', 'failed')),
  text         text,
  error        text,
  created_at   integer not null,
  updated_at   integer not null
) strict;
create index transcriptions_by_recording on transcriptions (recording_id, created_at, id);

create table webhooks (
  id         text    not null primary key,
  account_id text    not null,
  url        text    not null,
  token      text,
  created_at integer not null,
  updated_at integer not null
) strict;
create index webhooks_by_age on webhooks (account_id, created_at, id);
