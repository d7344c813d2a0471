/** The client code of docs/resuming.md, as users copy it, through a proxy that breaks every connection; and a client that knows nothing of ids. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRepoFile } from '../../infra/graph/source-files.ts';
import { type MadeKey, type MoneyLab, openLab } from './money-lab.ts';

let lab: MoneyLab;
let own: MadeKey;
let proxy: Server;
let folder: string;
let broken = 0;

beforeAll(async () => {
  lab = await openLab();
  own = await lab.makeKey();
  folder = mkdtempSync(join(tmpdir(), 'pointsman-resuming-'));
  proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const target = new URL(url ?? '/', lab.url).href;
    const forwarded = httpRequest(target, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      let left = 400 + Math.floor(Math.random() * 1500);
      answer.on('data', (bytes: Buffer) => {
        if (left <= 0) return;
        outgoing.write(bytes.subarray(0, left));
        left -= bytes.length;
        if (left > 0) return;
        broken += 1;
        answer.destroy();
        // What was written is sent first.
        setTimeout(() => incoming.socket.destroy(), 5);
      });
      answer.on('end', () => left > 0 && outgoing.end());
      answer.on('error', () => incoming.socket.destroy());
    });
    forwarded.on('error', () => incoming.socket.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  proxy.close();
  rmSync(folder, { recursive: true });
  await lab.stop();
});

function codeIn(language: string): string {
  const [, code = ''] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(readRepoFile('docs/resuming.md')) ?? [];
  return code;
}

function run(program: string, args: readonly string[]): Promise<string> {
  const { port } = proxy.address() as AddressInfo;
  const env = { ...process.env, GATEWAY_URL: `http://127.0.0.1:${port}/v1`, GATEWAY_KEY: own.key };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env });
    let [out, errors] = ['', ''];
    child.stdout.on('data', (bytes) => (out += String(bytes)));
    child.stderr.on('data', (bytes) => (errors += String(bytes)));
    child.on('close', (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(errors))));
  });
}

describe('the client code of docs/resuming.md', () => {
  test.each([
    ['js', process.execPath, 'client.mjs'],
    ['python', 'python3', 'client.py'],
  ])('%s has the whole answer, once, whatever breaks on the way', async (language, program, name) => {
    const code = codeIn(language);
    expect(code.length).toBeGreaterThan(500);
    writeFileSync(join(folder, name), code);
    const words = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
    const [calls, before] = [lab.calls().length, broken];
    expect(await run(program, [join(folder, name), `[[pace:15]][[say:${words}]]Say it.`])).toBe(words);
    expect(broken - before).toBeGreaterThan(5);
    expect(lab.calls().length).toBe(calls + 1);
  });
});

describe('a client that knows nothing of ids', () => {
  test('the official one reads a resumable stream like any other', async () => {
    const client = new OpenAI({ baseURL: `${lab.url}/v1`, apiKey: own.key, defaultHeaders: { 'x-resumable': 'true' } });
    const stream = client.chat.completions.stream({
      model: 'small',
      messages: [{ role: 'user', content: '[[say:Oakum, tar and rope.]]' }],
      stream_options: { include_usage: true },
    });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe('Oakum, tar and rope.');
    expect((await stream.totalUsage()).completion_tokens).toBeGreaterThan(0);
  });
});
