/** Model servers and proxies that quote what they were called with: nothing of it reaches a client or the log. */
import { comesTrue, expectTrue, hello, say, type SecurityCheck } from '../check.ts';
import type { Quote } from '../echo-front.ts';
import { secrets, type Stand } from '../stand.ts';

const html = (status: number): Quote => ({ status, mediaType: 'text/html', body: (said) => `<html><pre>${said}</pre></html>` });
const text = (status: number): Quote => ({ status, mediaType: 'text/plain', body: (said) => said });
const json = (status: number, body: (said: string) => unknown): Quote => ({
  status,
  mediaType: 'application/json',
  body: (said) => JSON.stringify(body(said)),
});
const openAi = (said: string) => ({ error: { message: `Bad headers: ${said}`, type: said, param: said, code: said } });
const fastApi = (said: string) => ({ detail: [{ loc: ['header', said], msg: said, type: 'value_error' }] });

/** An error event as the first event, after the role, and after words. */
function stream(before: readonly string[]): Quote {
  const chunk = (delta: object) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`;
  const begun = before.map((content) => chunk({ role: 'assistant', content })).join('');
  const error = (said: string) => ({
    error: { message: `Bad request: ${said}`, type: 'BadRequestError', param: said, code: 400 },
  });
  return {
    status: 200,
    mediaType: 'text/event-stream',
    body: (said) => `${begun}: ${said}\n\nevent: error\ndata: ${JSON.stringify(error(said))}\n\n`,
  };
}

const quotes: readonly (readonly [string, Quote])[] = [
  ...[400, 401, 403, 404, 413, 422, 429, 451, 500, 502, 503, 530].flatMap((status): (readonly [string, Quote])[] => [
    [`${status}, a page`, html(status)],
    [`${status}, text`, text(status)],
    [`${status}, an error of OpenAI`, json(status, openAi)],
  ]),
  ['400, an error of FastAPI', json(400, fastApi)],
  ['422, an error of FastAPI', json(422, fastApi)],
  ['400, a text in JSON', json(400, (said) => ({ error: said }))],
  ['200, an error', json(200, openAi)],
  ['200, a page', html(200)],
  ['an error event', stream([])],
  ['an error event behind the role', stream([''])],
  ['an error event behind words', stream(['', 'Once '])],
];

/** The secrets, plain and as encoded in URLs and base64. */
function spellings(): string[] {
  const values = Object.values(secrets);
  const inBase64 = values.map((value) => Buffer.from(`xx${value}`).toString('base64').slice(4, -4));
  return [...values, ...values.map((value) => encodeURIComponent(value)), ...inBase64];
}

async function askWhole(stand: Stand, quote: Quote, isStream: boolean): Promise<string> {
  stand.quote(quote);
  const { text: body, headers } = await stand.chat({ ...hello, stream: isStream });
  return `${body}\n${JSON.stringify([...headers])}`;
}

const echoed: SecurityCheck = {
  id: 'echoed-headers',
  threat: 'Keys in the wrong hands',
  rule: 'A server that quotes keys and headers in a page, an error or an event is not quoted, in no spelling, to clients or in the log.',
  async run(stand) {
    const words = [...spellings(), (await stand.makeKey()).key];
    const problems: string[] = [];
    const logBefore = stand.output().length;
    try {
      for (const [what, quote] of quotes) {
        for (const isStream of [false, true]) {
          const answer = await askWhole(stand, quote, isStream);
          const found = words.filter((word) => answer.includes(word));
          if (found.length > 0)
            problems.push(`${what}, ${isStream ? 'streamed' : 'whole'}: ${found.join(', ')} in ${answer.slice(0, 300)}`);
          problems.push(...expectTrue(`${what}: an error`, answer.includes('"error"')));
        }
      }
    } finally {
      stand.quote(null);
    }
    // The last call is among them.
    const { headers } = await stand.chat(say('[[fault:server-error]]'));
    const isWhole = await comesTrue(() => stand.output().includes(headers.get('x-request-id') ?? '-'));
    const log = stand.output().slice(logBefore);
    return [
      ...problems.slice(0, 10),
      ...words.filter((word) => log.includes(word)).map((word) => `${word} is in the log`),
      ...expectTrue('a body is in the log', !/Bad (?:headers|request): |<pre>|cf-access-client/i.test(log)),
      ...expectTrue('there was a log to look at', isWhole && log.includes('upstream_refused')),
    ];
  },
};

export const echoChecks: readonly SecurityCheck[] = [echoed];
