/** Faults and oddities of how events are cut into lines and writes. Most are legal: a client must read the same answer from them. */
import { setting } from '../fault-request.ts';
import type { Wire, WireStream } from '../sse-writer.ts';
import { send } from './endings.ts';
import type { FaultAction } from './fault-action.ts';

/** Rewrites every piece of text; what is no text passes. */
async function* rewrite(wire: WireStream, change: (text: string, index: number) => string): AsyncGenerator<Wire, void> {
  let index = 0;
  for await (const action of wire) {
    if (action.do !== 'send') yield action;
    else {
      yield { ...action, bytes: change(Buffer.from(action.bytes).toString('utf8'), index) };
      index += 1;
    }
  }
}

/** Breaks a JSON payload into several data lines: line ends are legal between its tokens, after any comma outside a string. */
function overSeveralLines(event: string, index: number): string {
  const payload = event.replace(/^data: /, '').trimEnd();
  if (!payload.startsWith('{')) return event;
  const at = payload.indexOf(',"choices"') + 1;
  const lines = at > 0 ? [payload.slice(0, at), payload.slice(at)] : [payload];
  return `event: message\nid: ${index}\n${lines.map((line) => `data: ${line}`).join('\n')}\n\n`;
}

/** Cuts every write inside its multi-byte characters. */
async function* splitCharacters(wire: WireStream): AsyncGenerator<Wire, void> {
  for await (const action of wire) {
    if (action.do !== 'send') {
      yield action;
      continue;
    }
    const bytes = Buffer.from(action.bytes);
    let from = 0;
    for (let at = 1; at < bytes.length; at += 1) {
      // A continuation byte: 10xxxxxx.
      if (((bytes[at] ?? 0) & 0xc0) !== 0x80) continue;
      yield send(bytes.subarray(from, at));
      yield { do: 'wait', ms: 1 };
      from = at;
    }
    yield { ...action, bytes: bytes.subarray(from) };
  }
}

export const framingFaults = {
  'comments-between': { isStreamOnly: true, wire: (wire) => rewrite(wire, (event, index) => `: ping ${index}\n\n${event}`) },
  drip: {
    async *wire(wire, { fault }) {
      const [ms, size] = [setting(fault, 'ms', 0), Math.max(1, setting(fault, 'bytes', 1))];
      for await (const action of wire) {
        if (action.do !== 'send') {
          yield action;
          continue;
        }
        const bytes = Buffer.from(action.bytes);
        for (let at = 0; at < bytes.length; at += size) {
          yield send(bytes.subarray(at, at + size), at === 0 ? action.tokens : 0);
          // Yielding makes every piece a separate write; otherwise Node joins the writes of a turn.
          if (ms > 0) yield { do: 'wait', ms };
          else await new Promise((resolve) => setImmediate(resolve));
        }
      }
    },
  },
  crlf: { isStreamOnly: true, wire: (wire) => rewrite(wire, (event) => event.replaceAll('\n', '\r\n')) },
  'multi-line': { isStreamOnly: true, wire: (wire) => rewrite(wire, overSeveralLines) },
  'split-utf8': {
    answer: (answer) => ({ ...answer, content: `${answer.content} — naïve café 東京 🌍👩‍💻 ✓` }),
    wire: splitCharacters,
  },
  'one-write': {
    async *wire(wire) {
      const parts: Buffer[] = [];
      let tokens = 0;
      for await (const action of wire) {
        if (action.do !== 'send') continue;
        parts.push(Buffer.from(action.bytes));
        tokens += action.tokens;
      }
      yield send(Buffer.concat(parts), tokens);
    },
  },
  bom: { wire: (wire) => rewrite(wire, (event, index) => (index === 0 ? `\ufeff${event}` : event)) },
} satisfies Record<string, FaultAction>;
