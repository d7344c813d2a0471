/** The event decoder against tables, against `eventsource-parser` as an oracle, and under every cut. */
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createEventDecoder, type DecodedChunk, type EventDecoderOptions } from '../../../worker/core/sse/decode-events.ts';
import { doneFrame, encodeComment, encodeData } from '../../../worker/core/sse/encode-events.ts';
import { readNamedEvent } from '../../../worker/core/sse/named-event.ts';

// Thousands of runs on a busy machine; nothing here measures time.
vi.setConfig({ testTimeout: 60_000 });

const limits = { maxEventBytes: 1000 };

function decode(pieces: readonly string[], maxEventBytes = limits.maxEventBytes): string[] {
  const decoder = createEventDecoder({ maxEventBytes });
  return pieces.flatMap((piece) => decoder.feed(piece).payloads);
}

/** With the end of the stream. */
function decodeAll(pieces: readonly string[], readNamed?: EventDecoderOptions['readNamed']): string[] {
  const decoder = createEventDecoder(readNamed === undefined ? limits : { ...limits, readNamed });
  return [...pieces.flatMap((piece) => decoder.feed(piece).payloads), ...decoder.end().payloads];
}

function oracle(text: string): string[] {
  const payloads: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => payloads.push(data) });
  // The parser waits with a CR at the very end of its input; a following comment line tells it that no LF comes.
  parser.feed(text.endsWith('\r') ? `${text}:` : text);
  return payloads;
}

/** Bytes cut anywhere, then decoded as the shell does it. */
function utf8Pieces(text: string, cuts: readonly number[]): string[] {
  const bytes = new TextEncoder().encode(text);
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: false });
  return places.slice(1).map((end, index) => decoder.decode(bytes.subarray(places[index], end), { stream: true }));
}

