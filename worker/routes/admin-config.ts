/**
 * `/admin/config`: what operators change of the configuration while the gateway runs, as versions of a JSON merge patch over the deployed
 * one. A change that is not valid, or that only a deployment can make, is refused and changes nothing.
 */
import type { Context } from 'hono';
import { configChanges, treeOf } from '../../shared/config-changes.ts';
import { GatewayError } from '../../shared/errors.ts';
import { composePatches } from '../../shared/merge-patch.ts';
import { RollbackBody } from '../../shared/config-bodies.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';
import { audit, readObject } from './admin-keys.ts';

type Handler = (c: Context<AppEnv>) => Promise<Response>;
type Version = Awaited<ReturnType<Deps['configs']['list']>>[number];
type Overrides = Version['overrides'];

const shownVersions = 50;
/** Characters of JSON: far below the 2 MB of a row, and what every isolate reads. */
const maxOverrideChars = 65_536;
const maxNoteChars = 200;
/** Every isolate has looked again by then. */
const inForceWithinSeconds = 30;

export function readConfig(deps: Deps): Handler {
  return async (c) => {
    const versions = await deps.configs.list(shownVersions);
    const [newest] = versions;
    const overrides = newest?.overrides ?? {};
    const loaded = deps.loadWith(overrides);
    return c.json({
      version: newest?.version ?? 0,
      profile: deps.pipeline.config.profile,
      overrides,
      mistakes: loaded.ok ? [] : loaded.failure,
      effective: treeOf(loaded.ok ? loaded.value : deps.pipeline.config),
      in_force_within_seconds: inForceWithinSeconds,
      versions: versions.map(shown),
    });
  };
}

/** The body replaces all that was changed before; `{}` is the deployed configuration as it is. */
export function setConfig(deps: Deps): Handler {
  return async (c) => change(deps, c, 'set', async (body) => ({ overrides: body }));
}

/** The body is added to what was changed before. */
export function mergeConfig(deps: Deps): Handler {
  return async (c) => change(deps, c, 'merge', async (body, before) => ({ overrides: Object(composePatches(before, body)) }));
}

/** The changes of an earlier version again, as a version of its own; 0 takes all of them back. */
export function rollbackConfig(deps: Deps): Handler {
  return async (c) =>
    change(deps, c, 'rollback', async (body) => {
      const parsed = RollbackBody.safeParse(body);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        throw refused(issue?.path.join('.') || 'version', issue?.message ?? '');
      }
      const { version } = parsed.data;
      const kept = version === 0 ? { overrides: {} } : await deps.configs.get(version);
      if (kept === null) throw new GatewayError({ code: 'not_found', sentence: `There is no version ${version}.` });
      return { overrides: kept.overrides, of: version };
    });
}

interface Wanted {
  readonly overrides: Overrides;
  /** The version that is restored. */
  readonly of?: number;
}

async function change(
  deps: Deps,
  c: Context<AppEnv>,
  action: Version['action'],
  read: (body: Overrides, before: Overrides) => Promise<Wanted>,
): Promise<Response> {
  const { isDryRun, expected, note } = readQuery(c);
  const body: Overrides = Object(await readObject(deps, c));
  const [newest] = await deps.configs.list(1);
  const last = newest?.version ?? 0;
  const before = newest?.overrides ?? {};
  if (expected !== null && expected !== last)
    throw new GatewayError({ code: 'conflict', detail: `The version is ${last}, not ${expected}.` });
  const { overrides, of } = await read(body, before);
  if (JSON.stringify(overrides).length > maxOverrideChars)
    throw refused('(root)', `At most ${maxOverrideChars} characters of JSON.`);
  const loaded = deps.loadWith(overrides);
  if (!loaded.ok) throw refused(/^\S+(?=: )/.exec(loaded.failure[0] ?? '')?.[0] ?? '(root)', loaded.failure.join(' '));
  const earlier = deps.loadWith(before);
  const changes = configChanges(treeOf(earlier.ok ? earlier.value : deps.pipeline.config), treeOf(loaded.value));
  const shownChanges = changes.map(({ path, from = null, to = null }) => ({ path: path.join('.'), from, to }));
  if (isDryRun) return c.json({ dry_run: true, version: last, changes: shownChanges, overrides });
  const atMs = deps.pipeline.clock.now();
  const version: Version = { version: last + 1, atMs, actor: c.get('actor'), action, note, overrides };
  const subject = `version ${version.version}${of === undefined ? '' : ` = ${of}`}: ${changes.map(({ path }) => path.join('.')).join(', ')}`;
  if (!(await deps.configs.add(version, audit(deps, c, `config.${action}`, subject.slice(0, 500)))))
    throw new GatewayError({ code: 'conflict', detail: 'Somebody else changed the configuration; look at it again.' });
  return c.json({
    dry_run: false,
    version: version.version,
    changes: shownChanges,
    overrides,
    in_force_within_seconds: inForceWithinSeconds,
  });
}

function readQuery(c: Context<AppEnv>): { isDryRun: boolean; expected: number | null; note: string | null } {
  const unknown = Object.keys(c.req.query()).find((name) => !['dry_run', 'version', 'note'].includes(name));
  if (unknown !== undefined) throw refused(unknown, 'Expected dry_run, version or note.');
  const { dry_run: dryRun = 'false', version, note = null } = c.req.query();
  if (dryRun !== 'true' && dryRun !== 'false') throw refused('dry_run', 'Expected true or false.');
  if (version !== undefined && !/^\d{1,9}$/.test(version)) throw refused('version', 'Expected the number of the newest version.');
  if (note !== null && note.length > maxNoteChars) throw refused('note', `At most ${maxNoteChars} characters.`);
  return { isDryRun: dryRun === 'true', expected: version === undefined ? null : Number(version), note };
}

function shown({ version, atMs, actor, action, note, overrides }: Version) {
  return { version, at: new Date(atMs).toISOString(), actor, action, note, overrides };
}

function refused(param: string, detail: string): GatewayError {
  return new GatewayError({ code: 'invalid_value', param, detail });
}
