/** One probe of an upstream: does it answer, which models has it loaded, how busy is it. Reads `/v1/models` and `/metrics`. */
import type { ProbeResult } from '../core/health/health-event.ts';
import { readLoad, readModels } from '../core/health/probe-reading.ts';
import type { UpstreamPort } from '../core/ports.ts';
import { statusFailure } from '../core/upstreams/transport-failure.ts';

const maxModelsBytes = 1_048_576;
const maxMetricsBytes = 2_097_152;

/** Never rejects. Load is `null` where the server does not publish it; that alone is no failure. */
export async function probeUpstream(upstream: UpstreamPort, upstreamId: string, signal: AbortSignal): Promise<ProbeResult> {
  const unknownLoad = { running: null, waiting: null, kvCacheUsage: null };
  const get = (path: string, accept: 'application/json' | 'text/plain') =>
    upstream.open({ upstreamId, method: 'GET', path, body: null, requestId: 'health-probe', accept, signal });
  const models = await get('/v1/models', 'application/json');
  if (!models.ok) {
    return { upstreamId, cause: signal.aborted ? 'timeout' : 'unreachable', modelsServed: null, ...unknownLoad };
  }
  const { status, mediaType } = models.value;
  const body = await models.value.readText(maxModelsBytes);
  if (status !== 200 || mediaType === 'text/html') {
    const { cause } = statusFailure(status === 200 ? 302 : status, mediaType, null, null);
    return { upstreamId, cause, modelsServed: null, ...unknownLoad };
  }
  const modelsServed = body === null ? null : readModels(body);
  const metrics = await get('/metrics', 'text/plain');
  const text = metrics.ok && metrics.value.status === 200 ? await metrics.value.readText(maxMetricsBytes) : null;
  return { upstreamId, cause: null, modelsServed, ...(text === null ? unknownLoad : readLoad(text)) };
}
