/** Reads a stream of the Messages API as strictly as its documentation describes it, and puts the message together. */

interface Data {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface StreamedMessage {
  readonly content: Record<string, unknown>[];
  readonly [field: string]: unknown;
}

export interface ReadStream {
  /** As the stream says it in the end; null before it has begun. */
  readonly message: StreamedMessage | null;
  /** What an `error` event says. */
  readonly error: { readonly type: string; readonly message: string; readonly details: { readonly error_code: string } } | null;
  readonly isWhole: boolean;
  /** Types of the events in their order, runs of deltas as one. */
  readonly order: readonly string[];
  /** What breaks the rules of the wire. */
  readonly faults: readonly string[];
}

export function readMessageStream(text: string): ReadStream {
  const faults: string[] = [];
  const order: string[] = [];
  let message: Building | null = null;
  let error: ReadStream['error'] = null;
  let open = nothingOpen();
  let [count, isSummed, isWhole] = [0, false, false];
  const must = (isTrue: boolean, what: string): void => {
    if (!isTrue) faults.push(what);
  };
  for (const raw of text.split('\n\n').slice(0, -1)) {
    if (raw.startsWith(':')) continue;
    const read = /^(?:id: \d+\n)?event: (\w+)\ndata: (.*)$/s.exec(raw);
    if (read === null) {
      faults.push(`not an event: ${raw}`);
      continue;
    }
    const data: Data = JSON.parse(read[2] ?? '');
    const { type } = data;
    must(type === read[1], `the event's name is ${read[1]}, its type ${type}`);
    must(!isWhole && error === null, `${type} behind the end`);
    if (!(type === 'content_block_delta' && order.at(-1) === type)) order.push(type);
    if (type === 'ping') continue;
    if (type === 'error') {
      error = data['error'] as ReadStream['error'];
      continue;
    }
    if (type === 'message_start') {
      must(message === null, 'two message_start');
      message = structuredClone(data['message']) as Building;
      continue;
    }
    must(message !== null, `${type} before message_start`);
    if (message === null) continue;
    if (type === 'content_block_start') {
      must(open === null, 'a block in a block');
      must(data['index'] === count, `block ${String(data['index'])} after ${count} blocks`);
      must(!isSummed, 'a block behind message_delta');
      open = { index: count, block: structuredClone(data['content_block']) as Record<string, unknown>, json: '' };
    } else if (type === 'content_block_delta') {
      must(open !== null && open.index === data['index'], 'a delta of no open block');
      if (open !== null) addDelta(open, data['delta'] as Record<string, string>, faults);
    } else if (type === 'content_block_stop') {
      must(open !== null && open.index === data['index'], 'the end of no open block');
      if (open !== null) message.content.push(closed(open));
      open = null;
      count += 1;
    } else if (type === 'message_delta') {
      must(open === null && !isSummed, 'message_delta in the middle');
      isSummed = true;
      Object.assign(message, data['delta']);
      message['usage'] = data['usage'];
      if ('x-routing-metadata' in data) message['x-routing-metadata'] = data['x-routing-metadata'];
    } else if (type === 'message_stop') {
      must(isSummed, 'message_stop without message_delta');
      isWhole = true;
    } else faults.push(`unknown type ${type}`);
  }
  return { message, error, isWhole, order, faults };
}

type Building = Record<string, unknown> & { content: Record<string, unknown>[] };

interface OpenBlock {
  readonly index: number;
  readonly block: Record<string, unknown>;
  json: string;
}

/** Typed, so that what is assigned in a loop is not taken for null. */
function nothingOpen(): OpenBlock | null {
  return null;
}

const deltaFields: Readonly<Record<string, readonly [block: string, field: string]>> = {
  text_delta: ['text', 'text'],
  thinking_delta: ['thinking', 'thinking'],
  signature_delta: ['thinking', 'signature'],
};

function addDelta(open: OpenBlock, delta: Record<string, string>, faults: string[]): void {
  const type = delta['type'] ?? '';
  if (type === 'input_json_delta') {
    if (open.block['type'] !== 'tool_use') faults.push('arguments of no call');
    open.json += delta['partial_json'] ?? '';
    return;
  }
  const [block, field] = deltaFields[type] ?? ['', ''];
  if (block === '' || open.block['type'] !== block) faults.push(`${type} in a block of type ${String(open.block['type'])}`);
  if ((delta[field] ?? '') === '') faults.push(`an empty ${type}`);
  open.block[field] = String(open.block[field] ?? '') + (delta[field] ?? '');
}

function closed({ block, json }: OpenBlock): Record<string, unknown> {
  return block['type'] === 'tool_use' && json !== '' ? { ...block, input: JSON.parse(json) } : block;
}
