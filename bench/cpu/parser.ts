/**
 * `npm run bench:parser`: what reading an answer costs in JavaScript alone, step by step, in Node: decoding events, parsing their JSON,
 * the whole answer machine with nothing to look for, and with tool formats active. No streams, no sockets.
 */
import { spawnSync } from 'node:child_process';
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import type { ToolFormatId } from '../../shared/config.ts';
import { type Answer, createAnswer } from '../../worker/core/answer/answer.ts';
import { createChoice } from '../../worker/core/answer/choice.ts';
import { asItIs } from '../../worker/core/log/known-secrets.ts';
import { createChatStream } from '../../worker/core/surfaces/chat/chat-stream.ts';
import { createEventDecoder } from '../../worker/core/sse/decode-events.ts';
import { createAnswerMachine } from '../../worker/core/answer/answer-machine.ts';
import { createArgumentsCheck } from '../../worker/core/tools/check-arguments.ts';
import { createVllm } from '../../worker/core/upstreams/vllm.ts';
import { progressBar } from '../load/progress-bar.ts';
import { createResult, printResult, type Row, saveResult } from './result-file.ts';
import { ratioOf, spreadOf } from './statistics.ts';
import { type AnswerKind, answerFrames, benchTool } from './vllm-wire.ts';

const help = `Microseconds and bytes of heap per chunk of the steps that read an answer, in Node.

  npm run bench:parser -- [options]

  --rounds N    interleaved rounds, after two that are not counted (9)
  --chunks N    text chunks an answer (200)
  --answers N   answers a step and round (200)
  --json        print the result as JSON
  --save        write the table in bench/README.md
  --help

The floor decodes UTF-8 and nothing else. Every further step includes those before it.`;

