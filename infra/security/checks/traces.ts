/** Inspects what the other checks have left behind: every answer, the log, the stored state. These run last. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { comesTrue, expectTrue, hello, type SecurityCheck, say } from '../check.ts';
import { promptCanary, secrets, type Stand } from '../stand.ts';

const headersEverywhere: SecurityCheck = {
  id: 'headers-on-every-answer',
  threat: 'Private answers in caches and frames',
  rule: 'Every answer has an id, may not be stored, sniffed, framed or run, and goes over TLS.',
  async run(stand) {
    const wanted: readonly (readonly [string, RegExp])[] = [
      ['x-request-id', /^[A-Za-z0-9._-]{1,128}$/],
      ['x-content-type-options', /^nosniff$/],
      ['cache-control', /\bno-store\b/],
      ['content-security-policy', /default-src 'none'; frame-ancestors 'none'/],
      ['referrer-policy', /^no-referrer$/],
      ['x-frame-options', /^DENY$/],
      ['strict-transport-security', /max-age=\d{7,}/],
    ];
    // Malformed HTTP is refused by the runtime, not by the gateway.
    const ours = stand.seen.filter(({ headers, status }) => headers.has('x-request-id') || status < 400 || status === 401);
    const problems = ours.flatMap(({ what, headers }) =>
      wanted
        .filter(([name, pattern]) => !pattern.test(headers.get(name) ?? ''))
        .map(([name]) => `${what}: ${name}: ${headers.get(name)}`),
    );
    return [...new Set(problems)].slice(0, 20).concat(expectTrue(`${ours.length} answers were looked at`, ours.length > 300));
  },
};

const runtimeAnswers: SecurityCheck = {
  id: 'answers-of-the-runtime',
  threat: 'Private answers in caches and frames',
  rule: 'What the gateway did not answer itself is a plain refusal of the runtime, and holds nothing of ours.',
  async run(stand) {
    return stand.seen
      .filter(({ headers }) => !headers.has('x-request-id'))
      .filter(
        ({ status, text }) =>
          status < 400 || text.length > 2000 || /worker|pointsman|at .*\.[jt]s/i.test(text.replace(/HTTP\/1\.1[^\n]*/g, '')),
      )
      .map(({ what, status, text }) => `${what}: ${status} ${text.slice(0, 200)}`);
  },
};

/** Every secret, also as encoded in URLs and base64, and every key created. */
function wordsOf(stand: Stand): (readonly [string, string])[] {
  const encoded = Object.entries(secrets).flatMap(([name, value]): [string, string][] => [
    [`${name} in a URL`, encodeURIComponent(value)],
    ...['', 'x', 'xx'].map((before): [string, string] => [
      `${name} in base64`,
      Buffer.from(before + value)
        .toString('base64')
        .slice(4, -4),
    ]),
  ]);
  return [...Object.entries(secrets), ...encoded, ...stand.madeKeys.map((key, index): [string, string] => [`key ${index}`, key])];
}

const inAnswers: SecurityCheck = {
  id: 'canaries-in-answers',
  threat: 'Keys in the wrong hands',
  rule: 'No answer of the whole run holds a secret, an address of a model server, or a path of a file.',
  async run(stand) {
    const origins = Object.values(stand.fleet.urls)
      .concat(Object.values(stand.fleet.directUrls))
      .map((url) => new URL(url).host);
    const words = [...wordsOf(stand), ...origins.map((host): [string, string] => ['an upstream', host])];
    const problems = stand.seen.flatMap(({ what, text, headers }) => {
      const all = `${text}\n${JSON.stringify([...headers])}`;
      const isBirth = (word: string) => what.startsWith('POST /admin/keys') && text.includes(`"key":"${word}"`);
      return words.filter(([, word]) => all.includes(word) && !isBirth(word)).map(([name]) => `${what}: ${name}`);
    });
    const withPaths = stand.seen.filter(({ text }) =>
      /(?:\/(?:worker|node_modules|usr|home)\/|[A-Z]:\\)[\w./\\-]+\.\w+/.test(text),
    );
    return [...new Set(problems)]
      .concat(withPaths.map(({ what, text }) => `${what}: a path in ${text.slice(0, 120)}`))
      .slice(0, 20);
  },
};

const inLogs: SecurityCheck = {
  id: 'canaries-in-logs',
  threat: 'Keys in the wrong hands',
  rule: 'No log line of the whole run holds a secret or a word of a prompt.',
  async run(stand) {
    await stand.chat(say(`${promptCanary} [[fault:server-error]]`));
    await stand.chat(say(`${promptCanary} [[fault:out-of-memory]]`));
    const { headers } = await stand.chat(say(`${promptCanary} [[fault:bad-request]]`));
    const isWhole = await comesTrue(() => stand.output().includes(headers.get('x-request-id') ?? '-'));
    const log = stand.output();
    return [
      ...wordsOf(stand)
        .filter(([, word]) => log.includes(word))
        .map(([name]) => `${name} is in the log`),
      ...expectTrue('a prompt is in the log', !log.includes(promptCanary)),
      ...expectTrue('an upstream’s own secret is in the log', !/sk-[A-Za-z0-9]{8}|hf_[A-Za-z0-9]{8}/.test(log)),
      ...expectTrue('there was a log to look at', isWhole && log.includes('upstream_refused')),
    ];
  },
};

const inState: SecurityCheck = {
  id: 'canaries-in-state',
  threat: 'Keys at rest',
  rule: 'What the objects store holds no key, no secret and no prompt.',
  async run(stand) {
    await stand.chat(say(`${promptCanary} [[tokens:5]]`), { 'idempotency-key': 'kept-answer' });
    await stand.chat(hello);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const files = filesIn(stand.stateFolder);
    const problems = files.flatMap((path) => {
      const bytes = bytesOf(path);
      return [...wordsOf(stand), ['a prompt', promptCanary] as const]
        .filter(([, word]) => bytes.includes(word))
        .map(([name]) => `${name} in ${path.slice(stand.stateFolder.length)}`);
    });
    return [
      ...problems,
      ...expectTrue(
        `${files.length} files were looked at`,
        files.some((path) => path.endsWith('.sqlite')),
      ),
    ];
  },
};

/** A file's bytes as text; none when it is gone: SQLite deletes its journals when an idle object is put to sleep. */
function bytesOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function filesIn(folder: string): string[] {
  return (
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      // The local runtime's own record of requests, addresses included; a deployment does not have it.
      .filter((path) => !path.includes('/observability/'))
  );
}

export const traceChecks: readonly SecurityCheck[] = [headersEverywhere, runtimeAnswers, inLogs, inState, inAnswers];
