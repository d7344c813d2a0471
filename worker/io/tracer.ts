/** Opens traces, and sends those that have ended to a collector: in batches, after the answer, and never more than it has room for. */
import { tracing } from 'cloudflare:workers';
import { otlpBody } from '../core/trace/otlp.ts';
import { readTraceparent } from '../core/trace/trace-context.ts';
import { type Attributes, type FinishedTrace, openTrace, type PlatformSpans } from '../core/trace/trace.ts';
import type { Background, Clock, LogPort, Tracer } from '../core/ports.ts';

export interface TracerOptions {
  readonly otlp: { readonly url: string; readonly headers: Readonly<Record<string, string>> } | null;
  readonly isPlatform: boolean;
  readonly resource: Attributes;
  readonly clock: Clock;
  readonly log: LogPort;
}

/** How long traces are collected before they are sent. */
const collectMs = 1000;
/** What waits at most; a collector that is down must not fill the memory. About 2 MB. */
const maxWaiting = 500;
const maxBatch = 100;
const sendTimeoutMs = 5000;

/** Null when nobody wants traces. */
export function createTracer(options: TracerOptions): Tracer | null {
  const platform = options.isPlatform ? platformSpans() : null;
  const send = options.otlp === null ? null : createSender(options, options.otlp);
  if (platform === null && send === null) return null;
  return {
    open: (traceparent, background) =>
      openTrace({
        parent: readTraceparent(traceparent),
        clock: options.clock,
        newTraceId: () => randomHex(16),
        newSpanId: () => randomHex(8),
        platform,
        finished: (trace) => send?.(trace, background),
      }),
  };
}

/** The runtime may be one that has no spans of its own, or none that are begun by hand. */
function platformSpans(): PlatformSpans | null {
  const api: Partial<Tracing> | undefined = tracing;
  return typeof api?.startSpan === 'function' ? (name) => tracing.startSpan(name) : null;
}

function createSender(
  { resource, log, clock }: TracerOptions,
  { url, headers }: NonNullable<TracerOptions['otlp']>,
): (trace: FinishedTrace, background: Background) => void {
  const waiting: FinishedTrace[] = [];
  let sendingSinceMs: number | null = null;
  let dropped = 0;

  const post = async (batch: readonly FinishedTrace[]): Promise<void> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: otlpBody(batch, resource),
      // The headers may hold a secret, which is for this address alone.
      redirect: 'manual',
      signal: AbortSignal.timeout(sendTimeoutMs),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the collector answered ${response.status}`);
  };

  /** A batch that fails is dropped: an old trace is worth less than the memory. */
  const sendAll = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, collectMs));
    while (waiting.length > 0) {
      sendingSinceMs = clock.now();
      const batch = waiting.splice(0, maxBatch);
      try {
        await post(batch);
      } catch (error) {
        dropped += batch.length;
        log.write('warn', 'traces_dropped', { count: dropped, error });
        dropped = 0;
        if (waiting.length > maxBatch) break;
      }
    }
    if (dropped > 0) log.write('warn', 'traces_dropped', { count: dropped });
    dropped = 0;
    sendingSinceMs = null;
  };

  return (trace, background) => {
    if (waiting.length >= maxWaiting) dropped += 1;
    else waiting.push(trace);
    // The request that carried the others may have been ended with its client: another one takes over.
    if (sendingSinceMs !== null && clock.now() - sendingSinceMs < sendTimeoutMs * 2) return;
    sendingSinceMs = clock.now();
    background(sendAll());
  };
}

function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
