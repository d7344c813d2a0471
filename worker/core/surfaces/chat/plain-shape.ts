/**
 * The shape of an ordinary body, at a fraction of what the schema costs: it looks at the fields that are there, and at those of an ordinary
 * message or tool by hand. What is in any way out of the ordinary is left to the schema, which also has the words for what is wrong: so
 * this never refuses anything, and what it takes is what the schema would have made of it, down to the order of fields, by which a repeat
 * of a request is known (a test compares them).
 */
import { ChatRequest, Message, Tool } from '../../../../shared/chat.ts';
import { isObject } from '../../../../shared/is-object.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Field {
  readonly name: string;
  readonly schema: (typeof ChatRequest.shape)[keyof typeof ChatRequest.shape];
  /** In the schema's order. */
  readonly place: number;
}

const known: ReadonlyMap<string, Field> = new Map(
  Object.entries(ChatRequest.shape).map(([name, schema], place) => [name, { name, schema, place }]),
);

/** Null: ask the schema. */
export function plainShape(body: Fields): ChatRequest | null {
  // The schema's first field, and the only one that it fills in.
  const fields: Record<string, unknown> = { model: 'auto' };
  for (const { name, schema } of fieldsIn(body)) {
    const value = body[name];
    const read =
      name === 'messages' ? listOf(value, readMessage) : name === 'tools' ? listOf(value, readTool) : readField(schema, value);
    if (read === null) return null;
    fields[name] = read;
  }
  return isWhole(fields) ? fields : null;
}

/** Those that are there; most of the schema's are not. */
function fieldsIn(body: Fields): readonly Field[] {
  const found: Field[] = [];
  for (const name of Object.keys(body)) {
    const field = body[name] === undefined ? undefined : known.get(name);
    if (field !== undefined) found.push(field);
  }
  return found.sort((a, b) => a.place - b.place);
}

/** Null for what the schema refuses; it makes null of nothing. */
function readField(schema: Field['schema'], value: unknown): unknown {
  const read = schema.safeParse(value);
  return read.success ? read.data : null;
}

/** Every field was read by its own schema, and the only one that is required is there. */
function isWhole(fields: Fields): fields is Fields & ChatRequest {
  return Array.isArray(fields['messages']);
}

function listOf<Item>(value: unknown, read: (item: unknown) => Item | null): Item[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const items: Item[] = [];
  for (const given of value) {
    const item = read(given);
    if (item === null) return null;
    items.push(item);
  }
  return items;
}

function readMessage(value: unknown): Message | null {
  if (isPlainMessage(value)) return value;
  const read = Message.safeParse(value);
  return read.success ? read.data : null;
}

/** Whether the fields are some of these, in this order. */
function hasOnly(value: Fields, names: readonly string[]): boolean {
  let at = 0;
  for (const name in value) {
    while (at < names.length && names[at] !== name) at += 1;
    if (at === names.length) return false;
    at += 1;
  }
  return true;
}

/** Text of a system prompt, a user or an assistant, and nothing besides. */
function isPlainMessage(value: unknown): value is Message {
  if (!isObject(value) || typeof value['content'] !== 'string') return false;
  const { role } = value;
  if (role !== 'user' && role !== 'system' && role !== 'assistant' && role !== 'developer') return false;
  return hasOnly(value, ['role', 'content']);
}

function readTool(value: unknown): Tool | null {
  if (isPlainTool(value)) return value;
  const read = Tool.safeParse(value);
  return read.success ? read.data : null;
}

const toolNames = Tool.shape.function.shape.name;

/** A function with nothing that the schema would drop, fill in or put elsewhere. */
function isPlainTool(value: unknown): value is Tool {
  if (!isObject(value) || value['type'] !== 'function' || !hasOnly(value, ['type', 'function'])) return false;
  const { function: tool } = value;
  if (!isObject(tool) || !hasOnly(tool, ['name', 'description', 'parameters'])) return false;
  const { name, description, parameters } = tool;
  return (
    toolNames.safeParse(name).success &&
    (description === undefined || typeof description === 'string') &&
    (parameters === undefined || isObject(parameters))
  );
}
