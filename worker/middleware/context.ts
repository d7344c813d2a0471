/** Variables that middleware sets for later handlers. */
import type { ShownRouting } from '../../shared/routing-metadata.ts';
import type { RateNumbers } from '../core/limits/rate.ts';
import type { Trace } from '../core/trace/trace.ts';
import type { KeyRecord } from '../core/auth/key-record.ts';
import type { Env } from '../env.ts';

export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** Set where requests are followed. */
    trace: Trace;
    /** The caller's key; set by `requireKey`. */
    key: KeyRecord;
    /** Set as soon as a request was routed, so that error answers carry it as well. */
    routing: ShownRouting;
    /** The key's exact limits after this request; not set for keys without. */
    rate: RateNumbers;
    /** False when a routed request was refused before anything ran. */
    isAdmitted: boolean;
    /** Who operates: `token`, or a verified Access identity. */
    actor: string;
  };
}
