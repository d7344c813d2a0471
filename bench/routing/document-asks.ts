/**
 * Writes questions beside a pasted document, for training only: easy ones, whose answer stands in one place of it, and hard ones, which weigh its parts against each
 * other. The documents are the same, so that neither their length nor their subject decides.
 */
import { writePassage } from './material.ts';
import { pick, seeded, type Random } from './random.ts';
import { writeText } from './texts.ts';

const slots: Readonly<Record<string, readonly string[]>> = {
  subject: [
    'keys',
    'the archive',
    'overtime',
    'deliveries',
    'guests',
    'pets',
    'the lift',
    'noise',
    'the deposit',
    'sick notes',
    'passwords',
    'photographs',
    'the pool',
  ],
  role: ['the caretaker', 'a deputy', 'the treasurer', 'the trainer', 'reception', 'the safety officer', 'the landlord'],
  doc: ['document', 'text', 'contract', 'guide', 'policy', 'report', 'letter', 'page', 'lease', 'agreement', 'minutes', 'above'],
  who: ['a colleague', 'my mother', 'the new trainee', 'the board', 'somebody in a hurry'],
  number: ['two', 'three', 'five'],
  time: ['in the evening', 'on Sundays', 'after closing', 'in an emergency', 'during holidays'],
  thing: ['the projector', 'the oven', 'the coffee machine', 'the gate', 'the bus', 'the pump', 'the scanner'],
  language: ['French', 'Polish', 'Turkish', 'German'],
  sum: ['500', '1,200 euros', '80 pounds', '10,000'],
  when: ['in winter', 'from July on', 'for two weeks', 'at weekends'],
};

const easy: readonly string[] = [
  'Who looks after {subject}, according to the {doc}?',
  'who is in charge of {subject} here',
  'Who signs for {subject}?',
  'Whom do I ask about {subject} {time}?',
  'Which office deals with {subject}?',
  'What does the {doc} say about {subject}?',
  'what does it say about {subject} {time}?',
  'What is the rule for {subject}?',
  'According to the {doc}, how long is {thing} kept?',
  'How much does {subject} cost?',
  'Until when can I hand in the form for {subject}?',
  'By when do I have to report {subject}?',
  'How is {thing} to be cleaned?',
  'What do I do when {thing} does not start?',
  'What number do I call {time}?',
  'Where is {thing}?',
  'In which section do I find {subject}?',
  'Are {subject} mentioned?',
  'Is {thing} allowed {time}?',
  'May {role} use {thing} {time}?',
  'Does this apply {when}?',
  'What is the date of the {doc}?',
  'Quote the sentence about {subject}.',
  'List the names in it.',
  'List the deadlines.',
  'Summarise the {doc} for {who}.',
  'summary in {number} sentences please',
  'Give {who} the gist in {number} lines.',
  'tl;dr',
  'What are the {number} main points?',
  'Translate the part about {subject} into {language}.',
  'Put the part about {subject} into plain words.',
  'Find the paragraph on {subject}.',
  'Tell {who} what to do with {thing}.',
  'Deadline?',
  'fee?',
  'Who decides?',
  'Number of days?',
  'which version?',
];
const hard: readonly string[] = [
  'Which parts of the {doc} contradict each other, and which of them prevails?',
  'Where is this inconsistent? Argue for each place how it should read.',
  'Assess which of these provisions a court would not uphold, and why.',
  'Review the {doc} for gaps: what could go wrong that it does not cover?',
  'What are the risks for {role} in this, and how would you limit each?',
  'Redraft the rules on {subject} so that no case is left open, and justify every change.',
  'Which obligations depend on each other? Draw the order in which they fall due.',
  'Analyse the argument: which premises are hidden, and does the conclusion follow?',
  'Compare what it says about {subject} with what it says about {thing} and reconcile the two.',
  'Work out what {role} owes if the notice is given {when}, with every case considered.',
  'Evaluate whether the figures support the conclusion. Which other explanation fits them?',
  'Develop a plan to carry this out {when} with half of the people; say what has to be given up.',
  'Critique this as an expert would, weakness by weakness, with evidence from the {doc}.',
  'Advise {role}: sign or not? Weigh the clauses against each other.',
  'From the {doc}, reconstruct what must have happened and mark what cannot be known.',
  'Derive from it a decision table for {subject} that covers all combinations.',
  'Refute the argument of the {doc}, point by point, with evidence.',
  'Draft a reply that contests each claim of the {doc} and cites the rule for it.',
  'Which of the numbers in it cannot be right? Recalculate what depends on them.',
  'Write an expert opinion on the {doc}: facts, questions, assessment, result.',
  'Discuss both sides of {subject} as the {doc} presents them and come to a judgement of your own.',
  'Turn the {doc} into a process with roles, states and transitions, and show where it can get stuck.',
  'What does the author presuppose without saying it, and what follows if it is false?',
  'Work out from the {doc} who is to blame for the damage to {thing}, and how sure that is.',
  'How would the outcome change if {role} had objected {time}? Reason from the rules.',
];

