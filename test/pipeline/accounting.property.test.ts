/** Whatever servers and clients do, and in whatever order: every request ends, is booked once, frees what it held, and tells the truth. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../shared/records.ts';
import type { BodyStep, Reply } from '../support/fakes/fake-upstream.ts';
import { type ClientBehaviour, type ClientReply, createGateway, type FakeGateway } from '../support/fakes/gateway.ts';
import { recordOf } from './recorded.ts';
import { chunk, completion, done, hello, readEvents, role, stop, text, usageChunk } from './wire.ts';

const word = fc.constantFrom('a ', 'bc ', 'déjà ', '🌍 ', '<tool_call>', '\n', 'data: x\n\n');
const wait = fc.constantFrom(1, 50, 700, 2500).map((waitMs): BodyStep => ({ waitMs }));
const middle: fc.Arbitrary<BodyStep> = fc.oneof(
  { weight: 6, arbitrary: word.map(text) },
  { weight: 2, arbitrary: wait },
  {
    weight: 1,
    arbitrary: fc.constantFrom<BodyStep>(
      ': comment\n\n',
      'data: {"choices":[\n\n',
      'data: {}\n\n',
      text('two') + text('events'),
      role,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant(
      chunk({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] }),
    ),
  },
);
const ending: fc.Arbitrary<BodyStep[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<BodyStep[]>([stop, usageChunk, done]) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<BodyStep[]>(
      [stop],
      [stop, 'reset'],
      [stop, 'stall'],
      [stop + done + text('late')],
      [done],
      [usageChunk, done],
      [],
      ['reset'],
      ['stall'],
      [chunk({}, 'abort'), done],
      ['data: {"error":{"message":"boom","code":500}}\n\n', done],
      ['data: {"cut'],
      [`data: ${'x'.repeat(20_000)}`],
    ),
  },
);
const stream: fc.Arbitrary<Reply> = fc
  .record({
    opens: fc.constantFrom<BodyStep[]>([role], [], [{ waitMs: 1500 }, role]),
    body: fc.array(middle, { maxLength: 8 }),
    end: ending,
    afterMs: fc.constantFrom(0, 300),
  })
  .map(({ opens, body, end, afterMs }) => ({ kind: 'stream', steps: [...opens, ...body, ...end], afterMs }));
const status: fc.Arbitrary<Reply> = fc
  .record({
    status: fc.constantFrom(200, 204, 302, 400, 401, 404, 422, 429, 500, 502, 503, 504, 524, 530),
    body: fc.constantFrom('', '{}', '{"error":{"message":"no"}}', '<html>'),
    mediaType: fc.constantFrom('application/json', 'text/html', ''),
    retry: fc.constantFrom(null, '0', '1', '99'),
  })
  .map(({ retry, ...rest }) => ({ kind: 'status', ...rest, ...(retry === null ? {} : { retryAfter: retry }) }));
const reply: fc.Arbitrary<Reply> = fc.oneof(
  { weight: 6, arbitrary: stream },
  { weight: 2, arbitrary: status },
  { weight: 1, arbitrary: fc.constantFrom<Reply>({ kind: 'refuse' }, { kind: 'refuse', afterMs: 500 }, { kind: 'hang' }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Reply>(completion('whole'), completion(null), completion('cut', { finish: 'length' }), {
      ...completion('slow'),
      afterMs: 800,
    } as Reply),
  },
);

const behaviour: fc.Arbitrary<ClientBehaviour> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.record({ leavesAfterMs: fc.nat(6000), isUnheard: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ leavesAfterChars: fc.nat(1500), isUnheard: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ stopsReadingAfterChars: fc.nat(1500) }) },
);

const situation = fc.record({
  script: fc.array(reply, { minLength: 1, maxLength: 4 }),
  last: reply,
  client: behaviour,
  isStream: fc.boolean(),
  isLong: fc.boolean(),
  n: fc.constantFrom(1, 1, 2),
  wantsUsage: fc.boolean(),
  hasTools: fc.boolean(),
  rescues: fc.boolean(),
  holdMs: fc.constantFrom(200, 10_000),
  queue: fc.constantFrom(null, null, { waitMs: 400 }, 'full' as const),
});

describe('any request', () => {
  it('ends, is booked once, frees what it held, and never calls a broken answer whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        situation,
        async ({ script, last, client, isStream, isLong, n, wantsUsage, hasTools, rescues, holdMs, queue }) => {
          const gateway = createGateway({
            script,
            last,
            ...(queue === null ? {} : { queue }),
            config: {
              routing: { rescue: { enabled: rescues, max_rescues: 1 }, streaming: { hold_status_ms: holdMs, ping_ms: 300 } },
              limits: { max_event_bytes: 10_000 },
            },
          });
          const body = {
            ...hello,
            n,
            max_tokens: isLong ? 4000 : 50,
            stream: isStream,
            ...(isStream && wantsUsage ? { stream_options: { include_usage: true } } : {}),
            ...(hasTools ? { tools: [{ type: 'function', function: { name: 'f' } }] } : {}),
          };
          const answer = await gateway.ask(body, client);
          checkBooking(gateway, answer);
          checkAnswer(gateway, answer, client);
        },
      ),
      { numRuns: Number(process.env['POINTSMAN_PROPERTY_RUNS'] ?? 150) },
    );
  }, 60_000);
});

function checkBooking(gateway: FakeGateway, answer: ClientReply): void {
  const { calls } = gateway.upstream;
  const entry = gateway.entry();
  expect(calls.filter(({ end }) => end === 'open')).toEqual([]);
  expect(gateway.admission.held).toBe(0);
  expect(entry.attempts).toBe(calls.length);
  // Three attempts of the chain; a rescue may make two calls more.
  expect(calls.length).toBeLessThanOrEqual(entry.rescued ? 5 : 3);
  expect(entry.costNanoUsd).toBe(entry.attemptUsages.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0));
  expect(entry.attemptUsages.length).toBeLessThanOrEqual(calls.length);
  for (const { usage } of entry.attemptUsages)
    expect(Number.isSafeInteger(usage.promptTokens + usage.completionTokens) && usage.completionTokens >= 0).toBe(true);
  expect(entry.errorCode === null).toBe(entry.ending === 'ok' || entry.ending === 'client_abort');
  expect(entry.latencyMs).toBeLessThanOrEqual(answer.tookMs);
  checkRecord(entry);
  expect(gateway.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
}

/** Its own record says of every call when it was made and what it cost. */
function checkRecord(entry: LedgerEntry): void {
  const { attempts, cost_nano_usd, completion_tokens, latency_ms } = recordOf(entry);
  expect(attempts).toHaveLength(entry.attempts);
  expect(attempts.reduce((sum, attempt) => sum + attempt.cost_nano_usd, 0)).toBe(cost_nano_usd);
  expect(attempts.reduce((sum, attempt) => sum + attempt.completion_tokens, 0)).toBe(completion_tokens);
  for (const { started_ms, first_byte_ms, ended_ms, outcome } of attempts) {
    const times = [0, started_ms, first_byte_ms ?? started_ms, ended_ms, latency_ms];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(outcome).toMatch(/^[a-z_]+$/);
  }
  const outcomes = attempts.map(({ outcome }) => outcome);
  // An answer without a word is shown where nobody has a better one.
  if (entry.ending === 'ok') expect(outcomes).toContain(outcomes.includes('ok') ? 'ok' : 'empty_answer');
}

