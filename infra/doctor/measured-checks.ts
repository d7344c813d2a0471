/** What only a dry run, a measurement or the deployed gateway can tell; and the configuration's own compiler. */
import { type Check, error, type Facts, type Finding, note } from './finding.ts';

/**
 * Without the classifier's weights. The goal is missed: code of our own is four fifths of the bundle, word lists in many languages and
 * servers' own sentences among it; zod, hono and the configuration together are 25 KiB.
 */
export const gzipGoalKiB = 120;
export const gzipBudgetKiB = 335;
export const startupBudgetMs = 400;
export const startupGoalMs = 100;

function configuration(facts: Facts): Finding[] {
  return facts.configMistakes.map((line) => {
    const [, where = 'configs', what = line] = /^(\S+?(?::\d+)?): (.*)$/s.exec(line) ?? [];
    return error(where, what, 'Mend the line; npm run config:check looks again. docs/configuration.md has every key.');
  });
}

function dryRuns(facts: Facts): Finding[] {
  return Object.entries(facts.dryRuns ?? {}).flatMap(([environment, { output, code }]) => {
    const warnings = output.split('\n').filter((line) => /warning|▲/i.test(line));
    if (code === 0 && warnings.length === 0) return [];
    const what =
      code === 0
        ? `wrangler warns: ${warnings.join(' ')}`
        : `the dry run failed: ${output.trim().split('\n').slice(-12).join('\n')}`;
    return [
      error(
        'wrangler.toml',
        `${environment}: ${what}`,
        `npx wrangler deploy --dry-run --env "${environment === 'development' ? '' : environment}" shows the whole of it.`,
      ),
    ];
  });
}

/** As wrangler reads the file: what a check of its text may miss. */
/** The way to a database may be missing anywhere: development has another, and a gateway needs none. */
function boundAlike(facts: Facts): Finding[] {
  const runs = Object.entries(facts.dryRuns ?? {}).filter(([, { code }]) => code === 0);
  const [first] = runs;
  if (first === undefined) return [];
  const [name, { bindings: expected }] = first;
  if (expected.length === 0)
    return [error('wrangler.toml', 'wrangler lists no bindings', 'Look at npx wrangler deploy --dry-run --env "".')];
  return runs.flatMap(([environment, run]) => {
    const bindings = run.bindings.filter((label) => !remote.test(label));
    const missing = expected
      .filter((label) => !bindings.includes(label))
      .map((label) => `${environment} lacks ${label}, which ${name} has`);
    const extra = bindings
      .filter((label) => !expected.includes(label) && !label.startsWith('HYPERDRIVE '))
      .map((label) => `${environment} has ${label}, which ${name} lacks`);
    return [...missing, ...extra].map((what) => error('wrangler.toml', `${what}.`, 'Give every environment the same bindings.'));
  });
}

/** Bindings that need an account wherever they are used, so development has none. */
const remote = / \((?:AI|Vectorize Index)\)$/;

function bundle(facts: Facts): Finding[] {
  return Object.entries(facts.dryRuns ?? {}).flatMap(([environment, { size }]) => {
    if (size === null || size.gzipKiBWithoutWeights <= gzipBudgetKiB) return [];
    const largest = size.parts
      .slice(0, 3)
      .map((part) => `${part.name} ${part.gzipKiB.toFixed(0)}`)
      .join(', ');
    const what = `${environment}: the bundle has ${size.gzipKiBWithoutWeights.toFixed(1)} KiB gzip without weights, over the budget of ${gzipBudgetKiB}.`;
    return [error('worker/', what, `The largest parts: ${largest} KiB. npm run doctor prints all of them.`)];
  });
}

function startup(facts: Facts): Finding[] {
  if (facts.startupMs === null) {
    return facts.dryRuns === null
      ? []
      : [error('worker/', 'the start-up time could not be measured.', 'npx wrangler check startup --env "" says why.')];
  }
  if (facts.startupMs <= startupBudgetMs) return [];
  const what = `the Worker is busy for ${facts.startupMs.toFixed(0)} ms before its first request, over the budget of ${startupBudgetMs}.`;
  return [
    error(
      'worker/',
      what,
      'Move work out of the modules into what first needs it; npx wrangler check startup --env "" writes a profile.',
    ),
  ];
}

function deployed(facts: Facts): Finding[] {
  const { live } = facts;
  if (live === null) return [];
  const findings: Finding[] = [];
  const { '/livez': livez = null, '/readyz': readyz = null, '/stats': stats = null } = live.answers;
  if (livez === null || livez.status !== 200) {
    const what = livez === null ? 'nothing answers there.' : `/livez answers ${livez.status}: ${livez.body.slice(0, 200)}`;
    return [
      error(
        live.url,
        what,
        'Is --url the address of the gateway? A 503 not_ready has its reason in the log: npx wrangler tail --env NAME.',
      ),
    ];
  }
  if (readyz?.status !== 200)
    findings.push(
      error(
        `${live.url}/readyz`,
        `the gateway is not ready: ${readyz?.body.slice(0, 200) ?? 'no answer'}`,
        'npx wrangler tail --env NAME lists each mistake in its line not_ready.',
      ),
    );
  if (stats?.status === 200)
    findings.push(
      error(
        `${live.url}/stats`,
        "operators' paths are open to everybody.",
        'Redeploy from this repository and look at what stands in front of it.',
      ),
    );
  for (const token of live.openedBy)
    findings.push(
      error(
        `${live.url}/stats`,
        `the published token ${token} opens operators' paths.`,
        'openssl rand -base64 33 | npx wrangler secret put ADMIN_TOKEN --env NAME',
      ),
    );
  if (live.url.startsWith('http:') && !/\/\/(?:127\.|localhost)/.test(live.url))
    findings.push(note(live.url, 'keys travel in the clear over http.', 'Ask for the https:// address.'));
  return findings;
}

export const measuredChecks: readonly Check[] = [
  { id: 'configuration', answeredBy: 'repository', looksFor: 'a configuration without a mistake', find: configuration },
  { id: 'dry-run', answeredBy: 'repository', looksFor: 'dry-run deployments without a warning', find: dryRuns },
  { id: 'bound', answeredBy: 'repository', looksFor: 'the same bindings in all dry runs', find: boundAlike },
  { id: 'bundle', answeredBy: 'repository', looksFor: `at most ${gzipBudgetKiB} KiB gzip without weights`, find: bundle },
  { id: 'start-up', answeredBy: 'repository', looksFor: `start-up within ${startupBudgetMs} ms`, find: startup },
  { id: 'deployed', answeredBy: 'operator', looksFor: 'a deployed gateway that is ready and closed', find: deployed },
];
