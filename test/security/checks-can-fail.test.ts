/** The checks that read source code find what they look for, and those that scan for secrets see one that is there. */
import { expect, test } from 'vitest';
import { isBuiltSql, isOfSecrets } from '../../infra/security/checks/keys.ts';
import { looksLikeKey } from '../../infra/security/checks/supply.ts';

const comparison = (text: string) => [...text.matchAll(/([\w.]+)\s*[!=]==?\s*([\w.'"`]+)/g)].some(isOfSecrets);

test.each([
  ['if (token === deps.adminToken) return;', true],
  ['return secrets.upstreamApiKey !== given;', true],
  ['if (given == password)', true],
  ['if (token === undefined || token.length < 16) return;', false],
  ['limits.tokensPerMinute === null', false],
  ['deps.adminToken !== null && (await isSameSecret(token, deps.adminToken))', false],
])('%s: compares secrets, %s', (line, expected) => {
  expect(comparison(line)).toBe(expected);
});

test.each([
  ['sql.exec(`SELECT record FROM keys WHERE hash = "${hash}"`)', true],
  ["sql.exec('SELECT record FROM keys WHERE hash = ' + hash)", true],
  ["sql.exec('SELECT record FROM keys WHERE hash = ?', hash)", false],
])('%s: SQL from strings, %s', (line, expected) => {
  expect(isBuiltSql(line)).toBe(expected);
});

test.each([
  [`const key = "sk-proj-${'a1'.repeat(15)}"`, true],
  [`-----BEGIN ${'RSA'} PRIVATE KEY-----`, true],
  [`pm_live_${'A'.repeat(33)}_AAAAAA`, true],
  ['SMALL_UPSTREAM_URL = "https://small.example.com"', false],
])('%s: looks like a key, %s', (text, expected) => {
  expect(looksLikeKey(text)).toBe(expected);
});
