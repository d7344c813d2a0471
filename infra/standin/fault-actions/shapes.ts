/** Good answers in the shapes of other servers, and small irregularities at their ends, which a gateway must still understand. */
import type { Frame } from '../completion.ts';
import type { Payload } from '../flavours/flavour.ts';
import { isRecord } from '../json.ts';
import type { Wire } from '../sse-writer.ts';
import type { Steps } from '../steps.ts';
import type { FaultAction } from './fault-action.ts';
import { mapDeltas } from './events.ts';

/** Changes the message of a whole answer and the deltas of a stream alike. */
function reshaped(change: (message: Payload) => Payload): FaultAction {
  return {
    frames: (frames) => mapDeltas(frames, change),
    body: (body) => ({
      ...body,
      choices: Array.isArray(body['choices'])
        ? body['choices'].map((choice: unknown) =>
            isRecord(choice) && isRecord(choice['message']) ? { ...choice, message: change(choice['message']) } : choice,
          )
        : body['choices'],
    }),
  };
}

async function* changedFrames(frames: AsyncIterable<Frame>, change: (frame: Frame, payload: Payload) => Frame[]) {
  for await (const frame of frames) yield* frame.payload === '[DONE]' ? [frame] : change(frame, frame.payload);
}

const asParts = (message: Payload): Payload =>
  typeof message['content'] === 'string' && message['content'] !== ''
    ? {
        ...message,
        content: [
          { type: 'text', text: message['content'] },
          { type: 'citation', source: 'somewhere' },
        ],
      }
    : message;

/** Cuts the last call in the middle of its arguments; the finish reason stays what it would have been, or is what `finish` says. */
function cutInLastCall(steps: Steps): Steps {
  const texts = steps.steps.map(({ token }) => token);
  const whole = texts.join('');
  const from = whole.lastIndexOf('"arguments": ');
  if (from === -1) return steps;
  const keep = from + 13 + Math.max(2, Math.floor((whole.length - from - 13) / 3));
  let length = 0;
  const kept = texts.findIndex((text) => (length += text.length) > keep);
  return { ...steps, steps: steps.steps.slice(0, kept) };
}

function choicesOf(payload: Payload): Payload[] {
  return Array.isArray(payload['choices']) ? payload['choices'].filter(isRecord) : [];
}

/** Entries of tool calls in a chunk. */
function callsOf({ payload }: Frame): unknown[] {
  const [choice] = payload === '[DONE]' ? [] : choicesOf(payload);
  const delta = choice?.['delta'];
  return isRecord(delta) && Array.isArray(delta['tool_calls']) ? delta['tool_calls'] : [];
}

export const shapeFaults = {
  'cut-call': {
    steps(steps, { fault }) {
      const cut = cutInLastCall(steps);
      const finishReason = fault.settings['finish'] ?? steps.finishReason;
      return { ...cut, finishReason, isCut: finishReason === 'length' };
    },
  },
  'finish-as': { steps: (steps, { fault }) => ({ ...steps, finishReason: fault.settings['reason'] ?? 'eos' }) },
  'content-parts': reshaped(asParts),
  'refusal-field': reshaped((message) =>
    typeof message['content'] === 'string' ? { ...message, content: null, refusal: message['content'] } : message,
  ),
  'odd-usage': {
    isStreamOnly: true,
    frames: (frames, { fault }) =>
      changedFrames(frames, (frame, payload) => {
        const odd = { null: null, empty: [{}], delta: [{ index: 0, delta: {}, finish_reason: null }] }[
          fault.settings['choices'] ?? 'null'
        ];
        return [frame.kind === 'usage' ? { ...frame, payload: { ...payload, choices: odd } } : frame];
      }),
  },
  'anonymous-first-chunk': {
    isStreamOnly: true,
    frames: (frames) =>
      changedFrames(frames, (frame, payload) => [
        frame.kind === 'role' ? { ...frame, payload: { ...payload, id: '', model: '', created: 0 } } : frame,
      ]),
  },
  'changing-id': {
    isStreamOnly: true,
    frames: (frames) => {
      let count = 0;
      return changedFrames(frames, (frame, payload) => [{ ...frame, payload: { ...payload, id: `chatcmpl-${(count += 1)}` } }]);
    },
  },
  'empty-finish-reasons': {
    isStreamOnly: true,
    frames: (frames) =>
      changedFrames(frames, (frame, payload) => {
        const choices = choicesOf(payload).map((choice) => {
          const delta = isRecord(choice['delta']) ? { role: 'assistant', ...choice['delta'] } : choice['delta'];
          return { ...choice, delta, finish_reason: choice['finish_reason'] ?? '' };
        });
        return [{ ...frame, payload: { ...payload, choices } }];
      }),
  },
  'finish-with-text': {
    isStreamOnly: true,
    async *frames(frames) {
      let held: Frame | null = null;
      for await (const frame of frames) {
        if (frame.kind === 'delta' || !held || held.payload === '[DONE]' || frame.payload === '[DONE]') {
          if (held) yield held;
          held = frame;
          continue;
        }
        const isJoined = frame.kind === 'finish' && held.kind === 'delta';
        const choices: Payload[] = [{ ...choicesOf(frame.payload)[0], delta: choicesOf(held.payload)[0]?.['delta'] }];
        if (isJoined) held = { ...frame, payload: { ...frame.payload, choices }, tokens: held.tokens + frame.tokens };
        else {
          yield held;
          held = frame;
        }
      }
      if (held) yield held;
    },
  },
  'text-after-finish': {
    isStreamOnly: true,
    frames: (frames) =>
      changedFrames(frames, (frame, payload) => {
        if (frame.kind !== 'finish' || !Array.isArray(payload['choices'])) return [frame];
        const delta = { content: ' And that is all.' };
        const choices = payload['choices'].map((choice: unknown) =>
          isRecord(choice) ? { ...choice, delta, finish_reason: null } : choice,
        );
        return [frame, { kind: 'delta', payload: { ...payload, choices }, tokens: 4 }];
      }),
  },
  'arguments-dropped': {
    isStreamOnly: true,
    async *frames(frames) {
      const isFragment = (call: unknown) => isRecord(call) && call['id'] === undefined;
      for await (const frame of frames) if (!callsOf(frame).some(isFragment)) yield frame;
    },
  },
  'no-content-type': { headers: { 'content-type': null } },
  'no-last-blank-line': {
    isStreamOnly: true,
    async *wire(wire) {
      for await (const action of wire) {
        if (action.do !== 'send' || !action.isTail) {
          yield action;
          continue;
        }
        const bytes = Buffer.from(action.bytes).toString('utf8').replace(/\n\n$/, '\n');
        yield { ...action, bytes } satisfies Wire;
        return;
      }
    },
  },
} satisfies Record<string, FaultAction>;