function checkAnswer(gateway: FakeGateway, answer: ClientReply, client: ClientBehaviour): void {
  const { ending: booked, errorCode } = gateway.entry();
  const stays = Object.keys(client).length === 0;
  if (stays) expect(booked).not.toBe('client_abort');
  if (answer.kind === 'failed') {
    expect(booked === 'client_abort' ? 'client_closed_request' : errorCode).toBe(answer.code);
    return;
  }
  if (answer.kind === 'json') {
    expect(booked).toBe('ok');
    for (const choice of JSON.parse(answer.text).choices) expect(choice.finish_reason).toMatch(/^(?:stop|length|tool_calls)$/);
    return;
  }
  if (answer.kind === 'late_json') {
    if (!stays) return;
    const body = JSON.parse(answer.text);
    expect(body.error?.code ?? null).toBe(errorCode);
    for (const choice of body.choices ?? []) expect(choice.finish_reason).toMatch(/^(?:stop|length|tool_calls)$/);
    expect(booked === 'ok').toBe(body.choices !== undefined);
    return;
  }
  const complete = answer.events.filter((event) => event === '[DONE]' || event.startsWith('{'));
  const seen = readEvents(complete.filter(isWholeEvent));
  if (seen.isDone) expect(seen).toMatchObject({ error: null, finish: expect.any(String) });
  if (seen.error !== null) expect(seen.isDone).toBe(false);
  if (!stays) return;
  expect(seen.isDone).toBe(booked === 'ok');
  expect(seen.error).toBe(errorCode);
  expect(answer.events.filter((event) => event === '[DONE]').length + (seen.error === null ? 0 : 1)).toBe(1);
}

/** A client that left may have the last event in part. */
function isWholeEvent(event: string): boolean {
  if (event === '[DONE]') return true;
  try {
    JSON.parse(event);
    return true;
  } catch {
    return false;
  }
}
