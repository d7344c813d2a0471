/** What `bench:overhead` measures, row by row: on which targets, and what its figures are compared with. */
import type { Workload } from './mock-upstream.ts';
import { medianFirstByteMs } from './first-byte.ts';
import { measureHeap } from './heap.ts';
import { mostHeldStreams, tokenLagP99Ms } from './held-streams.ts';
import { shortRequests, shortWorkload, streamCpuMs, type StreamWorkload } from './relay-cells.ts';
import { loadRequests, type RequestLoad } from './request-load.ts';
import { pythonPeers } from './peer/python-peers.ts';
import type { Mock } from './start-mock.ts';
import type { Target } from './targets.ts';

/** In the order of their turns and of the table. */
export const targetNames = ['hono', 'floor', 'pump', 'peer', ...pythonPeers, 'gateway', 'before'] as const;
export type TargetName = (typeof targetNames)[number];

export interface Measured {
  readonly target: Target;
  readonly mock: Mock;
  /** Of a client without limits, and of one with a budget. */
  readonly keys: { readonly plain: string; readonly budget: string };
  readonly seconds: number;
}

export interface Figure {
  readonly title: string;
  readonly unit: string;
  /** Shown as it is, and not as a ratio to bare Hono. */
  readonly isAbsolute?: boolean;
}

/** `shipped` gateways have the configuration of this repository; `wide` ones have room for any number of requests, and `inspected` ones show their heap, too. */
export type Setting = 'shipped' | 'wide' | 'inspected';

export interface OverheadRow {
  readonly id: string;
  readonly setting: Setting;
  readonly targets: readonly TargetName[];
  /** The row whose figures of bare Hono these are compared with; null is this one. */
  readonly honoOf: string | null;
  readonly figures: readonly Figure[];
  /** One value a figure, in their order. */
  measure(measured: Measured): Promise<readonly number[]>;
}

const bodyBytes = 4096;
const whole: Workload = { kind: 'json', bytes: bodyBytes };
const gateways = ['gateway', 'before'] as const;
const peers = ['peer', ...pythonPeers] as const;

interface RequestRow {
  readonly id: string;
  readonly title: string;
  readonly connections: number;
  readonly honoOf?: string;
  readonly key?: 'plain' | 'budget';
  readonly load?: Partial<RequestLoad>;
}

/** Few enough tokens that the model is surely asked for plain JSON; the mock model server always answers with 4 KB. */
const fewTokens = 20;

const requestRows: readonly RequestRow[] = [
  { id: 'requests-32', title: '32 connections', connections: 32 },
  { id: 'requests-1', title: '1 connection', connections: 1 },
  { id: 'budget', title: 'key with a budget', connections: 32, honoOf: 'requests-32', key: 'budget' },
  {
    id: 'new-conversations',
    title: 'every conversation new',
    connections: 32,
    honoOf: 'requests-32',
    load: { isNewEachTime: true },
  },
  { id: '500-tokens', title: 'max_tokens 500', connections: 32, honoOf: 'requests-32', load: { maxTokens: 500 } },
  { id: 'no-max-tokens', title: 'no max_tokens', connections: 32, honoOf: 'requests-32', load: { maxTokens: null } },
];

/** What every request load is unless its row says otherwise. */
export const plainLoad = { connections: 32, bytes: bodyBytes, isNewEachTime: false, maxTokens: fewTokens } as const;

function requestRow({ id, title, connections, honoOf: other, key = 'plain', load = {} }: RequestRow): OverheadRow {
  const honoOf = other ?? null;
  return {
    id,
    setting: 'shipped',
    honoOf,
    // Features that only the gateway has cost the others nothing.
    targets: honoOf === null ? ['hono', 'floor', ...peers, ...gateways] : gateways,
    figures: [
      { title: `CPU a request, ${title}`, unit: 'µs' },
      { title: `requests a second, ${title}`, unit: '' },
      { title: `p99, ${title}`, unit: 'ms' },
    ],
    async measure({ target, mock, keys, seconds }) {
      await mock.set(whole);
      const costs = await loadRequests(target, { ...plainLoad, connections, seconds, key: keys[key], ...load });
      return [costs.cpuUs, costs.perSecond, costs.p99Ms];
    },
  };
}

