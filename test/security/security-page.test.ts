/** SECURITY.md names the checks that show its rules, and no check that is none. */
import { expect, test } from 'vitest';
import { securityChecks } from '../../infra/security/checks/registry.ts';
import { readRepoFile } from '../../infra/security/checks/source.ts';

const page = readRepoFile('SECURITY.md');
const ids = securityChecks.map(({ id }) => id);
/** The last column of the table of threats. */
const named = [...page.matchAll(/^\| .* \| .* \| .* \| (.*) \|$/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/`([a-z0-9-]+)`/g)].map(([, id = '']) => id),
);

test('every check stands beside the rule that it shows', () => {
  expect(ids.filter((id) => !named.includes(id))).toEqual([]);
});

test('every check that is named there exists', () => {
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((id) => !ids.includes(id))).toEqual([]);
});
