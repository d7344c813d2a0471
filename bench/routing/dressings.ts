/**
 * Words that stand around a request without changing what it asks, for training. On purpose ones that the Worker does not take off
 * (`worker/core/classify/frame.ts`), so that the learned model gets used to what slips through; wrappings.ts measures with others.
 */
import { pick, type Random } from './random.ts';

const before: readonly string[] = [
  'Kindly shed some light on the matter set out below.\n\n',
  'This came up over lunch today.\n\n',
  'My cousin insists that I put this to you: ',
  'For context, I am on a train to Bremen.\n\n',
  'Ticket 4711\n\n',
  'A mate of mine sent me this: ',
  'So, ',
  'Serious matter! ',
  'Found on a forum: ',
  'From my notebook:\n',
  'Dear oracle, ',
  'Ça va ? ',
  'Wie gehts?\n\n',
  'How has your week been?\n\n',
  'Let me know if it is unclear. ',
  'No idea where to begin. ',
  'Greetings from rainy Bergen!\n\n',
  'Long-time reader, first-time writer. ',
  'As discussed on the phone:\n\n',
  'Somebody in our group chat came up with the following.\n\n',
  'Assume the reader is a reasonably educated adult.\n\n',
  'You possess vast knowledge of practically everything under the sun.\n\n',
  'Channel your inner professor.\n\n',
  '== Inquiry ==\n\n',
  'Subject: inquiry\n\n',
  'Hola equipo, espero que estén bien.\n\n',
  'Sehr geehrte Damen und Herren,\n\n',
  'Chers collègues,\n\n',
  'Уважаемые коллеги!\n\n',
  '各位老师：\n\n',
];
const behind: readonly string[] = [
  '\n\nLooking forward to hearing from you at your earliest convenience.',
  '\n\nPS: no hurry.',
  ' My boss is waiting for it.',
  '\n\nA lot depends on it.',
  '\n\nYou rock.',
  '\n\nI believe in you!',
  ' Peace.',
  '\n\nAdd a short rationale for each claim.',
  '\n\nDemonstrate how you arrived there.',
  '\n\nDo it to the best of your ability.',
  '\n\nWin a prize if you get it right.',
  ' (from my tablet)',
  '\n\nCriticism welcome.',
  '\n\nBye',
  '\n\nMuch obliged.',
  '\n\nI owe you a coffee.',
  '\n\nRespond in the manner of a seasoned consultant.',
  '\n\nUse Markdown with a level-two heading per topic.',
  '\n\nEmit a JSON document that has the fields "reply" and "certainty".',
  '\n\nStick to plain prose, no bullet points, British spelling.',
  '\n\nMull it over before replying.',
  '\n\nDouble-check everything.',
  '\n\n[ref 88-12, do not remove]',
  '\n\nThis email and any attachments are confidential.',
  '\n\nCordialmente, el equipo de soporte',
  '\n\nHerzliche Grüße aus Bremen, Jana und Tom',
  '\n\nDans l’attente de votre retour, je vous souhaite une belle journée.',
  '\n\nС наилучшими пожеланиями, Ольга',
  '\n\n祝好！小李',
  '\n\nHow would you go about that?',
  '\n\nAny thoughts on this one?',
];

/** The text with something before it, behind it, or both. */
export function dress(text: string, random: Random): string {
  const where = random();
  return `${where < 0.6 ? pick(before, random) : ''}${text}${where > 0.4 ? pick(behind, random) : ''}`;
}
