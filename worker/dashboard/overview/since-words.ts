/** Of which time the numbers of `/stats` are. */
import type { Stats } from '../../../shared/records.ts';
import { dayAndTime } from '../data/format.ts';

export function sinceWords({ first_at: firstAt }: Pick<Stats, 'first_at'>): string {
  return firstAt === null ? 'nothing counted yet' : `since ${dayAndTime(firstAt)}`;
}
