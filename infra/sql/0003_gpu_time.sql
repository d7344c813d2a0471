-- A request's part of the time of configured GPUs, and of what that costs. Rows of gateways that do not know it have none.
alter table pointsman.requests add column gpu_ms bigint not null default 0;
alter table pointsman.requests add column gpu_cost_nano_usd bigint not null default 0;
