/**
 * Kept answers in this isolate's memory, behind it in the cache of the platform's location, and behind that in the database, where there is one. All
 * may forget at any time, so an answer that is not there, cannot be read, or does not come in time is asked of a model. On workers.dev the location
 * has no cache.
 */
import type { CachedAnswer } from '../core/kept/cached-answer.ts';
import type { Clock, LogPort } from '../core/ports.ts';
import type { AnswerPlace, AnswersPort } from '../core/kept/ports.ts';
import { sha256Hex } from './digest.ts';
import type { SharedAnswers } from './shared-answers.ts';

/** A look-up in the location takes about a millisecond; a model answers in hundreds. */
const waitMs = 100;
/** Characters of JSON that an isolate keeps, two bytes each. */
const maxMemoryChars = 4_000_000;

/** A location without a cache says so at every look-up. */
const quietMs = 60_000;

type LocationCache = Pick<Cache, 'match' | 'put'>;

interface Remembered {
  readonly answer: CachedAnswer;
  readonly chars: number;
  readonly untilMs: number;
}

/**
 * @param openLocation rejects where there is none
 * @param shared null without a database
 */
export function createAnswerCache(
  openLocation: () => Promise<LocationCache>,
  shared: SharedAnswers | null,
  clock: Clock,
  log: LogPort,
): AnswersPort {
  const memory = createMemory(clock);
  let quietUntilMs = 0;
  const failed = (error: unknown): null => {
    if (clock.now() < quietUntilMs) return null;
    quietUntilMs = clock.now() + quietMs;
    log.write('warn', 'answer_cache_unavailable', { error });
    return null;
  };
  const isFresh = (found: Remembered | null): boolean => found !== null && clock.now() < found.untilMs;
  return {
    async get(place) {
      const { key } = place;
      const known = memory.get(key);
      if (known !== null) return { ...known, level: 'isolate' };
      const here = await inTime(readLocation(openLocation, place)).catch(failed);
      const near = isFresh(here) ? here : null;
      const far = near === null && shared !== null ? await readShared(shared, place) : null;
      const found = near ?? (isFresh(far) ? far : null);
      if (found === null) return null;
      memory.put(key, found);
      return { ...found.answer, level: near === null ? 'database' : 'location' };
    },

    put(place, answer, forMs, background) {
      const { key, tenantId } = place;
      const untilMs = clock.now() + forMs;
      const text = JSON.stringify({ answer, untilMs });
      memory.put(key, { answer, chars: key.length + text.length, untilMs });
      background(writeLocation(openLocation, place, text, forMs).catch(failed));
      if (shared !== null) background(shared.write(tenantId, key, text, forMs));
    },
  };
}

/** The oldest answers leave first; one that is read counts as new. */
function createMemory(clock: Clock) {
  const answers = new Map<string, Remembered>();
  let chars = 0;
  const drop = (key: string): void => {
    chars -= answers.get(key)?.chars ?? 0;
    answers.delete(key);
  };
  const put = (key: string, remembered: Remembered): void => {
    drop(key);
    if (remembered.chars > maxMemoryChars / 4) return;
    answers.set(key, remembered);
    chars += remembered.chars;
    for (const [oldest] of answers) {
      if (chars <= maxMemoryChars) break;
      drop(oldest);
    }
  };
  return {
    put,
    get(key: string): CachedAnswer | null {
      const known = answers.get(key);
      if (known === undefined) return null;
      drop(key);
      if (clock.now() >= known.untilMs) return null;
      put(key, known);
      return known.answer;
    },
  };
}

async function readLocation(openLocation: () => Promise<LocationCache>, place: AnswerPlace): Promise<Remembered | null> {
  const found = await (await openLocation()).match(await addressOf(place));
  return found === undefined ? null : readText(place, await found.text());
}

async function readShared(shared: SharedAnswers, place: AnswerPlace): Promise<Remembered | null> {
  const text = await shared.read(place.tenantId, place.key);
  return text === null ? null : readText(place, text);
}

function readText({ key }: AnswerPlace, text: string): Remembered {
  // Written by this file.
  const { answer, untilMs }: Omit<Remembered, 'chars'> = JSON.parse(text);
  return { answer, chars: key.length + text.length, untilMs };
}

async function writeLocation(
  openLocation: () => Promise<LocationCache>,
  place: AnswerPlace,
  text: string,
  forMs: number,
): Promise<void> {
  const headers = { 'content-type': 'application/json', 'cache-control': `max-age=${Math.ceil(forMs / 1000)}` };
  await (await openLocation()).put(await addressOf(place), new Response(text, { headers }));
}

/**
 * On the gateway's own host, as the platform asks for: another name costs it a look-up. Nobody outside reads a cache that is opened by name.
 */
async function addressOf({ key, url }: AnswerPlace): Promise<string> {
  return new URL(`/kept-answers/${await sha256Hex(key)}`, url).href;
}

async function inTime<T>(read: Promise<T | null>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), waitMs);
  });
  try {
    return await Promise.race([read, late]);
  } finally {
    clearTimeout(timer);
  }
}
