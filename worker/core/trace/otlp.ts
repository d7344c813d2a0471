/** Traces as a body of OTLP/HTTP in JSON (ExportTraceServiceRequest): ids in hex, times and integers as text, enums as numbers. */
import type { Attributes, FinishedTrace, Span } from './trace.ts';

const kinds = { internal: 1, server: 2, client: 3 } as const;
const statusError = 2;

/** @param resource what sends, such as `service.name` */
export function otlpBody(traces: readonly FinishedTrace[], resource: Attributes): string {
  const spans = traces.flatMap(({ traceId, spans: list }) => list.map((span) => otlpSpan(traceId, span)));
  const scope = { name: 'pointsman' };
  return JSON.stringify({
    resourceSpans: [{ resource: { attributes: otlpAttributes(resource) }, scopeSpans: [{ scope, spans }] }],
  });
}

function otlpSpan(traceId: string, { id, parentId, name, kind, startMs, endMs, attributes, isError }: Span) {
  return {
    traceId,
    spanId: id,
    ...(parentId === null ? {} : { parentSpanId: parentId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(endMs),
    attributes: otlpAttributes(attributes),
    status: isError ? { code: statusError } : {},
  };
}

function nanoseconds(ms: number): string {
  return `${Math.trunc(ms)}000000`;
}

function otlpAttributes(attributes: Attributes) {
  return Object.entries(attributes).flatMap(([key, value]) => (value === null ? [] : [{ key, value: otlpValue(value) }]));
}

function otlpValue(value: string | number | boolean) {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
