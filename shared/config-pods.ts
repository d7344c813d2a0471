/** The shape of `pods` and `pod_groups`: rented GPU machines that are stopped while nobody needs them. Without any, nothing of this runs. */
import { budgets, id, int, number, usd, variable } from './config-values.ts';
import * as z from './zod.ts';

export const weekdayIds = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export const whileWakingIds = ['hold', 'spill', 'refuse'] as const;

const dayMs = 86_400_000;

const clockTime = z.string().check(z.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'a time of day in UTC, such as 07:30'));

/** Hours in which a pod is kept up, whoever asks. */
const KeepUp = z.strictObject({
  days: z.array(z.enum(weekdayIds)).check(z.minLength(1)),
  from_utc: clockTime,
  until_utc: clockTime,
});

export const Pod = z.strictObject({
  provider: z.enum(['runpod']),
  /** Names of variables: the pod's id, and the secret with the provider's API key. Where the id is not set, the pod is not managed. */
  id_var: variable('RUNPOD_POD_ID'),
  key_var: z._default(variable('RUNPOD_API_KEY'), 'RUNPOD_API_KEY'),
  /** Names a variable with another address of the provider's API, for a stand-in. */
  url_var: z._default(variable('RUNPOD_API_URL'), 'RUNPOD_API_URL'),
  /** The model servers that run on it. */
  upstreams: z.array(id).check(z.minLength(1)),
  /** Stopped when nobody has asked for its models for so long. */
  idle_after_ms: z._default(int(1000, 7 * dayMs), 900_000),
  /** Not stopped earlier than this after a start. */
  min_up_ms: z._default(int(0, dayMs), 300_000),
  /** No new calls for so long before it is stopped; an isolate's view of the fleet is at most half as old. */
  drain_ms: z._default(int(500, 600_000), 12_000),
  /** Woken so often within an hour it is not stopped again: the starts would cost more than they save. */
  max_wakes_per_hour: z._default(int(1, 60), 4),
  /** A start that has no answering server by then has failed: the pod is stopped, and started once more. */
  wake_timeout_ms: z._default(int(1000, 7_200_000), 900_000),
  /** `hold`: requests wait for it. `spill`: the next model of their chain that is up answers. `refuse`: 503 with the time that a start takes. */
  while_waking: z._default(z.enum(whileWakingIds), 'hold'),
  hold: z.prefault(
    z.strictObject({
      /** Over all isolates; beyond it, and after `max_wait_ms`, as `spill`. */
      max_requests: z._default(int(0, 100_000), 200),
      max_wait_ms: z._default(int(1000, 900_000), 900_000),
    }),
    {},
  ),
  /** For what other models answer in its place, besides every other budget. */
  spill_budgets: z._default(budgets, []),
  keep_up: z._default(z.array(KeepUp).check(z.maxLength(14)), []),
  /** Until the provider has said. */
  usd_per_hour: z.optional(usd),
});

/** Pods that serve the same model, started and stopped by how much waits. */
export const PodGroup = z.strictObject({
  pods: z.array(id).check(z.minLength(2)),
  /** Pods that stay up; with 0 the last one is stopped as a pod of its own would be. */
  min: z._default(int(0, 100), 1),
  max: z._default(int(1, 100), 100),
  /** One more pod is started while more than so many requests wait per running pod… */
  waiting_per_pod: z._default(number(0, 10_000), 2),
  /** …for so long without a break, and would still wait when it is ready. */
  out_after_ms: z._default(int(0, 3_600_000), 30_000),
  /** Requests that one pod serves well. One pod is stopped while the others would be no fuller than three quarters of it… */
  requests_per_pod: int(1, 100_000),
  /** …for so long. */
  in_after_ms: z._default(int(1000, dayMs), 600_000),
  /** Between two changes. */
  cooldown_ms: z._default(int(0, 3_600_000), 60_000),
});

export type PodConfig = z.infer<typeof Pod>;
export type PodGroupConfig = z.infer<typeof PodGroup>;
