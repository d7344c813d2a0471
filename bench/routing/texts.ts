/**
 * Writes long running texts (letters, reviews, talks, articles) from a seed, for rows that ask something easy or something hard about
 * one: how long a text is says nothing about the request.
 */
import { pick, type Random } from './random.ts';

type Kind = 'letter' | 'review' | 'talk' | 'article' | 'argument';

const sentences: Readonly<Record<Kind, readonly string[]>> = {
  letter: [
    'Thank you for your message of the {day}.',
    'We have not yet received the {thing}, although the invoice was paid in {month}.',
    'Could you tell me when the {thing} will be delivered?',
    '{name} from your office promised to call back, but nobody did.',
    'Please find the signed form attached.',
    'I would prefer a refund to another repair.',
    'My neighbour can take the parcel after five.',
    'We have been customers for {number} years and were always content.',
    'The lift is out of order again, and the stairs are too steep for my mother.',
    'If this is not settled by {month}, I will have to look for another supplier.',
  ],
  review: [
    'The room was bright and quiet, with a view of the {thing}.',
    'Breakfast was a letdown: cold eggs {number} days in a row!',
    '{name} at the desk could not have been kinder.',
    'Would I come back? Perhaps, if the price were lower.',
    'It took {number} weeks to arrive and one leg was loose.',
    'The colours are nicer than in the pictures.',
    'My children loved the {thing} and did not want to leave.',
    'For the money you get a lot, but do not expect luxury.',
    'The instructions are in very small print.',
    'All in all a solid choice for beginners.',
  ],
  talk: [
    'so yeah I started in {month} and I had no idea what I was doing you know',
    '{name}: And how did your family react?',
    'well they laughed at first, but then my uncle lent me the {thing}',
    'that is what people do not see, it is mostly waiting',
    '{name}: Was there a moment when you wanted to stop?',
    'oh many, I think about {number} times, and always in winter',
    'what I tell young people is look at your hands not at your phone',
    '{name}: Where do you see all this in ten years?',
    'I mean it is not rocket science, right, it is just a lot of small steps',
    'we sold the first one for next to nothing and it is still running',
  ],
  article: [
    'The town on the {thing} has about {number} thousand inhabitants.',
    'According to {name}, visitor numbers have grown again since {month}.',
    'The building dates from the eighteenth century and was last renovated after the war.',
    'Researchers looked at {number} households over a period of three years.',
    'Critics say that the plan comes too late, supporters point to the costs.',
    'Most of the goods are transported by rail.',
    'The council will vote on the proposal in {month}.',
    'In the north the soil is sandy, further south it turns to clay.',
    'Few of the old workshops are left, and those make instruments.',
    'The museum shows tools, maps and a reconstructed kitchen.',
  ],
  argument: [
    'If the state may tax income, it may also tax what is left of it.',
    'Nobody who consents to a rule can complain of being bound by it.',
    'Yet consent given without an alternative is hardly consent.',
    'The study compared {number} patients with a group that was not randomised.',
    'From this it follows that the effect must be due to the treatment.',
    'The supplier confirmed the date in {month} and withdrew the confirmation by phone.',
    'The witness says the door was locked; the caretaker says it was not.',
    'Costs rise by {number} percent a year while revenue stays flat.',
    'The log of the system shows two bookings for the same place.',
    'A contract that both sides signed under a mistake is not therefore void.',
  ],
};

const fillings: Readonly<Record<string, readonly string[]>> = {
  day: ['3rd', '14th', '21st', '30th'],
  month: ['January', 'March', 'May', 'August', 'October'],
  thing: ['lamp', 'harbour', 'garden table', 'old bridge', 'printer', 'river', 'accordion', 'playground', 'bicycle'],
  name: ['Ms Lund', 'Mr Achebe', 'Irena', 'Host', 'Dr Novak', 'Paulo'],
  number: ['two', 'three', '12', '40', '75', 'nine'],
};

/** About `count` sentences of one kind, in paragraphs; two texts in three are of one kind all through. */
export function writeText(random: Random, count: number): string {
  const kinds = Object.keys(sentences).filter((kind): kind is Kind => kind in sentences);
  const kind = pick(kinds, random);
  const other = random() < 0.33 ? pick(kinds, random) : kind;
  const separator = kind === 'talk' ? '\n' : ' ';
  let text = '';
  for (let at = 0; at < count; at += 1) {
    const sentence = pick(sentences[random() < 0.7 ? kind : other], random).replace(/\{(\w+)\}/g, (_, slot: string) =>
      pick(fillings[slot] ?? [''], random),
    );
    text += at === 0 ? sentence : `${random() < 0.15 ? '\n\n' : separator}${sentence}`;
  }
  return text;
}
