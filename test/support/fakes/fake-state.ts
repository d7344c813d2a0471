/** The state behind a gateway, in memory: health by the real reducers, a ledger that collects, places that are counted. */
import type { Config } from '../../../shared/config-prepare.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { fail, ok } from '../../../shared/result.ts';
import { healthConfig } from '../../../worker/core/health/health-config.ts';
import type { AttemptReport } from '../../../worker/core/health/health-event.ts';
import { type HealthState, unknownHealth } from '../../../worker/core/health/health-state.ts';
import { snapshot } from '../../../worker/core/health/snapshot.ts';
import { step } from '../../../worker/core/health/step.ts';
import { emptyBatch, toStatsOf } from './ledger-stats.ts';
import type { AdmissionPort, Clock, HealthPort, LedgerPort, LogPort, SessionPort, TenantPort } from '../../../worker/core/ports.ts';
import type { SessionMemory } from '../../../worker/core/route/session.ts';
