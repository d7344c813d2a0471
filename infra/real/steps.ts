/** Work that is done once: every finished step leaves a mark, so that a second run, or one after an interruption, goes on where it stopped. */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Politeness towards whatever else runs: 0 to 19. */
  readonly niceness?: number;
}

export interface Step {
  /** Of its mark and its log. */
  readonly id: string;
  /** For the person who waits. */
  readonly what: string;
  /** Done again when this changes: versions, file contents. */
  readonly of: string;
  readonly commands: readonly Command[];
  /** Files that the commands read. */
  write?(): void;
}

export const logsIn = (folder: string): string => join(folder, 'logs');

const marksIn = (folder: string): string => join(folder, 'done');

export function isDone(folder: string, { id, of }: Step): boolean {
  const mark = join(marksIn(folder), id);
  return existsSync(mark) && readFileSync(mark, 'utf8') === of;
}

/** Prints a line before each step, every half minute of it, and after it. Throws with the end of its log when a command fails. */
export async function runSteps(folder: string, steps: readonly Step[], say: (line: string) => void): Promise<void> {
  for (const made of [logsIn(folder), marksIn(folder)]) mkdirSync(made, { recursive: true });
  for (const step of steps) {
    if (isDone(folder, step)) continue;
    say(`${step.what} …`);
    const startedAtMs = performance.now();
    step.write?.();
    for (const command of step.commands) await run(folder, step, command, say);
    writeFileSync(join(marksIn(folder), step.id), step.of);
    say(`${step.what}: done in ${((performance.now() - startedAtMs) / 1000).toFixed(0)} s`);
  }
}

const beatMs = 30_000;

function run(folder: string, { id, what }: Step, { program, args, niceness = 10 }: Command, say: (line: string) => void) {
  const path = join(logsIn(folder), `${id}.log`);
  const log = createWriteStream(path, { flags: 'a' });
  let tail = '';
  const child = spawn('nice', ['-n', String(niceness), program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log.write(text);
      tail = (tail + text).slice(-3000);
    });
  }
  const beat = setInterval(() => say(`${what} … ${tail.trimEnd().split('\n').at(-1)?.trim().slice(0, 100) ?? ''}`), beatMs);
  const stop = (): void => void child.kill();
  process.once('exit', stop);
  return new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      clearInterval(beat);
      process.off('exit', stop);
      log.end();
      if (status === 0) resolve();
      else reject(new Error(`${what} failed (${program}, status ${status}). The end of ${path}:\n${tail.trimEnd()}`));
    });
  });
}
