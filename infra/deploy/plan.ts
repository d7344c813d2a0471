/** What a deployment does, as commands of wrangler; and what is read from their output. Runs nothing. */
import type { Deployed } from '../doctor/finding.ts';

export interface DeployOptions {
  readonly env: string | undefined;
  readonly isDryRun: boolean;
  readonly isGradual: boolean;
  readonly secretsFile: string | undefined;
  /** The commit, for `/router/info`; null outside a checkout. */
  readonly commit: string | null;
  /** Cloudflare's own build service runs this. */
  readonly isWorkersBuild: boolean;
}

/**
 * Which environment is meant. A person says it. Workers Builds, behind the button, runs `npm run deploy` alone: that is a first deployment,
 * which belongs to staging. Null: nobody said.
 */
export function environmentOf({ env, isWorkersBuild }: Pick<DeployOptions, 'env' | 'isWorkersBuild'>): Deployed | null {
  if (env === 'staging' || env === 'production') return env;
  return env === undefined && isWorkersBuild ? 'staging' : null;
}

/** The arguments of wrangler. A gradual deployment uploads a version that nobody gets yet. */
export function wranglerArguments(environment: Deployed, { isDryRun, isGradual, secretsFile, commit }: DeployOptions): string[] {
  return [
    ...(isGradual ? ['versions', 'upload'] : ['deploy']),
    '--env',
    environment,
    ...(isDryRun ? ['--dry-run'] : []),
    ...(secretsFile === undefined ? [] : ['--secrets-file', secretsFile]),
    ...(commit === null ? [] : ['--var', `BUILD_COMMIT:${commit}`]),
  ];
}

/** The address that wrangler prints: its own one, or a custom domain. Null where there is none. */
export function addressIn(output: string): string | null {
  const [own] = /https:\/\/[a-z0-9.-]+\.workers\.dev/i.exec(output) ?? [];
  const [, domain] = /^\s*([a-z0-9.-]+\.[a-z]{2,})\s+\(custom domain/im.exec(output) ?? [];
  return domain === undefined ? (own ?? null) : `https://${domain}`;
}

/** What comes after the upload of a gradual deployment. */
export function gradualLines(environment: Deployed): string[] {
  return [
    'Uploaded; nobody gets it yet. A share of the requests, then all of them:',
    `  npx wrangler versions list --env ${environment}`,
    `  npx wrangler versions deploy NEW@10% OLD@90% --env ${environment}`,
    `  npx wrangler versions deploy NEW@100% --env ${environment}`,
    `Back: npx wrangler rollback --env ${environment}`,
  ];
}
