/** Figures on labelled requests: the given ones and our own, by set, category and language, for every mode of the classifier. */
import { scoreFeatures } from '../../worker/core/classify/learned.ts';
import { scoreHeuristic } from '../../worker/core/classify/heuristic.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { readIntent } from '../../worker/core/classify/intent.ts';
import { trainTier, type Corpus, type HeldOut } from './cross-validate.ts';
import { assemble } from './blend.ts';
import type { OutcomeModel } from './fit-outcomes.ts';
import type { LabelledExample } from './examples.ts';
import { table, withInterval } from './markdown.ts';
import { shareOf, type Interval } from './metrics.ts';
import type { RouterConfig } from './router-config.ts';
import { seedConfig } from './seed-config.ts';
import { intentAccuracy, learnedRouter, tierAccuracy, tierF1, type Router } from './verdicts.ts';

type Rows = readonly LabelledExample[];

function heuristicRouter(config: RouterConfig): Router {
  return (row) => {
    const view = buildView(row.row.request);
    const { intent, confidence } = readIntent(view, config.intent);
    return { isLarge: scoreHeuristic(view, config.classifier).score >= config.classifier.threshold, intent, confidence };
  };
}

export interface Evaluated {
  readonly corpus: Corpus;
  readonly heldOut: HeldOut;
  /** Of public outcomes; it moves no labelled row to the other side. */
  readonly outcome: OutcomeModel;
  readonly config: RouterConfig;
  readonly seed: number;
}

/** A router for `tested` rows by models that saw none of the rows `isLeftOut` names. */
function routerWithout(
  { corpus, heldOut, outcome, config, seed }: Evaluated,
  isLeftOut: (row: LabelledExample) => boolean,
): Router {
  const tier = trainTier(corpus, { labelled: (row) => !isLeftOut(row), outcomes: () => true }, seed);
  const weights = assemble(tier, outcome, heldOut.blend);
  return learnedRouter(
    new Map(corpus.labelled.filter(isLeftOut).map((row) => [row, scoreFeatures(row.example.features, weights)])),
    config,
  );
}

const languageOf = (row: LabelledExample): string => row.row.id.slice(0, 2);
const languages = ['de', 'fr', 'es', 'pt', 'ru', 'zh', 'ja', 'hi'] as const;
const reported = ['adversarial-easy', 'short-hard', 'log-trivial', 'rag', 'deep-chat'] as const;
/** The own rows' categories that correspond to each given one. */
const ownCategory: Readonly<Record<string, string>> = {
  'adversarial-easy': 'adversarial-easy',
  'short-hard': 'short-hard',
  'log-trivial': 'log-trivial',
  rag: 'rag-user',
};

export function evaluateLabelled(all: Evaluated): string {
  const { corpus, heldOut, config } = all;
  const given = corpus.labelled.filter((row) => row.row.set === 'given');
  const english = corpus.labelled.filter((row) => row.row.set === 'english');
  const eight = corpus.labelled.filter((row) => row.row.set === 'eight-languages');
  const hybrid = learnedRouter(heldOut.labelled, config);
  const routers: [string, Router][] = [
    ['**hybrid, cross-validated**', hybrid],
    ['learned alone, cross-validated', learnedRouter(heldOut.unaided, config)],
    ['hybrid, trained without any given row', routerWithout(all, (row) => row.row.set === 'given')],
    ['heuristic', heuristicRouter(config)],
    ['original curves', heuristicRouter(seedConfig)],
  ];
  const onGiven = routers.map(([router, said]) => ({
    router,
    tier: tierF1(given, said),
    accuracy: tierAccuracy(given, said),
    intent: intentAccuracy(given, said),
  }));
  const sets: [string, Rows][] = [
    ['English', english],
    ['eight languages', eight],
    ...languages.map((id): [string, Rows] => [id, eight.filter((row) => languageOf(row) === id)]),
  ];
  const heuristic = heuristicRouter(config);
  const onOwn = sets.map(([set, rows]) => ({
    set,
    rows: rows.length,
    tier: tierF1(rows, hybrid),
    intent: intentAccuracy(rows, hybrid),
    heuristic: tierF1(rows, heuristic),
  }));
  const byCategory = reported.map((category) => ({
    category,
    given: tierAccuracy(
      given.filter((row) => row.row.category === category),
      hybrid,
    ),
    own: tierAccuracy(
      [...english, ...eight].filter((row) => row.row.category === ownCategory[category]),
      hybrid,
    ),
    ownEnglish: tierAccuracy(
      english.filter((row) => row.row.category === ownCategory[category]),
      hybrid,
    ),
  }));
  const vision = corpus.labelled.filter((row) => row.row.tier === 'vision');
  const seen = shareOf(vision.filter((row) => buildView(row.row.request).images > 0).length, vision.length);
  const leftOut = languages.map((id) => {
    const isIt = (row: LabelledExample): boolean => row.row.set === 'eight-languages' && languageOf(row) === id;
    return { language: id, tier: tierF1(corpus.labelled.filter(isIt), routerWithout(all, isIt)) };
  });
  return render({ onGiven, onOwn, byCategory, seen, leftOut, given });
}

