/** Size and shape of a JSON value (tool definitions, response schemas), without writing it out. Stops counting at a fixed number of nodes. */

export interface JsonSize {
  /** Characters of the compact text, about. */
  readonly chars: number;
  /** Keys under any `properties`: what a schema makes the model fill in. */
  readonly properties: number;
  /** Deepest nesting of objects and arrays. */
  readonly depth: number;
}

/** Beyond this the counts are lower bounds: a schema of this size is large by any measure. */
const maxNodes = 4000;

interface Pending {
  readonly value: unknown;
  readonly depth: number;
  readonly isPropertyMap: boolean;
}

export function measureJson(root: unknown): JsonSize {
  const stack: Pending[] = [{ value: root, depth: 0, isPropertyMap: false }];
  let chars = 0;
  let properties = 0;
  let depth = 0;
  for (let nodes = 0; stack.length > 0 && nodes < maxNodes; nodes += 1) {
    const node = stack.pop();
    if (node === undefined) break;
    const { value } = node;
    if (typeof value === 'string') chars += value.length + 2;
    else if (typeof value !== 'object' || value === null) chars += 5;
    else {
      depth = Math.max(depth, node.depth + 1);
      chars += 2;
      const isList = Array.isArray(value);
      for (const [key, child] of Object.entries(value)) {
        chars += isList ? 1 : key.length + 4;
        if (node.isPropertyMap) properties += 1;
        stack.push({ value: child, depth: node.depth + 1, isPropertyMap: key === 'properties' && !node.isPropertyMap });
      }
    }
  }
  return { chars, properties, depth };
}
