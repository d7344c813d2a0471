/** Values published in this repository must not give access to a deployment. */
import { deploymentMistakes } from '../../../worker/readiness.ts';
import { type Env, readSettings } from '../../../worker/env.ts';
import { startWranglerDev } from '../../rig/wrangler-dev.ts';
import { codeOf, comesTrue, expectEqual, expectTrue, type SecurityCheck } from '../check.ts';
import { linesIn, readRepoFile } from './source.ts';

const own = {
  ENVIRONMENT: 'production',
  ADMIN_TOKEN: 'k3vQ9xT2mW8zR5bN',
  UPSTREAM_API_KEY: 'h7pL4cD1fG6jS0aY',
  ACCESS_CLIENT_ID: '0a1b2c.access',
  ACCESS_CLIENT_SECRET: '9f8e7d6c5b4a',
};

/** Every value for a secret in the example file and the commands of this repository. */
function publishedValues(): string[] {
  const inExample = [...readRepoFile('.dev.vars.example').matchAll(/^[A-Z_]*(?:KEY|TOKEN|SECRET)=(\S+)$/gm)].map(
    ([, value = '']) => value,
  );
  const inCommands = linesIn('infra').flatMap(({ text }) =>
    [...text.matchAll(/\b(?:apiKey|adminToken|standinKey) = '([^']+)'/g)].map(([, value = '']) => value),
  );
  return [...new Set([...inExample, ...inCommands])];
}

function mistakesWith(values: Readonly<Record<string, string>>, origin: string): readonly string[] {
  const vars = { ...own, ...values };
  const settings = readSettings(vars as unknown as Env);
  if (!settings.ok) return settings.failure;
  const key = { key: vars.UPSTREAM_API_KEY, keyVariable: 'UPSTREAM_API_KEY' };
  return deploymentMistakes(settings.value, [{ origin, originVariable: 'SMALL_UPSTREAM_URL', ...key, usesAccess: true }]);
}

const published: SecurityCheck = {
  id: 'published-secrets',
  threat: 'Published values in production',
  rule: 'A deployment with a token or an address that stands in this repository answers nothing but 503, and its log names what is wrong.',
  async run(stand) {
    const values = publishedValues();
    const accepted = values.flatMap((value) =>
      ['ADMIN_TOKEN', 'UPSTREAM_API_KEY', 'ACCESS_CLIENT_SECRET', 'BOOTSTRAP_API_KEY']
        .filter((name) => mistakesWith({ [name]: value }, 'https://small.models.acme.dev').length === 0)
        .map((name) => `${value} as ${name}`),
    );
    let output = '';
    const vars = {
      ...own,
      ADMIN_TOKEN: 'change-me-admin-token',
      SMALL_UPSTREAM_URL: 'https://small.example.com',
      LARGE_UPSTREAM_URL: 'https://large.example.com',
    };
    const gateway = await startWranglerDev({ port: 0, vars, readyStatus: 503, onOutput: (text) => void (output += text) });
    try {
      const ready = await stand.sendTo(gateway.url, 'GET', '/readyz');
      const headers = { authorization: `Bearer ${vars.ADMIN_TOKEN}` };
      const admin = await stand.sendTo(gateway.url, 'GET', '/admin/keys', { headers });
      await comesTrue(() => output.includes('not_ready'));
      return [
        ...expectTrue(`${values.length} published values were found`, values.length >= 4),
        ...expectEqual('accepted', accepted, []),
        ...expectEqual('own ones are accepted', mistakesWith({}, 'https://small.models.acme.dev'), []),
        ...expectEqual('/readyz', [ready.status, codeOf(ready)], [503, 'not_ready']),
        ...expectEqual('the published admin token', [admin.status, codeOf(admin)], [503, 'not_ready']),
        ...['ADMIN_TOKEN', 'SMALL_UPSTREAM_URL', 'LARGE_UPSTREAM_URL'].flatMap((name) => [
          ...expectTrue(`the log names ${name}`, new RegExp(`not_ready.*${name} is`).test(output)),
          ...expectTrue(`the answer names ${name}`, !ready.text.includes(name)),
        ]),
        ...expectTrue('a token is in the log', !output.includes(vars.ADMIN_TOKEN) && !output.includes(own.UPSTREAM_API_KEY)),
      ];
    } finally {
      await gateway.stop();
    }
  },
};

export const publishedChecks: readonly SecurityCheck[] = [published];
