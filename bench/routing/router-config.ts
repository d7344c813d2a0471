/** The shipped routing configuration, read from `configs/routing.yaml`: training, evaluation and calibration score with what operators run. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import * as z from 'zod';
import { Classifier, Intent } from '../../shared/config-routing.ts';
import type { RoutingConfig } from '../../shared/config.ts';

const File = z.object({ routing: z.object({ classifier: z.unknown(), intent: z.unknown() }) });

export type RouterConfig = Pick<RoutingConfig, 'classifier' | 'intent'>;

/** Reads classifier and intent from a routing file; the shipped one by default. */
export function readRouterConfig(
  path = fileURLToPath(new URL('../../configs/routing.yaml', import.meta.url).href),
): RouterConfig {
  const { classifier, intent } = File.parse(parse(readFileSync(path, 'utf8'))).routing;
  return { classifier: Classifier.parse(classifier), intent: Intent.parse(intent) };
}
