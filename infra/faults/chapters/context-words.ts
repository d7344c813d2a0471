/** A prompt that is too long, in the words of many servers: the client is told so, with the numbers where they are known. */
import { contextSpeakers } from '../../standin/fault-actions/context-words.ts';
import { type FaultCase, refused } from '../fault-case.ts';

/** The words of some servers hold no number. */
const withoutNumbers = ['llama-cpp-500', 'ollama'];

export const contextWords: readonly FaultCase[] = contextSpeakers.map((name) =>
  refused('context-words', 'context_length_exceeded', {
    settings: `of=${name};limit=2048`,
    ...(withoutNumbers.includes(name) ? {} : { shows: '2048' }),
  }),
);
