/** Vars and secrets of the Worker in the project `edge`. Its model servers do not exist: tests put their own `fetch` in their place. */
export const edgeBindings = {
  ENVIRONMENT: 'development',
  BOOTSTRAP_API_KEY: 'edge-test-client-key',
  ADMIN_TOKEN: 'edge-test-admin-token',
  UPSTREAM_API_KEY: 'edge-test-upstream-key',
  LARGE_SERVER_CREDENTIAL: 'edge-test-large-credential',
  ACCESS_CLIENT_ID: 'edge-test.access',
  ACCESS_CLIENT_SECRET: 'edge-test-access-secret',
  SMALL_UPSTREAM_URL: 'http://small.test',
  LARGE_UPSTREAM_URL: 'http://large.test',
  CONFIG_OVERRIDES: JSON.stringify({
    upstreams: { large: { key_var: 'LARGE_SERVER_CREDENTIAL' } },
    routing: {
      health: { snapshot_max_age_ms: 50, unhealthy_threshold: 2, probe_timeout_ms: 200, breaker: { ejection_base_ms: 60_000 } },
    },
  }),
} as const;
