/** Pages of an invented company handbook, as long as wanted: what agents read before they answer. */
import { between, type Random } from '../../../infra/standin/random.ts';
import { slots } from './slots.ts';

const sentences = [
  '{policy} are handled by {person} in {city}; at the weekend call extension {n}.',
  'Requests about {policy} must be filed by {day} noon and are answered within {n} working days.',
  '{machine} is cleaned every {day} with warm water and no solvent, and checked again after {n} minutes.',
  'If {machine} stops, switch it off at the wall, wait {n} seconds, and write the time into the red book.',
  'Amounts above {n} EUR need a second signature; below that a team lead may decide alone.',
  'In {month} the rules for {policy} change: until then the old form in {city} stays valid.',
  '{person} keeps the keys; a second set lies with the porter, who hands it out against a signature.',
  'Nobody works on {machine} alone, and never during the night shift between 22:00 and 05:{n}.',
  'Complaints about {policy} go to {person} first, then to the works council, and are closed after {n} days.',
  'The branch in {city} follows its own plan for {policy} until the audit in {month}.',
  'Visitors sign in, wear a badge, and are not left alone near {machine}.',
  'A copy of every form is kept for {n} years, on paper in {city} and scanned in the archive.',
];

export function handbook(random: Random, words: number): string {
  const pick = (name: string): string => {
    const options = slots[name] ?? [''];
    return options[Math.floor(random() * options.length)] ?? '';
  };
  const parts: string[] = [];
  for (let count = 0, section = 1; count < words; section += 1) {
    const lines = Array.from({ length: between(random, 3, 6) }, () => {
      const sentence = sentences[Math.floor(random() * sentences.length)] ?? '';
      const text = sentence.replace(/\{([a-z]+)\}/g, (_, name: string) =>
        name === 'n' ? String(between(random, 10, 59)) : pick(name),
      );
      return text.charAt(0).toUpperCase() + text.slice(1);
    });
    const text = `${section}. ${pick('policy')} and ${pick('machine')}\n${lines.join(' ')}`;
    count += text.split(/\s+/).length;
    parts.push(text);
  }
  return parts.join('\n\n');
}
