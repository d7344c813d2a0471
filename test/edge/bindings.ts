/** Vars and secrets of the Worker inside the `edge` project. Its model servers do not exist: tests put their own `fetch` in their place. */
export const edgeBindings = {
  ENVIRONMENT: 'development',
  BOOTSTRAP_API_KEY: 'edge-test-client-key',
  ADMIN_TOKEN: 'edge-test-admin-token',
  UPSTREAM_API_KEY: 'edge-test-upstream-key',
  SMALL_UPSTREAM_URL: 'http://small.test',
  LARGE_UPSTREAM_URL: 'http://large.test',
  CONFIG_OVERRIDES: JSON.stringify({ routing: { health: { snapshot_max_age_ms: 50, breaker: { ejection_base_ms: 1000 } } } }),
} as const;
