/** The recorded and written streams that the relay tests replay. Third-party ones are read from POINTSMAN_DATA_DIR where that is set. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';

const own = fileURLToPath(new URL('../../fixtures/sse/', import.meta.url));
const dataDir = process.env['POINTSMAN_DATA_DIR'] ?? null;
const thirdParty = dataDir === null ? null : join(dataDir, 'sse-fixtures');

/** Streams written for this project from vLLM's source. */
export const fixtureNames: readonly string[] = readdirSync(own).filter((name) => name.endsWith('.sse'));

export function readFixture(name: string): string {
  return readFileSync(join(own, name), 'utf8');
}

/** Chat-completion streams recorded from other servers; empty without POINTSMAN_DATA_DIR. */
export const thirdPartyNames: readonly string[] =
  thirdParty === null || !existsSync(thirdParty)
    ? []
    : readdirSync(thirdParty).filter(
        (name) => /^(?:vercel|openai)-/.test(name) && /\.(?:sse|chunks\.jsonl)$/.test(name) && !name.includes('-responses-'),
      );

export function readThirdParty(name: string): string {
  const text = readFileSync(join(thirdParty ?? '', name), 'utf8');
  if (name.endsWith('.sse')) return text;
  const frames = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `data: ${line}\n\n`);
  return `${frames.join('')}data: [DONE]\n\n`;
}

/** The data of every event, for streams whose events are single lines. */
export function payloadsOf(sse: string): string[] {
  return sse
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice(6));
}
