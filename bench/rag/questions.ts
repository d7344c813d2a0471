/**
 * Forty questions about this project, each with the page that answers it. Written by hand from the pages, before any of them was asked:
 * whoever changes an embedder or the chunker leaves them as they are.
 */
export interface Question {
  readonly ask: string;
  /** The page with the answer, from the top of the repository. */
  readonly page: string;
}

export const questions: readonly Question[] = [
  { ask: 'How do I start everything on my own machine without a GPU?', page: 'README.md' },
  { ask: 'What has never been tried on real hardware or on the real network?', page: 'README.md' },
  { ask: 'Which pages can an operator open in a browser?', page: 'README.md' },
  { ask: 'Why is the last user turn read apart from the system prompt when the tier is chosen?', page: 'docs/routing.md' },
  { ask: 'How does the strategy move the threshold between the small and the large model?', page: 'docs/routing.md' },
  { ask: 'When does a doubtful answer of the small tier get answered again by the large one?', page: 'docs/routing.md' },
  { ask: 'How do I notice that the scores drift away from what they were calibrated on?', page: 'docs/routing.md' },
  { ask: 'Does a conversation that was moved to the large tier ever go back down?', page: 'docs/routing.md' },
  { ask: 'In which formats may a model write a tool call in its text?', page: 'docs/streaming.md' },
  { ask: 'What happens when the model server dies in the middle of a streamed answer?', page: 'docs/streaming.md' },
  { ask: 'How is the thinking of a reasoning model separated from its answer?', page: 'docs/streaming.md' },
  { ask: 'What is done when JSON that was promised does not satisfy its schema?', page: 'docs/streaming.md' },
  { ask: 'Which parts of a request are in the key of the cache?', page: 'docs/caching.md' },
  { ask: 'How does a client forbid that its answer is kept in the cache?', page: 'docs/caching.md' },
  { ask: 'What happens when many identical requests arrive at the same moment?', page: 'docs/caching.md' },
  { ask: 'How can a client pick up a stream after its connection broke?', page: 'docs/resuming.md' },
  { ask: 'For how long can a resumable answer still be read after it has ended?', page: 'docs/resuming.md' },
  { ask: 'What does the same idempotency key sent again give me while the first request runs?', page: 'docs/resuming.md' },
  { ask: 'How do I set up the OpenAI library for Python?', page: 'docs/clients.md' },
  { ask: 'What does LangChain need to get token counts of streams?', page: 'docs/clients.md' },
  { ask: 'How do I use the gateway from Vercel’s AI SDK?', page: 'docs/clients.md' },
  { ask: 'What is the body of the request that creates an API key?', page: 'docs/api.md' },
  { ask: 'Which path explains a routing decision without running a model?', page: 'docs/api.md' },
  { ask: 'How do I list single requests and filter them as an operator?', page: 'docs/api.md' },
  { ask: 'Which error do I get when the budget of my key is used up, and may I retry?', page: 'docs/errors.md' },
  { ask: 'Which status does a body get that is too large or compressed?', page: 'docs/errors.md' },
  { ask: 'What does the setting for the retry budget default to?', page: 'docs/configuration.md' },
  { ask: 'How do I configure which web origins may call the gateway from a browser?', page: 'docs/configuration.md' },
  { ask: 'Where is the price of a model written down, and in which unit?', page: 'docs/configuration.md' },
  { ask: 'Which Durable Objects are there, and what is each of them asked for?', page: 'docs/storage.md' },
  { ask: 'How many rows does the ledger write, and what does a row cost?', page: 'docs/storage.md' },
  { ask: 'Which gauge shows how much of a budget is spent?', page: 'docs/metrics.md' },
  { ask: 'What is the name of the histogram of the time to the first token?', page: 'docs/metrics.md' },
  { ask: 'How do I rotate or revoke a leaked API key?', page: 'docs/operations.md' },
  { ask: 'How do I bring a Durable Object back to an earlier point in time?', page: 'docs/operations.md' },
  { ask: 'What should I do when the alert says that the tunnel is down?', page: 'docs/operations.md' },
  { ask: 'How do I make a stand-in model server say exactly what I want?', page: 'docs/stand-ins.md' },
  { ask: 'What is the difference between an upstream and a model?', page: 'docs/terms.md' },
  { ask: 'In which order does a request pass through its stages, and where are they in the code?', page: 'docs/request.md' },
  { ask: 'Where do I add a new format of tool calls or another dialect?', page: 'docs/extending.md' },
];
