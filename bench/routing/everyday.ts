/**
 * Writes everyday requests from patterns, for training only: texts to write with many wishes, long texts with a simple task, games and
 * roles to play. They are long and still easy, which few rows written by hand are.
 */
import { pick, seeded, type Random } from './random.ts';
import { writeText } from './texts.ts';

const words: Readonly<Record<string, readonly string[]>> = {
  write: [
    'Write',
    'write',
    'Create',
    'Please write',
    'Can you write',
    'Generate',
    'Draft',
    'I need',
    'make',
    'Help me write',
    'Compose',
    'I would like to have',
  ],
  kind: [
    'a blog post',
    'an article',
    'an email',
    'a cover letter',
    'a short story',
    'a poem',
    'a product description',
    'a job ad',
    'a speech',
    'a script for a two minute video',
    'a social media post',
    'a newsletter',
    'a landing page',
    'a press release',
    "a children's story",
    'a song',
    'a review',
    'an FAQ',
    'a profile text',
    'a script for a podcast',
    'a scene',
    'a dialogue',
    'a list of ideas',
    'a table of contents',
    'a lesson outline',
    'a quiz',
    'an invitation',
    'a thank-you note',
    'an essay of 500 words',
    'a sales page',
    'ten headlines',
    'five captions',
    'a tweet thread',
    'a bio',
    'a summary page',
    'a brochure',
    'an outline for a book',
    'a checklist',
    'a sample agenda',
    'some slogans',
  ],
  topic: [
    'our new bakery',
    'a travel agency for families',
    'an online course about photography',
    'my yoga studio',
    'the benefits of walking',
    'a boat trip around the islands',
    'an app for recipes',
    'two friends who open a cinema',
    'electric bicycles',
    'a dentist in a small town',
    'a summer camp',
    'a fantasy kingdom under the sea',
    'homemade soap',
    'working from home',
    "a second-hand shop for children's clothes",
    'a detective with bad eyesight',
    'the history of chocolate',
    'a gym for women',
    'digital marketing for craftsmen',
    'a cleaning company',
    'healthy sleep',
    'a charity run',
    'the launch of a mobile game',
    'a dragon that cannot fly',
    'gardening on a balcony',
    'a real estate agency',
    'first aid for dogs',
    'a music school',
    'a crypto beginner guide',
    'remote team building',
    'customer loyalty',
    'interior design on a budget',
    'an AI writing tool',
    'a wedding venue',
    'a software consultancy',
    'solar panels for houses',
    'a data analytics start-up',
    'job interviews',
  ],
  who: [
    'young parents',
    'students',
    'people over sixty',
    'small business owners',
    'beginners',
    'my colleagues',
    'tourists',
    'gamers',
    'teachers',
    'our subscribers',
    'recruiters',
    'marketing managers',
  ],
  name: ['Lumo', 'Anders & Sons', 'Blue Harbour', 'Casa Verde', 'Pixelfarm', 'Nordlicht', 'BrightPath', 'TalentLoop'],
  tone: ['friendly', 'professional', 'funny', 'warm', 'casual', 'persuasive', 'inspiring', 'neutral', 'playful'],
  number: ['3', '5', '10', 'two', 'four', '12', '150', '300', '800'],
  role: [
    'a travel guide',
    'a personal trainer',
    'a recruiter',
    'a stand-up comedian',
    'a marketing specialist',
    'a novelist',
    'a chef',
    'a life coach',
    'a tour guide in a museum',
    'a spelling teacher',
    'a copywriter',
    'a text adventure game',
    'a motivational speaker',
    'an SEO writer',
    'a prompt generator',
    'a nutritionist',
  ],
  task: [
    'Summarize the following text',
    'summarise this in {number} bullet points',
    'Rewrite the following in a {tone} tone',
    'Correct the grammar of this text',
    'Extract the keywords from the text below',
    'Classify the sentiment of this text',
    'Give me a title for this',
    'Translate this into Spanish',
    'Make a short description out of this',
    'Write {number} questions about the text',
    'turn this into a {tone} post',
    'Explain this text in simple words',
    'proofread this',
    'Continue this text',
    'Shorten this',
    'Which label fits: praise, complaint, question?',
    'Write a TL;DR',
    'Improve the following text',
    'Write a reply to this',
    'List the main points',
    'Paraphrase the paragraph below',
    'Write a conclusion for this',
  ],
};

