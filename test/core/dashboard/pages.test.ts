/** The built pages: small enough, and with every file that their documents name. */
import { expect, it } from 'vitest';
import { bundlePages, gzipBudgetKiB, gzipKiB } from '../../../infra/pages/write-pages.ts';

it('all files together are within their budget, and a page names only files that are there', async () => {
  const files = await bundlePages();
  expect(files).not.toBeNull();
  if (files === null) return;
  expect(gzipKiB(files)).toBeLessThanOrEqual(gzipBudgetKiB);
  const pages = [...files].filter(([path]) => path.endsWith('.html'));
  expect(pages.length).toBeGreaterThan(0);
  for (const [path, html] of pages) {
    const named = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, file]) => file);
    expect([path, named.filter((file) => file === undefined || !files.has(file))]).toEqual([path, []]);
    expect(html).not.toContain('{{');
  }
});
