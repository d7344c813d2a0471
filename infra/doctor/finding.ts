/** What the doctor finds, and what it looks at. All checks are functions from the one to the other. */
import type { TomlTable } from 'smol-toml';
import type { ConfigTree } from '../../shared/config.ts';
import type { DryRun } from './measure.ts';

/** `error`: must not go out like this. `note`: worth knowing, or could not be seen. */
export type Level = 'error' | 'note';

export interface Finding {
  readonly level: Level;
  /** `wrangler.toml:88`, or a file, or an address. */
  readonly where: string;
  /** One sentence. */
  readonly what: string;
  /** What to type or write. */
  readonly fix: string;
}

export type Deployed = 'staging' | 'production';
export const deployedIds = ['staging', 'production'] as const;

/** The secrets of one environment, as far as they could be seen. */
export interface SeenSecrets {
  /** `account`: names only, from `wrangler secret list`. */
  readonly from: 'file' | 'account' | 'nowhere';
  /** Why nothing was seen; '' otherwise. */
  readonly why: string;
  /** Null where the name is known and the value is not. */
  readonly values: Readonly<Record<string, string | null>>;
}

/** What a deployed gateway answered to somebody without a token of its own. */
export interface LiveAnswers {
  readonly url: string;
  /** By path: status and body; null where nothing answered. */
  readonly answers: Readonly<Record<string, { readonly status: number; readonly body: string } | null>>;
  /** Published tokens that opened an operators' path. */
  readonly openedBy: readonly string[];
}

export interface Facts {
  readonly tomlText: string;
  readonly toml: TomlTable;
  /** Text of the Worker's entry. */
  readonly entry: string;
  /** Environments whose settings are asked for. */
  readonly wanted: readonly Deployed[];
  readonly profiles: Readonly<Record<string, ConfigTree>>;
  /** Lines of the compiler: `file:line: path: message`. */
  readonly configMistakes: readonly string[];
  /** By environment, of those that are wanted. */
  readonly secrets: Readonly<Partial<Record<Deployed, SeenSecrets>>>;
  /** By environment, `development` too; null where no dry run was made. */
  readonly dryRuns: Readonly<Record<string, DryRun>> | null;
  /** Milliseconds; null where it was not measured. */
  readonly startupMs: number | null;
  /** YYYY-MM-DD. */
  readonly today: string;
  /** Null without an address to ask. */
  readonly live: LiveAnswers | null;
}

/** A row of the table: what is looked for, in words, and the function that looks. */
export interface Check {
  readonly id: string;
  readonly looksFor: string;
  /** `operator`: what the shipped files leave open. The rest must hold in the repository as it is. */
  readonly answeredBy: 'repository' | 'operator';
  find(facts: Facts): readonly Finding[];
}

export function error(where: string, what: string, fix: string): Finding {
  return { level: 'error', where, what, fix };
}

export function note(where: string, what: string, fix: string): Finding {
  return { level: 'note', where, what, fix };
}
