-- What explains a routing decision, as GET /admin/requests/:id shows it; and a request whose ending was never reported has no status.
alter table pointsman.requests add column threshold double precision;
alter table pointsman.requests add column confidence double precision;
-- The classifier's readings: name, value, weight.
alter table pointsman.requests add column signals jsonb not null default '[]';
alter table pointsman.requests alter column http_status drop not null;
