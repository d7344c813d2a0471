/**
 * How long what was handed out lives without being heard of: places, reservations, running idempotency keys. Isolates say every few seconds
 * which of their requests still run; who is gone says nothing, and what it held is free half a minute later.
 */

/** A request that is not heard of for this long is over: its isolate is gone, or it is. */
export const leaseMs = 30_000;
/** How often the isolates say what still runs; at worst twice as long passes between two times. */
export const heartbeatMs = 5_000;
/** After a restart of the object nobody knows when a request was last heard of: its isolate has this long to say so. */
export const graceMs = 15_000;
/** With less than this left a request has missed a heartbeat, or is of the time before a restart: it may be a dead one. */
export const doubtfulMs = 18_000;
