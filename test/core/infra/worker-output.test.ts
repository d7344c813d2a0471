/** What `npm start` shows of the Worker's output. */
import { expect, it } from 'vitest';
import { workerOutput } from '../../../infra/worker-output.ts';

function shown(...pieces: string[]): string {
  let text = '';
  const feed = workerOutput((part) => {
    text += part;
  });
  for (const piece of pieces) feed(piece);
  return text;
}

it('a request is one line with status, model, time and reason, wherever the output is cut', () => {
  const line = `${JSON.stringify({ level: 'info', event: 'request', status: 200, model: 'qwen2.5-7b', time_ms: 78, reason: 'complexity 0.10 is below 0.60' })}\n`;
  for (let cut = 0; cut <= line.length; cut += 1) {
    expect(shown(line.slice(0, cut), line.slice(cut))).toBe('200  qwen2.5-7b        78 ms   complexity 0.10 is below 0.60\n');
  }
});

it('a request that failed names its error code', () => {
  const line = JSON.stringify({ level: 'info', event: 'request', status: 400, model: null, time_ms: 3, error: 'invalid_value' });
  expect(shown(`${line}\n`)).toBe('400  -                  3 ms   invalid_value\n');
});

it('a warning reads as a sentence', () => {
  const line = JSON.stringify({ level: 'warn', event: 'model_down', model: 'qwen2.5-7b' });
  expect(shown(`${line}\n`)).toBe('warn: model down (model=qwen2.5-7b)\n');
});

it('what wrangler says about itself is left out, what it says of the configuration and of errors stays', () => {
  const output = [
    ' ⛅️ wrangler 4.155.0 (update available 4.164.0)',
    '───────────────',
    '[wrangler:info] GET /readyz 200 OK (76ms)',
    'env.KEYS (KeysObject)                             Durable Object            local',
    '⎔ Reloading local server...',
    '[custom build] Running: node x',
    '[custom build] The configuration has a mistake:',
    '[custom build] ',
    '✘ [ERROR] Uncaught Error: boom',
    '',
  ].join('\n');
  expect(shown(output)).toBe('The configuration has a mistake:\n✘ [ERROR] Uncaught Error: boom\n');
});