interface Rendered {
  readonly onGiven: readonly { router: string; tier: Interval; accuracy: Interval; intent: Interval }[];
  readonly onOwn: readonly { set: string; rows: number; tier: Interval; intent: Interval; heuristic: Interval }[];
  readonly byCategory: readonly {
    category: string;
    given: Interval & { rows: number };
    own: Interval & { rows: number };
    ownEnglish: Interval & { rows: number };
  }[];
  readonly seen: Interval;
  readonly leftOut: readonly { language: string; tier: Interval }[];
  readonly given: Rows;
}

function render({ onGiven, onOwn, byCategory, seen, leftOut, given }: Rendered): string {
  const share = (one: Interval & { rows: number }): string => (one.rows === 0 ? '–' : `${withInterval(one)}, ${one.rows} rows`);
  return [
    `The ${given.length} given labelled requests (vision rows apart: ${(seen.value * 100).toFixed(0)} % recognised by their image parts):`,
    table(
      ['router', 'macro-F1 small/large', 'tier accuracy', 'intent accuracy'],
      onGiven.map((row) => [row.router, withInterval(row.tier), withInterval(row.accuracy), withInterval(row.intent)]),
    ),
    'Tier accuracy of the cross-validated hybrid by category:',
    table(
      ['category', 'given', 'own, all languages', 'own, English'],
      byCategory.map((row) => [row.category, share(row.given), share(row.own), share(row.ownEnglish)]),
    ),
    'Our own rows, cross-validated:',
    table(
      ['set', 'rows', 'hybrid macro-F1', 'hybrid intent', 'heuristic macro-F1'],
      onOwn.map((row) => [
        row.set,
        String(row.rows),
        withInterval(row.tier),
        withInterval(row.intent),
        withInterval(row.heuristic),
      ]),
    ),
    'Hybrid on a language of which it saw no own row in training:',
    table(
      leftOut.map((row) => row.language),
      [leftOut.map((row) => withInterval(row.tier))],
    ),
  ].join('\n\n');
}

/** How often each confidence is right, for the rules' intent and the learned one; and for the tier. */
export function evaluateReliability(corpus: Corpus, heldOut: HeldOut, config: RouterConfig): string {
  const bins = [0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0001] as const;
  const all = corpus.labelled;
  const rules = all.map((row) => {
    const reading = readIntent(buildView(row.row.request), config.intent);
    return { confidence: reading.confidence, isRight: reading.intent === row.row.intent };
  });
  const router = learnedRouter(heldOut.labelled, config);
  const learned = all.map((row) => {
    const { intent, confidence } = router(row);
    return { confidence, isRight: intent === row.row.intent };
  });
  const tier = all.flatMap((row) => {
    const score = heldOut.labelled.get(row);
    if (score === undefined || row.row.tier === 'vision') return [];
    const isLarge = score.logit >= 0;
    return [
      { confidence: isLarge ? score.largeDeserved : 1 - score.largeDeserved, isRight: isLarge === (row.row.tier === 'large') },
    ];
  });
  const rows = bins.slice(0, -1).map((low, at) => {
    const high = bins[at + 1] ?? 1;
    const cell = (list: readonly { confidence: number; isRight: boolean }[]): string => {
      const inside = list.filter((one) => one.confidence >= low && one.confidence < high);
      if (inside.length === 0) return '–';
      const mean = inside.reduce((sum, one) => sum + one.confidence, 0) / inside.length;
      return `${mean.toFixed(2)} → ${(inside.filter((one) => one.isRight).length / inside.length).toFixed(2)} (${inside.length})`;
    };
    return [`${low.toFixed(1)}–${Math.min(1, high).toFixed(1)}`, cell(rules), cell(learned), cell(tier)];
  });
  return `Mean confidence → share right (rows), over all ${all.length} labelled rows:\n\n${table(['confidence', 'intent by rules', 'intent, hybrid', 'tier, hybrid'], rows)}`;
}
