/** `npm run eval:tokens`: how far the estimate of prompt tokens is from a real tokenizer's count, by kind of text. */
import { commandLine } from '../../infra/command-line.ts';
import { errorOf, errorsByKind, type KindError, readTexts } from './texts.ts';

commandLine({
  name: 'npm run eval:tokens',
  help: `How far the estimate of prompt tokens is from a real tokenizer's count, by kind of text.

  npm run eval:tokens
`,
  options: {},
});

const texts = readTexts();
const percent = (share: number, isSigned = false): string =>
  `${isSigned && share > 0 ? '+' : ''}${(share * 100).toFixed(0)} %`.padStart(8);
const line = ({ kind, texts: count, tokens, bias, mean, worst }: KindError): string =>
  `${kind.padEnd(14)}${String(count).padStart(6)}${String(tokens).padStart(8)}${percent(bias, true)}${percent(mean)}${percent(worst)}`;

for (const [title, seen] of [
  ['Texts of sources that the rates were not fitted to', false],
  ['Texts of a source that they were fitted to (the Universal Declaration of Human Rights)', true],
] as const) {
  const list = texts.filter((text) => text.seen === seen);
  console.log(`${title}\n`);
  console.log('kind           texts  tokens    bias    mean   worst');
  for (const error of errorsByKind(list)) console.log(line(error));
  console.log(`${line(errorOf('all', list))}\n`);
}
