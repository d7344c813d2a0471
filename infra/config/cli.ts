/**
 * `npm run config`: the configuration of a running gateway, changed over its admin routes.
 *
 *   npm run config -- merge '{"routing":{"classifier":{"threshold":0.7}}}' --dry-run
 */
import { adminCaller, type Answer } from '../admin-call.ts';
import { readCommandLine, runCommand, UsageError, wholeNumber } from '../command-line.ts';

const help = `The configuration of a running gateway: what was changed, and changes.

  npm run config -- get                version, changes in force, history
  npm run config -- set PATCH          PATCH takes the place of all that was changed before; '{}' takes everything back
  npm run config -- merge PATCH        PATCH is added to it
  npm run config -- rollback VERSION   the changes of that version again; 0 is the deployed configuration

  PATCH is a JSON merge patch over the deployed configuration, such as '{"routing":{"classifier":{"threshold":0.7}}}'.

  --dry-run     what would differ; changes nothing
  --note TEXT   for the history
  --expect N    refused where there is a newer version than N
  --url U       gateway (http://127.0.0.1:8787)
  --admin K     admin token (ADMIN_TOKEN from the environment, else the one of npm start)
  --json        print the answer as it is
  --help`;

const options = {
  url: { type: 'string', default: 'http://127.0.0.1:8787' },
  admin: { type: 'string', default: process.env['ADMIN_TOKEN'] ?? 'pointsman-local-admin' },
  'dry-run': { type: 'boolean', default: false },
  note: { type: 'string' },
  expect: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const methods: Readonly<Record<string, readonly [method: string, path: string]>> = {
  get: ['GET', '/admin/config'],
  set: ['PUT', '/admin/config'],
  merge: ['POST', '/admin/config'],
  rollback: ['POST', '/admin/config/rollback'],
};

function bodyOf(verb: string, argument: string | undefined): object | undefined {
  if (verb === 'get') return undefined;
  if (argument === undefined)
    throw new UsageError(`${verb} needs ${verb === 'rollback' ? 'a version' : 'a patch'}; npm run config -- --help.`);
  if (verb === 'rollback') return { version: wholeNumber('version', argument) };
  try {
    const patch: unknown = JSON.parse(argument);
    if (typeof patch === 'object' && patch !== null && !Array.isArray(patch)) return patch;
  } catch {
    // The sentence below says what is expected.
  }
  throw new UsageError(`The patch must be a JSON object, in single quotes: '{"limits":{"max_n":2}}'.`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** What was changed, or the history, in lines. */
function linesOf(answer: Answer): string[] {
  const { changes, versions, version, dry_run: isDryRun, overrides } = answer;
  if (Array.isArray(changes)) {
    const lines = changes.map((change: unknown) => {
      const { path, from, to } = Object(change);
      return `${String(path)}: ${shown(from)} → ${shown(to)}`;
    });
    const end =
      isDryRun === true
        ? 'Nothing was changed.'
        : `Version ${String(version)}, in force everywhere within ${String(answer['in_force_within_seconds'])} s.`;
    return [...(lines.length === 0 ? ['No value differs.'] : lines), end];
  }
  const history = Array.isArray(versions) ? versions : [];
  const rows = history.map((row: unknown) => {
    const { version: number, at, actor, action, note } = Object(row);
    return `${String(number).padStart(4)}  ${String(at)}  ${String(action).padEnd(8)}  ${String(actor)}${note === null ? '' : `  ${String(note)}`}`;
  });
  return [`version ${String(version)}`, JSON.stringify(overrides, null, 2), ...rows];
}

await runCommand(async () => {
  const { values, positionals } = readCommandLine({ name: 'npm run config', help, options, maxPositionals: 2 });
  const [verb = '', argument] = positionals;
  const way = Object.hasOwn(methods, verb) ? methods[verb] : undefined;
  if (way === undefined)
    throw new UsageError(verb === '' ? help : `There is no command "${verb}"; there are ${Object.keys(methods).join(', ')}.`);
  const query = new URLSearchParams();
  if (values['dry-run']) query.set('dry_run', 'true');
  if (values.note !== undefined) query.set('note', values.note);
  if (values.expect !== undefined) query.set('version', String(wholeNumber('expect', values.expect)));
  const [method, path] = way;
  const body = bodyOf(verb, argument);
  const answer = await adminCaller(values.url, values.admin)(method, verb === 'get' ? path : `${path}?${query.toString()}`, body);
  if (values.json) console.log(JSON.stringify(answer, null, 2));
  else for (const line of linesOf(answer)) console.log(line);
});
