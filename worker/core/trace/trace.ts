/**
 * One request as a tree of spans, in the words of docs/request.md. Stages follow one another, so entering one ends what stood at its level
 * or below: a stage costs one call, and what ends in the middle of things leaves no span open. No word of a prompt or an answer is in it.
 */
import type { TraceContext } from './trace-context.ts';

/** Level 1 lies below the request itself. */
const levels = {
  'request-id': 1,
  auth: 1,
  body: 1,
  validate: 1,
  retrieve: 1,
  classify: 1,
  plan: 1,
  idempotency: 1,
  cache: 1,
  reserve: 1,
  attempts: 1,
  place: 3,
  call: 3,
  judge: 4,
  answer: 1,
  rescue: 2,
  'late whole': 1,
  settle: 1,
  shadow: 1,
} as const satisfies Readonly<Record<string, number>>;

export type Stage = keyof typeof levels;
export const stages: readonly string[] = Object.keys(levels);

export type Attributes = Readonly<Record<string, string | number | boolean | null>>;

export interface Span {
  readonly id: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  readonly startMs: number;
  readonly endMs: number;
  /** Those that are `null` are not known. */
  readonly attributes: Attributes;
  readonly isError: boolean;
}

/** The request first. */
export interface FinishedTrace {
  readonly traceId: string;
  readonly spans: readonly Span[];
}

export interface Trace {
  readonly traceId: string;
  /** Ends what stands at this stage's level or below, and begins it. */
  enter(stage: Stage, attributes?: Attributes): void;
  /** Says more of a stage that has not ended. */
  note(stage: Stage, attributes: Attributes): void;
  /** For the call of a model server: it belongs to the stage that began last. */
  here(): TraceContext;
  /** Ends everything, once; later calls do nothing. */
  end(root: { readonly name: string; readonly attributes: Attributes; readonly isError: boolean }): void;
}

/** What the platform's tracing offers: a span that is begun and ended by hand. */
export type PlatformSpans = (name: string) => PlatformSpan;
export interface PlatformSpan {
  setAttribute(key: string, value: string | number | boolean): unknown;
  end(): void;
}

export interface TraceOptions {
  /** Null where no valid one came: then `newTraceId`. */
  readonly parent: TraceContext | null;
  readonly clock: { now(): number };
  newTraceId(): string;
  newSpanId(): string;
  /** The platform's own spans, which then stand beside those that are exported. */
  readonly platform: PlatformSpans | null;
  finished(trace: FinishedTrace): void;
}

/** More than any request makes: what loops must not fill the memory. */
const maxSpans = 200;

interface StageSpan {
  readonly id: string;
  readonly level: number;
  readonly stage: Stage;
  readonly parentId: string;
  readonly startMs: number;
  readonly mirror: PlatformSpan | null;
  attributes: Attributes;
  endMs: number;
}

export function openTrace({ parent, clock, newTraceId, newSpanId, platform, finished }: TraceOptions): Trace {
  const traceId = parent?.traceId ?? newTraceId();
  const rootId = newSpanId();
  const startMs = clock.now();
  const rootMirror = platform?.('request') ?? null;
  const all: StageSpan[] = [];
  let open: readonly StageSpan[] = [];
  let isEnded = false;
  const close = (level: number, endMs: number): void => {
    for (const span of open) if (span.level >= level) endStage(span, endMs);
    open = open.filter((span) => span.level < level);
  };
  return {
    traceId,
    enter(stage, attributes = {}) {
      const nowMs = clock.now();
      const level = levels[stage];
      close(level, nowMs);
      if (isEnded || all.length >= maxSpans) return;
      const parentId = open.at(-1)?.id ?? rootId;
      const mirror = platform?.(stage) ?? null;
      const span = { id: newSpanId(), level, stage, parentId, startMs: nowMs, mirror, attributes, endMs: nowMs };
      all.push(span);
      open = [...open, span];
    },
    note(stage, attributes) {
      const span = open.findLast((one) => one.stage === stage);
      if (span !== undefined) span.attributes = { ...span.attributes, ...attributes };
    },
    here: () => ({ traceId, spanId: open.at(-1)?.id ?? rootId, isSampled: parent?.isSampled ?? true }),
    end({ name, attributes, isError }) {
      if (isEnded) return;
      const endMs = clock.now();
      close(0, endMs);
      isEnded = true;
      endMirror(rootMirror, attributes);
      // A caller that does not record this trace has asked for nothing.
      if (parent?.isSampled === false) return;
      const parentId = parent?.spanId ?? null;
      const root: Span = { id: rootId, parentId, name, kind: 'server', startMs, endMs, attributes, isError };
      finished({ traceId, spans: [root, ...all.map(spanOf)] });
    },
  };
}

function endStage(span: StageSpan, endMs: number): void {
  span.endMs = endMs;
  endMirror(span.mirror, span.attributes);
}

function endMirror(span: PlatformSpan | null, attributes: Attributes): void {
  if (span === null) return;
  for (const [key, value] of Object.entries(attributes)) if (value !== null) span.setAttribute(key, value);
  span.end();
}

function spanOf({ id, stage, parentId, startMs, endMs, attributes }: StageSpan): Span {
  const kind = stage === 'call' ? 'client' : 'internal';
  return { id, parentId, name: stage, kind, startMs, endMs, attributes, isError: attributes['error.type'] != null };
}
