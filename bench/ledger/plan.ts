/**
 * The requests of a reconciliation, drawn from a seed: what each asks, which fault it meets, whether and how its client leaves. Every kind
 * has its own agent name with each key, so that the ledger's books per agent are books per kind and key.
 */
import type { FaultName } from '../../infra/standin/faults.ts';
import { between, pick, type Random, seededRandom } from '../../infra/standin/random.ts';

export const kindIds = [
  'plain',
  'fallback',
  'failing',
  'framing',
  'counts',
  'broken',
  'rescued',
  'left-by-reset',
  'left-by-close',
  'left-early',
  'repeated',
  'refused',
] as const;
export type Kind = (typeof kindIds)[number];

export interface PlannedRequest {
  readonly id: string;
  readonly kind: Kind;
  readonly agent: string;
  /** Index into the keys of the run. */
  readonly key: number;
  readonly body: Readonly<Record<string, unknown>> | string;
  /** Such a request is sent twice, one after the other. */
  readonly idempotencyKey: string | null;
  readonly leaves: Leaving | null;
}

export interface Leaving {
  readonly how: 'reset' | 'close';
  /** After so many pieces of the answer's text, or so long after the request was sent. */
  readonly after: { readonly events: number } | { readonly ms: number };
}

/** Shown by one server, and the other answers. */
const healed: readonly [FaultName, ...FaultName[]] = [
  'reset',
  'close-before-headers',
  'not-http',
  'server-error',
  'legacy-error',
  'out-of-memory',
  'bad-gateway',
  'unavailable',
  'rate-limit',
  'unauthorized',
  'empty-body',
  'garbage-body',
  'html-body',
  'first-event-error',
];
const refusing: readonly [FaultName, ...FaultName[]] = [
  'bad-request',
  'unprocessable',
  'content-policy',
  'context-length',
  ...healed,
];
const framing: readonly [FaultName, ...FaultName[]] = [
  'no-done',
  'comments-between',
  'crlf',
  'multi-line',
  'one-write',
  'bom',
  'bad-json-event',
  'events-after-done',
  'double-finish',
  'json-for-stream',
  'hostile-content',
  'split-utf8',
];
/** Usage that is missing or cannot be true; a stream where JSON was asked for has none. */
const counts: readonly [FaultName, ...FaultName[]] = [
  'no-usage',
  'usage-negative',
  'usage-nan',
  'usage-huge',
  'usage-zero',
  'usage-text',
  'sse-for-json',
];
const breaking: readonly [FaultName, ...FaultName[]] = ['mid-error', 'mid-reset', 'mid-hang-up', 'cut-json', 'eof'];

/** Shares of a hundred. */
const shares: Readonly<Record<Kind, number>> = {
  plain: 35,
  fallback: 8,
  failing: 7,
  framing: 10,
  counts: 5,
  broken: 5,
  rescued: 5,
  'left-by-reset': 6,
  'left-by-close': 4,
  'left-early': 6,
  repeated: 4,
  refused: 5,
};

export function planRequests(count: number, keys: number, seed: string): PlannedRequest[] {
  const next = requestPlanner(shares, keys, seed);
  return Array.from({ length: count }, next);
}

/** One request after the other. @param mix shares of a hundred */
export function requestPlanner(mix: Readonly<Partial<Record<Kind, number>>>, keys: number, seed: string): () => PlannedRequest {
  const random = seededRandom('reconcile', seed);
  const wheel = kindIds.flatMap((kind) => Array.from({ length: mix[kind] ?? 0 }, () => kind));
  let index = 0;
  return () => {
    index += 1;
    return planRequest(index - 1, wheel, keys, random);
  };
}

function planRequest(index: number, wheel: readonly Kind[], keys: number, random: Random): PlannedRequest {
  const kind = wheel[Math.floor(random() * wheel.length)] ?? 'plain';
  const key = Math.floor(random() * keys);
  const stream = mustStream.has(kind) || (kind !== 'left-early' && random() < 0.5) || random() < 0.3;
  return {
    id: `reconcile-${index}`,
    kind,
    agent: `${kind}.${key}`,
    key,
    body: kind === 'refused' ? wrongBody(random) : bodyOf(kind, index, stream, random),
    idempotencyKey: kind === 'repeated' ? `repeat-${index}` : null,
    leaves: leavingOf(kind, random),
  };
}

const leavesMidway: ReadonlySet<Kind> = new Set(['left-by-reset', 'left-by-close']);
const mustStream: ReadonlySet<Kind> = new Set(['broken', 'rescued', ...leavesMidway]);

function bodyOf(kind: Kind, index: number, stream: boolean, random: Random): Record<string, unknown> {
  const model =
    kind === 'plain'
      ? pick(random, ['auto', 'small', 'large', 'qwen2.5-7b'] as const)
      : pick(random, ['small', 'large'] as const);
  const other = kind === 'fallback' || kind === 'rescued' ? `;on=${model}` : '';
  const fault = faultOf(kind, random);
  const directives = [
    fault === null ? '' : `[[fault:${fault}${other}]]`,
    leavesMidway.has(kind) ? '[[pace:200]]' : '',
    kind === 'left-early' ? '[[pace:15]]' : '',
    `[[tokens:${leavesMidway.has(kind) ? 120 : between(random, 6, 20)}]]`,
  ];
  const usage = stream && (kind === 'counts' || random() < 0.6) ? { stream_options: { include_usage: true } } : {};
  return {
    model,
    stream,
    ...usage,
    max_tokens: 200,
    messages: [{ role: 'user', content: `${directives.join('')}Harbour ${index}?` }],
  };
}

function faultOf(kind: Kind, random: Random): string | null {
  if (kind === 'fallback') return pick(random, healed);
  if (kind === 'failing') return pick(random, refusing);
  if (kind === 'framing') return pick(random, framing);
  if (kind === 'counts') return pick(random, counts);
  if (kind === 'broken' || kind === 'rescued') return `${pick(random, breaking)};after=${between(random, 2, 5)}`;
  return null;
}

function leavingOf(kind: Kind, random: Random): Leaving | null {
  if (leavesMidway.has(kind)) {
    return { how: kind === 'left-by-reset' ? 'reset' : 'close', after: { events: between(random, 1, 8) } };
  }
  return kind === 'left-early' ? { how: random() < 0.7 ? 'reset' : 'close', after: { ms: between(random, 0, 60) } } : null;
}

/** Refused before anything runs. */
function wrongBody(random: Random): Record<string, unknown> | string {
  const messages = [{ role: 'user', content: 'Hi' }];
  const bodies: readonly [string, ...Record<string, unknown>[]] = [
    '{"messages":',
    { messages: [] },
    { messages, temperature: 9 },
    { messages, model: 'gpt-17' },
  ];
  return pick<Record<string, unknown> | string>(random, bodies);
}
