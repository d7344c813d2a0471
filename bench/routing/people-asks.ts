/**
 * Writes designs and professional judgements that are told by way of people, without figures and technical words, and easy requests about the same
 * people: whom a request mentions says nothing of how hard it is. `train` fills patterns and words that `heldOut` has none of.
 */
import type { ChatRequest } from '../../shared/chat.ts';
import { pick, seeded, type Random } from './random.ts';

interface Setting {
  readonly who: string;
  readonly others: string;
  readonly work: string;
  readonly place: string;
  readonly matter: string;
  readonly event: string;
}

const setting = (who: string, others: string, work: string, place: string, matter: string, event: string): Setting => ({
  who,
  others,
  work,
  place,
  matter,
  event,
});

export interface PeopleKind {
  readonly settings: readonly Setting[];
  readonly hard: readonly string[];
  /** After a turn before. */
  readonly hardNext: readonly string[];
  readonly easy: readonly string[];
}

export const training: PeopleKind = {
  settings: [
    setting('night porters', 'guests', 'handing over keys', 'a guest house', 'lost keys', 'a porter falls ill'),
    setting('midwives', 'families', 'home visits', 'a valley', 'missed visits', 'two births come at once'),
    setting('volunteers', 'refugees', 'giving out clothes', 'the parish hall', 'the queue', 'a lorry comes without notice'),
    setting('bus drivers', 'pupils', 'the school run', 'the villages', 'late buses', 'the bridge is closed'),
    setting('stage hands', 'actors', 'changing the sets', 'the theatre', 'accidents in the dark', 'an actor misses the cue'),
    setting(
      'judges of a contest',
      'young musicians',
      'marking',
      'the town hall',
      'complaints about marks',
      'a judge knows a player',
    ),
    setting(
      'carers',
      'residents',
      'the evening round',
      'a nursing home',
      'wandering residents',
      'a resident refuses the medicine',
    ),
    setting('fishermen', 'traders', 'the auction', 'the quay', 'unpaid catches', 'a boat comes back empty'),
    setting('editors', 'authors', 'the proofs', 'a small press', 'late changes', 'an author withdraws a chapter'),
    setting('foresters', 'walkers', 'felling', 'the town wood', 'closed paths', 'a storm blocks the road'),
    setting('landlords', 'students', 'moving in', 'a shared house', 'the deposit', 'a student leaves in the night'),
    setting('cooks', 'waiters', 'the evening service', 'a hotel', 'dishes that come back', 'the stove goes out'),
    setting('referees', 'coaches', 'the season', 'the league', 'protests', 'a team does not turn up'),
    setting(
      'nurses',
      'surgeons',
      'the count of instruments',
      'the theatre block',
      'things left behind',
      'the count does not agree',
    ),
    setting('archivists', 'heirs', 'opening letters', 'the archive', 'private letters', 'an heir objects'),
    setting('shepherds', 'hikers', 'grazing', 'the common', 'dogs off the lead', 'a ewe is killed'),
  ],
  hard: [
    'Set up {work} at {place} so that {who} and {others} can rely on it even when {event}. What would you give up for that?',
    'Think through a system for {work} in which {who} never have to wait for {others}; say where it is weak and what you rejected.',
    'Work out how {who} at {place} should organise {work}, with the trade-offs between trust and control.',
    'Devise rules for {matter} that {who} and {others} would both accept, and test them against the case that {event}.',
    'We want to change {work} without {others} noticing any interruption. Lay out the stages, what depends on what, and how to turn back.',
    'How should responsibility be divided between {who} and {others} for {matter}? Consider the alternatives and defend one.',
    'What scheme would keep {matter} from happening again at {place}, and how could {others} get around it?',
    '{event}, and {who} acted on their own. Were they entitled to, and what hangs on it?',
    '{others} accuse {who} of neglect because {event}. Which facts would settle that, and what do you advise {who}?',
    'One of the {who} kept quiet about {matter}. How serious is that, professionally, and what has to happen now?',
    'Give your opinion on whether {who} may refuse {work} when {event}; consider both duties and say which is stronger.',
    'Who bears the loss if {event}: {who} or {others}? Reason it out, there is no written agreement.',
    'As far as one can tell, {who} at {place} are overworked rather than careless. What would speak for and against that reading of {matter}?',
    'Build a procedure for {matter} at {place}: who decides what, on which evidence, and what if they disagree?',
    'Critique this arrangement: {who} do {work}, {others} check it, nobody writes it down. Where does it fail first?',
    'I have to decide between dismissing one of the {who} and keeping someone {others} no longer trust. Help me weigh it properly.',
    'Plan how {place} moves from {who} doing {work} to {others} doing it themselves, with the risks of every step.',
    'Reason through what {who} ought to do first when {event}, and what they must not do under any circumstances.',
  ],
  hardNext: [
    'And if {event} while all that is going on? What gives way first?',
    'Now suppose {others} were the ones in charge. What of your reasoning survives?',
    'Argue against your own proposal from the point of view of {others}.',
    'Would it be judged differently if {who} had been told beforehand? Why?',
    'Which of these steps could {others} block, and how would you design around that?',
  ],
  easy: [
    'Write a short note to {others} that {who} will be late for {work}.',
    'What is another word for {who}?',
    'What do {who} do?',
    'Thank {who} for {work} in two sentences.',
    'Where can {others} find {who} at {place}?',
    'Translate into Spanish: {who} and {others} meet at {place}.',
    'Write a friendly invitation to {others}: {who} show how {work} is done.',
    'Tell {others} that {event}.',
    'Make a poster text: {who} wanted at {place}.',
    'Put this more politely: {others} must not disturb {who} during {work}.',
    'Give me five names for a newsletter of {who}.',
    'Is {work} something that {who} do or {others}?',
    'Send {who} a reminder about {matter}.',
    'Look up when {who} are at {place} tomorrow.',
    'Find the phone number of the {who}.',
    'Check whether {others} have confirmed for {work}.',
    'Summarise in one line: {event}, so {who} and {others} agreed to meet again at {place}.',
    'List who was there: {who}, {others} and the mayor.',
    'Write a text message to {others}: {event}, {work} starts later.',
    'Describe {place} to {others} in a few sentences.',
    'Who looks after {matter} at {place}?',
    'Book {place} for {who} on Friday.',
    'Add {matter} to the agenda of {who}.',
    'A birthday rhyme for one of the {who}, please.',
  ],
};

