/** Turns rows into training examples: views and features once per row, with the variants that training adds. */
import { hintsOf } from '../../worker/core/classify/hints.ts';
import { scoreHeuristic } from '../../worker/core/classify/heuristic.ts';
import { readFeatures, type LearnedFeatures } from '../../worker/core/classify/learned.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import type { InnerRequest } from '../../worker/core/request/inner-request.ts';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';
import { readIntent } from '../../worker/core/classify/intent.ts';
import type { ChatRequest } from '../../shared/chat.ts';
import type { Intent } from '../../shared/config.ts';
import { writeAgentAsks } from './agent-asks.ts';
import { augment } from './augment.ts';
import { writeDocumentAsks } from './document-asks.ts';
import { writeEveryday } from './everyday.ts';
import type { OutcomeExample } from './fit-outcomes.ts';
import type { TierExample } from './fit-tier.ts';
import { isOlder, requestOf, type OlderId, type OutcomeRow } from './outcomes.ts';
import { fnvOf } from '../../worker/core/text/fnv.ts';
import type { RouterConfig } from './router-config.ts';
import type { LabelledRow } from './rows.ts';
import { writePeopleAsks, training } from './people-asks.ts';
import { seeded } from './random.ts';
import { writeTradeAsks } from './trade-asks.ts';
import { foreignTrades, type Trade, trades } from './trades.ts';
import { writeListingAsks } from './listing-asks.ts';
import { writeLookups } from './lookups.ts';
import { writeTrivia } from './trivia.ts';

export const labelledFolds = 10;

export interface LabelledExample {
  readonly row: LabelledRow;
  readonly fold: number;
  /** The row itself. */
  readonly example: TierExample;
  /** Its features without the heuristic's hints, for mode `learned`. */
  readonly unaided: LearnedFeatures;
  /** Variants made from it, for training only. */
  readonly variants: readonly TierExample[];
}

export interface OutcomeCase {
  readonly row: OutcomeRow;
  readonly example: OutcomeExample;
}

const variantWeight = 0.5;
/** Rows in other languages are few beside all the English that is generated; so are given ones, and those that say one thing and ask another. */
const languageWeight = 3.5;
const rareWeight = 2;
const rareCategories: readonly string[] = ['short-hard', 'adversarial-easy'];
/** Long and easy requests are rare in the rows, and common in traffic. */
const everydayWeight = 3;
/** Of agents' asks and of questions beside documents: with more, the generator's few patterns are heard above the rows of people. */
const askWeight = 0.4;
const triviaCount = 700;
const triviaSeed = 7;

export function featuresOf(request: InnerRequest, config: RouterConfig): LearnedFeatures {
  const view = buildView(request);
  return readFeatures(view, hintsOf(scoreHeuristic(view, config.classifier), readIntent(view, config.intent)));
}

function tierExample(row: LabelledRow, config: RouterConfig, weight: number): TierExample {
  const large = row.tier === 'vision' ? null : row.tier === 'large' ? 1 : 0;
  return { features: featuresOf(row.request, config), large, intent: row.intent, weight };
}

function weightOf(row: LabelledRow): number {
  if (row.set === 'eight-languages' || row.set === 'more-languages') return languageWeight;
  return row.set === 'given' || rareCategories.includes(row.category) ? rareWeight : 1;
}

export function prepareLabelled(rows: readonly LabelledRow[], config: RouterConfig): LabelledExample[] {
  return rows.map((row) => ({
    row,
    fold: fnvOf(`fold ${row.id}`) % labelledFolds,
    example: tierExample(row, config, weightOf(row)),
    unaided: readFeatures(buildView(row.request), null),
    variants: augment(row).map((variant) => tierExample(variant, config, variantWeight)),
  }));
}

/** A synthetic row for training: a text, or a whole request. */
function generatedRow(id: string, asked: string | ChatRequest, intent: Intent, tier: 'small' | 'large' = 'small'): LabelledRow {
  const request = innerRequest(
    typeof asked === 'string' ? { model: 'auto', messages: [{ role: 'user', content: asked }] } : asked,
  );
  return { id, category: 'generated', set: 'generated', tier, intent, request };
}

/**
 * Trivial questions, bare and padded with big words; everyday requests, many of them long; look-ups with technical words; requests about
 * listings, to agents with tools and beside documents, half of them hard.
 */