const wishes: readonly string[] = [
  'The tone should be {tone}.',
  'It should be {tone} and easy to read.',
  'It is aimed at {who}.',
  'The target audience is {who}.',
  'Our company is called {name}.',
  'Use the name {name} at least twice.',
  'Include a call to action at the end.',
  'Mention that we have been around for {number} years.',
  'Add {number} hashtags.',
  'Keep it under {number} words.',
  'Use short paragraphs.',
  'Use subheadings and bullet points.',
  'Start with a question that makes people curious.',
  'End with a surprise.',
  'There should be {number} characters, one of them is grumpy.',
  'It takes place in {topic}.',
  'Tell it in the first person.',
  'Avoid clichés.',
  'Do not mention any prices.',
  'Describe the setting in detail.',
  'Give concrete examples.',
  'Also suggest a title.',
  'Add a meta description for search engines.',
  'Use the keywords {topic} and {topic}.',
  'Make sure that it sounds natural and not like an advertisement.',
  'The reader should feel understood.',
  'I want people to remember {name}.',
  'The main character is called {name}.',
  'Please divide it into {number} parts.',
  'Each part should have a headline.',
  'Explain briefly why this matters for {who}.',
  'We offer free delivery and a guarantee of {number} years.',
  'I have {number} years of experience in sales and customer service.',
  'I studied in Lisbon and speak three languages.',
  'My strengths are organisation, patience and a good sense of humour.',
  'Write it in British English.',
  'Think of a metaphor that fits {topic}.',
  'It is for our website.',
  'We will read it aloud at the party.',
  'The product comes in blue, green and sand.',
  'It weighs only {number} grams and fits into every bag.',
  'Compare it briefly with {topic}.',
  'Use emojis where they fit.',
  'Write in a way that a child understands it.',
  'The conflict is that both want the same thing.',
  'There is a twist when the phone rings.',
  'Please give me {number} versions.',
  'Put the result into a table with {number} columns.',
  'For each idea give the name, a short description and the price range.',
  'Do not repeat yourself.',
  'Let the dialogue be quick and witty.',
  'It should be optimised for {topic}.',
  'Mention our opening hours from nine to six.',
  'Add a short paragraph about the team.',
];

const rules: readonly string[] = [
  'I will give you a topic and you will write about it.',
  'You will ask me questions one at a time.',
  'Wait for my answer before you go on.',
  'Do not write explanations.',
  'Only reply with the text and nothing else.',
  'You should never step out of your role.',
  'When I write stop, we end the game.',
  'Your answers should be {tone}.',
  'If I make a mistake, correct me politely.',
  'Use simple words.',
  'You give me {number} suggestions each time.',
  'My first request is about {topic}.',
  'My first sentence is "Hello, who are you?"',
  'Start by asking me what I like.',
  'I want to get help with {topic}.',
  'You describe the place and I tell you what I do.',
  'Keep every reply under {number} words.',
];

function fill(pattern: string, random: Random): string {
  const filled = pattern.replace(/\{(\w+)\}/g, (_, slot: string) => pick(words[slot] ?? [''], random));
  return filled.includes('{') ? fill(filled, random) : filled;
}

function several(pool: readonly string[], most: number, random: Random): string {
  const count = Math.floor(random() * (most + 1));
  const separator = random() < 0.2 ? '\n- ' : random() < 0.3 ? '\n' : ' ';
  return Array.from({ length: count }, () => separator + fill(pick(pool, random), random)).join('');
}

/** What a browser extension sends: search results, rules how to quote them, and a question. */
function writeSearch(random: Random): string {
  const results = Array.from(
    { length: 2 + Math.floor(random() * 6) },
    (_, at) => `[${at + 1}] "${writeText(random, 3)}"\nURL: https://example.com/${at}`,
  );
  const question = fill(
    pick(
      [
        'what is {topic}',
        '{topic}',
        'how much does {topic} cost',
        'who likes {topic}',
        'best tips for {topic}',
        '{kind} about {topic}',
      ],
      random,
    ),
    random,
  );
  return `Web results:\n\n${results.join('\n\n')}\n\n${pick(['Instructions: use the results above to answer the question and cite them.', 'Answer with references.', ''], random)}\n${pick(['Query: ', 'Question: ', 'Prompt: '], random)}${question}`;
}

function writeOne(random: Random): string {
  const kind = random();
  if (kind > 0.92) return writeSearch(random);
  if (kind < 0.5)
    return (
      fill(
        pick(
          [
            '{write} {kind} about {topic}.',
            '{write} {kind} for {who} about {topic}',
            '{write} {kind} for {topic}.',
            'I run {topic}. {write} {kind}.',
            '{write} {kind} about {topic} for {who}.',
          ],
          random,
        ),
        random,
      ) + several(wishes, 12, random)
    );
  if (kind < 0.8) {
    const text = writeText(random, 4 + Math.floor(random() * 50));
    const task = fill(pick(words['task'] ?? [], random), random);
    return pick(
      [`${task}:\n\n${text}`, `${task}: ${text}`, `${text}\n\n${task}.`, `${task}\n${text}`, `${task}.\n\nText: "${text}"`],
      random,
    );
  }
  return (
    fill(
      pick(
        [
          'I want you to act as {role}.',
          'Act as {role}.',
          'You are {role}.',
          'Let us play a game. You are {role}.',
          'Pretend to be {role}.',
        ],
        random,
      ),
      random,
    ) + several(rules, 9, random)
  );
}

/** `count` everyday requests, always the same for one seed. */
export function writeEveryday(count: number, seed: number): string[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => writeOne(random));
}
