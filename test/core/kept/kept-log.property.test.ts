/**
 * A kept answer from end to end, without a network: a writer whose batches get lost, come twice and are cut anywhere, readers that go on from any
 * event. Whatever happens on the way, every reader has the same bytes, none twice and none left out.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnswerEvent } from '../../../worker/core/answer/answer-events.ts';
import type { AnswerHead, WholeAnswer } from '../../../worker/core/answer/whole-answer.ts';
import { createNumbering, createReplay } from '../../../worker/core/kept/frames.ts';
import type { KeptRecord } from '../../../worker/core/kept/kept-answer.ts';
import { openRecord, takeBatch } from '../../../worker/core/kept/log.ts';
import {
  createPieceReader,
  createPieceWriter,
  type KeptPiece,
  piecesOfWhole,
  wholeOfPieces,
} from '../../../worker/core/kept/pieces.ts';
import { chatSurface } from '../../../worker/core/surfaces/chat/chat-surface.ts';
import { readAfter, readStreamId, writeStreamId } from '../../../worker/core/kept/stream-id.ts';
import { complete, openingOf, someRouting } from '../../support/suites/kept-suite.ts';

const head: AnswerHead = { id: 'chatcmpl-1', created: 1, model: 'served' };
const usage = { promptTokens: 3, completionTokens: 4, cachedTokens: null, reasoningTokens: null, isEstimated: false };
const said = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const choice = fc.integer({ min: 0, max: 2 });
const event: fc.Arbitrary<AnswerEvent> = fc.oneof(
  { weight: 5, arbitrary: said.map((text) => ({ choice: 0, kind: 'text', text }) as const) },
  fc.record({ choice, kind: fc.constant('reasoning' as const), text: said }),
  fc.record({ choice, kind: fc.constant('refusal' as const), text: said }),
  fc.record({ choice, kind: fc.constant('begin' as const) }),
  fc.record({ choice, kind: fc.constant('call' as const), index: fc.nat(2), id: said, name: said, arguments: said }),
  fc.record({ choice, kind: fc.constant('call_arguments' as const), index: fc.nat(2), arguments: said }),
  fc.record({ choice, kind: fc.constant('call_end' as const), index: fc.nat(2) }),
  fc.record({ choice, kind: fc.constant('finish' as const), reason: fc.constantFrom('stop' as const, 'length' as const) }),
  fc.record({ choice, kind: fc.constant('logprobs' as const), logprobs: fc.constantFrom({ content: [{ token: 'a' }] }) }),
  fc.constant({ kind: 'usage', usage } as const),
);
const piece: fc.Arbitrary<KeptPiece> = fc
  .tuple(fc.array(event, { minLength: 1, maxLength: 4 }), fc.constantFrom('served', 'other'))
  .map(([events, model]) => ({
    head: { ...head, model },
    events,
    routing: events.some(({ kind }) => kind === 'finish') ? someRouting : null,
  }));

const asked = { showsUsage: true };
const newWriter = () => chatSurface.openStream(asked, 'request-1');
/** What the first client got. */
function shown(pieces: readonly KeptPiece[]): string[] {
  const writer = newWriter();
  const numbering = createNumbering(0);
  const frames = pieces.map((one) => numbering.number(writer.write(one.head, one.events, () => someRouting)));
  return [...frames, numbering.number(writer.end())].join('').split(/(?<=\n\n)/);
}

