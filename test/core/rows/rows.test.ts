/** Rows of the request log: how they are made, collected, sent and kept waiting. */
import { describe, expect, it } from 'vitest';
import { secretHider } from '../../../worker/core/log/known-secrets.ts';
import { daysOf, insertRows, retention } from '../../../worker/core/rows/insert-rows.ts';
import { keptAnswer, keptPrompt } from '../../../worker/core/rows/kept-content.ts';
import { charsAtOnce, oneStatement, pauseAfter } from '../../../worker/core/rows/outbox-policy.ts';
import { type EndedRequest, requestRow, rowJson } from '../../../worker/core/rows/request-row.ts';
import { fitsMessage, maxHeld, nothingLost, RowQueue } from '../../../worker/core/rows/row-queue.ts';
import { sqlFailureKind } from '../../../worker/core/rows/sql-failure.ts';
import { plainEntry } from '../ledger/entry.ts';

const ended = (change: Partial<EndedRequest> = {}): EndedRequest => ({
  id: 'run-1',
  entry: plainEntry,
  kind: 'chat',
  traceId: null,
  content: null,
  ...change,
});

describe('a row', () => {
  it('has a column for each of its fields, and the other way round', () => {
    const [, columns = ''] = /insert into pointsman\.requests \(([^)]*)\)/.exec(insertRows) ?? [];
    expect(Object.keys(requestRow(ended())).toSorted()).toEqual(columns.split(', ').toSorted());
  });

  it('sums what the ledger books', () => {
    const { prompt_tokens: prompt, completion_tokens: completion, cost_nano_usd: cost } = requestRow(ended());
    const usages = plainEntry.attemptUsages.map(({ usage }) => usage);
    expect([prompt, completion, cost]).toEqual([
      usages.reduce((sum, { promptTokens }) => sum + promptTokens, 0),
      usages.reduce((sum, { completionTokens }) => sum + completionTokens, 0),
      plainEntry.costNanoUsd,
    ]);
  });

  it('has no text that PostgreSQL could not take', () => {
    const row = JSON.parse(rowJson(ended({ content: { prompt: 'a\0b\ud800', answer: '\udc00c' } })));
    expect([row.prompt, row.answer]).toEqual(['a\u{fffd}b\u{fffd}', '\u{fffd}c']);
  });
});

describe('texts', () => {
  const hide = secretHider(['a-known-secret']);

  it('of a prompt are its end, of an answer its beginning, neither with a secret', () => {
    const prompt = keptPrompt([{ role: 'user', content: `a-known-secret ${'x'.repeat(50)} the end` }], 30, hide);
    expect(prompt).toBe(`…${'x'.repeat(21)} the end`);
    const answer = keptAnswer([{ content: `sk-abcdefgh12345678 ${'y'.repeat(50)}`, refusal: '', calls: [] }], 30, hide);
    expect(answer).toBe(`[key] ${'y'.repeat(23)}…`);
  });

  it('are never longer than asked for', () => {
    for (const length of [99, 100, 101, 199, 200, 201, 500]) {
      const text = 'z'.repeat(length);
      expect(keptPrompt([{ role: 'user', content: text }], 100).length).toBeLessThanOrEqual(100);
      expect(keptAnswer([{ content: text, refusal: '', calls: [] }], 100).length).toBeLessThanOrEqual(100);
    }
  });

  it('show calls, and name images', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } } as const;
    expect(keptPrompt([{ role: 'user', content: [{ type: 'text', text: 'What?' }, image] }], 200)).toBe(
      'user: What?\n[image_url]',
    );
    expect(keptAnswer([{ content: '', refusal: '', calls: [{ id: '1', name: 'look', arguments: '{"a":1}' }] }], 200)).toBe(
      'look({"a":1})',
    );
  });
});

describe('what an isolate holds', () => {
  it('is handed out once, in messages that a queue takes', () => {
    const queue = new RowQueue<string>((text) => text);
    const rows = Array.from({ length: 300 }, (_, at) => `${at}:${'é'.repeat(1000)}`);
    for (const row of rows) queue.add(row);
    const messages = queue.take();
    expect(messages.flatMap((message) => message.rows)).toEqual(rows);
    expect(messages.every((message) => Buffer.byteLength(message.rows.join('\n')) <= 120_000 && fitsMessage(message))).toBe(true);
    expect([queue.isEmpty, queue.take()]).toEqual([true, []]);
  });

  it('a row that is too long for a message stands alone in one that says so', () => {
    const queue = new RowQueue<string>((text) => text);
    for (const row of ['short', 'x'.repeat(200_000), 'short too']) queue.add(row);
    expect(queue.take().map((message) => [message.rows.length, fitsMessage(message)])).toEqual([
      [1, true],
      [1, false],
      [1, true],
    ]);
  });

  it('loses the oldest beyond its bound, and counts them with what others have lost', () => {
    const queue = new RowQueue<number>(String);
    for (let at = 0; at < maxHeld + 3; at += 1) queue.add(at);
    const [message] = queue.take();
    expect([message?.rows[0], message?.lost]).toEqual(['3', { dropped: 3, refused: 0 }]);
    queue.putBack({ rows: ['a'], lost: { dropped: 3, refused: 1 } });
    expect(queue.take()).toEqual([{ rows: ['a'], lost: { dropped: 3, refused: 1 } }]);
    expect(queue.isEmpty).toBe(true);
  });

  it('of nothing but losses is a message too', () => {
    const queue = new RowQueue<number>(String);
    queue.putBack({ rows: [], lost: nothingLost });
    expect(queue.take()).toEqual([]);
    queue.putBack({ rows: [], lost: { dropped: 0, refused: 2 } });
    expect(queue.take()).toEqual([{ rows: [], lost: { dropped: 0, refused: 2 } }]);
  });
});

describe('the outbox', () => {
  it('waits longer after each failure, a minute at most', () => {
    expect([1, 2, 3, 7, 100].map(pauseAfter)).toEqual([1000, 2000, 4000, 60_000, 60_000]);
  });

  it('puts as many rows into a statement as it takes, at least one', () => {
    const row = (length: number) => ({ row: 'x'.repeat(length) });
    expect(oneStatement([row(charsAtOnce * 2), row(1)])).toHaveLength(1);
    expect(oneStatement([row(10), row(charsAtOnce - 15), row(10)])).toHaveLength(2);
    expect(oneStatement([row(10), row(10)])).toHaveLength(2);
  });
});

describe('days', () => {
  it('of rows are theirs, each once, whatever clients write', () => {
    const row = rowJson(ended({ entry: { ...plainEntry, agent: '"ended_at":"1999-01-01T' } }));
    const day = new Date(plainEntry.atMs).toISOString().slice(0, 10);
    expect(daysOf([row, row])).toEqual([day]);
  });

  it('made ahead are a week, and kept as configured besides today', () => {
    const { make, keepFrom } = retention(Date.parse('2026-02-27T23:59:59Z'), 30);
    expect([make[0], make[2], make.at(-1), make.length, keepFrom]).toEqual([
      '2026-02-27',
      '2026-03-01',
      '2026-03-06',
      8,
      '2026-01-28',
    ]);
  });
});

describe('a refusal', () => {
  it.each([
    ['22P02', 'refused'],
    ['23502', 'refused'],
    ['23514', 'no_partition'],
    ['53100', 'unavailable'],
    ['53300', 'unavailable'],
    ['57P01', 'unavailable'],
    ['25006', 'unavailable'],
    ['42P01', 'unavailable'],
    [null, 'unavailable'],
  ] as const)('%s is %s', (state, kind) => expect(sqlFailureKind(state)).toBe(kind));
});
