/** Faults of single events: broken, oversized, endless, misnumbered, out of order. */
import type { Frame } from '../completion.ts';
import type { FaultRequest } from '../fault-request.ts';
import { setting } from '../fault-request.ts';
import type { Payload } from '../flavours/flavour.ts';
import { isRecord } from '../json.ts';
import type { Wire, WireStream } from '../sse-writer.ts';
import { send } from './endings.ts';
import type { FaultAction, FaultContext } from './fault-action.ts';

/** Changes the deltas of every chunk; other events pass. */
export async function* mapDeltas(frames: AsyncIterable<Frame>, change: (delta: Payload) => Payload): AsyncGenerator<Frame, void> {
  for await (const frame of frames)
    yield frame.payload === '[DONE]' ? frame : { ...frame, payload: withDelta(frame.payload, change) };
}

function withDelta(payload: Payload, change: (delta: Payload) => Payload): Payload {
  if (!Array.isArray(payload['choices'])) return payload;
  const choices = payload['choices'].map((choice) =>
    isRecord(choice) && isRecord(choice['delta']) ? { ...choice, delta: change(choice['delta']) } : choice,
  );
  return { ...payload, choices };
}

function reindexed(index: number | undefined): FaultAction {
  const change = (delta: Payload): Payload => {
    const calls = delta['tool_calls'];
    return Array.isArray(calls)
      ? { ...delta, tool_calls: calls.map((call: unknown) => (isRecord(call) ? { ...call, index } : call)) }
      : delta;
  };
  return { frames: (frames) => mapDeltas(frames, change) };
}

/** Puts bytes before the event number `after`. */
async function* insert(wire: WireStream, { fault }: FaultContext, bytes: Uint8Array | string): AsyncGenerator<Wire, void> {
  const after = setting(fault, 'after', 4);
  let passed = 0;
  let isInserted = false;
  for await (const action of wire) {
    if (action.do === 'send' && !isInserted && (passed >= after || action.isTail)) {
      yield send(bytes);
      isInserted = true;
    }
    if (action.do === 'send') passed += 1;
    yield action;
  }
}

/** Changes the event number `after`. */
async function* rewriteOne(wire: WireStream, fault: FaultRequest, change: (event: string) => string): AsyncGenerator<Wire, void> {
  const after = setting(fault, 'after', 4);
  let passed = 0;
  for await (const action of wire) {
    if (action.do === 'send' && passed === after) yield { ...action, bytes: change(Buffer.from(action.bytes).toString('utf8')) };
    else yield action;
    if (action.do === 'send') passed += 1;
  }
}

/** The role and the first delta unchanged, then `delta(n)` forever; neither finish nor [DONE]. */
async function* endless(
  frames: AsyncIterable<Frame>,
  { fault, gone }: FaultContext,
  delta: (index: number) => Payload,
): AsyncGenerator<Frame, void> {
  let last: Frame | null = null;
  for await (const frame of frames) {
    if (frame.kind !== 'role') break;
    last = frame;
    yield frame;
  }
  if (!last || last.payload === '[DONE]') return;
  for (let index = 0; !gone.aborted; index += 1) {
    yield { kind: 'delta', payload: withDelta(last.payload, () => delta(index)), tokens: 1 };
    const ms = setting(fault, 'ms', 0);
    if (ms > 0 || index % 64 === 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

function firstFragment(name: string): Payload {
  return { id: 'chatcmpl-tool-endless', type: 'function', index: 0, function: { name, arguments: '{"text": "' } };
}

/** What never ends and never repeats itself: that would be another fault. */
function endlessNumbers(index: number, chars: number): string {
  return Array.from({ length: chars / 8 }, (_, at) => String(index * chars + at).padStart(8, ' ')).join('');
}

const FILLER = 'word and word or ';

function contentEvent(text: string): string {
  return `data: ${JSON.stringify({
    id: 'chatcmpl-huge',
    object: 'chat.completion.chunk',
    created: 1_770_000_000,
    model: 'stand-in',
    choices: [{ index: 0, delta: { content: text }, logprobs: null, finish_reason: null, token_ids: null }],
  })}\n\n`;
}

export const eventFaults = {
  'bad-json-event': {
    isStreamOnly: true,
    wire: (wire, context) => insert(wire, context, 'data: {"id":"chatcmpl-broken","choices":[{"ind\n\n'),
  },
  'garbled-event': {
    isStreamOnly: true,
    wire: (wire, { fault }) => rewriteOne(wire, fault, (event) => `${event.slice(0, 40)}\n\n`),
  },
  'line-break-in-event': {
    isStreamOnly: true,
    wire: (wire, { fault }) => rewriteOne(wire, fault, (event) => event.replace(',"choices"', ',\n"choices"')),
  },
  'invalid-utf8': {
    isStreamOnly: true,
    wire(wire, context) {
      const [before, after] = contentEvent('bad <> bytes').split('<>');
      return insert(
        wire,
        context,
        Buffer.concat([Buffer.from(before ?? ''), Buffer.from([0xff, 0xc3, 0x28, 0xf0, 0x9f]), Buffer.from(after ?? '')]),
      );
    },
  },
  'huge-event': {
    isStreamOnly: true,
    wire(wire, context) {
      const bytes = setting(context.fault, 'bytes', 2_000_000);
      return insert(wire, context, contentEvent(FILLER.repeat(Math.ceil(bytes / FILLER.length))));
    },
  },
  'endless-line': {
    isStreamOnly: true,
    async *wire(wire, { fault }) {
      let passed = 0;
      for await (const action of wire) {
        if (passed >= setting(fault, 'after', 2)) break;
        if (action.do === 'send') passed += 1;
        yield action;
      }
      yield send('data: {"id":"chatcmpl-endless","choices":[{"index":0,"delta":{"content":"');
      // A client without a limit would read this forever; the bound only keeps a forgotten test from filling a disk.
      for (let sent = 0; sent < setting(fault, 'bytes', 64_000_000); sent += 16_000) yield send('x'.repeat(16_000));
      yield { do: 'stall' };
    },
  },
  'endless-stream': {
    isStreamOnly: true,
    frames: (frames, context) => endless(frames, context, (index) => ({ content: ` ${index.toString(36)}` })),
  },
  'endless-tool-arguments': {
    isStreamOnly: true,
    frames: (frames, context) =>
      endless(frames, context, (index) =>
        index === 0
          ? { tool_calls: [firstFragment(context.toolNames[0] ?? 'endless')] }
          : { tool_calls: [{ index: 0, function: { arguments: endlessNumbers(index, 4096) } }] },
      ),
  },
  'tool-index-negative': reindexed(-1),
  'tool-index-huge': reindexed(2 ** 32),
  'tool-index-missing': reindexed(undefined),
  'events-after-done': {
    async *frames(frames) {
      let sample: Frame | null = null;
      for await (const frame of frames) {
        if (frame.kind === 'role' || frame.kind === 'delta') sample = frame;
        yield frame;
      }
      if (sample && sample.payload !== '[DONE]') {
        yield { kind: 'delta', payload: withDelta(sample.payload, () => ({ content: ' said after the end' })), tokens: 0 };
      }
    },
  },
  'double-finish': {
    async *frames(frames) {
      for await (const frame of frames) {
        yield frame;
        if (frame.kind === 'finish') yield { ...frame, tokens: 0 };
      }
    },
  },
  'legacy-reasoning': {
    frames: (frames) =>
      mapDeltas(frames, ({ reasoning, ...delta }) =>
        reasoning === undefined ? delta : { ...delta, reasoning_content: reasoning },
      ),
  },
} satisfies Record<string, FaultAction>;
