/** Faults that end, stop or interrupt an answer that has begun. */
import { doneFrame } from '../completion.ts';
import type { FaultRequest } from '../fault-request.ts';
import { setting } from '../fault-request.ts';
import { vllmWords } from '../flavours/vllm-words.ts';
import { pythonJson } from '../json.ts';
import type { Wire, WireStream } from '../sse-writer.ts';
import { serializeFrame } from '../sse-writer.ts';
import type { FaultAction, FaultContext } from './fault-action.ts';

/** With Python's spaces, unlike every other event of vLLM. */
const errorEvent = `data: ${pythonJson(vllmWords.engineDead.body)}\n\n`;

/** How long a real server kept running after its engine was killed. */
const DEATH_THROES_MS = 200;

export function send(bytes: string | Uint8Array, tokens = 0): Wire {
  return { do: 'send', bytes, tokens, isTail: false };
}

/**
 * Passes `after` pieces (events, or parts of a JSON body), then goes on with `tail`. A shorter answer is interrupted before its
 * finish, so that the fault always shows.
 */
export async function* interrupt(
  wire: WireStream,
  fault: FaultRequest,
  tail: (next: Uint8Array) => Iterable<Wire>,
  defaultAfter = 4,
): AsyncGenerator<Wire, void> {
  const after = setting(fault, 'after', defaultAfter);
  let passed = 0;
  for await (const action of wire) {
    if (action.do === 'send' && (passed >= after || action.isTail)) {
      yield* tail(Buffer.from(action.bytes));
      return;
    }
    if (action.do === 'send') passed += 1;
    yield action;
  }
}

function endingWith(...tail: readonly Wire[]): FaultAction {
  return { wire: (wire, { fault }) => interrupt(wire, fault, () => tail) };
}

const failsPlain = { refusePlain: ({ words }) => words.engineDead } satisfies FaultAction;

export const endingFaults = {
  'first-event-error': {
    ...failsPlain,
    wire: (wire, { fault }) =>
      interrupt(wire, fault, () => [send(errorEvent), send(serializeFrame(doneFrame)), { do: 'end' }], 0),
  },
  'mid-error': { ...failsPlain, ...endingWith(send(errorEvent), send(serializeFrame(doneFrame)), { do: 'end' }) },
  'mid-error-no-done': { ...failsPlain, ...endingWith(send(errorEvent), { do: 'end' }) },
  'mid-reset': endingWith({ do: 'reset' }),
  'mid-hang-up': endingWith({ do: 'hang-up' }),
  'cut-json': {
    wire: (wire, { fault }) =>
      interrupt(wire, fault, (next) => [send(next.subarray(0, Math.ceil(next.length / 2))), { do: 'end' }]),
  },
  eof: endingWith({ do: 'end' }),
  stall: endingWith({ do: 'stall' }),
  pause: {
    async *wire(wire, { fault }) {
      const after = setting(fault, 'after', 4);
      let passed = 0;
      for await (const action of wire) {
        if (action.do === 'send' && (passed === after || (passed < after && action.isTail))) {
          yield { do: 'wait', ms: setting(fault, 'ms', 1000) };
          passed = after;
        }
        if (action.do === 'send') passed += 1;
        yield action;
      }
    },
  },
  'engine-death': {
    refusePlain: (context) => {
      diesSoon(context);
      return context.words.engineDead;
    },
    async *wire(wire, context) {
      yield* interrupt(wire, context.fault, () => {
        diesSoon(context);
        return [send(errorEvent), send(serializeFrame(doneFrame)), { do: 'end' }];
      });
    },
  },
  'error-after-finish': {
    isStreamOnly: true,
    async *frames(frames) {
      for await (const frame of frames) {
        if (frame.kind === 'usage') continue;
        if (frame.kind === 'done')
          yield {
            kind: 'error',
            payload: { error: { message: 'late', type: 'InternalServerError', param: null, code: 500 } },
            tokens: 0,
          };
        yield frame;
      }
    },
  },
  'stall-with-comments': {
    isStreamOnly: true,
    wire: (wire, context) => keptWarm(wire, context, ': still here\n\n'),
  },
  'stall-with-empty-deltas': {
    isStreamOnly: true,
    wire: (wire, context) =>
      keptWarm(
        wire,
        context,
        'data: {"id":"chatcmpl-warm","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":null}]}\n\n',
      ),
  },
  'slow-first-event': {
    async *wire(wire, { fault }) {
      yield { do: 'wait', ms: setting(fault, 'ms', 1000) };
      yield* wire;
    },
  },
  'comments-only': {
    isStreamOnly: true,
    wire: (_wire, context) => commentsForEver(context),
  },
  'no-done': {
    async *frames(frames) {
      for await (const frame of frames) if (frame.kind !== 'done') yield frame;
    },
  },
} satisfies Record<string, FaultAction>;

async function* commentsForEver({ fault }: FaultContext): AsyncGenerator<Wire, void> {
  for (;;) {
    yield send(': keep-alive\n\n');
    yield { do: 'wait', ms: setting(fault, 'ms', 100) };
  }
}

/** When vLLM's engine dies, its API server follows a moment later: first the answers in flight fail, then the port refuses. */
function diesSoon({ fault, closeListener }: FaultContext): void {
  setTimeout(() => closeListener(setting(fault, 'ms', 1000)), DEATH_THROES_MS).unref();
}

/** Passes `after` events, then sends `filler` forever: alive, but without progress. */
async function* keptWarm(wire: WireStream, { fault }: FaultContext, filler: string): AsyncGenerator<Wire, void> {
  let passed = 0;
  for await (const action of wire) {
    if (passed >= setting(fault, 'after', 4) || (action.do === 'send' && action.isTail)) break;
    if (action.do === 'send') passed += 1;
    yield action;
  }
  for (;;) {
    yield { do: 'wait', ms: setting(fault, 'ms', 100) };
    yield send(filler);
  }
}
