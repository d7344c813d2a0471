/** Prints where the shipped router sends requests of the kinds that it was hardest to teach, written apart from what it was trained on: look-ups beside documents, and designs and judgements about people. */
import { classify } from '../../worker/core/classify/classify.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { loadWeights } from '../../worker/core/classify/weights/load.ts';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';
import type { ChatRequest } from '../../shared/chat.ts';
import { commandLine } from '../../infra/command-line.ts';
import { heldOutForeign, heldOutTrades } from './held-out-trades.ts';
import { table } from './markdown.ts';
import { heldOut, writePeopleAsks } from './people-asks.ts';
import { seeded } from './random.ts';
import { readRouterConfig } from './router-config.ts';
import { writeTradeAsks } from './trade-asks.ts';

const { values: options } = commandLine({
  name: 'node bench/routing/kinds.ts',
  help: `Prints where the committed weights send held-out requests of a few kinds.

  node bench/routing/kinds.ts [--wrong]

--wrong also prints those that go to the other model than they should.
`,
  options: { wrong: { type: 'boolean', default: false } },
});

const config = readRouterConfig();
const weights = loadWeights();

function isLarge(request: ChatRequest): boolean {
  return classify(buildView(innerRequest(request)), config, weights).score >= config.classifier.threshold;
}

interface Ask {
  readonly request: ChatRequest;
  readonly isHard: boolean;
}

const asText = ({ text, isHard }: { text: string; isHard: boolean }): Ask => ({
  request: { model: 'auto', messages: [{ role: 'user', content: text }] },
  isHard,
});
const documents = [3, 5].flatMap((seed) => writeTradeAsks(heldOutTrades, 1, seeded(seed)).map(asText));
const foreign = writeTradeAsks(heldOutForeign, 1, seeded(7)).map(asText);
const people = writePeopleAsks(heldOut, 240, 11);

function rowsOf(name: string, asks: readonly Ask[]): string[][] {
  return [false, true].map((isHard) => {
    const these = asks.filter((ask) => ask.isHard === isHard);
    const wrong = these.filter(({ request }) => isLarge(request) !== isHard);
    if (options.wrong === true)
      for (const { request } of wrong)
        console.error(isHard ? 'small:' : 'large:', String(request.messages.at(-1)?.content).slice(-160));
    return [
      `${name}, ${isHard ? 'hard' : 'easy'}`,
      String(these.length),
      `${((1 - wrong.length / these.length) * 100).toFixed(0)} %`,
    ];
  });
}

const rows = [
  ...rowsOf('beside a document', documents),
  ...rowsOf('beside a document, eight languages', foreign),
  ...rowsOf('about people, no figures', people),
];
console.log(table(['kind', 'requests', 'go where they should'], rows));
