/** Every JSON Schema keyword that is asserted or refused. A name that is missing here is an annotation and is ignored. */
import { arrayKeywords } from './keywords/array-keywords.ts';
import { combiningKeywords } from './keywords/combining-keywords.ts';
import { objectKeywords } from './keywords/object-keywords.ts';
import { valueKeywords } from './keywords/value-keywords.ts';
import type { CompileKeyword } from './schema-node.ts';

export const keywordRegistry: ReadonlyMap<string, CompileKeyword> = new Map([
  ...valueKeywords,
  ...objectKeywords,
  ...arrayKeywords,
  ...combiningKeywords,
]);
