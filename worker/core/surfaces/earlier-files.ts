/**
 * Files that no model here can read. One that is shown now is refused by name, where its wire is read. One that an answer follows already, as
 * in a conversation that began with another model, would keep the conversation from ever going on: a note stands in its place.
 */
import { isObject } from '../../../shared/is-object.ts';

const maxNameChars = 200;

const unreadable = /^(?:file|input_file|input_audio|audio_url|video_url)$/;
const unreadableSource = /^(?:base64|url|file)$/;

/** In the words of any wire. A document of plain text is read. */
export function isUnreadable({ type, source, image_url: url }: Readonly<Record<string, unknown>>): boolean {
  const kind = isObject(source) ? String(source['type']) : '';
  if (type === 'document') return unreadableSource.test(kind);
  return type === 'image' ? kind === 'file' : type === 'input_image' ? url === undefined : unreadable.test(String(type));
}

/** What a model has said, called or thought. */
function isAnswer({ role, type }: Readonly<Record<string, unknown>>): boolean {
  return role === 'assistant' || /^(?:reasoning|item_reference|.*_call)$/.test(String(type));
}

/** Puts the notes into `body[list]`, in place; returns where the first of each type was. */
export function noteEarlierFiles(body: Readonly<Record<string, unknown>>, list: 'messages' | 'input'): readonly string[] {
  const entries = body[list];
  if (!Array.isArray(entries)) return [];
  const noted = new Map<string, string>();
  const note = (holder: Record<string, unknown>, field: string, at: string): void => {
    const parts: unknown = holder[field];
    if (!Array.isArray(parts)) return;
    for (const [k, part] of parts.entries()) {
      const place = `${at}.${field}[${k}]`;
      if (!isObject(part)) continue;
      if (part['type'] === 'tool_result') note(part, 'content', place);
      if (!isUnreadable(part)) continue;
      const type = String(part['type']).slice(0, 40);
      parts[k] = { type: 'text', text: `[${['file', nameOf(part)].join(' ').trim()}: it cannot be read here]` };
      if (!noted.has(type)) noted.set(type, `${place} (${type})`);
    }
  };
  // The last entry may be the beginning of the answer that is asked for.
  const answered = entries.slice(0, -1).findLastIndex((entry) => isObject(entry) && isAnswer(entry));
  for (const [i, entry] of entries.slice(0, Math.max(0, answered)).entries()) {
    if (!isObject(entry)) continue;
    note(entry, 'content', `${list}[${i}]`);
    note(entry, 'output', `${list}[${i}]`);
  }
  return [...noted.values()];
}

/** Wherever its wire has it. */
function nameOf({ filename, title, file }: Readonly<Record<string, unknown>>): string {
  const name = [filename, title, isObject(file) ? file['filename'] : null].find((one) => typeof one === 'string');
  return typeof name === 'string' ? JSON.stringify(name.slice(0, maxNameChars)) : '';
}
