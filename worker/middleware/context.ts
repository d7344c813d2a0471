/** What middleware leaves for those after it. */
import type { RoutingMetadata } from '../../shared/routing-metadata.ts';
import type { RateNumbers } from '../core/limits/rate.ts';
import type { KeyRecord } from '../core/auth/key-record.ts';
import type { Env } from '../env.ts';

export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** The caller's key; set by `requireKey`. */
    key: KeyRecord;
    /** Set as soon as a request was routed, so that error answers carry it, too. */
    routing: RoutingMetadata;
    /** The key's exact limits after this request; not set for keys without. */
    rate: RateNumbers;
    /** False when a routed request was turned away before anything ran. */
    isAdmitted: boolean;
    /** Who operates: `token`, or a verified Access identity. */
    actor: string;
  };
}
