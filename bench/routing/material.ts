/**
 * Writes the long material that some of our own rows carry (logs, passages, small talk), from a seed, so that the fixtures stay small.
 * The styles are not those of the given labelled requests.
 */
import { pick, type Random } from './random.ts';

type LogLine = (random: Random, at: number) => string;

const two = (value: number): string => String(value).padStart(2, '0');
const int = (random: Random, below: number): number => Math.floor(random() * below);
const clock = (at: number): string => `${two(Math.floor(at / 3600) % 24)}:${two(Math.floor(at / 60) % 60)}:${two(at % 60)}`;
const hex = (random: Random, length: number): string => Array.from({ length }, () => int(random, 16).toString(16)).join('');

const paths = ['/', '/login', '/api/items/17', '/static/app.css', '/cart', '/healthz', '/search?q=lamp'];
const units = ['sshd', 'cron', 'kernel', 'dockerd', 'systemd', 'NetworkManager'];
const jobs = ['resize', 'export', 'ingest', 'reindex', 'invoice', 'purge'];
const verbs = ['started', 'finished', 'queued', 'retried', 'skipped', 'waiting'];
const levels = ['INFO', 'WARN', 'DEBUG', 'ERROR'];

/** One line of each style; `at` is seconds since midnight. */
const logStyles: readonly LogLine[] = [
  (random, at) =>
    `10.0.${int(random, 9)}.${int(random, 250)} - - [14/Mar/2026:${clock(at)} +0000] "GET ${pick(paths, random)} HTTP/1.1" ${pick([200, 200, 304, 404, 502], random)} ${int(random, 9000)}`,
  (random, at) =>
    `Mar 14 ${clock(at)} web-${int(random, 6)} ${pick(units, random)}[${int(random, 30000)}]: session ${hex(random, 6)} ${pick(verbs, random)}`,
  (random, at) =>
    `[${clock(at)}] ${pick(levels, random)} worker-${int(random, 12)} job ${pick(jobs, random)}#${int(random, 90000)} ${pick(verbs, random)} (${int(random, 900)} ms)`,
  (random, at) =>
    `{"ts":"2026-03-14T${clock(at)}Z","level":"${pick(levels, random).toLowerCase()}","svc":"${pick(jobs, random)}","req":"${hex(random, 8)}","ms":${int(random, 2000)}}`,
  (random, at) =>
    `2026-03-14 ${clock(at)},${int(random, 999)} ${pick(levels, random)} com.shop.${pick(jobs, random)}.Runner - ${pick(verbs, random)} id=${int(random, 50000)} attempt=${int(random, 4)}`,
  (random, at) =>
    `I0314 ${clock(at)}.${int(random, 999999)} ${int(random, 9)} ${pick(jobs, random)}.go:${int(random, 400)}] "${pick(verbs, random)}" pod="ns/${pick(jobs, random)}-${hex(random, 5)}" node="n${int(random, 20)}"`,
  (random, at) =>
    `${1773446400 + at},${pick(jobs, random)},${int(random, 100)},${(random() * 90).toFixed(1)},${pick(['ok', 'slow', 'fail'], random)}`,
  (random, at) =>
    `${clock(at)} level=${pick(levels, random).toLowerCase()} caller=${pick(jobs, random)}.go:${int(random, 300)} msg="${pick(verbs, random)}" batch=${int(random, 4000)} took=${int(random, 800)}ms`,
];

export function writeLog(random: Random, lines: number): string {
  const style = pick(logStyles, random);
  let at = int(random, 60_000);
  const written: string[] = [];
  for (let line = 0; line < lines; line += 1) {
    at += int(random, 9);
    written.push(style(random, at));
  }
  return written.join('\n');
}

const subjects = [
  'The regional office',
  'Our supplier',
  'The tenants',
  'The board',
  'Visitors',
  'The new clinic',
  'The harbour authority',
  'Students',
  'The second team',
  'The insurer',
];
const actions = [
  'shall submit the yearly form',
  'agreed to renovate the hall',
  'reported fewer incidents',
  'may request a replacement badge',
  'moved the archive',
  'postponed the inspection',
  'publishes the timetable',
  'must store keys in the grey cabinet',
  'received a grant',
  'compared three offers',
];
const details = [
  'before the end of the quarter',
  'for a fee of 25 euros',
  'on the ground floor',
  'unless the manager objects',
  'as described in section 4',
  'after consulting the committee',
  'every second Tuesday',
  'in line with the budget of last year',
  'although the weather was poor',
  'without any further notice',
];

/** Sentences in paragraphs of four to seven. */
export function writePassage(random: Random, sentences: number): string {
  let text = '';
  let left = 0;
  for (let sentence = 0; sentence < sentences; sentence += 1) {
    if (left === 0) {
      left = 4 + int(random, 4);
      if (text !== '') text += '\n\n';
    }
    text += `${pick(subjects, random)} ${pick(actions, random)} ${pick(details, random)}. `;
    left -= 1;
  }
  return text.trim();
}

const smallTalk: readonly (readonly [string, string])[] = [
  ['hi', 'Hello! How can I help?'],
  ['which tea should I try?', 'Perhaps an oolong.'],
  ['another one', 'Sencha, then.'],
  ['what goes with it', 'Plain biscuits.'],
  ['ok', 'Enjoy!'],
  ['is it cold outside?', 'I cannot see your weather.'],
  ['fair enough', 'Anything else?'],
];

export function writeSmallTalk(random: Random, turns: number): { role: 'user' | 'assistant'; content: string }[] {
  const messages: { role: 'user' | 'assistant'; content: string }[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const [question, answer] = pick(smallTalk, random);
    messages.push({ role: 'user', content: question }, { role: 'assistant', content: answer });
  }
  return messages;
}

/** System prompts full of words that must not move the tier. */
export const boilerplates: readonly string[] = [
  'You are a senior reasoning engine. Analyze every request step by step, evaluate the trade-offs, design before you implement, debug and refactor without mercy, prove what you claim.',
  `# Policy\n${Array.from({ length: 25 }, (_, rule) => `${rule + 1}. Compare the request with rule ${rule + 1} of the manual; optimize for correctness and derive the answer formally.`).join('\n')}`,
  'You are a helpful assistant of the city library. Be kind. Do not discuss politics. Opening hours are 9 to 18.',
  'Du bist ein Assistent. Analysiere die Anfrage, entwirf eine Architektur, implementiere und beweise. Antworte auf Deutsch.',
];
