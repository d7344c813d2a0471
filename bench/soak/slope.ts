/** Whether memory grows: a line through its samples. */

export interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

export interface Growth {
  /** Of the least-squares line, bytes an hour. */
  readonly bytesPerHour: number;
  /** Medians of the first and of the last third of the samples, bytes. */
  readonly from: number;
  readonly to: number;
}

/** Null of fewer than six samples. Buffers fill at first: leave the warm-up out. */
export function growthOf(samples: readonly Sample[]): Growth | null {
  if (samples.length < 6) return null;
  const mean = (pick: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const [meanMs, meanBytes] = [mean(({ atMs }) => atMs), mean(({ bytes }) => bytes)];
  const spread = samples.reduce((sum, { atMs }) => sum + (atMs - meanMs) ** 2, 0);
  const covered = samples.reduce((sum, { atMs, bytes }) => sum + (atMs - meanMs) * (bytes - meanBytes), 0);
  const third = Math.floor(samples.length / 3);
  return {
    bytesPerHour: spread === 0 ? 0 : (covered / spread) * 3_600_000,
    from: medianBytes(samples.slice(0, third)),
    to: medianBytes(samples.slice(-third)),
  };
}

function medianBytes(samples: readonly Sample[]): number {
  const sorted = samples.map(({ bytes }) => bytes).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
