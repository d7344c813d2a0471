/** Requests of every kind, with a canary word in every field that must not be logged, against servers that fail in every known way. */
import { faults } from '../../standin/faults.ts';
import { expectEqual, expectTrue, hello, type SecurityCheck, say } from '../check.ts';
import { promptCanary, secrets, type Stand } from '../stand.ts';

/** Left out: they only wait, or stop their model server. */
const left = new Set(['refused', 'never-answers', 'hanging-page', 'stall', 'stall-with-comments', 'stall-with-empty-deltas']);
const atOnce = 12;

/** A request with the word in every text. */
function fullOf(word: string, directives: string): Record<string, unknown> {
  const call = { id: 'call_1', type: 'function', function: { name: 'look_up', arguments: JSON.stringify({ q: word }) } };
  const parameters = { type: 'object', properties: { q: { type: 'string', description: word } } };
  return {
    ...hello,
    messages: [
      { role: 'system', content: word },
      { role: 'user', content: word, name: 'somebody' },
      { role: 'assistant', content: word, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: word },
      { role: 'user', content: `${word} ${directives}` },
    ],
    tools: [{ type: 'function', function: { name: 'look_up', description: word, parameters } }],
    user: word,
    metadata: { note: word },
    stop: [word],
  };
}

async function inTurns(work: readonly (() => Promise<unknown>)[]): Promise<number> {
  const waiting = [...work];
  let failed = 0;
  const run = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next().catch(() => (failed += 1));
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  return failed;
}

function requests(stand: Stand): (() => Promise<{ readonly status: number }>)[] {
  const cookies = { cookie: `a=${promptCanary}`, 'x-custom': promptCanary, referer: `https://a.test/${promptCanary}` };
  const named = Object.keys(faults).filter((name) => !left.has(name));
  const hostile = [secrets.adminToken, secrets.upstreamKey, secrets.accessClientSecret].map(
    (secret) => () =>
      stand.send('GET', `/v1/models?key=${promptCanary}`, {
        headers: { authorization: `Bearer ${secret}`, 'x-request-id': 'hostile' },
      }),
  );
  return [
    ...named.map((name, index) => () => {
      const [isStream, isPlain] = [index % 2 === 0, index % 3 === 0];
      const body = isPlain
        ? say(`${promptCanary} [[fault:${name}]]`, { model: 'auto' })
        : fullOf(promptCanary, `[[fault:${name}]]`);
      return stand.chat({ ...body, stream: isStream }, cookies);
    }),
    ...hostile,
    () => stand.chat(`{"messages": "${promptCanary}`),
    () => stand.chat({ ...hello, messages: promptCanary }),
    () => stand.chat(fullOf(promptCanary, '[[tokens:4]]'), { 'x-agent-name': 'writer' }),
    () => stand.send('POST', '/v1/feedback', { headers: { authorization: `Bearer ${secrets.clientKey}` }, body: promptCanary }),
    ...['/stats', '/metrics', '/router/info', '/admin/keys', '/admin/audit', '/health'].map(
      (path) => () => stand.admin('GET', path),
    ),
    () => stand.admin('POST', '/admin/keys', { name: 5, note: promptCanary }),
  ];
}

const mixed: SecurityCheck = {
  id: 'mixed-workload',
  threat: 'Keys in the wrong hands',
  rule: 'Every kind of request and every way in which a model server fails leaves a log line at most, which the last checks look through.',
  async run(stand) {
    const work = requests(stand);
    const failed = await inTurns(work);
    const alive = await stand.send('GET', '/livez');
    return [
      ...expectTrue(`${work.length} requests were made`, work.length > 80),
      ...expectEqual('requests without an answer', failed, 0),
      ...expectEqual('alive', alive.status, 200),
    ];
  },
};

export const workloadChecks: readonly SecurityCheck[] = [mixed];