describe('decoding events', () => {
  it.each<[string, string, string[]]>([
    ['a frame as models send it', 'data: {"a":1}\n\n', ['{"a":1}']],
    ['several frames', 'data: 1\n\ndata: 2\n\ndata: [DONE]\n\n', ['1', '2', '[DONE]']],
    ['CRLF ends', 'data: 1\r\n\r\ndata: 2\r\n\r\n', ['1', '2']],
    ['CR ends', 'data: 1\r\rdata: 2\r\r', ['1', '2']],
    ['mixed ends', 'data: 1\n\r\ndata: 2\r\n\rdata: 3\r\n\n', ['1', '2', '3']],
    ['data without a space', 'data:1\n\n', ['1']],
    ['only the first space is dropped', 'data:  1\n\n', [' 1']],
    ['data over several lines', 'data: {\ndata: }\n\n', ['{\n}']],
    ['an empty data line', 'data\n\ndata:\n\n', ['', '']],
    ['an empty line between data lines', 'data: 1\ndata\ndata: 2\n\n', ['1\n\n2']],
    ['comments', ': ping\n\n:\n\ndata: 1\n\n', ['1']],
    ['a comment inside an event', 'data: 1\n: ping\ndata: 2\n\n', ['1\n2']],
    ['other fields', 'event: delta\nid: 7\nretry: 10\ndata: 1\n\n', ['1']],
    ['unknown fields and lines without a colon', 'nonsense\nfoo: bar\ndatax: 2\ndata: 1\n\n', ['1']],
    ['an event without data', 'event: ping\n\ndata: 1\n\n', ['1']],
    ['a byte order mark', '\uFEFFdata: 1\n\n', ['1']],
    ['a byte order mark later is part of the line', 'data: 1\n\n\uFEFFdata: 2\n\n', ['1']],
    ['no blank line at the end', 'data: 1\n\ndata: 2\n', ['1']],
    ['U+2028 and U+0085 end no line', 'data: a\u2028b\u0085c\n\n', ['a\u2028b\u0085c']],
    ['multi-byte text', 'data: héé 🌍 日本\n\n', ['héé 🌍 日本']],
    ['nothing', '', []],
  ])('reads %s, whole and cut at every character', (_name, text, payloads) => {
    expect(decode([text])).toEqual(payloads);
    expect(oracle(text)).toEqual(payloads);
    for (let cut = 0; cut <= text.length; cut += 1) expect(decode([text.slice(0, cut), text.slice(cut)])).toEqual(payloads);
    expect(decode([...text])).toEqual(payloads);
  });

  const line = fc.oneof(
    {
      weight: 5,
      // A brace would begin JSON, which is read more kindly than the oracle does.
      arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `data: ${text.replace(/[\r\n{]/g, '')}`),
    },
    { weight: 3, arbitrary: fc.constant('') },
    fc.constantFrom(
      'data',
      'data:',
      'data:x',
      ': ping',
      ':',
      'event: e',
      'id: 1',
      'retry: 5',
      'dat',
      'dataa: 1',
      '\uFEFF',
      ' data: 1',
      'd',
    ),
  );
  const stream = fc.tuple(fc.boolean(), fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 25 }));
  const text = stream.map(([hasMark, lines]) => (hasMark ? '\uFEFF' : '') + lines.flat().join(''));

  it('agrees with eventsource-parser on 3,000 random streams, cut at random bytes', () => {
    const cuts = fc.array(fc.nat(400), { maxLength: 40 });
    fc.assert(
      fc.property(text, cuts, (source, places) => {
        const expected = oracle(source);
        expect(decode([source])).toEqual(expected);
        expect(decode(utf8Pieces(source, places))).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('agrees with eventsource-parser when every byte comes alone', () => {
    fc.assert(
      fc.property(text, (source) => {
        const everywhere = Array.from(new TextEncoder().encode(source), (_byte, index) => index);
        expect(decode(utf8Pieces(source, everywhere))).toEqual(oracle(source));
      }),
      { numRuns: 500 },
    );
  });

  it('calls a piece verbatim only when encoding its payloads gives the same text, and nothing is held', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(300), { maxLength: 10 }), (source, places) => {
        const decoder = createEventDecoder(limits);
        let wasHeld = false;
        for (const piece of utf8Pieces(source, places)) {
          const chunk = decoder.feed(piece);
          if (chunk.isVerbatim) {
            expect(chunk.payloads.map(encodeData).join('')).toBe(piece);
            expect(wasHeld || chunk.hasPartial).toBe(false);
          }
          wasHeld = chunk.hasPartial;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a verbatim piece', () => {
  it.each<[string, string, boolean]>([
    ['one frame', 'data: 1\n\n', true],
    ['eight frames', 'data: {"a":"é🌍"}\n\n'.repeat(8), true],
    ['a frame with an empty payload', 'data: \n\n', true],
    ['an empty piece', '', false],
    ['half a frame', 'data: 1\n', false],
    ['a frame and a half', 'data: 1\n\ndata: 2', false],
    ['a frame with another blank line', 'data: 1\n\n\n', false],
    ['a comment', ': ping\n\n', false],
    ['a frame behind a comment', ': ping\n\ndata: 1\n\n', false],
    ['data without a space', 'data:1\n\n', false],
    ['an event name', 'event: x\ndata: 1\n\n', false],
    ['two data lines', 'data: 1\ndata: 2\n\n', false],
    ['CRLF', 'data: 1\r\n\r\n', false],
    ['CR in the payload', 'data: 1\r2\n\n', false],
    ['a replacement character', 'data: \uFFFD\n\n', false],
    ['a byte order mark', '\uFEFFdata: 1\n\n', false],
  ])('is %s: %s', (_name, piece, isVerbatim) => {
    expect(createEventDecoder(limits).feed(piece).isVerbatim).toBe(isVerbatim);
  });

  it('is none while something is held, and is one again afterwards', () => {
    const decoder = createEventDecoder(limits);
    const chunks = ['data: 1', '\n\n', 'data: 2\n\n', 'data: 3\r', '\n\r\n', 'data: 4\n\n'].map((piece) => decoder.feed(piece));
    expect(chunks.map(({ isVerbatim }) => isVerbatim)).toEqual([false, false, true, false, false, true]);
    expect(chunks.map(({ hasPartial }) => hasPartial)).toEqual([true, false, false, true, false, false]);
  });
});

describe('the bounds of the decoder', () => {
  const stopped: DecodedChunk = { payloads: [], isVerbatim: false, hasPartial: false, overflow: true };

  it.each<[string, readonly string[]]>([
    ['one frame', [`data: ${'x'.repeat(1000)}\n\n`]],
    ['a line that does not end', Array.from({ length: 1001 }, () => 'x')],
    ['a comment that does not end', [':', ...Array.from({ length: 200 }, () => 'xxxxxx')]],
    ['data lines that pile up', Array.from({ length: 200 }, () => 'data: xxxxxx\n')],
    ['a line behind good frames', ['data: 1\n\n', `data: 2\n\n${'y'.repeat(1001)}`]],
  ])('stop it for good when %s outgrows them', (_name, pieces) => {
    const decoder = createEventDecoder(limits);
    expect(pieces.map((piece) => decoder.feed(piece).overflow)).toContain(true);
    expect(decoder.feed('data: 1\n\n')).toEqual(stopped);
    expect(decoder.end()).toEqual(stopped);
  });

  it('let an event of exactly that size pass, in one piece and in many', () => {
    const frame = `data: ${'x'.repeat(994)}\n\n`;
    expect(decode([frame])).toHaveLength(1);
    expect(decode([...frame])).toHaveLength(1);
  });

  it('do not count what is done: many small events pass', () => {
    expect(decode(Array.from({ length: 5000 }, () => 'data: {"a":1}\n\n'))).toHaveLength(5000);
  });

  it('say at the end whether the stream was cut inside an event', () => {
    for (const [text, isCut] of [
      ['data: {"a":', true],
      ['data: 1\n', true],
      ['data: 1\n\n', false],
      [': ping\n\n', false],
      ['', false],
    ] as const) {
      const decoder = createEventDecoder(limits);
      decoder.feed(text);
      expect(decoder.end().hasPartial).toBe(isCut);
    }
  });
});

describe('the last event', () => {
  const frame = 'data: {"a":1}';

  it.each(['\n\n', '\n', '', '\r', '\r\n', '\r\r', '\r\n\r'])(
    'is read at the end of the stream when %j stands behind it',
    (tail) => {
      const text = `data: 0\n\n${frame}${tail}`;
      for (let cut = 0; cut <= text.length; cut += 1)
        expect(decodeAll([text.slice(0, cut), text.slice(cut)])).toEqual(['0', '{"a":1}']);
    },
  );

  it('is given once', () => {
    const decoder = createEventDecoder(limits);
    decoder.feed(frame);
    expect(decoder.end().payloads).toEqual(['{"a":1}']);
    expect(decoder.end().payloads).toEqual([]);
  });
});

describe('JSON that a raw line break has cut', () => {
  const half = 'data: {"a":"x';
  it.each<[string, string, string]>([
    ['is joined', `${half}\ny"}`, '{"a":"x\ny"}'],
    ['is joined with what looks like a comment or a field in its middle', `${half}\n: y\nid: 5\nz"}`, '{"a":"x\n: y\nid: 5\nz"}'],
    ['is joined however often it is cut', `${half}\ny\nz\n"\n}`, '{"a":"x\ny\nz\n"\n}'],
    ['keeps a comment out that stands between its data lines', 'data: {\n: ping\ndata: "a":1}', '{\n"a":1}'],
    ['that has ended is not continued', 'data: {"a":1}\nfoo: bar', '{"a":1}'],
    ['stays cut by a blank line', `${half}\n\ny"}`, '{"a":"x'],
    ['stays cut where its rest looks like a comment', `${half}\n: y"}`, '{"a":"x'],
  ])('%s', (_, text, payload) => {
    for (const tail of ['\n\n', '\n', ''])
      for (let cut = 0; cut <= text.length; cut += 1)
        expect(decodeAll([text.slice(0, cut), text.slice(cut) + tail])).toEqual([payload]);
  });

  it('counts towards the size of its event', () => {
    const decoder = createEventDecoder(limits);
    const pieces = [half, ...Array.from({ length: 300 }, () => '\n: xx')];
    expect(pieces.map((piece) => decoder.feed(piece).overflow)).toContain(true);
  });

  it('takes time in proportion to its length', () => {
    const decoder = createEventDecoder({ maxEventBytes: 4_000_000 });
    decoder.feed(`data: {"a":"${'x'.repeat(500_000)}`);
    for (let i = 0; i < 100_000; i += 1) decoder.feed('\nab');
    expect(decoder.end().payloads[0]).toHaveLength(800_006);
  });
});

describe('an event with a name', () => {
  it.each<[string, string, string[]]>([
    ['is dropped when it is a ping', 'event: ping\ndata: ping', []],
    ['is a ping of another kind', 'event: ping\ndata: {"type":"ping"}', ['{"type":"ping"}']],
    ['is read when it is a chunk', 'event: completion.chunk\ndata: {"a":1}', ['{"a":1}']],
    ['is read when it is a message', 'event: message\ndata: words', ['words']],
    ['is read when it is the end mark', 'event: done\ndata: [DONE]', ['[DONE]']],
    ['is an error, whatever it says', 'event: error\ndata: out of memory', ['{"error":"out of memory"}']],
    [
      'is an error that says more',
      'event: error\ndata: {"message":"boom","code":503}',
      ['{"error":{"message":"boom","code":503}}'],
    ],
    ['is an error in its envelope', 'event: error\ndata: {"error":{"code":503}}', ['{"error":{"code":503}}']],
    ['lends its name to no other', 'event: error\n\ndata: words', ['words']],
  ])('%s', (_, text, payloads) => {
    for (let cut = 0; cut <= text.length; cut += 1)
      expect(decodeAll([text.slice(0, cut), text.slice(cut) + '\n\n'], readNamedEvent)).toEqual(payloads);
  });
});

describe('encoding events', () => {
  it('gives back any payload through a decoder, whatever stands in it', () => {
    const hostile = fc.string({
      unit: fc.constantFrom('a', '\n', '\r', ':', ' ', 'data: ', 'event: x', '\0', '\u2028', '🌍', '[DONE]'),
    });
    fc.assert(
      fc.property(fc.array(hostile), (payloads) => {
        const expected = payloads.map((payload) => payload.replace(/\r\n?/g, '\n'));
        expect(decode([payloads.map(encodeData).join('')], 100_000)).toEqual(expected);
        expect(oracle(payloads.map(encodeData).join(''))).toEqual(expected);
      }),
    );
  });

  it('writes comments that no client reads as an event', () => {
    expect(encodeComment('ping')).toBe(': ping\n\n');
    expect(decode([encodeComment('a\n\ndata: forged\n\n'), 'data: 1\n\n'])).toEqual(['1']);
  });

  it('ends a stream with [DONE]', () => {
    expect(decode([doneFrame])).toEqual(['[DONE]']);
  });
});
