/** Reads and prepares everything the router learns from; says what is missing instead of guessing. */
import type { Corpus } from './cross-validate.ts';
import { prepareLabelled, prepareOutcomes, prepareGenerated } from './examples.ts';
import { readOutcomes } from './outcomes.ts';
import type { RouterConfig } from './router-config.ts';
import { ownSets, readGivenRows, readOwnRows } from './rows.ts';

/** `POINTSMAN_DATA_DIR`; ends the process with a clear line when it is not set. */
export function dataDirectory(): string {
  const dataDir = process.env['POINTSMAN_DATA_DIR'];
  if (dataDir !== undefined && dataDir !== '') return dataDir;
  console.error('Set POINTSMAN_DATA_DIR to the folder that holds routing/*.jsonl.');
  process.exit(2);
}

export function loadCorpus(dataDir: string, config: RouterConfig): Corpus {
  const rows = [...(readGivenRows(dataDir) ?? []), ...ownSets.flatMap((set) => readOwnRows(set))];
  return {
    labelled: prepareLabelled(rows, config),
    generated: prepareGenerated(config),
    outcomes: prepareOutcomes(readOutcomes(dataDir), config),
  };
}
