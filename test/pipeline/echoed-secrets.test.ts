/** Model servers and proxies that quote what they were called with: in pages, errors and events, in plain words and encoded. */
import { describe, expect, it } from 'vitest';
import { secretHider } from '../../worker/core/log/known-secrets.ts';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { hello, role, streamed, streamReply, text } from './wire.ts';

const apiKey = 'quixotic/penguin+key=1';
const accessSecret = 'lantern-zebra-secret-2';
const ownKey = `pm_live_${'A'.repeat(33)}_AAAAAA`;
const quoted = {
  authorization: `Bearer ${apiKey}`,
  'CF-Access-Client-Secret': accessSecret,
  'x-api-key': clientKey,
  key: ownKey,
};
const bare = Object.values(quoted).join(' ').replace('Bearer ', '');
/** Long enough that a cut goes through a secret wherever it is. */
const pushed = (secret: string) => Array.from({ length: 30 }, (_, i) => 'x'.repeat(i) + secret).join(' ');

const spellings = {
  'as headers': JSON.stringify(quoted),
  'as bare words': bare,
  'in a URL': encodeURIComponent(bare),
  'in base64': Buffer.from(`user:${apiKey}`).toString('base64'),
  'at every place of a long text': pushed(apiKey) + pushed(accessSecret),
};

/** What is left of no secret, however it was written. */
const parts = [apiKey, accessSecret, clientKey, ownKey, encodeURIComponent(apiKey), 'penguin', 'zebra', 'fake-client'].concat(
  Buffer.from(apiKey).toString('base64').slice(4, 16),
  Buffer.from(`user:${apiKey}`).toString('base64').slice(10, 22),
);

function bodies(words: string): (readonly [string, string, string])[] {
  const json = (body: unknown) => ['application/json', JSON.stringify(body)] as const;
  return [
    ['a page', 'text/html', `<html><pre>${words}</pre></html>`],
    ['a text', 'text/plain', words],
    ['an error of OpenAI', ...json({ error: { message: `bad request: ${words}`, param: words, type: words, code: words } })],
    ['a text in JSON', ...json({ error: words })],
    ['a detail of FastAPI', ...json({ detail: [{ loc: ['body', words], msg: words, input: quoted }] })],
    ['the old form of vLLM', ...json({ object: 'error', message: words, type: 'BadRequestError', param: words, code: 400 })],
    ['the words of a full context', ...json({ error: { message: `maximum context length is 8 tokens. ${words}`, code: 400 } })],
    ['the words of a refusal', ...json({ error: { message: `content policy: ${words}`, code: 'content_filter' } })],
  ];
}

async function ask(last: Reply, body: object) {
  const { gateway, send } = createFakeApp({
    script: [],
    last,
    hideSecrets: secretHider([apiKey, accessSecret, clientKey]),
  });
  const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };
  const response = await send('POST', '/v1/chat/completions', headers, JSON.stringify(body));
  const answer = await gateway.time.runUntil(response.text());
  return { answer: `${answer}\n${JSON.stringify([...response.headers])}`, log: gateway.log.lines };
}

describe.each(Object.entries(spellings))('a server that quotes secrets %s', (_, words) => {
  it.each([
    [400, hello],
    [400, streamed],
    [403, hello],
    [422, streamed],
    [451, hello],
    [500, streamed],
    [503, hello],
  ] as const)('with a %i: no answer has one, no log a word of it', async (status, request) => {
    for (const [what, mediaType, body] of bodies(words)) {
      const { answer, log } = await ask({ kind: 'status', status, mediaType, body }, request);
      expect(
        parts.filter((part) => answer.includes(part)),
        what,
      ).toEqual([]);
      expect(
        parts.filter((part) => JSON.stringify(log).includes(part)),
        what,
      ).toEqual([]);
      expect(answer, what).toContain('"error"');
    }
  });

  it('in an event of a stream, before and behind the first word: no answer has one', async () => {
    for (const [what, , body] of bodies(words).filter(([, mediaType]) => mediaType === 'application/json')) {
      for (const before of [[role], [role, text('Once')]]) {
        for (const end of [`event: error\ndata: ${body}\n\n`, `: ${words}\n\ndata: ${body}\n\n`]) {
          const { answer } = await ask(streamReply(...before, end), streamed);
          expect(
            parts.filter((part) => answer.includes(part)),
            what,
          ).toEqual([]);
          expect(answer, what).toContain('"error"');
        }
      }
    }
  });

  it('in an answer with 200 that is an error: no answer has one', async () => {
    for (const [what, mediaType, body] of bodies(words)) {
      const { answer } = await ask({ kind: 'status', status: 200, mediaType, body }, hello);
      expect(
        parts.filter((part) => answer.includes(part)),
        what,
      ).toEqual([]);
    }
  });
});

describe('what the log says of a refusal', () => {
  const refusedWith = async (body: string) => {
    const { log } = await ask({ kind: 'status', status: 500, body }, hello);
    return log.find(({ event }) => event === 'upstream_refused')?.fields;
  };

  it('is status, code and a hash that tells bodies apart, never the body', async () => {
    const fields = await refusedWith('CUDA error in /srv/model.py');
    expect(fields).toMatchObject({ status: 500, code: 'upstream_error', bodyHash: expect.stringMatching(/^[a-z0-9]{14}$/) });
    expect(JSON.stringify(fields)).not.toMatch(/CUDA|srv/);
    expect(await refusedWith('CUDA error in /srv/model.py')).toEqual(fields);
    expect((await refusedWith('CUDA error in /srv/models.py'))?.['bodyHash']).not.toBe(fields?.['bodyHash']);
  });
});
