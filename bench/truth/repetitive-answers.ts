/** Five hundred good answers that repeat themselves, made from a seed, each with the request that it answers: nothing of them may be cut. */
import { between, pick, type Random, seededRandom } from '../../infra/standin/random.ts';

export interface RepetitiveAnswer {
  readonly kind: string;
  readonly prompt: string;
  readonly answer: string;
}

type Kind = readonly [name: string, make: (random: Random) => readonly [prompt: string, answer: string]];

const lines = (count: number, line: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => line(at)).join('\n');
const row = (count: number, cell: string, gap: string): string => Array.from({ length: count }, () => cell).join(gap);

const kinds: readonly Kind[] = [
  [
    'table',
    (r) => [
      'Make an empty timetable in Markdown.',
      `| Time | Mon | Tue |\n|---|---|---|\n${lines(between(r, 5, 16), () => '| | | |')}`,
    ],
  ],
  ['table of numbers', (r) => ['Show the sensor table.', lines(between(r, 10, 60), (at) => `| ${at} | 0.00 | 0.00 | ok |`)]],
  [
    'separator',
    (r) => [
      'Format the report.',
      `Report\n${pick(r, ['-', '=', '*', '_', '~', '.', '─', '═']).repeat(between(r, 20, 200))}\nAll is well.`,
    ],
  ],
  ['art', (r) => ['Draw a rectangle in ASCII.', drawBox(r)]],
  [
    'list',
    (r) => ['List some tasks.', lines(between(r, 10, 120), (at) => `- [ ] Check item ${at + 1} of the list and mark it as done`)],
  ],
  [
    'code',
    (r) => [
      'Write the unrolled loop.',
      `\`\`\`js\n${lines(between(r, 4, 20), () => '  result.push(0);')}\n${'}\n'.repeat(between(r, 1, 12))}\`\`\``,
    ],
  ],
  [
    'markup',
    (r) => ['Give me an empty HTML table.', lines(between(r, 2, 5), () => `<tr>${'<td></td>'.repeat(between(r, 3, 6))}</tr>`)],
  ],
  [
    'CSV of zeros',
    (r) => ['Give me a placeholder CSV.', `a,b,c\n${lines(between(r, 5, 40), () => row(between(r, 3, 10), '0', ','))}`],
  ],
  ['sized CSV', (r) => sized(between(r, 50, 200), between(r, 10, 30))],
  [
    'matrix',
    (r) => [
      'Write the tile map of an empty level as JSON.',
      `[${row(between(r, 8, 22), `[1,${row(between(r, 6, 16), '0', ',')},1]`, ',\n ')}]`,
    ],
  ],
  ['poem', (r) => ['Write a song with a refrain.', song(r)]],
  [
    'base64',
    (r) => ['Encode the padding as base64.', `iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB${'A'.repeat(between(r, 40, 800))}CAYAAAAfFcSJ==`],
  ],
  [
    'digits',
    (r) => [
      'What is it as a decimal fraction?',
      pick(r, [
        `0.${'3'.repeat(between(r, 20, 700))}`,
        `0.${'142857'.repeat(between(r, 4, 120))}`,
        `1${'0'.repeat(between(r, 20, 600))}`,
      ]),
    ],
  ],
  ['asked for', (r) => askedFor(r)],
  ['dump', (r) => ['Show the hex dump of the page.', lines(between(r, 8, 40), () => `${row(16, '00', ' ')}`)]],
  ['no-ops', (r) => ['Write the shellcode stub.', `"${'\\x90'.repeat(between(r, 16, 200))}\\xcc"`]],
  [
    'counter',
    (r) => [
      'Count for me.',
      row(
        1,
        lines(between(r, 50, 400), (at) => `${at + 1}.`),
        '',
      ),
    ],
  ],
  ['laughter', (r) => ['Tell a joke.', `${pick(r, ['ha', 'lol ', '哈', '😂', 'na '])}`.repeat(between(r, 5, 60))]],
  [
    'bars',
    (r) => [
      'Show the load of each core.',
      lines(between(r, 4, 24), (at) => `cpu${at} [${'█'.repeat(between(r, 5, 40))}${'░'.repeat(between(r, 5, 40))}]`),
    ],
  ],
  ['edited file', (r) => editedFile(r)],
  [
    'log',
    (r) => [
      'Show the log.',
      lines(between(r, 20, 120), (at) => `2026-11-30T07:${10 + (at % 50)}:00Z INFO probe of small took ${at} ms, status 200`),
    ],
  ],
  ['nested JSON', (r) => ['Show a nested object.', `${'{"a":'.repeat(between(r, 5, 40))}1${'}'.repeat(40)}`]],
  [
    'board',
    (r) => ['Show an empty board.', lines(between(r, 8, 20), () => row(between(r, 8, 20), pick(r, ['.', '#', '+', '·']), ' '))],
  ],
  [
    'reasoning',
    (r) => [
      'Think it through.',
      lines(between(r, 3, 25), (at) => `Wait, let me check step ${at + 1} again. Yes, that still holds.`),
    ],
  ],
  ['yes', (r) => ['Is every row valid?', lines(between(r, 10, 50), () => pick(r, ['valid', 'valid', 'invalid']))]],
];

function drawBox(random: Random): string {
  const width = between(random, 10, 80);
  const fill = pick(random, [' ', '#', '.', '*', ' ']);
  const edge = `+${'-'.repeat(width)}+`;
  return `${edge}\n${lines(between(random, 4, 24), () => `|${fill.repeat(width)}|`)}\n${edge}`;
}

function sized(rows: number, columns: number): readonly [string, string] {
  return [`A CSV with ${rows} rows and ${columns} columns, all zero.`, lines(rows, () => row(columns, '0', ','))];
}

function song(random: Random): string {
  const refrain =
    'Row, row, row your boat,\nGently down the stream,\nMerrily, merrily, merrily, merrily,\nLife is but a dream.\n\n';
  return (
    Array.from({ length: between(random, 2, 8) }, (_, at) => `Verse ${at + 1} tells of the river.\n\n${refrain}`).join('') +
    refrain.repeat(2)
  );
}

function askedFor(random: Random): readonly [string, string] {
  const word = pick(random, ['banana', 'Ja', 'poem', '你好', 'нет', '!']);
  const times = between(random, 100, 1000);
  const prompt = pick(random, [
    `Repeat the word ${word} ${times} times.`,
    `Write ${word} ${times} times, nothing else.`,
    `Schreibe ${word} ${times} mal.`,
    `Escribe ${word} ${times} veces.`,
    `请把${word}重复${times}次`,
    `Напиши ${word} ${times} раз`,
    `Say ${word} over and over until I stop you.`,
    `Print ${word} a hundred times`,
  ]);
  return [prompt, row(times, word, ' ')];
}

function editedFile(random: Random): readonly [string, string] {
  const block = lines(between(random, 40, 120), () => '    ("unused", None, "reserved for later"),');
  return [`Rename the variable in this file:\n\ntable = [\n${block}\n]`, `names = [\n${block}\n]`];
}

export function repetitiveAnswers(count = 500, seed = 'repetitive'): readonly RepetitiveAnswer[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, at) => {
    const [kind, make] = kinds[at % kinds.length] ?? kinds[0] ?? ['none', () => ['', ''] as const];
    const [prompt, answer] = make(random);
    return { kind, prompt, answer };
  });
}