describe('the log', () => {
  it('holds every piece once, however its batches are cut, lost, repeated and late: ten thousand times', () => {
    const step = fc.record({
      take: fc.nat(6),
      isLost: fc.boolean(),
      isReplyLost: fc.boolean(),
      isStale: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(said, { maxLength: 30 }), fc.array(step, { maxLength: 20 }), (all, steps) => {
        let record: KeptRecord = openRecord(openingOf());
        const log: string[] = [];
        let acknowledged = 0;
        let old = { from: 0, pieces: [] as string[] };
        const send = (from: number, pieces: readonly string[]): boolean => {
          const taken = takeBatch(record, { writerId: 'writer-1', from, pieces, ending: null }, 0);
          if (taken === null) return false;
          ({ record } = taken);
          log.push(...taken.fresh);
          return true;
        };
        for (const { take, isLost, isReplyLost, isStale } of steps) {
          if (isStale) send(old.from, old.pieces);
          const pieces = all.slice(acknowledged, acknowledged + take);
          if (isLost) continue;
          old = { from: acknowledged, pieces };
          expect(send(acknowledged, pieces)).toBe(true);
          if (!isReplyLost) acknowledged += pieces.length;
        }
        send(acknowledged, all.slice(acknowledged));
        expect(log).toEqual(all);
        expect(record.pieces).toBe(all.length);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('pieces', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const write = createPieceWriter();
        const read = createPieceReader();
        expect(pieces.map((one) => read(write(one)))).toEqual(pieces);
      }),
    );
  });

  it('are one line each, so that a row can hold several', () => {
    const write = createPieceWriter();
    const text = 'a\nb\r\n\u2028c';
    expect(write({ head, events: [{ choice: 0, kind: 'text', text }], routing: null })).not.toContain('\n');
    expect(write({ head, events: [{ choice: 0, kind: 'text', text }], routing: null })).toBe(JSON.stringify(text));
  });

  it('of a whole answer are the answer again, to the byte', () => {
    const call = fc.record({ id: said, name: said, arguments: said });
    const whole: fc.Arbitrary<WholeAnswer> = fc
      .uniqueArray(fc.nat(4), { minLength: 1, maxLength: 3 })
      .chain((indexes) =>
        fc.tuple(
          ...indexes.map((index) =>
            fc.record({
              index: fc.constant(index),
              content: fc.string({ unit: 'grapheme', maxLength: 20 }),
              reasoning: fc.string({ maxLength: 9 }),
              refusal: fc.string({ maxLength: 9 }),
              calls: fc.array(call, { maxLength: 3 }),
              logprobs: fc.array(fc.constantFrom({ content: [{ token: 'a', logprob: -1 }] }, { content: [] }), { maxLength: 3 }),
              finishReason: fc.constantFrom('stop' as const, 'length' as const, 'tool_calls' as const),
            }),
          ),
        ),
      )
      .map((choices) => ({ head, choices }));
    fc.assert(
      fc.property(whole, (answer) => {
        const again = wholeOfPieces(piecesOfWhole(answer, usage, someRouting));
        expect([again.usage, again.routing]).toEqual([usage, someRouting]);
        expect(chatSurface.writeWhole(again.answer, usage, someRouting, asked, 'n')).toBe(
          chatSurface.writeWhole(answer, usage, someRouting, asked, 'n'),
        );
      }),
    );
  });

  it('of a stream make the whole that its text comes to', () => {
    const write = createPieceWriter();
    const steps: AnswerEvent[][] = [
      [
        { choice: 0, kind: 'begin' },
        { choice: 0, kind: 'text', text: 'Oak' },
      ],
      [{ choice: 0, kind: 'text', text: 'um' }],
      [{ choice: 0, kind: 'call', index: 0, id: 'c', name: 'f', arguments: '{' }],
      [
        { choice: 0, kind: 'call_arguments', index: 0, arguments: '}' },
        { choice: 0, kind: 'call_end', index: 0 },
      ],
      [{ choice: 0, kind: 'finish', reason: 'tool_calls' }],
      [{ kind: 'usage', usage }],
    ];
    const pieces = steps.map((events) =>
      write({ head, events, routing: events.some(({ kind }) => kind === 'finish') ? someRouting : null }),
    );
    expect(wholeOfPieces(pieces)).toMatchObject({
      answer: {
        head,
        choices: [{ content: 'Oakum', calls: [{ id: 'c', name: 'f', arguments: '{}' }], finishReason: 'tool_calls' }],
      },
      usage,
      routing: someRouting,
    });
  });
});

describe('a stream that is read again', () => {
  it('from any event on is the rest of what its client got, byte for byte, in whatever pages it comes: ten thousand cuts', () => {
    let cuts = 0;
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 25 }), fc.infiniteStream(fc.nat(7)), (pieces, pages) => {
        const write = createPieceWriter();
        const stored = pieces.map(write);
        const frames = shown(pieces);
        for (let after = 0; after <= frames.length; after += 1) {
          const replay = createReplay(newWriter(), after);
          let text = '';
          for (let at = 0; at < stored.length;) {
            const size = 1 + (pages.next().value ?? 0);
            text += replay.write(stored.slice(at, at + size));
            at += size;
          }
          text += replay.end(complete);
          expect(text).toBe(frames.slice(after).join(''));
          expect(replay.count()).toBe(frames.length);
          cuts += 1;
        }
      }),
      { numRuns: 1000 },
    );
    expect(cuts).toBeGreaterThan(10_000);
  });

  it('has a number on every event, and none that is an event’s own', () => {
    for (const [index, frame] of shown([
      { head, events: [{ choice: 0, kind: 'text', text: 'a\n\nid: 7\n\n' }], routing: null },
      { head, events: [{ choice: 0, kind: 'finish', reason: 'stop' }], routing: someRouting },
    ]).entries()) {
      expect(frame.match(/^id: \d+$/gm)).toEqual([`id: ${index + 1}`]);
    }
  });

  it('that was cancelled, or broke off, ends with the surface’s error', () => {
    const end = (kind: 'cancelled' | 'failed') =>
      createReplay(newWriter(), 0).end(
        kind === 'cancelled'
          ? { kind, metadata: null }
          : { kind, failure: { code: 'upstream_truncated' }, metadata: null, isFinal: false },
      );
    expect(end('cancelled')).toMatch(/^id: 1\ndata: .*"stream_cancelled".*\n\n$/);
    expect(end('failed')).toMatch(/^id: 1\ndata: .*"upstream_truncated".*\n\n$/);
  });
});

describe('names', () => {
  it('of streams say where they are kept, and by which run where that is not the same', () => {
    for (const name of [
      { id: 'a'.repeat(32), writerId: 'a'.repeat(32) },
      { id: 'a'.repeat(32), writerId: 'b'.repeat(32) },
    ])
      expect(readStreamId(writeStreamId(name))).toEqual({ ok: true, value: name });
    for (const text of ['', 'a/b', 'ü', 'a.b.c', `${'a'.repeat(65)}`])
      expect(readStreamId(text)).toMatchObject({ failure: { code: 'invalid_value', param: 'id' } });
  });

  it.each([
    [null, null, 0],
    ['', null, 0],
    ['12', '3', 12],
    ['', '3', 3],
    [null, '0', 0],
    ['x', null, 'last-event-id'],
    ['-1', null, 'last-event-id'],
    [null, '1.5', 'after'],
    [null, '9999999999', 'after'],
  ])('of events: header %j and query %j', (header, query, wanted) => {
    const read = readAfter(header, query);
    if (typeof wanted === 'number') expect(read).toEqual({ ok: true, value: wanted });
    else expect(read).toMatchObject({ failure: { code: 'invalid_value', param: wanted } });
  });
});
