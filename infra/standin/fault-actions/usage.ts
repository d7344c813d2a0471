/** Faults of the token counts a server reports. The tokens themselves are right. */
import { isRecord } from '../json.ts';
import type { FaultAction } from './fault-action.ts';

type Usage = Record<string, unknown>;

/** Replaces the usage wherever it stands: in chunks, in the usage chunk, in a JSON body. */
function reporting(change: (usage: Usage) => Usage | undefined): FaultAction {
  const changed = (payload: Record<string, unknown>) =>
    isRecord(payload['usage']) ? { ...payload, usage: change(payload['usage']) } : payload;
  return {
    body: changed,
    async *frames(frames) {
      for await (const frame of frames) {
        if (frame.payload === '[DONE]') yield frame;
        else if (frame.kind !== 'usage' || change({}) !== undefined) yield { ...frame, payload: changed(frame.payload) };
      }
    },
  };
}

const counts = (prompt_tokens: unknown, completion_tokens: unknown, total_tokens: unknown) => () => ({
  prompt_tokens,
  total_tokens,
  completion_tokens,
});

/** Stands for a bare NaN, which JSON cannot write, until the bytes are made. */
const NAN_MARK = '\u0001NaN\u0001';

export const usageFaults = {
  'no-usage': reporting(() => undefined),
  'usage-negative': reporting(counts(-5, -7, -12)),
  'usage-nan': {
    ...reporting(counts(NAN_MARK, NAN_MARK, NAN_MARK)),
    async *wire(wire) {
      const quoted = JSON.stringify(NAN_MARK);
      let held = '';
      for await (const action of wire) {
        if (action.do !== 'send') {
          yield action;
          continue;
        }
        held += Buffer.from(action.bytes).toString('latin1');
        // The mark may lie across two pieces of a JSON body; an event is always whole.
        if (!action.isTail && !held.endsWith('\n\n')) continue;
        yield { ...action, bytes: Buffer.from(held.replaceAll(quoted, 'NaN'), 'latin1') };
        held = '';
      }
    },
  },
  'usage-huge': reporting(counts(2 ** 53, 1e18, 2e18)),
  'usage-zero': reporting(counts(0, 0, 0)),
  'usage-text': reporting(counts('12', '34', '46')),
} satisfies Record<string, FaultAction>;
