/** What the relay bench measures, cell by cell, and how: CPU of one target per chunk of one kind of answer at one pace. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload } from './mock-upstream.ts';
import type { Mock } from './start-mock.ts';
import { chatRequest, type Connection, openConnection } from './raw-client.ts';
import { type Bench, cpuOf, type Target } from './targets.ts';
import { type AnswerKind, benchTool } from './vllm-wire.ts';
import { clientKey } from '../../infra/rig/connect.ts';

export type RelayTarget = 'native-body' | 'pump' | 'transform' | 'hono' | 'gateway' | 'before';

export type StreamWorkload = Extract<Workload, { kind: 'stream' }>;

export interface RelayCell {
  readonly name: string;
  readonly target: RelayTarget;
  /** The same object in every cell that can be compared. */
  readonly workload: StreamWorkload;
  /** Tools are offered, so that the formats of the model are looked for. */
  readonly hasTools: boolean;
  readonly goal: string | null;
}

const paceMs = 10;

export function relayCells({ chunks, burstChunks }: { readonly chunks: number; readonly burstChunks: number }): RelayCell[] {
  const kinds: readonly AnswerKind[] = ['plain', 'calls'];
  return [paceMs, 0].flatMap((intervalMs) =>
    kinds.flatMap((kind) =>
      [1, 8].flatMap((tokensPerChunk) => {
        const answer = { kind, tokensPerChunk, chunks: intervalMs === 0 ? burstChunks : chunks };
        return cellsFor({ kind: 'stream', answer, intervalMs });
      }),
    ),
  );
}

function cellsFor(workload: StreamWorkload): RelayCell[] {
  const { kind, tokensPerChunk } = workload.answer;
  const work = `${workload.intervalMs === 0 ? 'burst' : 'paced'}, ${tokensPerChunk} token${tokensPerChunk === 1 ? '' : 's'}`;
  const cell = (target: RelayTarget, hasTools: boolean, goal: string | null): RelayCell => {
    const who = hasTools ? `${target}, tools` : target;
    return { name: `${work}, ${kind === 'plain' ? 'text' : 'tool calls'}: ${who}`, target, workload, hasTools, goal };
  };
  // Only the gateway looks at the request, so the others' cost is the same with tools.
  if (kind === 'calls') return [cell('pump', false, null), cell('gateway', true, '≤ 1.6'), cell('before', true, null)];
  return [
    cell('pump', false, null),
    cell('transform', false, null),
    cell('native-body', false, null),
    cell('hono', false, null),
    cell('gateway', false, '≤ 1.2'),
    cell('gateway', true, '≤ 1.6'),
    cell('before', false, null),
    cell('before', true, null),
  ];
}

interface CostOptions {
  readonly rounds: number;
  readonly streams: number;
  onStep(): void;
}

export interface Costs {
  /** µs a chunk, one value a round. */
  readonly chunk: ReadonlyMap<RelayCell, readonly number[]>;
  /** µs of a request whose answer is one chunk, one value a round, by target and whether tools are offered. */
  readonly request: ReadonlyMap<string, readonly number[]>;
}

/** How many short requests a connection makes, to know what a request costs besides its chunks. */
export const shortRequests = 10;
export const shortWorkload: StreamWorkload = {
  kind: 'stream',
  answer: { kind: 'plain', chunks: 1, tokensPerChunk: 1 },
  intervalMs: 0,
};

/** Cells take turns within a round; a first round warms up and is not counted. */
export async function measureCosts(
  bench: Bench<RelayTarget>,
  cells: readonly RelayCell[],
  { rounds, streams, onStep }: CostOptions,
): Promise<Costs> {
  const chunk = new Map<RelayCell, number[]>(cells.map((cell) => [cell, []]));
  const shortCells = new Map(cells.map((cell) => [requestName(cell), { ...cell, workload: shortWorkload }]));
  const request = new Map<string, number[]>([...shortCells.keys()].map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    const isForward = round % 2 === 0;
    const requestUs = new Map<string, number>();
    for (const [name, cell] of isForward ? shortCells : [...shortCells].reverse()) {
      const us = (await cellCpuMs(bench, cell, streams, shortRequests)) * 1000;
      requestUs.set(name, us / (streams * shortRequests));
      if (round >= 0) request.get(name)?.push(us / (streams * shortRequests));
      onStep();
    }
    // Every other round the other way round, so that none always runs first.
    for (const cell of isForward ? cells : cells.toReversed()) {
      const us = (await cellCpuMs(bench, cell, streams, 1)) * 1000;
      const own = us - streams * (requestUs.get(requestName(cell)) ?? 0);
      if (round >= 0) chunk.get(cell)?.push(own / (streams * (cell.workload.answer.chunks - 1)));
      onStep();
    }
  }
  return { chunk, request };
}

export function requestName({ target, hasTools }: RelayCell): string {
  return hasTools ? `${target}, tools` : target;
}

function cellCpuMs(bench: Bench<RelayTarget>, cell: RelayCell, streams: number, requests: number): Promise<number> {
  const parsesCalls =
    (cell.target === 'gateway' || cell.target === 'before') && cell.hasTools && cell.workload.answer.kind === 'calls';
  return streamCpuMs(bench.target(cell.target), bench.mock, { ...cell, parsesCalls }, streams, requests);
}

/** Streams to be measured on any target. */
export interface StreamWork {
  readonly workload: StreamWorkload;
  readonly hasTools: boolean;
  /** The target makes tool calls of the model's markup. */
  readonly parsesCalls: boolean;
}

/** CPU of a target, ms, for `streams` connections with one answer after the other on each. */
export async function streamCpuMs(
  target: Target,
  mock: Mock,
  work: StreamWork,
  streams: number,
  requests: number,
): Promise<number> {
  await mock.set(work.workload);
  // workerd closes connections that are idle for 5 s, so each cell has its own, opened before the clock runs.
  const connections = await Promise.all(Array.from({ length: streams }, () => openConnection(target.url)));
  const cpuMs = await cpuOf(target, () => runStreams(work, target, connections, requests));
  for (const connection of connections) connection.close();
  return cpuMs;
}

/** Answers one after the other on every connection, begun evenly over the time between two chunks. */
async function runStreams(work: StreamWork, target: Target, connections: readonly Connection[], requests: number): Promise<void> {
  const request = chatRequest(target, clientKey, streamedBody(work.hasTools));
  const answers = connections.map(async (connection, i) => {
    await sleep((i * work.workload.intervalMs) / connections.length);
    for (let j = 0; j < requests; j += 1) {
      const answer = await connection.send(request, { keep: i === 0 && j === 0 });
      if (i === 0 && j === 0) checkAnswer(work, target.name, answer.text);
      if (answer.status !== 200) throw new Error(`${target.name}: status ${answer.status}`);
    }
  });
  await Promise.all(answers);
}

export function streamedBody(hasTools: boolean): object {
  return {
    model: 'auto',
    stream: true,
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content: 'What will the weather be like in Saint-Malo this weekend?' },
    ],
    ...(hasTools ? { tools: [benchTool] } : {}),
  };
}

/** Figures count only for correct answers. */
function checkAnswer({ parsesCalls }: StreamWork, name: string, text: string): void {
  const isWhole = text.includes('data: [DONE]') && text.includes(`"finish_reason":"${parsesCalls ? 'tool_calls' : 'stop'}"`);
  const isClean = !parsesCalls || (text.includes('"tool_calls":[') && !text.includes('<tool_call>'));
  if (!isWhole || !isClean) throw new Error(`${name}: not the expected answer:\n${text.slice(0, 1000)}`);
}
