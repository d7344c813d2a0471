/** How long to wait before something that failed is tried again. */
const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** The pause before try number `failures`: doubling, with chance in it so that many pages do not come back at once. */
export function pauseBefore(failures: number, random: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1)) * (0.5 + random / 2);
}
