/** `npm run smoke`: one request per route against a gateway. Exit code 1 where one is not as it should be. */
import { readCommandLine, runCommand, serverOrigin, UsageError } from '../command-line.ts';
import { smoke, smokeLines } from './smoke.ts';

const help = `One request per route: does each answer, and are operators' paths closed to everybody else? Costs one short answer.

  npm run smoke -- --url URL

  --url U      gateway
  --admin K    admin token (ADMIN_TOKEN from the environment); without one only the doors are tried
  --json       the result as JSON
  --help`;

await runCommand(async () => {
  const options = { url: { type: 'string' }, admin: { type: 'string' }, json: { type: 'boolean', default: false } } as const;
  const { values } = readCommandLine({ name: 'npm run smoke', help, options });
  if (values.url === undefined) throw new UsageError('--url is needed: the address of the gateway.');
  const results = await smoke(serverOrigin('url', values.url), values.admin ?? process.env['ADMIN_TOKEN'] ?? null);
  if (values.json)
    console.log(
      JSON.stringify(
        results.map(({ row, status, problem }) => ({ method: row.method, route: row.route, status, problem })),
        null,
        2,
      ),
    );
  else for (const line of smokeLines(results)) console.log(line);
  return results.some(({ problem }) => problem !== null) ? 1 : 0;
});
