/** Whole JSON values in complete texts: arguments inside a string, values of typed parameters. */
import { createJsonScan, type JsonListener } from './scan.ts';
import { scanJson } from './scanner.ts';

/** The text of the one JSON value of that kind which `text` holds, repaired; null if it holds anything else. */
export function repairedJson(text: string, kind: 'object' | 'array'): string | null {
  let taken = '';
  const scan = createJsonScan();
  const listener: JsonListener = {
    onValue: (found) => (found === kind ? 'take' : 'refuse'),
    onKey: () => true,
    onText: (piece) => {
      taken += piece;
    },
    onEnd: () => true,
  };
  const end = scanJson(scan, listener, text, 0);
  return scan.status === 'done' && text.slice(end).trim() === '' ? taken : null;
}
