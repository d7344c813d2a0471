/** `npm run bench:truth`: what the gateway makes of model servers that do not tell the truth. Pure simulations; asserts nothing. */
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import { compileConfigs } from '../../infra/config/compile.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import { addToWatch, watchRepetition } from '../../worker/core/text/repetition.ts';
import { degenerateCases } from './degenerate-cases.ts';
import { cutsOf, falseCuts, maxTokens } from './guard-figures.ts';
import { detections, falseAlarms, wellEngines } from './wedge-figures.ts';
import { repetitiveAnswers } from './repetitive-answers.ts';

const help = `Answers that repeat themselves: how soon they are cut, good ones that would be, and what the guard costs. Engines that die while their
API answers: how soon they are found, and what is taken for one.

  npm run bench:truth -- [options]

  --seed TEXT   other cases and answers than those of the tests
  --answers N   good answers that repeat themselves (500)
  --help`;

const { values } = commandLine({
  name: 'npm run bench:truth',
  help,
  options: { seed: { type: 'string' }, answers: { type: 'string', default: '500' } },
});
const answers = wholeNumber('answers', values.answers, { min: 1 });

const cuts = cutsOf(degenerateCases(14, values.seed)).toSorted((a, b) => (b.tokens ?? Infinity) - (a.tokens ?? Infinity));
console.log(
  `Answers that repeat themselves, limit ${maxTokens} tokens: ${cuts.length} cases, cut after at most ${cuts[0]?.tokens ?? 'never'}`,
);
for (const { name, tokens } of cuts.slice(0, 5)) console.log(`  ${String(tokens ?? 'never').padStart(5)} tokens of ${name}`);

const wrong = falseCuts(repetitiveAnswers(answers, values.seed));
console.log(`Good answers that repeat themselves: ${answers}, cut ${wrong.length}`);
for (const { kind, answer } of wrong.slice(0, 5)) console.log(`  ${kind}: ${JSON.stringify(answer.slice(0, 80))}`);

const shipped = compileConfigs(`${repoFolder}configs`).profiles['a40-pair'];
if (shipped === undefined) throw new Error('configs/ has a mistake: npm run config:check');
const rules = shipped.routing.health;
const periods = detections(rules);
const missed = periods.filter((count) => count === null).length;
const slowest = Math.max(...periods.map((count) => count ?? Infinity)).toFixed(2);
console.log(
  `Engines that die while their API answers: ${periods.length} runs, missed ${missed}, found within ${slowest} probe periods`,
);
const alarms = falseAlarms(rules);
console.log(
  `Engines that are well, an hour each: ${Object.keys(wellEngines).length}, taken for dead ${alarms.length} ${alarms.join('; ')}`,
);

console.log(
  `CPU of the guard, a piece of four characters: ${cpuPerPieceNs().toFixed(0)} ns (a streamed chunk costs microseconds: npm run bench:relay)`,
);

/** The least of twelve rounds, of prose that repeats nothing. */
function cpuPerPieceNs(): number {
  const prose = Array.from({ length: 4000 }, (_, at) => `w${(at * 2_654_435_761) % 9973} `).join('');
  const pieces = prose.match(/.{1,4}/g) ?? [];
  const rounds = Array.from({ length: 12 }, () => {
    const before = process.cpuUsage();
    for (let i = 0; i < 40; i += 1) {
      const watch = watchRepetition(maxTokens);
      for (const piece of pieces) addToWatch(watch, piece);
    }
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / (40 * pieces.length);
  });
  return Math.min(...rounds);
}