const { values } = commandLine({
  name: 'npm run bench:parser',
  help,
  options: {
    rounds: { type: 'string', default: '9' },
    chunks: { type: 'string', default: '200' },
    answers: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});

// Allocation figures are only right without a collection in between: room for a whole run, and a collection before each.
const heapFlags = ['--expose-gc', '--max-semi-space-size=1024', '--min-semi-space-size=1024'];
if (globalThis.gc === undefined) {
  const { status } = spawnSync(process.execPath, [...heapFlags, ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(status ?? 1);
}
const collectGarbage = globalThis.gc;

/** Takes the pieces of one answer and returns something that depends on all of them. */
type Step = (pieces: readonly Uint8Array[]) => number;

const floor: Step = (pieces) => {
  const decoder = new TextDecoder();
  let sum = 0;
  for (const piece of pieces) sum += decoder.decode(piece, { stream: true }).length;
  return sum;
};

function eachPayload(pieces: readonly Uint8Array[], use: (payload: string) => number): number {
  const decoder = new TextDecoder();
  const events = createEventDecoder({ maxEventBytes: 1_048_576 });
  let sum = 0;
  for (const piece of pieces) {
    for (const payload of events.feed(decoder.decode(piece, { stream: true })).payloads) sum += use(payload);
  }
  return sum;
}

const decodeEvents: Step = (pieces) => eachPayload(pieces, (payload) => payload.length);

const parseJson: Step = (pieces) =>
  eachPayload(pieces, (payload) => (payload === '[DONE]' ? 0 : Object.keys(JSON.parse(payload)).length));

/** As worker/pipeline/answer-for.ts builds it. */
function answerWith(formats: readonly ToolFormatId[]): Answer {
  const machine = () =>
    createAnswerMachine({
      formats,
      tools: formats.length === 0 ? [] : [{ name: benchTool.function.name, parameters: benchTool.function.parameters }],
      toolChoice: 'auto',
      allowsParallelCalls: true,
      reasoning: 'none',
      emission: 'atomic',
      maxArgumentsBytes: 262_144,
      newCallId: () => 'call_0123456789abcdef01234567',
    });
  const argumentsCheck = () => (formats.length === 0 ? null : createArgumentsCheck([benchTool], checkLimits, false));
  return createAnswer({
    dialect: createVllm(asItIs),
    passesPayloads: true,
    isTransparent: machine().isTransparent,
    choiceCount: 1,
    maxAnswerChars: 8_388_608,
    refusesInvalidCalls: false,
    demandedCall: null,
    refusesEmpty: false,
    keepsLogprobs: false,
    showsLogprobs: false,
    mayRepeat: () => false,
    head: null,
    createChoice: (index) =>
      createChoice(index, {
        createMachine: machine,
        isPlain: () => false,
        check: null,
        argumentsCheck: argumentsCheck(),
        maxRepeatedTokens: 256,
        sent: null,
      }),
  });
}

const checkLimits = { max_schema_bytes: 32_768, max_schema_depth: 16, max_depth: 64 };

const head = { id: 'chatcmpl-1', created: 1_770_000_000, model: 'Qwen/Qwen2.5-7B-Instruct' };

const noRouting = (): never => {
  throw new Error('no answer of this bench is ended by its events');
};

/** The whole parser, and chunks that cannot be passed on unchanged are re-encoded. */
function readAnswer(formats: readonly ToolFormatId[]): Step {
  const encoder = new TextEncoder();
  return (pieces) => {
    const answer = answerWith(formats);
    const stream = createChatStream({ showsUsage: false });
    return eachPayload(pieces, (payload) => {
      const feed = answer.feed(payload);
      if (feed.kind !== 'events') return feed.kind === 'verbatim' ? 1 : 0;
      return encoder.encode(stream.write(head, feed.events, noRouting)).length;
    });
  };
}

const qwen: readonly ToolFormatId[] = ['hermes', 'json_fenced', 'json_bare'];
const transparent = readAnswer([]);
const hermes = readAnswer(['hermes']);
const allQwen = readAnswer(qwen);

const steps: readonly (readonly [name: string, kind: AnswerKind, step: Step])[] = [
  ['floor: UTF-8 only', 'plain', floor],
  ['event decoder', 'plain', decodeEvents],
  ['+ JSON.parse', 'plain', parseJson],
  ['whole answer, transparent', 'plain', transparent],
  ['whole answer, hermes, text', 'plain', hermes],
  ['whole answer, hermes + json_fenced + json_bare, text', 'plain', allQwen],
  ['whole answer, hermes, tool calls', 'calls', hermes],
  ['whole answer, hermes + json_fenced + json_bare, tool calls', 'calls', allQwen],
];

const rounds = wholeNumber('rounds', values.rounds, { min: 1 });
const chunks = wholeNumber('chunks', values.chunks, { min: 1 });
const answers = wholeNumber('answers', values.answers, { min: 1 });
const encoder = new TextEncoder();
const cases = [1, 8].flatMap((tokensPerChunk) =>
  steps.map(([name, kind, step]) => ({
    name: `${tokensPerChunk} token${tokensPerChunk === 1 ? '' : 's'}: ${name}`,
    floor: `${tokensPerChunk} token${tokensPerChunk === 1 ? '' : 's'}: floor: UTF-8 only`,
    step,
    pieces: answerFrames({ kind, chunks, tokensPerChunk }).map((frame) => encoder.encode(frame)),
  })),
);

const times = new Map<string, number[]>();
const bytes = new Map<string, number[]>();
const sums = new Map<string, number>();
const bar = progressBar((rounds + 2) * cases.length, values.json);
for (let round = -2; round < rounds; round += 1) {
  for (const { name, step, pieces } of round % 2 === 0 ? cases : cases.toReversed()) {
    collectGarbage();
    const heapBefore = process.memoryUsage().heapUsed;
    const startedAt = performance.now();
    let sum = 0;
    for (let i = 0; i < answers; i += 1) sum += step(pieces);
    const microseconds = ((performance.now() - startedAt) * 1000) / (answers * chunks);
    const heap = (process.memoryUsage().heapUsed - heapBefore) / (answers * chunks);
    if ((sums.get(name) ?? sum) !== sum) throw new Error(`${name} read other text this time`);
    sums.set(name, sum);
    if (round >= 0) {
      times.set(name, [...(times.get(name) ?? []), microseconds]);
      bytes.set(name, [...(bytes.get(name) ?? []), heap]);
    }
    bar.step();
  }
}
bar.end();

const rows: Row[] = cases.map(({ name, floor: floorName }) => {
  const own = times.get(name) ?? [];
  const isFloor = name === floorName;
  return {
    what: `${name}, ${Math.round(spreadOf(bytes.get(name) ?? []).median)} bytes of heap`,
    value: spreadOf(own).median,
    unit: 'µs',
    ratio: isFloor ? null : ratioOf(own, times.get(floorName) ?? []),
    base: isFloor ? null : 'floor',
    goal: null,
  };
});
const result = createResult(`npm run bench:parser -- --rounds ${rounds}`, rounds, rows);
if (values.json) console.log(JSON.stringify(result, null, 2));
else printResult(result);
if (values.save) saveResult('parser', result);
