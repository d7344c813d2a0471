/** One probe of an upstream: does it answer, which models has it loaded, how busy is it. What is asked, and how, its dialect says. */
import type { ProbeResult } from '../core/health/health-event.ts';
import type { UpstreamPort } from '../core/ports.ts';
import type { Dialect } from '../core/upstreams/dialect.ts';
import { loginPage } from '../core/upstreams/transport-failure.ts';

const maxModelsBytes = 1_048_576;
const maxLoadBytes = 2_097_152;

const unknownLoad = { running: null, waiting: null, kvCacheUsage: null, engines: [] };

/** Never rejects. Load is `null` where the server does not publish it; that alone is no failure. */
export async function probeUpstream(
  upstream: UpstreamPort,
  dialect: Dialect,
  upstreamId: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { probe } = dialect;
  const get = (path: string, accept: 'application/json' | 'text/plain') =>
    upstream.open({ upstreamId, method: 'GET', path, body: null, requestId: 'health-probe', traceparent: null, accept, signal });
  const failed = (cause: ProbeResult['cause']): ProbeResult => ({ upstreamId, cause, modelsServed: null, ...unknownLoad });
  if (probe.models === null) return { upstreamId, cause: null, modelsServed: null, ...unknownLoad };
  const models = await get(probe.models.path, 'application/json');
  if (!models.ok) return failed(signal.aborted ? 'timeout' : 'unreachable');
  const { status, mediaType } = models.value;
  const body = await models.value.readText(maxModelsBytes);
  if (status !== 200) return failed(dialect.readError(models.value, null, 0).cause);
  if (mediaType === 'text/html') return failed(loginPage.cause);
  const modelsServed = body === null ? null : probe.models.read(body);
  if (probe.load === null) return { upstreamId, cause: null, modelsServed, ...unknownLoad };
  const load = await get(probe.load.path, 'text/plain');
  const text = load.ok && load.value.status === 200 ? await load.value.readText(maxLoadBytes) : null;
  return { upstreamId, cause: null, modelsServed, ...(text === null ? unknownLoad : probe.load.read(text)) };
}
