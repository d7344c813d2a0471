/** Reads the corpus of tool calls, drives the answer machine over its rows, and compares as the corpus prescribes. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { expect } from 'vitest';
import type { ReasoningId, ToolFormatId } from '../../../shared/config.ts';
import type { FinishReason } from '../../../worker/core/upstreams/dialect.ts';
import {
  type AnswerEnd,
  type SpokenEvent,
  type AnswerMachineOptions,
  createAnswerMachine,
  type UpstreamDelta,
} from '../../../worker/core/answer/answer-machine.ts';

export interface Row {
  readonly id: string;
  readonly format: ToolFormatId | 'native' | 'none';
  readonly text: string;
  readonly chunks?: readonly { readonly delta: Record<string, unknown>; readonly finish_reason: string | null }[];
  readonly tools: readonly { readonly name: string; readonly parameters?: Record<string, unknown> }[];
  readonly options?: {
    readonly reasoning?: ReasoningId;
    readonly tool_choice?: AnswerMachineOptions['toolChoice'];
    readonly parallel_tool_calls?: boolean;
    readonly finish?: string;
  };
  readonly expect: {
    readonly content: string | null;
    readonly tool_calls: readonly {
      readonly name: string;
      readonly arguments: unknown;
      readonly arguments_must_contain?: readonly string[];
    }[];
    readonly reasoning?: string;
    readonly finish_reason: string;
    readonly incomplete?: { readonly name: string | null; readonly arguments_prefix: string };
  };
  readonly note: string;
  readonly tag: string;
}

const folder = fileURLToPath(new URL('../../fixtures/tool-calls/', import.meta.url));

const ordinaryFile = 'ordinary-answers.jsonl';

/** Answers without a call, many of them about calls; written for this project, for the tools that most rows declare. */
export const ordinaryAnswers = readLines(ordinaryFile).map(
  (line) => JSON.parse(line) as { readonly id: string; readonly kind: string; readonly text: string },
);

/** All rows, by the name of their file. */
export const corpus: ReadonlyMap<string, readonly Row[]> = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl') && name !== ordinaryFile)
    .map((name) => [name.replace('.jsonl', ''), readRows(name)]),
);

function readRows(name: string): Row[] {
  return readLines(name).map((line) => JSON.parse(line) as Row);
}

function readLines(name: string): string[] {
  return readFileSync(folder + name, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

export function optionsOf(row: Row, others: Partial<AnswerMachineOptions> = {}): AnswerMachineOptions {
  return {
    formats: row.format === 'native' || row.format === 'none' ? [] : [row.format],
    tools: row.tools,
    toolChoice: row.options?.tool_choice ?? 'auto',
    allowsParallelCalls: row.options?.parallel_tool_calls ?? true,
    reasoning: row.options?.reasoning ?? 'none',
    emission: 'atomic',
    maxArgumentsBytes: 100_000,
    newCallId: counter(),
    ...others,
  };
}

export function counter(): () => string {
  let count = 0;
  return () => `call_${(count += 1)}`;
}

/** What a client has at the end, put together from the events alone. */
export interface Outcome {
  content: string;
  reasoning: string;
  calls: { id: string; name: string; arguments: string }[];
  readonly end: Omit<AnswerEnd, 'events'>;
}

export function run(options: AnswerMachineOptions, deltas: readonly UpstreamDelta[], finish: string | null): Outcome {
  const machine = createAnswerMachine(options);
  const events = deltas.flatMap((delta) => [...machine.feed(delta)]);
  const { events: last, ...end } = machine.end(finish as FinishReason | null);
  return assemble([...events, ...last], end);
}

/** Joins events, and checks on the way what holds for every stream: indexes without gaps, headers and ends once, ids unique. */
export function assemble(events: readonly SpokenEvent[], end: Omit<AnswerEnd, 'events'>): Outcome {
  const outcome: Outcome = { content: '', reasoning: '', calls: [], end };
  const ended = new Set<number>();
  for (const event of events) {
    if (event.kind === 'text') outcome.content += event.text;
    else if (event.kind === 'reasoning') outcome.reasoning += event.text;
    else if (event.kind === 'call') {
      const isNew = outcome.calls.every(({ id }) => id !== event.id);
      if (event.index !== outcome.calls.length || event.id === '' || !isNew)
        throw new Error(`call ${event.index} is not the next one`);
      outcome.calls.push({ id: event.id, name: event.name, arguments: event.arguments });
    } else {
      const call = outcome.calls[event.index];
      if (call === undefined || ended.has(event.index)) throw new Error(`call ${event.index} goes on, and is not open`);
      if (event.kind === 'call_end') ended.add(event.index);
      else call.arguments += event.arguments;
    }
  }
  if (ended.size !== end.calls.length) throw new Error('the events end other calls than the answer has');
  return outcome;
}

export function textDeltas(pieces: readonly string[]): UpstreamDelta[] {
  return pieces.map((content) => ({ content }));
}

export function nativeDeltas(row: Row): { deltas: UpstreamDelta[]; finish: string | null } {
  const chunks = row.chunks ?? [];
  const deltas = chunks.map(
    ({ delta }) => ({ ...delta, reasoning: delta['reasoning'] ?? delta['reasoning_content'] ?? null }) as UpstreamDelta,
  );
  return { deltas, finish: chunks.reduce<string | null>((last, { finish_reason: reason }) => reason ?? last, null) };
}

export function finishOf(row: Row): string {
  return row.options?.finish ?? 'stop';
}

/** Compares as the corpus prescribes: content byte for byte when nothing was taken out, else up to white space. */
export function expectOutcome(row: Row, outcome: Outcome): void {
  const expected = row.expect;
  if (expected.content !== null && expected.content === row.text) expect(outcome.content).toBe(expected.content);
  else expect(collapse(outcome.content)).toBe(collapse(expected.content ?? ''));
  expect(outcome.calls.map(({ name, arguments: text }) => ({ name, arguments: JSON.parse(text) as unknown }))).toEqual(
    expected.tool_calls.map(({ name, arguments: value }) => ({ name, arguments: value })),
  );
  expected.tool_calls.forEach(({ arguments_must_contain: parts }, i) => {
    for (const part of parts ?? []) expect(outcome.calls[i]?.arguments).toContain(part);
  });
  expect(collapse(outcome.reasoning)).toBe(collapse(expected.reasoning ?? ''));
  expect(outcome.end.finishReason).toBe(expected.finish_reason);
  expect(outcome.end.isIncomplete).toBe(expected.incomplete !== undefined);
  expect(outcome.end.calls).toEqual(outcome.calls);
}

export function collapse(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
