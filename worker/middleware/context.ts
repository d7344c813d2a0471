/** What middleware leaves for those after it. */
import type { RoutingMetadata } from '../../shared/routing-metadata.ts';
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
  };
}
