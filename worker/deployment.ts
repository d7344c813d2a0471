/** What a deployment says of itself beside its configuration. */
import type { Settings } from './env.ts';

/** What `GET /router/info` says of this deployment beside its configuration. */
export interface Deployment {
  readonly version: string;
  readonly commit: string | null;
  readonly environment: string;
  readonly features: Readonly<Record<string, boolean>>;
  /** The way to the database. */
  readonly postgres: 'off' | 'hyperdrive' | 'direct';
  /** Rows of the request log go by way of a queue. */
  readonly usesQueue: boolean;
}

export function deploymentOf(settings: Settings, version: string, hasQueue: boolean): Deployment {
  const { environment, buildCommit, accessLogin, metricsToken, logsRequests, traces, postgres } = settings;
  return {
    version,
    commit: buildCommit,
    environment,
    postgres: postgres?.via ?? 'off',
    usesQueue: postgres !== null && hasQueue,
    features: {
      access_login: accessLogin !== null,
      metrics_token: metricsToken !== null,
      request_log: logsRequests,
      otlp_traces: traces.otlp !== null,
      platform_traces: traces.isPlatform,
    },
  };
}
