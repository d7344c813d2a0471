/** A collector gets each request as a tree of the stages of docs/request.md; the model server is called in the same trace; and nothing of a prompt is in it. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type CollectedSpan, type Collector, startCollector } from '../../infra/collector/collector.ts';
import { readRepoFile } from '../../infra/graph/source-files.ts';
import { poolingServers } from '../../infra/rig/pooling-servers.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import { pause, until } from '../../infra/rig/waiting.ts';

const [, table = ''] = /\n\| stage \| file \|[^\n]*\n\|[-|]+\|\n((?:\|[^\n]*\n)+)/.exec(readRepoFile('docs/request.md')) ?? [];
const stages = [...table.matchAll(/^\| ([a-z -]+?) \|/gm)].map(([, stage = '']) => stage);
/** Only a question to documents retrieves any. */
const documented = stages.filter((stage) => stage !== 'retrieve');
const secretWord = 'quincunx';
const doubtful = `[[say64:${Buffer.from("I'm not sure. I do not know.").toString('base64')}]]`;

let collector: Collector;
let gateway: Rig;

beforeAll(async () => {
  collector = await startCollector();
  gateway = await startRig({
    on: inject('bundle'),
    vars: {
      OTLP_ENDPOINT: collector.url,
      OTLP_HEADERS: 'authorization=Bearer pointsman-local-collector, x-team=a',
      REQUEST_LOG: 'on',
    },
    direct: poolingServers,
    overrides: {
      routing: {
        escalation: { enabled: true, alert_rate: 1 },
        rescue: { enabled: true },
        streaming: { hold_whole_ms: 300, whole_ping_ms: 100 },
        experiments: { split: { enabled: true, arms: { only: { weight: 1 } }, shadow: { model: 'qwen2.5-32b', share: 1 } } },
      },
    },
  });
}, 90_000);

afterAll(async () => {
  await gateway?.stop();
  await collector?.close();
});

interface Asked {
  readonly status: number;
  readonly spans: readonly CollectedSpan[];
}

let made = 0;

