/** `npm run bench:cost`: the cost of a token on a card of one's own beside hosted prices, and from how many requests on it is less. */
import { commandLine, decimalNumber, UsageError } from '../../infra/command-line.ts';
import { aligned } from '../load/columns.ts';
import { costRows, type HostedPrice } from './true-cost.ts';

const help = `What a token costs on an A40 of one's own, by what the modelled card does in an hour, beside hosted prices. Simulated; sends nothing.

  npm run bench:cost -- [options]

  --gpu-usd N          an hour of the card (0.44, as bench:idle)
  --hosted-small I,O   USD per million tokens of prompts and answers (0.025,0.05: deepinfra.com, Qwen2.5-7B-Instruct, a stored page without a date)
  --hosted-large I,O   (0.07,0.16: the same provider's Qwen2.5-Coder-32B-Instruct; it lists no plain 32B there)
  --prompt-tokens N    of a request on average (419, as npm run bench:agents asks)
  --answer-tokens N    (106)
  --large-share X      of requests that the large model answers (0.33)
  --json
  --help

Prices change: give those of the day. The hour costs the same when nobody asks; see npm run bench:idle for what stopping the pod saves.`;

const { values } = commandLine({
  name: 'npm run bench:cost',
  help,
  options: {
    'gpu-usd': { type: 'string', default: '0.44' },
    'hosted-small': { type: 'string', default: '0.025,0.05' },
    'hosted-large': { type: 'string', default: '0.07,0.16' },
    'prompt-tokens': { type: 'string', default: '419' },
    'answer-tokens': { type: 'string', default: '106' },
    'large-share': { type: 'string', default: '0.33' },
    json: { type: 'boolean', default: false },
  },
});

function priceOf(option: 'hosted-small' | 'hosted-large'): HostedPrice {
  const [input = '', output = '', ...rest] = values[option].split(',');
  if (rest.length > 0 || output === '')
    throw new UsageError(`--${option} ${values[option]}: expected two numbers, such as 0.1,0.2.`);
  return { input: decimalNumber(option, input), output: decimalNumber(option, output) };
}

const rows = costRows({
  traffic: {
    promptTokens: decimalNumber('prompt-tokens', values['prompt-tokens'], 1),
    answerTokens: decimalNumber('answer-tokens', values['answer-tokens'], 1),
    largeShare: Math.min(1, decimalNumber('large-share', values['large-share'])),
  },
  usdPerHour: decimalNumber('gpu-usd', values['gpu-usd']),
  hosted: { small: priceOf('hosted-small'), large: priceOf('hosted-large') },
});

const usd = (value: number): string => value.toFixed(3);
if (values.json) console.log(JSON.stringify(rows, null, 2));
else {
  console.log(
    `An A40 at ${values['gpu-usd']} USD an hour, ${values['prompt-tokens']} + ${values['answer-tokens']} tokens a request`,
  );
  console.log(
    aligned([
      [
        '',
        'requests/s at most',
        'card: small, large',
        'USD/1M tokens, full',
        'a third full',
        'hosted',
        'cheaper from',
        'of what it can',
      ],
      ...rows.map((row) => [
        row.name,
        row.requestsPerSecond.toFixed(2),
        `${Math.round(100 * row.cardShare.small)} %, ${Math.round(100 * row.cardShare.large)} %`,
        usd(row.usdPerMillion.full),
        usd(row.usdPerMillion.third),
        usd(row.hostedUsdPerMillion),
        row.breakEvenPerHour === null ? 'never' : `${Math.round(row.breakEvenPerHour)} requests/h`,
        `${Math.round(100 * row.breakEvenShare)} %`,
      ]),
    ]),
  );
}