const streamTargets = ['hono', 'pump', ...peers, ...gateways] as const;

function firstByteRow(hasTools: boolean): OverheadRow {
  return {
    id: hasTools ? 'first-byte-tools' : 'first-byte',
    setting: 'shipped',
    honoOf: hasTools ? 'first-byte' : null,
    targets: hasTools ? gateways : streamTargets,
    figures: [{ title: `first streamed byte${hasTools ? ', tools declared' : ''}`, unit: 'µs' }],
    measure: async ({ target, mock }) => [(await medianFirstByteMs(target, mock, hasTools)) * 1000],
  };
}

const streams = 20;
const paced: StreamWorkload = { kind: 'stream', answer: { kind: 'plain', chunks: 200, tokensPerChunk: 1 }, intervalMs: 10 };
const burst: StreamWorkload = { kind: 'stream', answer: { kind: 'plain', chunks: 1000, tokensPerChunk: 1 }, intervalMs: 0 };

function chunkRow(name: 'paced' | 'burst', hasTools: boolean): OverheadRow {
  const workload = name === 'paced' ? paced : burst;
  return {
    id: hasTools ? `${name}-tools` : name,
    setting: 'shipped',
    honoOf: hasTools ? name : null,
    targets: hasTools ? gateways : streamTargets,
    figures: [{ title: `CPU a ${name} chunk${hasTools ? ', tools declared' : ''}`, unit: 'µs' }],
    async measure({ target, mock }) {
      const work = { workload, hasTools, parsesCalls: false };
      const short = await streamCpuMs(target, mock, { ...work, workload: shortWorkload }, streams, shortRequests);
      const long = await streamCpuMs(target, mock, work, streams, 1);
      return [((long - short / shortRequests) * 1000) / (streams * (workload.answer.chunks - 1))];
    },
  };
}

/** The process, the script and its set-up; bare Hono's figure is workerd alone. A program has been asked whether it serves yet, again and again. */
const startRow: OverheadRow = {
  id: 'start',
  setting: 'shipped',
  honoOf: null,
  targets: ['hono', ...peers, ...gateways],
  figures: [{ title: 'CPU until the first answer', unit: 'ms' }],
  measure: async ({ target }) => [await target.startCpuMs()],
};

const lagRow: OverheadRow = {
  id: 'lag',
  setting: 'shipped',
  honoOf: null,
  targets: streamTargets,
  figures: [{ title: `delay of a paced token, p99, ${streams} streams`, unit: 'ms' }],
  measure: async ({ target, mock }) => [await tokenLagP99Ms(target, mock, streams)],
};

const heldRow: OverheadRow = {
  id: 'held',
  setting: 'wide',
  honoOf: null,
  targets: ['hono', 'pump', ...pythonPeers, ...gateways],
  figures: [{ title: 'streams held (of 64, 128, 256, 512)', unit: '', isAbsolute: true }],
  measure: async ({ target, mock }) => [await mostHeldStreams(target, mock)],
};

const heapRow: OverheadRow = {
  id: 'heap',
  setting: 'inspected',
  honoOf: null,
  targets: gateways,
  figures: [
    { title: 'JS heap after 2,000 requests', unit: 'MB', isAbsolute: true },
    { title: 'JS heap at 200 held streams', unit: 'MB', isAbsolute: true },
    { title: 'JS heap after 10,000 more requests', unit: 'MB', isAbsolute: true },
  ],
  measure: ({ target, mock, keys }) => measureHeap(target, mock, { ...plainLoad, seconds: 0, key: keys.plain }),
};

export const overheadRows: readonly OverheadRow[] = [
  ...requestRows.map(requestRow),
  ...[false, true].map(firstByteRow),
  ...(['paced', 'burst'] as const).flatMap((name) => [chunkRow(name, false), chunkRow(name, true)]),
  startRow,
  lagRow,
  heldRow,
  heapRow,
];