export const heldOut: PeopleKind = {
  settings: [
    setting(
      'librarians',
      'teenagers',
      'the reading hour',
      'the branch library',
      'torn books',
      'a boy takes a book home secretly',
    ),
    setting('pilots', 'controllers', 'the briefing', 'a small airfield', 'misheard instructions', 'the radio fails'),
    setting(
      'pharmacists',
      'doctors',
      'checking prescriptions',
      'the village',
      'doubtful prescriptions',
      'a doctor cannot be reached',
    ),
    setting('gardeners', 'neighbours', 'watering', 'the courtyard', 'dried-out beds', 'somebody cuts down the vine'),
    setting('interpreters', 'witnesses', 'the hearing', 'the court', 'softened answers', 'a witness breaks down'),
    setting('trainers', 'parents', 'choosing the team', 'the club', 'favourites', 'a father shouts at a child'),
    setting('vets', 'farmers', 'the vaccinations', 'the district', 'hidden cases', 'a farmer turns a vet away'),
    setting('caretakers', 'tenants', 'the heating', 'the old block', 'cold flats', 'a tenant forces the door'),
  ],
  hard: [
    'How would you arrange {work} at {place} so that neither {who} nor {others} can be blamed unfairly afterwards? Show what it costs them.',
    'Draw up an order of procedure for the moment when {event}, and explain why each step stands where it does.',
    'Is it defensible that {who} said nothing about {matter}? Take the strongest case on either side and conclude.',
    'Advise {who}: {event}. What are they answerable for, and to whom?',
    'Invent a way of {work} that still works when half of the {who} leave; name what would break it.',
    'Between {who} and {others} there is no trust left over {matter}. Develop a way back, with the objections each will raise.',
    'Do {others} have a point when they say that {who} brought {matter} on themselves? Examine it.',
    'What should the division of labour between {who} and {others} look like if {matter} must not recur? Compare two models.',
    'Assess how {who} handled it: {event}, they carried on with {work}. Right or wrong, and what follows for them?',
    'Outline how {place} could do without {who} altogether, and what would be lost that nobody sees now.',
  ],
  hardNext: [
    'What would have to be true for the opposite to be right?',
    'How does that change if {others} knew all along?',
    'Where could {who} cheat in your arrangement, and what would you do about it?',
  ],
  easy: [
    'Draft two lines to {others}: {work} is on Thursday this week.',
    'Which plural is right, "{who}" or something else?',
    'Wish {who} a nice holiday.',
    'Say in French: {others} wait at {place}.',
    'Correct the spelling: {who} and {others} meat at {place}.',
    'Name three things that {who} carry with them.',
    'Show me the list of {who} for tomorrow.',
    'Let {others} know where {work} takes place.',
    'How do I address one of the {who} in a letter?',
    'A caption for a photo of {who} with {others} at {place}.',
    'Tell me when {work} begins.',
    'Shorten: {event}, and that is why {who} came later than {others} had thought.',
  ],
};

function fill(pattern: string, words: Setting): string {
  const text = pattern.replaceAll(
    /\{(\w+)\}/g,
    (_, slot: string) => Object.entries(words).find(([name]) => name === slot)?.[1] ?? '',
  );
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export interface PeopleAsk {
  readonly request: ChatRequest;
  readonly isHard: boolean;
}

const share = { next: 0.25, withTool: 0.2 } as const;
const tools: NonNullable<ChatRequest['tools']> = ['find_person', 'send_note'].map((name) => ({
  type: 'function',
  function: {
    name,
    description: 'Does what its name says.',
    parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  },
}));

/** `count` requests, hard and easy in turn, always the same for one seed. */
export function writePeopleAsks({ settings, hard, hardNext, easy }: PeopleKind, count: number, seed: number): PeopleAsk[] {
  const random: Random = seeded(seed);
  return Array.from({ length: count }, (_, at) => {
    const isHard = at % 2 === 0;
    const words = pick(settings, random);
    const ask = (patterns: readonly string[]): string => fill(pick(patterns, random), words);
    const isNext = random() < share.next;
    const messages: ChatRequest['messages'] = isNext
      ? [
          { role: 'user', content: ask(isHard ? hard : easy) },
          { role: 'assistant', content: 'Here is what I think.' },
        ]
      : [];
    messages.push({ role: 'user', content: ask(isHard ? (isNext ? hardNext : hard) : easy) });
    return { request: { model: 'auto', messages, ...(random() < share.withTool ? { tools } : {}) }, isHard };
  });
}
