/** How often the verdict stays the same when a request is dressed differently without asking anything else. */
import type { InnerRequest } from '../../worker/core/request/inner-request.ts';
import { scoreFeatures } from '../../worker/core/classify/learned.ts';
import { addTypos, courtesies, withLastTurn } from './augment.ts';
import type { Corpus, HeldOut } from './cross-validate.ts';
import { featuresOf, type LabelledExample } from './examples.ts';
import { table, withInterval } from './markdown.ts';
import { boilerplates } from './material.ts';
import { shareOf } from './metrics.ts';
import { fnvOf } from '../../worker/core/text/fnv.ts';
import { pick, seeded, type Random } from './random.ts';
import type { RouterConfig } from './router-config.ts';

const typoEveryWords = 10;

const dressings: readonly [string, (request: InnerRequest, random: Random) => InnerRequest | null][] = [
  [
    'another system prompt',
    (request, random) => ({
      ...request,
      messages: [
        { role: 'system', content: pick(boilerplates, random) },
        ...request.messages.filter((message) => message.role !== 'system'),
      ],
    }),
  ],
  [
    'white space',
    (request) => withLastTurn(request, (text) => `\n\n  ${text.replaceAll(' ', '  ').replaceAll('. ', '.\n ')} \n`),
  ],
  ['typos, one word in ten', (request, random) => withLastTurn(request, (text) => addTypos(text, random, typoEveryWords))],
  ['appended politeness', (request, random) => withLastTurn(request, (text) => `${text} ${pick(courtesies, random)}`)],
  ['lower case', (request) => withLastTurn(request, (text) => text.toLowerCase())],
];

/** Every row is scored by a model that has not seen it, before and after. */
export function evaluateRobustness(corpus: Corpus, heldOut: HeldOut, config: RouterConfig): string {
  const figures = dressings.map(([dressing, dress]) => {
    const sets = { given: { kept: 0, total: 0 }, own: { kept: 0, total: 0 } };
    for (const row of corpus.labelled) {
      const isKept = keepsVerdict(row, heldOut, config, dress);
      if (isKept === null) continue;
      const set = row.row.set === 'given' ? sets.given : sets.own;
      set.total += 1;
      if (isKept) set.kept += 1;
    }
    return { dressing, given: shareOf(sets.given.kept, sets.given.total), own: shareOf(sets.own.kept, sets.own.total) };
  });
  const rows = figures.map((row) => [row.dressing, withInterval(row.given), withInterval(row.own)]);
  return `Share of rows whose tier stays the same:\n\n${table(['changed', 'given', 'own'], rows)}`;
}

function keepsVerdict(
  row: LabelledExample,
  heldOut: HeldOut,
  config: RouterConfig,
  dress: (request: InnerRequest, random: Random) => InnerRequest | null,
): boolean | null {
  const before = heldOut.labelled.get(row);
  const weights = heldOut.weights[row.fold];
  const dressed = dress(row.row.request, seeded(fnvOf(`dress ${row.row.id}`)));
  if (before === undefined || weights === undefined || dressed === null || row.row.tier === 'vision') return null;
  return before.logit >= 0 === scoreFeatures(featuresOf(dressed, config), weights).logit >= 0;
}
