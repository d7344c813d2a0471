/** What the relay bench measures, cell by cell, and how: CPU of one target per chunk of one kind of answer at one pace. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload } from './mock-upstream.ts';
import { chatRequest, type Connection, openConnection } from './raw-client.ts';
import { type Bench, cpuOf, type Target } from './targets.ts';
import { type AnswerKind, benchTool } from './vllm-wire.ts';
import { benchKey } from './workerd.ts';

type TargetName = 'native-body' | 'pump' | 'hono' | 'gateway';

export type StreamWorkload = Extract<Workload, { kind: 'stream' }>;

export interface RelayCell {
  readonly name: string;
  readonly target: TargetName;
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
  const cell = (target: TargetName, hasTools: boolean, goal: string | null): RelayCell => {
    const who = target === 'gateway' && hasTools ? 'gateway, tools' : target;
    return { name: `${work}, ${kind === 'plain' ? 'text' : 'tool calls'}: ${who}`, target, workload, hasTools, goal };
  };
  if (kind === 'calls') return [cell('pump', true, null), cell('gateway', true, '≤ 1.6')];
  return [
    cell('pump', false, null),
    cell('native-body', false, null),
    cell('hono', false, null),
    cell('gateway', false, '≤ 1.2'),
    cell('gateway', true, '≤ 1.6'),
  ];
}

interface CostOptions {
  readonly rounds: number;
  readonly streams: number;
  onStep(): void;
}

/** µs a chunk, one value a round. Cells take turns within a round; a first round warms up and is not counted. */
export async function chunkCosts(
  bench: Bench<TargetName>,
  cells: readonly RelayCell[],
  { rounds, streams, onStep }: CostOptions,
): Promise<Map<RelayCell, number[]>> {
  const costs = new Map<RelayCell, number[]>(cells.map((cell) => [cell, []]));
  for (let round = -1; round < rounds; round += 1) {
    // Every other round the other way round, so that none always runs first.
    for (const cell of round % 2 === 0 ? cells : cells.toReversed()) {
      const target = bench.target(cell.target);
      await bench.mock.set(cell.workload);
      // workerd closes connections that are idle for 5 s, so each cell has its own, opened before the clock runs.
      const connections = await Promise.all(Array.from({ length: streams }, () => openConnection(target.url)));
      const cpuMs = await cpuOf(target, () => runStreams(cell, target, connections));
      for (const connection of connections) connection.close();
      const chunks = streams * cell.workload.answer.chunks;
      if (round >= 0) costs.get(cell)?.push((cpuMs * 1000) / chunks);
      onStep();
    }
  }
  return costs;
}

/** One answer on every connection, begun evenly over the time between two chunks. */
async function runStreams(cell: RelayCell, target: Target, connections: readonly Connection[]): Promise<void> {
  const request = chatRequest(target.url, benchKey, streamedBody(cell.hasTools));
  const answers = connections.map(async (connection, i) => {
    await sleep((i * cell.workload.intervalMs) / connections.length);
    const answer = await connection.send(request, { keep: i === 0 });
    if (i === 0) checkAnswer(cell, answer.text);
    if (answer.status !== 200) throw new Error(`${cell.name}: status ${answer.status}`);
  });
  await Promise.all(answers);
}

export function streamedBody(hasTools: boolean): object {
  return {
    model: 'small',
    stream: true,
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content: 'What will the weather be like in Saint-Malo this weekend?' },
    ],
    ...(hasTools ? { tools: [benchTool] } : {}),
  };
}

/** A figure for an answer that was not the right one would mean nothing. */
function checkAnswer({ name, workload, target, hasTools }: RelayCell, text: string): void {
  const isParsed = target === 'gateway' && hasTools && workload.answer.kind === 'calls';
  const isWhole = text.includes('data: [DONE]') && text.includes(`"finish_reason":"${isParsed ? 'tool_calls' : 'stop'}"`);
  const isClean = !isParsed || (text.includes('"tool_calls":[') && !text.includes('<tool_call>'));
  if (!isWhole || !isClean) throw new Error(`${name}: not the expected answer:\n${text.slice(0, 1000)}`);
}
