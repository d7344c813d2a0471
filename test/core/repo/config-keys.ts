/**
 * Every key that the configuration knows, with its type and default, read from the schema itself (zod's public description, `_zod.def`).
 * docs/configuration.md is checked against it.
 */
import { ConfigTree } from '../../../shared/config.ts';

export interface ConfigKey {
  /** From the root, `<id>` for a name that the operator chooses, `[]` for an item of a list. */
  readonly path: string;
  readonly type: string;
  /** As JSON; null where the key is required. */
  readonly byDefault: string | null;
}

/** In the order of the schema. Objects whose keys are listed themselves are left out. */
export function configKeys(): ConfigKey[] {
  return keysOf(ConfigTree, '', null);
}

function keysOf(schema: unknown, path: string, byDefault: string | null): ConfigKey[] {
  const { type, ...def } = definition(schema);
  const { innerType: inner } = def;
  if (type === 'default' || type === 'prefault') return keysOf(inner, path, JSON.stringify(def['defaultValue']));
  if (type === 'optional') return keysOf(inner, path, byDefault ?? 'absent');
  if (type === 'pipe') return keysOf(def['in'], path, byDefault);
  if (type === 'object') {
    const dot = path === '' ? '' : '.';
    return Object.entries(Object(def['shape'])).flatMap(([key, value]) => keysOf(value, `${path}${dot}${key}`, null));
  }
  if (type === 'record') {
    if (definition(def['valueType']).type === 'object') return keysOf(def['valueType'], `${path}.<id>`, null);
    return [{ path: `${path}.<id>`, type: typeOf(def['valueType']), byDefault: 'absent' }];
  }
  const own = { path, type: typeOf(schema), byDefault };
  if (type === 'array' && definition(def['element']).type === 'object')
    return [own, ...keysOf(def['element'], `${path}[]`, null)];
  return [own];
}

/** In a reader's words: `whole number, 1 to 64`, `small, large or vision`, `list of texts`. */
function typeOf(schema: unknown): string {
  const { type, ...def } = definition(schema);
  if (type === 'default' || type === 'optional') return typeOf(def['innerType']);
  if (type === 'pipe') return typeOf(def['in']);
  if (type === 'enum') return Object.keys(Object(def['entries'])).join(', ');
  if (type === 'boolean') return 'true, false';
  if (type === 'array') return `list of ${typeOf(def['element'])}`;
  if (type === 'union') return 'text';
  if (type === 'object') return 'entries';
  if (type === 'number') return numberType(schema);
  return type === 'string' ? stringType(schema) : type;
}

function numberType(schema: unknown): string {
  const bounds = checksOf(schema);
  const limit = (check: string): unknown => bounds.find((one) => one['check'] === check)?.['value'];
  const kind = definition(schema)['format'] === 'safeint' ? 'whole number' : 'number';
  const [min, max] = [limit('greater_than'), limit('less_than')];
  const isOpen = bounds.some((one) => one['check'] === 'greater_than' && one['inclusive'] === false);
  if (typeof max === 'number') return `${kind}, ${isOpen ? 'above ' : ''}${String(min)} to ${max}`;
  return typeof min === 'number' ? `${kind}, ${min} or more` : kind;
}

function stringType(schema: unknown): string {
  return definition(schema)['format'] === 'date' ? 'date' : 'text';
}

function checksOf(schema: unknown): Record<string, unknown>[] {
  const { checks } = definition(schema);
  return Array.isArray(checks) ? checks.map((check) => definition(check)) : [];
}

function definition(schema: unknown): Record<string, unknown> & { readonly type: string } {
  const inside = Object(Object(schema)['_zod']);
  const own = Object(inside['def']);
  // One whose fields are made late.
  return own['type'] === 'lazy' ? definition(inside['innerType']) : own;
}

/** The value that the shipped configuration has at a path; undefined below names that the operator chooses. */
export function shippedValue(config: ConfigTree, path: string): unknown {
  let value: unknown = config;
  for (const key of path.split('.')) value = Object(value)[key];
  return value;
}
