/** Debian's `prometheus` and `promtool`, which check what the gateway says and how it is judged; tests without them skip, except in CI. */
import { spawnSync } from 'node:child_process';

/** Set where their absence is a failure. */
export const isPrometheusRequired = process.env['POINTSMAN_REQUIRE_PROMETHEUS'] === '1';

const isThere = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

/** Why tests that need them are skipped; `null` where they run. */
export const noPrometheus: string | null =
  isPrometheusRequired || (isThere('promtool') && isThere('prometheus'))
    ? null
    : 'needs prometheus and promtool (Debian: apt-get install prometheus)';

/** What promtool says, and whether it found nothing wrong. */
export function promtool(args: readonly string[], input = ''): { readonly isGood: boolean; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { isGood: status === 0, output: `${stdout}${stderr}` };
}
