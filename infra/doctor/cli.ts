/** `npm run doctor`: what stands between this repository and a deployment that serves. Publishes nothing; exit code 1 where anything does. */
import { readCommandLine, runCommand, UsageError } from '../command-line.ts';
import { checks, examine } from './checks.ts';
import { deployedIds } from './finding.ts';
import { gzipBudgetKiB, startupBudgetMs } from './measured-checks.ts';
import { readFacts } from './read-facts.ts';
import { figureLines, findingLines, verdictLine } from './show.ts';

const help = `Would a deployment work, and serve? Each mistake with its place and what mends it. Publishes nothing.

  npm run doctor -- [options]

Looks at wrangler.toml, configs/, the secrets, a dry-run deployment of every environment (no warnings, the same bindings, at most
${gzipBudgetKiB} KiB gzip without the classifier's weights, start-up within ${startupBudgetMs} ms), and with --url at what is deployed already.

  --env NAME           staging or production alone
  --url URL            asks a deployed gateway as well
  --secrets-file FILE  the secrets you will deploy with (NAME=value lines, as wrangler deploy --secrets-file takes them); without it their
                       names come from your account, if wrangler is logged in
  --code-only          without what an operator has to say: addresses, secrets, domains
  --quick              without dry runs and start-up
  --json               findings and figures as JSON
  --help`;

const options = {
  env: { type: 'string' },
  url: { type: 'string' },
  'secrets-file': { type: 'string' },
  'code-only': { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

await runCommand(async () => {
  const { values } = readCommandLine({ name: 'npm run doctor', help, options });
  const environments = deployedIds.filter((id) => values.env === undefined || id === values.env);
  if (environments.length === 0) throw new UsageError(`--env ${values.env}: expected staging or production.`);
  if (values.url !== undefined && !/^https?:$/.test(URL.parse(values.url)?.protocol ?? ''))
    throw new UsageError(`--url ${values.url}: expected an address such as https://gateway.your-domain.`);
  const codeOnly = values['code-only'];
  const facts = await readFacts({
    environments,
    secretsFile: values['secrets-file'],
    url: values.url,
    measures: !values.quick,
    codeOnly,
  });
  const found = examine(facts, codeOnly);
  if (values.json) console.log(JSON.stringify({ environments, findings: found, start_up_ms: facts.startupMs }, null, 2));
  else {
    for (const line of figureLines(facts)) console.log(line);
    for (const line of findingLines(found)) console.error(line);
    const run = checks.filter(({ answeredBy }) => !codeOnly || answeredBy === 'repository').length;
    console.log(verdictLine(found, environments, run));
  }
  return found.some(({ level }) => level === 'error') ? 1 : 0;
});
