/**
 * Which requests are counted under the same names in the same minute. Most of a batch are: they are added up as numbers, and only what is left
 * is merged name by name, which costs ten times as much.
 */
import { argumentsVerdictIds, type LedgerEntry } from '../../../shared/records.ts';
import { minuteOf } from './series.ts';

/** What stands for a name; what is only a number differs between requests that are alike. */
const namesOf = [
  'keyId',
  'agent',
  'routedModel',
  'servedModel',
  'primaryModel',
  'rule',
  'tier',
  'intent',
  'intentBand',
  'strategy',
  'ending',
  'errorCode',
  'errorType',
  'arm',
  'cache',
  'cacheLevel',
] as const satisfies readonly (keyof LedgerEntry)[];

/** Groups in the order of their first requests, so that names come in the order in which they would come one by one. */
export function groupsOfAlike(entries: readonly LedgerEntry[]): readonly (readonly LedgerEntry[])[] {
  const groups: [LedgerEntry, ...LedgerEntry[]][] = [];
  for (const entry of entries) {
    const group = groups.find(([first]) => areAlike(first, entry));
    if (group === undefined) groups.push([entry]);
    else group.push(entry);
  }
  return groups;
}

function areAlike(a: LedgerEntry, b: LedgerEntry): boolean {
  for (const name of namesOf) if (a[name] !== b[name]) return false;
  return (
    minuteOf(a.atMs) === minuteOf(b.atMs) &&
    a.scored?.version === b.scored?.version &&
    a.judged?.model === b.judged?.model &&
    a.fallback?.from === b.fallback?.from &&
    a.fallback?.to === b.fallback?.to &&
    a.attemptUsages.length === b.attemptUsages.length &&
    a.attemptUsages.every(({ model }, at) => model === b.attemptUsages[at]?.model) &&
    argumentsVerdictIds.every((verdict) => a.toolCalls[verdict] > 0 === b.toolCalls[verdict] > 0)
  );
}
