/** What the pipeline needs of the world. */
import type { Config } from '../../../shared/config-prepare.ts';
import type { LearnedWeights } from '../../core/classify/learned.ts';
import type { HideSecrets } from '../../core/log/known-secrets.ts';
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
  /** For words of a model server that a client is told. */
  readonly hideSecrets: HideSecrets;
  openPipe(): ClientPipe;
  /** One per isolate. */
  readonly retryBudget: { current: RetryBudget };
}
