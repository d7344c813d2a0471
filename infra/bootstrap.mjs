#!/usr/bin/env node
// Prepares the project on a machine that only has Node 20 or newer, then runs the given command in it:
// `npm ci` without install scripts when node_modules is absent or stale, and the pinned Node 24 first on PATH. Imports no dependency.
//
//   node infra/bootstrap.mjs COMMAND [ARGUMENTS …]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repo = fileURLToPath(new URL('..', import.meta.url));
const bin = join(repo, 'node_modules', '.bin');
const stamp = join(repo, 'node_modules', '.pointsman-stamp');
const isWindows = process.platform === 'win32';
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };

const sha256 = (content) => createHash('sha256').update(content).digest('hex');
// Two commands started at the same time must not install over each other. The file holds the installer's process id.
const lock = join(tmpdir(), `pointsman-install-${sha256(repo).slice(0, 16)}.pid`);

function isInstalled(wanted) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

/** Null when the lock was acquired, else the id of its owner. A lock left by a killed process is taken over. */
function acquireLock() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return null;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = readLock();
  if (holder !== null && isAlive(holder)) return holder;
  rmSync(lock, { force: true });
  return acquireLock();
}

function readLock() {
  try {
    return Number(readFileSync(lock, 'utf8')) || null;
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process cannot be signalled, but it exists.
    return error.code === 'EPERM';
  }
}

function releaseLock() {
  if (readLock() === process.pid) rmSync(lock, { force: true });
}

async function install() {
  const wanted = sha256(readFileSync(join(repo, 'package-lock.json')));
  let announced = null;
  while (!isInstalled(wanted)) {
    const holder = acquireLock();
    if (holder === null) break;
    if (holder !== announced) console.error(`Waiting for another install (pid ${holder}) …`);
    announced = holder;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  if (isInstalled(wanted)) return releaseLock();
  process.on('exit', releaseLock);
  const status = await runInstall(wanted);
  releaseLock();
  if (status === 0) return;
  console.error('npm ci failed. Check that the registry can be reached, then run the same command again.');
  process.exit(status);
}

function runInstall(wanted) {
  const startedAt = Date.now();
  console.error('Installing dependencies (once; about half a minute) …');
  const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: repo,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: isWindows,
  });
  let stoppedBy = null;
  const stop = (signal) => {
    stoppedBy = signal;
    // On SIGTERM npm takes seconds to unwind; the next install removes what a killed one leaves.
    npm.kill('SIGKILL');
  };
  for (const signal of stopSignals) process.on(signal, stop);
  return new Promise((resolve) => {
    npm.on('error', () => resolve(1));
    npm.on('close', (code) => {
      for (const signal of stopSignals) process.off(signal, stop);
      // Only now, because an npm that still runs would disturb the next install.
      if (stoppedBy !== null) {
        console.error('Stopped during the install; the next run installs again.');
        process.exit(128 + constants.signals[stoppedBy]);
      }
      if (code !== 0) return resolve(code ?? 1);
      writeFileSync(stamp, wanted);
      console.error(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
      resolve(0);
    });
  });
}

/** wrangler needs Node 22, vitest 22.12. The lock file brings Node 24 for Linux and Windows; elsewhere the user's own must do. */
function checkNode() {
  const { stdout } = spawnSync('node', ['--version'], { env, encoding: 'utf8', shell: isWindows });
  const [major = 0, minor = 0] = (stdout ?? '').trim().replace(/^v/, '').split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return;
  console.error(
    `Node ${(stdout ?? 'of unknown version').trim()} is too old, and no pinned Node is available for this platform. Install Node 24.`,
  );
  process.exit(1);
}

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  console.error('Usage: node infra/bootstrap.mjs COMMAND [ARGUMENTS …]');
  process.exit(2);
}
await install();
checkNode();
const child = spawn(command, args, { cwd: repo, env, stdio: 'inherit', shell: isWindows });
for (const signal of stopSignals) process.on(signal, () => child.kill(signal));
// npm passes SIGTERM to its shell, which does not pass it on: so the process ends itself when its parent is gone.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.kill('SIGTERM');
}, 500).unref();
child.on('error', (error) => {
  console.error(`${command} could not be started: ${error.message}`);
  process.exit(127);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
