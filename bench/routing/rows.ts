/**
 * The labelled rows: the given gateway requests, and our own in `test/fixtures/routing`, expanded to whole chat requests. Splits into
 * folds by row; no row of a fold is ever trained on when that fold is scored.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { ChatRequest } from '../../shared/chat.ts';
import { intentIds, tierIds, type Intent, type Tier } from '../../shared/config.ts';
import type { InnerRequest } from '../../worker/core/request/inner-request.ts';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';
import { writeListing } from './listings.ts';
import { boilerplates, writeLog, writePassage, writeSmallTalk } from './material.ts';
import { fnvOf } from '../../worker/core/text/fnv.ts';
import { pick, seeded, type Random } from './random.ts';
import { writeText } from './texts.ts';

export interface LabelledRow {
  readonly id: string;
  readonly category: string;
  readonly set: string;
  readonly tier: Tier;
  readonly intent: Intent;
  readonly request: InnerRequest;
}

const OwnRow = z.strictObject({
  id: z.string(),
  category: z.string(),
  lang: z.string(),
  tier: z.enum(tierIds),
  intent: z.enum(intentIds),
  text: z.string(),
});
type OwnRow = z.infer<typeof OwnRow>;

const GivenRow = z.object({
  id: z.string(),
  category: z.string(),
  body: ChatRequest,
  labels: z.object({ tier: z.enum(tierIds), intent: z.enum(intentIds) }),
});

export const ownSets = ['english', 'eight-languages', 'more-languages', 'first-turns'] as const;

function readLines(path: string): unknown[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
}

export function ownFile(set: (typeof ownSets)[number]): string {
  return fileURLToPath(new URL(`../../test/fixtures/routing/${set}.jsonl`, import.meta.url).href);
}

/** Every own row of one set, expanded. */
export function readOwnRows(set: (typeof ownSets)[number]): LabelledRow[] {
  return readLines(ownFile(set)).map((line) => {
    const row = OwnRow.parse(line);
    return { id: row.id, category: row.category, set, tier: row.tier, intent: row.intent, request: expand(row) };
  });
}

/** The given labelled requests; null when the data directory is not at hand. */
export function readGivenRows(dataDir: string | undefined): LabelledRow[] | null {
  if (dataDir === undefined || dataDir === '') return null;
  return readLines(`${dataDir}/routing/labelled-requests.jsonl`).map((line) => {
    const row = GivenRow.parse(line);
    return {
      id: row.id,
      category: row.category,
      set: 'given',
      tier: row.labels.tier,
      intent: row.labels.intent,
      request: innerRequest(row.body),
    };
  });
}

const toolNames = [
  'get_weather',
  'set_timer',
  'search',
  'send_message',
  'read_file',
  'run_tests',
  'calendar',
  'lookup_order',
  'query_sql',
];

function toolsFor(random: Random): NonNullable<ChatRequest['tools']> {
  return Array.from({ length: 1 + Math.floor(random() * 4) }, (_, index) => ({
    type: 'function' as const,
    function: {
      name: `${pick(toolNames, random)}_${index}`,
      description: 'Does what its name says.',
      parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
    },
  }));
}

/** The row's text inside what its category implies: pasted logs, passages, offered tools, a schema, an earlier chat, a system prompt. */
function expand(row: OwnRow): InnerRequest {
  const random = seeded(fnvOf(row.id));
  const messages: ChatRequest['messages'] = [];
  if (random() < 0.2) messages.push({ role: 'system', content: pick(boilerplates, random) });
  if (random() < 0.15) messages.push(...writeSmallTalk(random, 1 + Math.floor(random() * 6)));
  messages.push({ role: 'user', content: contentOf(row, random) });
  const request: ChatRequest = { model: 'auto', messages };
  if (row.category === 'agent-tool') request.tools = toolsFor(random);
  if (row.category === 'json') {
    const properties = Object.fromEntries(
      Array.from({ length: 1 + Math.floor(random() * 5) }, (_, index) => [`field${index}`, { type: 'string' }]),
    );
    request.response_format =
      random() < 0.3
        ? { type: 'json_object' }
        : { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object', properties } } };
  }
  return innerRequest(request);
}

function contentOf(row: OwnRow, random: Random): string {
  if (row.category.startsWith('log-')) {
    const log = writeLog(random, 30 + Math.floor(random() * 90));
    const isFenced = random() < 0.25;
    const material = isFenced ? `\`\`\`\n${log}\n\`\`\`` : log;
    return random() < 0.35 ? `${row.text}\n\n${material}` : `${material}\n\n${row.text}`;
  }
  if (row.category.startsWith('rag-')) {
    const passage = writePassage(random, 12 + Math.floor(random() * 40));
    return pick(
      [`Context:\n${passage}\n\nQuestion: ${row.text}`, `${passage}\n\n${row.text}`, `${row.text}\n\n"""\n${passage}\n"""`],
      random,
    );
  }
  if (row.category.startsWith('text-')) {
    const material = writeText(random, 8 + Math.floor(random() * 40));
    return pick(
      [
        `${row.text}\n\n${material}`,
        `${row.text}\n${material}`,
        `${material}\n\n${row.text}`,
        `${row.text}\n\n"""${material}"""`,
        `${row.text}\n\nText:\n${material}`,
      ],
      random,
    );
  }
  if (row.category.startsWith('listing-')) {
    const material = writeListing(random, 4 + Math.floor(random() * 12));
    return pick(
      [
        `${row.text}\n\n${material}`,
        `${material}\n\n${row.text}`,
        `${row.text}\n\`\`\`\n${material}\n\`\`\``,
        `${row.text}\n${material}`,
      ],
      random,
    );
  }
  return row.text;
}
