-- The request log, and the second level of the answer cache.
-- All statements may run while gateways write: they find either none of it or all of it.

-- One row for every finished request. Its id is made by the gateway; request_id may be chosen by a client, and be there twice.
-- Partitioned by the UTC day on which it ended, so that a day is forgotten by dropping its table.
create table pointsman.requests (
  id text not null,
  ended_at timestamptz not null,
  request_id text not null,
  trace_id text,
  tenant_id text not null,
  key_id text not null,
  agent text,
  session text,
  kind text not null,
  requested_model text not null,
  routed_model text,
  served_model text,
  tier text,
  intent text,
  score double precision,
  rule text,
  reason text not null,
  strategy text,
  is_forced boolean not null,
  is_stream boolean not null,
  ending text not null,
  error_code text,
  http_status smallint not null,
  prompt_tokens bigint not null,
  cached_tokens bigint not null,
  completion_tokens bigint not null,
  reasoning_tokens bigint not null,
  is_estimated boolean not null,
  cost_nano_usd bigint not null,
  all_large_cost_nano_usd bigint not null,
  all_small_cost_nano_usd bigint not null,
  cache_saved_nano_usd bigint not null,
  latency_ms double precision not null,
  first_byte_ms double precision,
  -- Calls of model servers, in order: model, upstream, times since the request began, outcome; what each was billed.
  attempts jsonb not null,
  fallback_used boolean not null,
  escalated boolean not null,
  rescued boolean not null,
  cache text not null,
  arm text,
  -- Only where the key's record says so; cut at the configured length.
  prompt text,
  answer text,
  primary key (ended_at, id)
) partition by range (ended_at);

create index requests_by_request on pointsman.requests (request_id);
create index requests_by_key on pointsman.requests (key_id, ended_at desc);
create index requests_by_session on pointsman.requests (session, ended_at desc) where session is not null;
create index requests_failed on pointsman.requests (ended_at desc) where ending <> 'ok';

-- Makes the partitions of these days. Attaching an empty table holds up no reader and no writer; a gateway's role needs no right to make tables.
create function pointsman.make_request_partitions(first_day date, last_day date) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  day date := first_day;
  name text;
  made integer := 0;
begin
  perform pg_advisory_xact_lock(7403222);
  while day <= last_day loop
    name := 'requests_' || to_char(day, 'YYYYMMDD');
    if to_regclass('pointsman.' || name) is null then
      execute format('create table pointsman.%I (like pointsman.requests including defaults)', name);
      execute format('alter table pointsman.requests attach partition pointsman.%I for values from (%L) to (%L)',
        name, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
      made := made + 1;
    end if;
    day := day + 1;
  end loop;
  return made;
end $$;

-- Drops every partition of a day before this one. Gives up after two seconds rather than hold up writers; the next run tries again.
create function pointsman.drop_request_partitions(before_day date) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  name text;
  dropped integer := 0;
begin
  perform pg_advisory_xact_lock(7403222);
  for name in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'pointsman.requests'::regclass and c.relname ~ '^requests_\d{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') < before_day
    order by 1
  loop
    execute format('drop table pointsman.%I', name);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$;

-- Answers that are given again, beyond what one location of the platform's cache has. A key is a hash; a body is compressed JSON.
create table pointsman.cache_entries (
  tenant text not null,
  key text not null,
  body bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (tenant, key)
);

create index cache_entries_expiry on pointsman.cache_entries (expires_at);

-- They run with the rights of whoever applied this file.
revoke execute on function pointsman.make_request_partitions(date, date) from public;
revoke execute on function pointsman.drop_request_partitions(date) from public;
