/** What an answer is, by its first bytes. */
import { describe, expect, it } from 'vitest';
import { createSniffer } from '../../../worker/core/sse/sniff.ts';

describe('an answer', () => {
  it.each([
    ['data: {"a":1}', 'events'],
    ['data:{"a":1}', 'events'],
    ['event: ping', 'events'],
    ['id: 1', 'events'],
    ['retry: 5', 'events'],
    [': keep-alive', 'events'],
    ['\r\n\n data: 1', 'events'],
    ['\uFEFFdata: 1', 'events'],
    ['{"choices":[]}', 'text'],
    ['\n \t{"choices":[]}', 'text'],
    ['\uFEFF\n{"a":1}', 'text'],
    ['[{"error":{}}]', 'text'],
    ['<!doctype html>', 'text'],
    ['Hello', 'unknown'],
    ['database error', 'unknown'],
    ['identity: x', 'unknown'],
    ['dat', null],
    ['   \n', null],
    ['', null],
  ])('that begins with %j is %s, wherever it is cut', (text, shape) => {
    const bytes = new TextEncoder().encode(text);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const sniff = createSniffer();
      expect(sniff(bytes.subarray(0, cut)) ?? sniff(bytes.subarray(cut))).toBe(shape);
    }
  });
});
