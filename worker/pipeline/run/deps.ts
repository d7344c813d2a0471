/** What the pipeline needs of the world. */
import type { Config } from '../../../shared/config-prepare.ts';
import type { LearnedWeights } from '../../core/classify/learned.ts';
import type { PodsPort } from '../../core/pods/pods-port.ts';
import type {
  AdmissionPort,
  ClientPipe,
  Clock,
  HealthPort,
  LedgerPort,
  LogPort,
  RequestLogPort,
  SessionPort,
  TenantPort,
  Timers,
  UpstreamPort,
} from '../../core/ports.ts';
import type { LearnPort } from '../../core/learn/ports.ts';
import type { AnswersPort, KeptPort } from '../../core/kept/ports.ts';
import type { RowsPort } from '../../core/rows/ports.ts';
import type { RecentSpeeds } from '../../core/route/recent-speed.ts';
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
  /** SHA-256 in hexadecimal. */
  digest(text: string): Promise<string>;
  readonly upstream: UpstreamPort;
  readonly health: HealthPort;
  /** Null where no pod is started and stopped. */
  readonly pods: PodsPort | null;
  readonly ledger: LedgerPort;
  readonly admission: AdmissionPort;
  readonly tenants: TenantPort;
  readonly kept: KeptPort;
  readonly sessions: SessionPort;
  /** Null where nothing is learned from the deployment's own traffic. */
  readonly learning: LearnPort | null;
  readonly answers: AnswersPort;
  readonly log: LogPort;
  /** Null where no line is written for each request. */
  readonly requestLog: RequestLogPort | null;
  /** The request log in a database; null where there is none. */
  readonly rows: RowsPort | null;
  readonly dialectOf: DialectOf;
  openPipe(): ClientPipe;
  /** By model id, one per isolate. */
  readonly speeds: Map<string, RecentSpeeds>;
  /** Answers that a server has ended when it had said so, by upstream id; one per isolate. */
  readonly endedInARow: Map<string, number>;
  /** One per isolate. */
  readonly retryBudget: { current: RetryBudget };
}
