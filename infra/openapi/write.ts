/** Writes the OpenAPI document beside the pages, from where it is served as it is. Below worker/generated/, git-ignored. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pagesFolder } from '../pages/write-pages.ts';
import { openApiDocument } from './document.ts';

export function writeOpenApi(): void {
  mkdirSync(pagesFolder, { recursive: true });
  writeFileSync(join(pagesFolder, 'openapi.json'), JSON.stringify(openApiDocument()));
}
