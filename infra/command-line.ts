/**
 * What all commands of this repository share: options are read strictly, `--help` prints the help, wrong usage is one line and exit code
 * 2, a later failure one line and exit code 1. Stack traces are never shown.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** The command was called wrongly; the message says how to call it. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

/** The command as a user types it: `npm start`, `npm run keys`. */
export interface Command<O extends Options> {
  readonly name: string;
  readonly help: string;
  readonly options: O;
  /** Number of positional arguments it accepts; none by default. */
  readonly maxPositionals?: number;
}

type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O & { help: { type: 'boolean'; short: 'h'; default: false } }; allowPositionals: true }>
>;

/**
 * Options and positional arguments of this process. For `--help` it prints the help and ends the process.
 * Throws a `UsageError` for an unknown option, a missing value, a surplus argument, or options that npm kept for itself.
 */
export function readCommandLine<O extends Options>(
  command: Command<O>,
  env = process.env,
  args = process.argv.slice(2),
): Parsed<O> {
  const options = { ...command.options, help: { type: 'boolean', short: 'h', default: false } } as const;
  let parsed: Parsed<O>;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    // Node's sentence, without its advice about positional arguments.
    const [message = ''] = String(error instanceof Error ? error.message : error).split(/\. To specify|\n/);
    throw new UsageError(`${message.replace(/\.$/, '')}. ${command.name} ${dashes(command.name)}--help lists the options.`);
  }
  if (args.includes('--help') || args.includes('-h')) {
    console.log(command.help);
    process.exit(0);
  }
  const swallowed = optionsKeptByNpm(Object.keys(command.options), env, args);
  const [surplus] = parsed.positionals.slice(command.maxPositionals ?? 0);
  if (swallowed.length > 0 || (surplus !== undefined && (command.maxPositionals ?? 0) === 0 && isRunByNpm(env))) {
    const shown = swallowed.length > 0 ? swallowed.join(' ') : `--option ${surplus}`;
    throw new UsageError(`npm keeps options for itself unless they follow a lone --. Type: ${command.name} -- ${shown}`);
  }
  if (surplus !== undefined)
    throw new UsageError(`"${surplus}" is not expected here. ${command.name} ${dashes(command.name)}--help`);
  return parsed;
}

function dashes(name: string): string {
  return name.startsWith('npm') ? '-- ' : '';
}

function isRunByNpm(env: NodeJS.ProcessEnv): boolean {
  return env['npm_lifecycle_event'] !== undefined;
}

/** Names of npm's own options: npm may set them whatever was typed. */
const npmOwn = new Set(['json', 'help', 'quiet', 'name', 'all', 'force']);

/** npm turns `npm start --port 8080` into `npm_config_port=true` and a lone `8080`. */
function optionsKeptByNpm(names: readonly string[], env: NodeJS.ProcessEnv, args: readonly string[]): string[] {
  if (!isRunByNpm(env)) return [];
  return names.flatMap((name) => {
    const value = env[`npm_config_${name.replaceAll('-', '_')}`];
    if (value === undefined || value === '' || npmOwn.has(name) || args.some((arg) => arg.startsWith(`--${name}`))) return [];
    return [value === 'true' ? `--${name} …` : `--${name} ${value}`];
  });
}

/** As `readCommandLine`, for a command without a main function: any later exception ends it with one line. */
export function commandLine<O extends Options>(command: Command<O>): Parsed<O> {
  process.on('uncaughtException', endWith);
  return readCommandLine(command);
}

/** A whole number from `min` to `max`, or a `UsageError` that names the option. */
export function wholeNumber(option: string, text: string, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
  throw new UsageError(`--${option} ${text}: expected a whole number ${range}.`);
}

/** A number that is at least `min`, or a `UsageError` that names the option. */
export function decimalNumber(option: string, text: string, min = 0): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min) return value;
  throw new UsageError(`--${option} ${text}: expected a number of ${min} or more.`);
}

export function portNumber(option: string, text: string): number {
  return wholeNumber(option, text, { min: 1, max: 65_535 });
}

/** `localhost:8001`, `http://host:8001/v1` → the origin; http without a scheme. A `UsageError` for anything that is not an address. */
export function serverOrigin(option: string, text: string): string {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== null && !/^\/(?:v1\/?)?$/.test(url.pathname))
    throw new UsageError(`--${option} ${text}: expected an address without a path; the gateway adds /v1 itself.`);
  const isServer =
    !/^\d+$/.test(text) && url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '';
  if (!isServer) throw new UsageError(`--${option} ${text}: expected an address such as http://127.0.0.1:8001.`);
  if (url.username !== '') throw new UsageError(`--${option}: the address must not carry credentials; use --upstream-key.`);
  return url.origin;
}

/** Runs a command's main function and ends the process with its exit code. */
export async function runCommand(main: () => Promise<number | void> | number | void): Promise<never> {
  try {
    process.exit((await main()) ?? Number(process.exitCode ?? 0));
  } catch (error) {
    endWith(error);
  }
}

function endWith(error: unknown): never {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(error instanceof UsageError ? 2 : 1);
}