const headings = [
  'Purpose',
  'Access',
  'Use',
  'Costs',
  'Duties',
  'Exceptions',
  'Emergencies',
  'Records',
  'Changes',
  'Contacts',
] as const;
/** Of many trades, and with words that are heard in hard questions too: what a document talks about is not what is asked of it. */
const rules: readonly string[] = [
  'Whoever uses {thing} signs the list and leaves it clean.',
  '{role} is to be told about {subject} within {number} days.',
  'For {subject} there is a fee, which {role} may waive.',
  'Nobody may be at {thing} alone {time}.',
  'A copy of the form goes to {role}, another one into the folder.',
  'Questions about {subject} are answered by {role}, and {time} by whoever is on duty.',
  'The rule for {subject} does not apply {when}.',
  'If {thing} fails, pull the plug and call the number on its side.',
  'Before {subject} are changed, {role} asks the other side in writing.',
  'Until further notice {subject} are handled as in the year before.',
  'Costs above {sum} are approved by {role}; smaller ones are decided on the spot.',
  'Both parties sign, and each keeps one of the signed copies.',
  '{role} decides {when} whether {thing} is repaired or replaced.',
  'The tenant is liable for damage to {thing} unless it was there before.',
  'Notice is given in writing, {number} months before the end of a quarter.',
  'This clause survives the end of the contract.',
  'Each employee is entitled to {number} days for {subject}, which lapse in March.',
  'The committee evaluated three offers and accepted the second one for {sum}.',
  'A risk assessment is made every year and kept for {number} years.',
  'The analysis of the samples takes {number} days; results are sent to {role}.',
  'Take one tablet {time} with water; do not exceed {number} a day.',
  'Patients with a reduced kidney function are given half of the dose.',
  'The probability of a failure is below one in a thousand a year.',
  'In the second test the temperature rose by {number} degrees in four minutes.',
  'Version {number}.4 fixes the crash of {thing} and removes the old interface.',
  'The server is restarted {time}; backups are written to another region first.',
  'Keys of the interface are rotated by {role} and never sent by mail.',
  'If two requests arrive together, the first one wins and the second is repeated.',
  'Students who miss {number} lessons hand in an essay about {subject}.',
  'The exam covers chapters one to {number}; proofs need not be learned by heart.',
  'Grants are paid in {number} parts, the last one after the final report.',
  'The insurer does not pay for {subject} if the door was left unlocked.',
  'Trains on this line wait at most {number} minutes for a connection.',
  'Luggage is left at {thing}; nothing is handed out without the ticket.',
  'Stir until the mixture is smooth, then let it rest for {number} hours.',
  'Tighten the four screws crosswise and check the pressure again after {number} days.',
  'Revenue grew by {number} percent, while the costs of {subject} stayed the same.',
  'Mr Adeyemi proposed to postpone {subject}; the motion was carried with two abstentions.',
  'The auditor noted that the records of {subject} were incomplete {when}.',
  'Objections are addressed to {role} and answered before the next meeting.',
  'Members elect a chair, a deputy and a treasurer for {number} years.',
  'Whoever finds a mistake in the plan reports it at once and stops the work.',
  'Children under {number} are admitted free and only with an adult.',
  'In a conflict between these terms and the law, the law prevails.',
  'Access is granted by {role} for a limited time and withdrawn by the system.',
  'The strategy for {subject} was last revised {when} and is compared with its goals every year.',
];

function fill(pattern: string, random: Random): string {
  const text = pattern.replace(/\{(\w+)\}/g, (_, slot: string) => pick(slots[slot] ?? [''], random));
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Numbered sections of house rules. */
function writeRules(random: Random, sections: number): string {
  return Array.from({ length: sections }, (_, at) => {
    const lines = Array.from({ length: 2 + Math.floor(random() * 4) }, () => fill(pick(rules, random), random));
    return `${at + 1}. ${pick(headings, random)}\n${lines.join(' ')}`;
  }).join('\n\n');
}

function writeDocument(random: Random): string {
  const size = random();
  if (random() < 0.15) return Array.from({ length: 1 + Math.floor(size * 3) }, () => fill(pick(rules, random), random)).join(' ');
  if (random() < 0.6) return writeRules(random, 3 + Math.floor(size * 18));
  return random() < 0.5 ? writePassage(random, 8 + Math.floor(size * 50)) : writeText(random, 8 + Math.floor(size * 50));
}

function place(ask: string, random: Random): string {
  const material = writeDocument(random);
  if (material.length < 200) return `${material} ${ask}`;
  return pick(
    [
      `${material}\n\n${ask}`,
      `${material}\n\n${ask}`,
      `${ask}\n\n${material}`,
      `${ask}\n\n"""\n${material}\n"""`,
      `Document:\n${material}\n\nQuestion: ${ask}`,
      `<document>\n${material}\n</document>\n${ask}`,
    ],
    random,
  );
}

/** `count` requests, hard and easy in turn, always the same for one seed. */
export function writeDocumentAsks(count: number, seed: number): { text: string; isHard: boolean }[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, at) => {
    const isHard = at % 2 === 0;
    return { text: place(fill(pick(isHard ? hard : easy, random), random), random), isHard };
  });
}
