/** Faults that end, stop or interrupt an answer that has begun. */
import { doneFrame } from '../completion.ts';
import type { FaultRequest } from '../fault-request.ts';
import { setting } from '../fault-request.ts';
import type { Wire, WireStream } from '../sse-writer.ts';
import { serializeFrame } from '../sse-writer.ts';
import { engineDead } from '../vllm-errors.ts';
import type { FaultAction, FaultContext } from './fault-action.ts';

const errorEvent = `data: ${JSON.stringify(engineDead.body)}\n\n`;

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

const failsPlain = { refusePlain: () => engineDead } satisfies FaultAction;

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
