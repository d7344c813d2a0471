/** Scenarios in which a stream is silent, late, or breaks when the client has a part of it. */
import { allOf, bothForms, type FailoverScenario, isWhole, type Outcome, told } from './scenario.ts';
import type { Answer, Stand } from './stand.ts';

/** The role chunk counts as an event. */
const afterWords = (words: number): number => words + 1;
const patienceSeconds = 15;
/** The default limit for silence, and the time to continue. */
const silenceSeconds = 25;

async function streamed(stand: Stand, fault: string, isRight: (answer: Answer) => boolean = () => true): Promise<Outcome> {
  const answer = await stand.ask({
    text: `[[fault:${fault};on=small]][[pace:1]]Name a harbour.`,
    firstTokenSeconds: patienceSeconds,
  });
  return { seen: told(answer), isKept: isWhole(answer) && isRight(answer) };
}

export const streams: readonly FailoverScenario[] = [
  {
    name: 'silence-120s',
    expected: `a server that says nothing for 120 s: answered whole by the other one, first token within ${patienceSeconds} s`,
    async run(stand) {
      const seconds = stand.ms(120);
      const [before, after] = await Promise.all([
        streamed(stand, `slow-headers;ms=${seconds}`),
        streamed(stand, `slow-first-event;ms=${seconds}`),
      ]);
      return allOf(before, after);
    },
  },
  {
    name: 'first-token-20s',
    expected: `first token after 20 s, ${patienceSeconds} s allowed: answered whole within them`,
    async run(stand) {
      const ms = stand.ms(20);
      const [late, headless] = await Promise.all([
        streamed(stand, `slow-first-event;ms=${ms}`),
        streamed(stand, `slow-headers;ms=${ms}`),
      ]);
      return allOf(late, headless);
    },
  },
  {
    name: 'cut-after-40-of-60',
    expected: 'all sixty words, each once, then the finish',
    run: async (stand) =>
      allOf(
        await streamed(stand, `mid-reset;after=${afterWords(40)}`),
        await streamed(stand, `eof;after=${afterWords(40)}`),
        await streamed(stand, `engine-death;after=${afterWords(40)};ms=${stand.ms(1)}`),
      ),
  },
  {
    name: 'silence-after-20',
    expected: `all sixty words, each once, within ${silenceSeconds} s, also when comments or empty chunks keep the silence warm`,
    async run(stand) {
      const faults = ['stall', 'stall-with-comments', 'stall-with-empty-deltas'];
      const outcomes = await Promise.all(
        faults.map((fault) =>
          streamed(stand, `${fault};after=${afterWords(20)}`, ({ tookSeconds }) => tookSeconds <= silenceSeconds),
        ),
      );
      return allOf(...outcomes);
    },
  },
  {
    name: 'unreadable-event',
    expected: 'all sixty words: what cannot be read is no hole in the answer',
    run: async (stand) =>
      allOf(
        await streamed(stand, `garbled-event;after=${afterWords(20)}`),
        await streamed(stand, `bad-json-event;after=${afterWords(20)}`),
      ),
  },
  {
    name: 'no-done',
    expected: 'whole, with one call and no error',
    run: async (stand) =>
      allOf(
        await bothForms(stand, '[[fault:no-done;on=small]]', ({ calls }) => calls.length === 1),
        await bothForms(stand, '[[fault:no-last-blank-line;on=small]]', ({ calls }) => calls.length === 1),
      ),
  },
  {
    name: 'cut-no-prefill',
    expected:
      'cut after 40 words, and the other server refuses to continue, or starts over: all sixty words all the same, each once',
    async run(stand) {
      const cut = `[[fault:mid-reset;after=${afterWords(40)};on=small]]`;
      const refusing = await stand.ask({ text: `${cut}[[fault:refuses-prefill]][[pace:1]]Name a harbour.` });
      const forgetful = await stand.ask({ text: `${cut}[[fault:starts-over;words=same]][[pace:1]]Name a quay.` });
      return allOf(...[refusing, forgetful].map((answer) => ({ seen: told(answer), isKept: isWhole(answer) })));
    },
  },
];
