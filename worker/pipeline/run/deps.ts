/** What the pipeline needs of the world. */
import type { Config } from '../../../shared/config-prepare.ts';
import type { LearnedWeights } from '../../core/classify/learned.ts';
import type {
  AdmissionPort,
  ClientPipe,
  Clock,
  HealthPort,
  LedgerPort,
  LogPort,
  SessionPort,
  TenantPort,
  Timers,
  UpstreamPort,
} from '../../core/ports.ts';
import type { RetryBudget } from '../../core/route/retry-budget.ts';
import type { DialectOf } from '../../core/upstreams/dialect.ts';

export interface PipelineDeps {
  readonly config: Config;
  readonly weights: LearnedWeights | null;
  readonly clock: Clock;
  readonly timers: Timers;
  random(): number;
  /** 24 random characters, safe in headers. */
  newId(): string;
  readonly upstream: UpstreamPort;
  readonly health: HealthPort;
  readonly ledger: LedgerPort;
  readonly admission: AdmissionPort;
  readonly tenants: TenantPort;
  readonly sessions: SessionPort;
  readonly log: LogPort;
  readonly dialectOf: DialectOf;
  openPipe(): ClientPipe;
  /** One per isolate. */
  readonly retryBudget: { current: RetryBudget };
}
