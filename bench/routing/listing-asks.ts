/** Writes requests about a long listing of code, for training only: easy ones and hard ones, so that neither the code nor its length decides. */
import { writeListing } from './listings.ts';
import { pick, seeded, type Random } from './random.ts';

const hard: readonly string[] = [
  'Review this code',
  'review this',
  'code review',
  'Please do a code review.',
  'Can you review my code and tell me what to improve?',
  'Review the following file and point out every problem.',
  'do a thorough review of this module',
  'Find the bugs in this code',
  'What is wrong with this code?',
  'there is a bug somewhere, find it',
  'it crashes sometimes, why?',
  'Why does this not work under load?',
  'debug this',
  'Fix the race condition.',
  'Refactor this',
  'refactor the code below into smaller parts',
  'Rewrite this without global state',
  'optimize this code',
  'make this faster',
  'Improve the performance of this.',
  'reduce the memory use of this',
  'Is this thread-safe?',
  'Is this code secure? Explain every weakness.',
  'audit this for vulnerabilities',
  'write unit tests for this',
  'Write tests that cover the edge cases of this file.',
  'port this to another language',
  'translate this program to C++',
  'add authentication and rate limits to this',
  'Extend it so that several users can work at once.',
  'Add error handling and retries everywhere it is needed.',
  'restructure this following clean architecture',
  'make it asynchronous',
  'Add caching with expiry to this.',
  'What are the design flaws here and how would you solve them?',
  'Can this be done with less complexity? Show the whole thing.',
  'convert the callbacks to streams and keep the order',
];
const easy: readonly string[] = [
  'What language is this?',
  'which language is that',
  'What does this do?',
  'explain this code',
  'what does the following code do?',
  'Explain the code below briefly',
  'add comments',
  'Add comments to this code.',
  'write a docstring for each function',
  'Format this.',
  'fix the indentation',
  'How many functions does it have?',
  'list the function names',
  'What is the name of the first function?',
  'rename the first function',
  'Which modules are imported?',
  'does it use a loop?',
  'write a readme for this',
  'Give me a one line summary.',
  'are you able to read this code?',
  'this is my code, just say ok',
  'can you see my code?',
  'Write a commit message for this file.',
  'Turn the names into snake case.',
  'remove the comments',
  'what would it print?',
  'Generate documentation explaining the following code.',
  'change the text of the first message',
];

function place(ask: string, random: Random): string {
  const listing = writeListing(random, 2 + Math.floor(random() * 16));
  return pick(
    [
      `${ask}\n\n${listing}`,
      `${ask}:\n${listing}`,
      `${listing}\n\n${ask}`,
      `${ask}\n\`\`\`\n${listing}\n\`\`\``,
      `\`\`\`\n${listing}\n\`\`\`\n\n${ask}`,
    ],
    random,
  );
}

/** `count` requests, hard and easy in turn, always the same for one seed. */
export function writeListingAsks(count: number, seed: number): { text: string; isHard: boolean }[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, at) => {
    const isHard = at % 2 === 0;
    return { text: place(pick(isHard ? hard : easy, random), random), isHard };
  });
}
