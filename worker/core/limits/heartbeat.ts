/**
 * How long places, reservations and running idempotency keys last without a heartbeat. Isolates report every few seconds which of their
 * requests still run; when an isolate dies, what its requests held is free half a minute later.
 */

/** A request without a heartbeat for this long is over: it, or its isolate, is gone. */
export const leaseMs = 30_000;
/** How often isolates report what still runs; at worst the gap between two reports is twice as long. */
export const heartbeatMs = 5_000;
/** A restarted object does not know when it last heard of a request: the isolate has this long to report it. */
export const graceMs = 15_000;
/** With less than this left, a request has missed a heartbeat or is older than a restart of the object: it may be dead. */
export const doubtfulMs = 18_000;
