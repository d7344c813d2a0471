/**
 * `npm run eval:rag`: this project's own pages are put into a collection, and forty questions (questions.ts) are asked of it, through the whole
 * gateway. The vectors are the stand-in's: what is printed says how well cutting, storing, searching and citing work together, not how good
 * a real embedding model is.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readCommandLine, runCommand } from '../../infra/command-line.ts';
import { buildGateway } from '../../infra/rig/bundle.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import { questions } from './questions.ts';

const help = `Asks forty questions of the project's own pages.

  npm run eval:rag -- [options]

  --chunk-tokens N   rag.chunk_tokens (as configured)
  --rerank           with the stand-in's reranker
  --misses           shows what was found where the right page was not
  --help`;

/** Of the forty. */
const leastRight = 36;
const servers = [
  { id: 'embedder', kind: 'embedding', servedName: 'BAAI/bge-small-en-v1.5' },
  { id: 'reranker', kind: 'reranker', servedName: 'BAAI/bge-reranker-base' },
] as const;

const Source = z.object({
  document_id: z.string(),
  score: z.number(),
  cited: z.boolean(),
  headings: z.array(z.string()),
  quotes: z.array(z.object({ text: z.string() })),
});
const Answer = z.object({ sources: z.array(Source) });
const Stored = z.object({
  data: z.array(z.object({ status: z.string() })),
  counts: z.object({ documents: z.number(), chunks: z.number() }),
  usage: z.object({ prompt_tokens: z.number() }),
});

async function main(): Promise<void> {
  const { values } = readCommandLine({
    name: 'npm run eval:rag',
    help,
    options: {
      'chunk-tokens': { type: 'string' },
      misses: { type: 'boolean', default: false },
      rerank: { type: 'boolean', default: false },
    },
  });
  const { 'chunk-tokens': chunkTokens } = values;
  const rag = { min_score: -1, ...(chunkTokens === undefined ? {} : { chunk_tokens: Number(chunkTokens) }) };
  const bundle = await buildGateway();
  try {
    const rig = await startRig({ on: bundle, direct: [...servers], overrides: { rag } });
    try {
      await evaluate(rig, values.misses, values.rerank);
    } finally {
      await rig.stop();
    }
  } finally {
    bundle.remove();
  }
}

async function evaluate(rig: Rig, showsMisses: boolean, rerank: boolean): Promise<void> {
  const pages = [
    'README.md',
    ...readdirSync(join(repoFolder, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ];
  const documents = pages.map((id) => ({ id, format: 'markdown', title: id, text: readFileSync(join(repoFolder, id), 'utf8') }));
  const put = Stored.parse(await ask(rig, '/v1/rag/documents', { collection: 'pages', documents }));
  console.log(`${put.counts.documents} pages in ${put.counts.chunks} passages, ${put.usage.prompt_tokens} tokens embedded`);
  const again = Stored.parse(await ask(rig, '/v1/rag/documents', { collection: 'pages', documents }));
  const unchanged = again.data.filter(({ status }) => status === 'unchanged').length;
  console.log(`put again: ${unchanged} of ${again.data.length} unchanged, ${again.usage.prompt_tokens} tokens embedded`);
  let [first, third, cited, quoted] = [0, 0, 0, 0];
  for (const { ask: query, page } of questions) {
    const { sources } = Answer.parse(await ask(rig, '/v1/rag/query', { collection: 'pages', query, rerank }));
    const place = sources.findIndex(({ document_id: id }) => id === page);
    first += Number(place === 0);
    third += Number(place >= 0 && place < 3);
    const used = sources.filter((source) => source.cited);
    cited += Number(used.length > 0);
    quoted += Number(used.some(({ quotes }) => quotes.length > 0));
    if (showsMisses && (place < 0 || place >= 3))
      console.log(
        `  ${query} (${page})\n${sources
          .slice(0, 4)
          .map(({ document_id: id, score, headings }) => `    ${score.toFixed(3)} ${id} ${headings.join(' > ')}`)
          .join('\n')}`,
      );
  }
  const all = questions.length;
  console.log(
    `with the stand-in's vectors (words in fixed pseudo-random directions, synonyms by a list): the right page first for ${first} of ${all} questions, among the first three for ${third}`,
  );
  console.log(`answers that cite a source: ${cited} of ${all}, with a quote of it: ${quoted}`);
  if (third < leastRight) process.exitCode = 1;
}

async function ask(rig: Rig, path: string, body: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };
  const response = await fetch(`${rig.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

if (import.meta.main) await runCommand(main);
