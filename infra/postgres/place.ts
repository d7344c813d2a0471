/**
 * As whom and where a PostgreSQL server runs: it refuses to run as root, so root hands it to another user, who must be able to reach its data
 * and its programs.
 */
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const nobody: ServerUser = { uid: 65_534, gid: 65_534 };

/** Whom to run it as; null where this process may run it itself. */
export function serverUser(): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  if (!existsSync('/etc/passwd')) return nobody;
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  return uid === undefined || gid === undefined ? nobody : { uid: Number(uid), gid: Number(gid) };
}

/** The folder, made for that user; where others may not enter one above it, a folder for it among the temporary ones. */
export function dataFolder(wanted: string, user: ServerUser | null): string {
  mkdirSync(dirname(wanted), { recursive: true });
  const folder = user === null || isReachable(dirname(wanted)) ? wanted : standIn(wanted);
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  if (user !== null) chownSync(folder, user.uid, user.gid);
  return folder;
}

/** The programs' folder, or a copy of them that others may read. */
export function programsFolder(bin: string, user: ServerUser | null): string {
  if (user === null || isReachable(bin)) return bin;
  const copy = standIn(dirname(bin));
  if (!existsSync(copy)) cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, basename(bin));
}

function standIn(folder: string): string {
  const mark = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return join(tmpdir(), `pointsman-${basename(folder)}-${mark}`);
}

/** Whether others may enter it and everything above it. */
function isReachable(folder: string): boolean {
  const at = resolve(folder);
  const isOpen = !existsSync(at) || (statSync(at).mode & 0o001) !== 0;
  return isOpen && (dirname(at) === at || isReachable(dirname(at)));
}
