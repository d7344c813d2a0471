/** What is read from the database while requests go on: single requests of the log, and kept answers. Null where there is none. */
import type { CacheConfig } from '../../shared/config.ts';
import type { Clock, LogPort, RequestsPort } from '../core/ports.ts';
import type { PostgresPort } from '../core/rows/ports.ts';
import { createLoggedRequests } from './logged-requests.ts';
import { createSharedAnswers, type SharedAnswers } from './shared-answers.ts';

export interface DatabaseReaders {
  readonly logged: RequestsPort | null;
  readonly answers: SharedAnswers | null;
}

export function createReaders(
  postgres: PostgresPort | null,
  cache: CacheConfig['database'],
  clock: Clock,
  log: LogPort,
): DatabaseReaders {
  if (postgres === null) return { logged: null, answers: null };
  return {
    logged: createLoggedRequests(postgres, clock, log),
    answers: cache.enabled ? createSharedAnswers(postgres, cache, clock, log) : null,
  };
}
