/**
 * Stands in for `vllm` on the PATH: the same command line, the words that vLLM's log has on the way up, a child process that holds on like its
 * engine, and then the stand-in model server. What it was started with goes to a file; faults come from files.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { modelRoles } from '../../../infra/standin/chat.ts';
import { startModelServer } from '../../../infra/standin/server.ts';

const folder = process.env['FAKE_VLLM_FOLDER'] ?? '';
const [verb, model = '', ...rest] = process.argv.slice(2);
const args = new Map(rest.map((word, i) => [word, rest[i + 1] ?? '']));
const port = Number(args.get('--port'));
const servedName = args.get('--served-model-name') ?? '';
const isLarge = servedName.includes('32B');
const id = isLarge ? 'large' : 'small';

function note(event: string, more: Readonly<Record<string, unknown>> = {}): void {
  appendFileSync(join(folder, 'events.jsonl'), `${JSON.stringify({ id, event, pid: process.pid, ...more })}\n`);
}

/** True once for each time the fault was asked for. */
function hasFault(name: string): boolean {
  const file = join(folder, `${name}-${id}`);
  if (!existsSync(file)) return false;
  rmSync(file);
  return true;
}

if (verb !== 'serve' || !existsSync(join(model, 'config.json'))) throw new Error(`not a model: ${model}`);
const engine = spawn('sleep', ['3600'], { stdio: 'ignore' });
const commandLine = readFileSync(`/proc/${process.pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
note('start', { engine: engine.pid, commandLine, hasKey: Boolean(process.env['VLLM_API_KEY']) });
console.log(`INFO [api_utils.py] non-default args: {'port': ${port}}`);
if (hasFault('out-of-memory')) {
  console.error('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.02 GiB.');
  // The engine stays behind, as it does.
  process.exit(1);
}
console.log('INFO [gpu_model_runner.py] Starting to load model …');
if (hasFault('hang')) await pause(3_600_000);
console.log('INFO [gpu_model_runner.py] Model loading took 14.2 GiB memory and 0.1 seconds');
console.log('INFO [monitor.py] torch.compile took 0.1 s in total');
console.log('INFO [gpu_worker.py] Available KV cache memory: 2.0 GiB');
console.log('INFO [gpu_model_runner.py] Graph capturing finished in 0 secs, took 0.4 GiB');
const server = await startModelServer({
  id,
  port,
  servedName,
  role: modelRoles.find((role) => role === id) ?? 'small',
  apiKey: process.env['VLLM_API_KEY'] ?? null,
  maxModelLen: Number(args.get('--max-model-len')),
});
note('ready');
if (hasFault('chatty')) for (let line = 0; line < 200; line++) console.log('x'.repeat(1000));
process.once('SIGTERM', () => {
  engine.kill();
  void server.close().then(() => process.exit(0));
});
