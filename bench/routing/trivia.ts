/** Writes trivial questions from patterns, for training only: what a padded request usually asks once the padding is taken away. */
import { pick, seeded, type Random } from './random.ts';

const words: Readonly<Record<string, readonly string[]>> = {
  thing: ['a cat', 'a bicycle', 'the sun', 'a lemon', 'snow', 'a shoe', 'a frog', 'milk', 'a banana', 'a car', 'an egg', 'a rose', 'a tiger', 'water', 'coal', 'a spoon', 'the moon', 'a whale', 'an ant', 'a mountain'],
  word: ['house', 'river', 'green', 'apple', 'music', 'seven', 'orange', 'yellow', 'table', 'friend', 'cloud', 'banana', 'hello', 'bread', 'window'],
  adjective: ['hot', 'big', 'early', 'dark', 'happy', 'full', 'soft', 'old', 'fast', 'dry', 'loud', 'rich'],
  number: ['two', 'three', 'five', 'eight', 'nine', 'twelve', '4', '6', '11', '20'],
  day: ['Monday', 'Wednesday', 'Friday', 'Sunday', 'March', 'June', 'October'],
  place: ['France', 'Japan', 'Kenya', 'Italy', 'Chile', 'Norway', 'Egypt', 'Canada', 'Poland'],
  language: ['Spanish', 'French', 'German', 'Italian', 'Dutch', 'Polish'],
  phrase: ['hi', 'ok', 'good night', 'yes', 'thank you', 'done', 'good morning', 'cheese', 'hello', 'bye'],
  class: ['animal', 'fruit', 'colour', 'country', 'vegetable', 'sport', 'drink'],
};

const patterns: readonly string[] = [
  'whether {thing} is {adjective}.', 'whether {number} is bigger than {number}.', 'which is {adjective}, {thing} or {thing}?', "what '{word}' means in one word.", "the spelling of '{word}'.", "fix the spelling of '{word}'.", 'repeat the last word.', 'what is the first word of this sentence?', 'how many words did I write?', 'is this a sentence?', 'are cats animals?', 'does {thing} live in water?',
  'what is the opposite of {adjective}?', "what's the opposite of '{adjective}'?", 'what colour is {thing}?', 'is {thing} an {class}?', 'is {thing} bigger than {thing}?', 'how many letters are in {word}?',
  "spell '{word}'.", 'say {phrase}.', 'reply with {phrase}', 'just say {phrase}', "answer only '{phrase}'", 'which day comes after {day}?', 'what comes before {day}?', 'how many days are in a week?', 'how many hours has a day?',
  'which number follows {number}?', 'what is {number} plus {number}?', 'is {number} larger than {number}?', 'name one {class}.', 'name a {class} that starts with b', 'which is heavier, {thing} or {thing}?',
  "translate '{word}' to {language}.", "how do you say '{phrase}' in {language}?", 'what is the capital of {place}?', 'is {place} in Europe?', 'does {thing} have legs?', 'can {thing} fly?', "what is the first letter of '{word}'?",
  "what is the last letter of {word}?", "write '{word}' in capital letters.", "repeat the word {word}.", 'pick a number between {number} and {number}.', 'choose {word} or {word}.', 'tell me whether {thing} is alive.', "tell me if {word} is a word.",
  'greet me.', 'wish me luck.', 'thank me.', 'tell me your name.', 'what is your name?', 'yes or no: is {thing} {adjective}?', 'true or false: {thing} is {adjective}.', "what rhymes with '{word}'?", "is '{word}' a noun?", 'how are you?', 'give me a {adjective} word.',
  'what sound does {thing} make?', 'where is {place}?', 'who wrote Hamlet?', 'what is a synonym of {adjective}?', "what is the plural of '{word}'?", 'how many wheels has {thing}?', 'what do you call {thing} in {language}?',
];

function fill(pattern: string, random: Random): string {
  return pattern.replace(/\{(\w+)\}/g, (_, slot: string) => pick(words[slot] ?? [''], random));
}

/** `count` trivial questions, always the same for one seed. */
export function writeTrivia(count: number, seed: number): string[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => fill(pick(patterns, random), random));
}
