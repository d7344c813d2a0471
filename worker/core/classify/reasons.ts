/** What decided a score, in words and figures for people. Phrases may quote keywords of any script. */
import type { HeuristicScore, SignalReading } from './heuristic.ts';
import type { LearnedScore } from './learned.ts';
import type { Adapted } from './adaptive/adapted.ts';
import { signals } from './signals/registry.ts';

/** Keywords quoted in one reason. */
const maxQuoted = 5;
/** A signal of at least this value is named beside a trained score. */
const tellingFrom = 0.5;
/** A gain of fewer percentage points says nothing. */
const minGainPoints = 2;

/** The parts of a heuristic score, such as `keywords 0.20 (prove)`: rounded so that they add up to the score as it is shown. */
export function sumReasons({ score, signals: readings }: HeuristicScore): string[] {
  const parts = weightiestFirst(readings).map((reading) => ({ reading, exact: reading.contribution * 100 }));
  const shown = roundedTo(
    Math.round(score * 100),
    parts.map(({ exact }) => exact),
  );
  return parts.flatMap(({ reading }, index) => {
    const hundredths = shown[index] ?? 0;
    return hundredths > 0 ? [`${phraseOf(reading)} ${(hundredths / 100).toFixed(2)}${quoted(reading)}`] : [];
  });
}

/** A trained score cannot be shown as a sum: gives its chance, and the strongest signals of the request. */
export function chanceReasons(learned: LearnedScore, heuristic: HeuristicScore): string[] {
  const reasons = [`${percent(learned.largeDeserved)} likely to need the large model`];
  const gainPoints = Math.round((learned.largeRight - learned.smallRight) * 100);
  if (learned.kind !== 'prose' && gainPoints >= minGainPoints)
    reasons.push(`which is right ${gainPoints} percentage points more often on such questions`);
  return [...reasons, ...tellingSignals(heuristic)];
}

/** The same for a score that was learned from the deployment's own outcomes. */
export function adaptedReasons({ version, gain }: Adapted, heuristic: HeuristicScore): string[] {
  const points = Math.round(gain * 100);
  const expected = points > 0 ? `${points} points better` : points < 0 ? `${-points} points worse` : 'no better';
  return [`own outcomes (version ${version}) expect the large model to be ${expected}`, ...tellingSignals(heuristic)];
}

function tellingSignals(heuristic: HeuristicScore): string[] {
  const telling = weightiestFirst(heuristic.signals.filter(({ value }) => value >= tellingFrom));
  return telling.map((reading) => `${phraseOf(reading)}${quoted(reading)}`);
}

function weightiestFirst(readings: readonly SignalReading[]): SignalReading[] {
  return readings.filter(({ contribution }) => contribution > 0).toSorted((a, b) => b.contribution - a.contribution);
}

function phraseOf({ id }: SignalReading): string {
  return signals[id].phrase;
}

function quoted({ facts }: SignalReading): string {
  const { found } = facts;
  return Array.isArray(found) && found.length > 0 ? ` (${found.slice(0, maxQuoted).join(', ')})` : '';
}

function percent(chance: number): string {
  if (chance < 0.01) return 'under 1 %';
  if (chance > 0.99) return 'over 99 %';
  return `${Math.round(chance * 100)} %`;
}

/** Whole numbers near `exact` that sum to `total`: all rounded down, then the largest remainders rounded up. */
function roundedTo(total: number, exact: readonly number[]): number[] {
  const down = exact.map(Math.floor);
  const missing = total - down.reduce((sum, value) => sum + value, 0);
  const byRemainder = exact
    .map((value, index) => ({ index, rest: value - Math.floor(value) }))
    .toSorted((a, b) => b.rest - a.rest);
  for (const { index } of byRemainder.slice(0, Math.max(0, missing))) down[index] = (down[index] ?? 0) + 1;
  return down;
}