export function prepareGenerated(config: RouterConfig): TierExample[] {
  const trivia = writeTrivia(triviaCount, triviaSeed).flatMap((text, at) => {
    const row = generatedRow(`trivia-${at}`, text, 'general');
    const padded = augment(row).filter((variant) => variant.id.includes('stuffed'));
    return [row, ...padded.slice(0, 2)];
  });
  const everyday = writeEveryday(1500, 11).map((text, at) => generatedRow(`everyday-${at}`, text, 'general'));
  const lookups = writeLookups(200, 13).map(({ text, intent }, at) => generatedRow(`lookup-${at}`, text, intent));
  const listings = writeListingAsks(600, 17).map(({ text, isHard }, at) =>
    generatedRow(`listing-${at}`, text, 'code', isHard ? 'large' : 'small'),
  );
  const agents = writeAgentAsks(800, 19).map(({ request, isHard, isCode }, at) => ({
    row: generatedRow(`agent-${at}`, request, 'general', isHard ? 'large' : 'small'),
    intent: isHard ? (isCode ? ('code' as const) : ('reasoning' as const)) : isCode ? null : ('general' as const),
  }));
  const documents = writeDocumentAsks(500, 23).map(({ text, isHard }, at) => ({
    row: generatedRow(`document-${at}`, text, 'general', isHard ? 'large' : 'small'),
    intent: isHard ? ('reasoning' as const) : ('general' as const),
  }));
  const beside = (name: string, of: readonly Trade[], times: number, weight: number) =>
    writeTradeAsks(of, times, seeded(29)).map(({ text, isHard }, at) => ({
      row: generatedRow(`${name}-${at}`, text, 'general', isHard ? 'large' : 'small'),
      // Each text has twice as many look-ups.
      weight: isHard ? 2 * weight : weight,
    }));
  const texts = [...beside('trade', trades, 2, askWeight), ...beside('foreign-trade', foreignTrades, 2, 2.5 * askWeight)];
  const people = writePeopleAsks(training, 500, 31).map(({ request, isHard }, at) =>
    generatedRow(`people-${at}`, request, 'general', isHard ? 'large' : 'small'),
  );
  return [
    ...trivia.map((row) => tierExample(row, config, variantWeight)),
    // The intents of these are guesses that would outweigh those of the labelled rows.
    ...listings.map((row) => ({ ...tierExample(row, config, 1), intent: null })),
    ...[...agents, ...documents].map(({ row, intent }) => ({ ...tierExample(row, config, askWeight), intent })),
    ...texts.map(({ row, weight }) => ({ ...tierExample(row, config, weight), intent: null })),
    ...people.map((row) => ({ ...tierExample(row, config, askWeight), intent: null })),
    ...lookups.map((row) => ({ ...tierExample(row, config, variantWeight / 2), intent: null })),
    ...everyday.map((row) => ({ ...tierExample(row, config, everydayWeight), intent: null })),
  ];
}

export function prepareOutcomes(rows: readonly OutcomeRow[], config: RouterConfig): OutcomeCase[] {
  return rows.map((row) => {
    const { source, small, large, otherSmall, otherLarge } = row;
    const features = featuresOf(requestOf(row), config);
    return { row, example: { features, source, small, large, otherSmall, otherLarge } };
  });
}

/** Questions of each older source that the tier head sees, with one soft label for all: exam questions are for the large model, equally. */
const soft = { perSource: 900, label: 0.97, weight: 0.7 } as const;
const softIntents: Readonly<Record<OlderId, TierExample['intent']>> = {
  mmlu: null,
  gsm8k: 'reasoning',
  crux: 'code',
  'math-l5': 'reasoning',
  gsm: null,
};
/** The same of the newer sources that small models mostly fail: puzzles that read like requests of people need a few of their kind. */
const softHard = { perSource: 150, mostSmallRight: 0.5, weight: 0.2 } as const;
/** Sources of puzzles; the others ask what one has learned, too. */
const isPuzzle = /^(?:kor|rgym|farel)\b/;

export function softExamples(cases: readonly OutcomeCase[]): TierExample[] {
  const taken = new Map<string, number>();
  const take = (source: string, most: number): boolean => {
    const count = taken.get(source) ?? 0;
    if (count < most) taken.set(source, count + 1);
    return count < most;
  };
  const smallRight = meanSmall(cases);
  const examples: TierExample[] = [];
  for (const { row, example } of cases) {
    const { source } = row;
    const { features } = example;
    if (isOlder(source)) {
      // gsm asks the questions of gsm8k again.
      if (source === 'gsm' || (source === 'mmlu' && fnvOf(row.id) % 3 !== 0) || !take(source, soft.perSource)) continue;
      examples.push({ features, large: soft.label, intent: softIntents[source], weight: soft.weight });
    } else if (row.isTrained && (smallRight.get(source) ?? 1) <= softHard.mostSmallRight && take(source, softHard.perSource)) {
      examples.push({ features, large: soft.label, intent: isPuzzle.test(source) ? 'reasoning' : null, weight: softHard.weight });
    }
  }
  return examples;
}

function meanSmall(cases: readonly OutcomeCase[]): ReadonlyMap<string, number> {
  const sources = Map.groupBy(cases, ({ row }) => row.source);
  return new Map([...sources].map(([source, rows]) => [source, rows.reduce((sum, { row }) => sum + row.small, 0) / rows.length]));
}