/** One request, and the spans that came of it. */
async function trace(
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
  key?: string,
): Promise<Asked> {
  const traceId = `${(made += 1)}`.padStart(32, 'a');
  const parent = { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` };
  const asked = { max_tokens: 60, messages: [{ role: 'user', content: `Say ${secretWord}` }], ...body };
  const response = await gateway.chat(asked, { ...parent, ...headers }, key === undefined ? {} : { key });
  await response.text();
  const spansOf = () => collector.spans.filter((span) => span.traceId === traceId);
  await until('the trace has arrived', () => spansOf().length > 0);
  return { status: response.status, spans: spansOf() };
}

const say = (text: string) => ({ messages: [{ role: 'user', content: text }] });
const names = ({ spans }: Asked): string[] => spans.map(({ name }) => name);
const attributesOf = (span: CollectedSpan | undefined): Record<string, unknown> =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]));

/** Both calls are there, and the judge stands below the first. */
function expectEscalation({ spans }: Asked): void {
  const calls = spans.filter(({ name }) => name === 'call');
  expect(calls.map((span) => attributesOf(span)['pointsman.model'])).toEqual(['qwen2.5-7b', 'qwen2.5-32b']);
  expect(attributesOf(calls[0])['error.type']).toBe('low_confidence');
  expect(spans.find(({ name }) => name === 'judge')?.parentSpanId).toBe(calls[0]?.spanId);
  expect(attributesOf(spans[0])).toMatchObject({ 'pointsman.escalated': true, 'gen_ai.response.model': 'qwen2.5-32b' });
}

describe('a trace', () => {
  test('has the documented stages of a plain streamed request, in their order, under one root', async () => {
    const asked = await trace({ model: 'small', stream: true });
    const [root, ...stages] = asked.spans;
    expect(root).toMatchObject({ name: 'chat qwen2.5-7b', kind: 2, parentSpanId: 'b'.repeat(16) });
    expect(stages.map(({ name }) => name)).toEqual(
      documented.filter((stage) => !['judge', 'rescue', 'late whole'].includes(stage)),
    );
    const idOf = new Map(asked.spans.map(({ name, spanId }) => [name, spanId]));
    for (const { name, parentSpanId } of stages) {
      expect([name, parentSpanId]).toEqual([
        name,
        idOf.get(name === 'place' || name === 'call' ? 'attempts' : (root?.name ?? '')),
      ]);
    }
    expect(collector.mistakes).toEqual([]);
  });

  test('over all kinds of requests has every documented stage, and no other', async () => {
    const escalated = await trace({ model: 'auto', ...say(`${doubtful}Name a harbour.`) });
    const all = [
      await trace({ model: 'auto', stream: true }),
      escalated,
      await trace({ model: 'small', stream: true, ...say('[[fault:mid-reset;on=small]]Name a harbour.') }),
      await trace({ model: 'small', ...say('[[pace:50]][[tokens:20]]Name a harbour.') }),
    ];
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const roots = all.map(({ spans }) => spans[0]?.name);
    const seen = new Set(all.flatMap(names).filter((name) => !roots.includes(name)));
    expect([...seen].toSorted()).toEqual(documented.toSorted());
    expectEscalation(escalated);
  });

  test('of a request for vectors has its stages, and a call for each part of its inputs', async () => {
    const traceId = 'e'.repeat(32);
    const input = Array.from({ length: 65 }, (_, i) => `text ${i}`);
    const headers = {
      traceparent: `00-${traceId}-${'b'.repeat(16)}-01`,
      'content-type': 'application/json',
      authorization: `Bearer ${clientKey}`,
    };
    const body = JSON.stringify({ model: 'bge-small-en', input });
    const response = await fetch(`${gateway.url}/v1/embeddings`, { method: 'POST', headers, body });
    await response.text();
    const spansOf = () => collector.spans.filter((span) => span.traceId === traceId);
    await until('the trace has arrived', () => spansOf().length > 0);
    const [root, ...below] = spansOf();
    expect(root).toMatchObject({ name: 'embeddings bge-small-en', kind: 2 });
    expect(attributesOf(root)).toMatchObject({ 'gen_ai.operation.name': 'embeddings', 'url.path': '/v1/embeddings' });
    const own = ['request-id', 'auth', 'body', 'validate', 'plan', 'cache', 'reserve', 'attempts', 'answer', 'settle'];
    expect(below.map(({ name }) => name).filter((name) => name !== 'place' && name !== 'call')).toEqual(own);
    expect(below.filter(({ name }) => name === 'call')).toHaveLength(2);
  });

  test('reaches the model server as the call’s own span', async () => {
    const { spans } = await trace({ model: 'small', stream: true });
    const call = spans.find(({ name }) => name === 'call');
    const seen = (await gateway.log('small')).map(({ traceparent }) => traceparent);
    expect(seen).toContain(`00-${call?.traceId}-${call?.spanId}-01`);
  });

  test('speaks of models as the conventions do', async () => {
    const { spans } = await trace({ model: 'small', stream: true, temperature: 0.5 });
    expect(attributesOf(spans.find(({ name }) => name === 'call'))).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'vllm',
      'gen_ai.request.model': 'Qwen/Qwen2.5-7B-Instruct',
      'gen_ai.request.max_tokens': '60',
      'gen_ai.request.temperature': 0.5,
    });
    const root = attributesOf(spans[0]);
    expect(root).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.response.model': 'qwen2.5-7b',
      'pointsman.ending': 'ok',
    });
    expect(Number(root['gen_ai.usage.output_tokens'])).toBeGreaterThan(0);
  });

  test('of a request that is turned away ends where that happened', async () => {
    const asked = await trace({ model: 'no-such-model' });
    expect(asked.status).toBe(404);
    expect(names(asked)).toEqual(['POST /v1/chat/completions', 'request-id', 'auth', 'body', 'validate']);
    const refused = await trace({}, {}, 'sk-of-nobody');
    expect(refused.status).toBe(401);
    expect(names(refused)).toEqual(['POST /v1/chat/completions', 'request-id', 'auth']);
  });

  test('that the caller does not record is not sent, and is told to the model server so', async () => {
    const traceId = 'c'.repeat(32);
    const headers = { traceparent: `00-${traceId}-${'d'.repeat(16)}-00` };
    await (await gateway.chat({ model: 'small', ...say('Hello') }, headers)).text();
    await pause(2000);
    expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
    expect(
      (await gateway.log('small')).some(
        ({ traceparent }) => traceparent?.startsWith(`00-${traceId}-`) && traceparent.endsWith('-00'),
      ),
    ).toBe(true);
  });

  test('goes with the operator’s headers, to the protocol’s path, and has no word of a prompt', () => {
    const [request] = collector.requests;
    expect(request?.path).toBe('/v1/traces');
    expect(request?.headers).toMatchObject({ authorization: 'Bearer pointsman-local-collector', 'x-team': 'a' });
    expect(collector.requests.filter(({ text }) => text.includes(secretWord) || text.includes('not sure'))).toEqual([]);
  });

  test('has its id in the request’s log line, one line for each request', async () => {
    const id = `trace-log-${Date.now()}`;
    const { spans } = await trace({ model: 'small' }, { 'x-request-id': id });
    const lines = gateway
      .output()
      .split('\n')
      .filter((line) => line.includes(id) && line.includes('"event":"request"'));
    expect(lines.map((line) => (JSON.parse(line) as { traceId: string }).traceId)).toEqual([spans[0]?.traceId]);
    expect(gateway.output()).not.toContain(secretWord);
  });

  test('that the collector refuses is dropped and counted, and clients notice nothing', async () => {
    collector.answerWith(503);
    const response = await gateway.chat({ model: 'small', ...say('Hello') });
    expect(response.status).toBe(200);
    await response.text();
    await until('the loss is in the log', () => /"event":"traces_dropped".*"count":[1-9]/.test(gateway.output()));
    collector.answerWith(200);
    await trace({ model: 'small' });
  });
});
