/** The pages and their files as a browser gets them: a strict policy, nothing from elsewhere, and no file that a missing one could be taken for. */
import { describe, expect, inject, test } from 'vitest';
import { openApiDocument } from '../../infra/openapi/document.ts';
import { connect } from '../../infra/rig/connect.ts';

const gateway = connect(inject('addresses'));
const get = (path: string) => fetch(gateway.url + path, { redirect: 'manual' });

/** Addresses that a document loads. */
function filesIn(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
}

describe.each(['/dashboard', '/playground', '/usage'])('%s', (path) => {
  test('is a document with the headers of every answer and a policy that lets nothing in from elsewhere', async () => {
    const { status, headers } = await get(path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-request-id')).toMatch(/^[\w.-]{16,}$/);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  test('loads files of its own only, which a browser may keep because their names change with them', async () => {
    const html = await (await get(path)).text();
    const files = filesIn(html);
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) {
      expect(file).toMatch(/^\/assets\/[a-z]+-[A-Z0-9]{8}\.(?:js|css|svg)$/);
      const { status, headers } = await get(file);
      expect([file, status]).toEqual([file, 200]);
      expect(headers.get('content-type')).toMatch(/^(?:text\/javascript|text\/css|image\/svg\+xml)/);
      expect(headers.get('cache-control')).toContain('immutable');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  test('has nothing inline', async () => {
    const html = await (await get(path)).text();
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
  });

  test('takes no other method', async () => {
    const response = await fetch(gateway.url + path, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });
});

test('the OpenAPI document is a file that any page may read and caches may keep', async () => {
  const response = await get('/openapi.json');
  const { status, headers } = response;
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('application/json');
  expect(headers.get('access-control-allow-origin')).toBe('*');
  expect(headers.get('cache-control')).toBe('public, max-age=300');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(await response.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  const again = await fetch(`${gateway.url}/openapi.json`, { headers: { 'if-none-match': headers.get('etag') ?? '' } });
  expect(again.status).toBe(304);
});

test.each(['/nothing', '/assets/nothing.js', '/assets/', '/'])(
  '%s is the gateway’s own 404, which nobody keeps',
  async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-request-id')).not.toBeNull();
    expect(await response.json()).toMatchObject({ error: { code: 'not_found' } });
  },
);
