/** Turns of a Messages conversation as inner messages: results of tools stand in user turns there, and are messages of their own here. */
import type { Failure } from '../../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import type { AssistantMessage, ImagePart, Message, TextPart, ToolMessage } from '../../request/inner-request.ts';
import { isAllowedImage } from '../../validate/images.ts';
import type {
  AssistantBlock,
  DocumentBlock,
  ImageBlock,
  SearchResultBlock,
  ToolReferenceBlock,
  ToolResultBlock,
  UserBlock,
} from './message-body.ts';

type Part = TextPart | ImagePart;
type SeenBlock = TextPart | ImageBlock | DocumentBlock | SearchResultBlock | ToolReferenceBlock;

/** Results first: model servers want them right behind the calls. @param at where the content stands in the body */
export function userMessages(content: string | readonly UserBlock[], at: string): Result<Message[], Failure> {
  if (typeof content === 'string') return ok([{ role: 'user', content }]);
  const results: ToolMessage[] = [];
  const parts: Part[] = [];
  for (const [i, block] of content.entries()) {
    if (block.type === 'tool_result') {
      const result = toolMessage(block, `${at}.${i}`);
      if (!result.ok) return result;
      results.push(result.value);
      continue;
    }
    const read = partsOf(block, `${at}.${i}`);
    if (!read.ok) return read;
    parts.push(...read.value);
  }
  const said = withoutEmpty(parts);
  if (said.length > 0 || results.length === 0) return ok([...results, { role: 'user', content: plain(said) }]);
  return ok(results);
}

function toolMessage(block: ToolResultBlock, at: string): Result<ToolMessage, Failure> {
  const { tool_use_id: id, content = '', is_error: isError } = block;
  const parts: Part[] = [];
  if (typeof content !== 'string' && content !== null) {
    for (const [i, inner] of content.entries()) {
      const read = partsOf(inner, `${at}.content.${i}`);
      if (!read.ok) return read;
      parts.push(...read.value);
    }
  }
  const text = typeof content === 'string' ? content : plain(withoutEmpty(parts));
  return ok({ role: 'tool', tool_call_id: id, content: text, ...(isError === true ? { is_error: true } : {}) });
}

function partsOf(block: SeenBlock, at: string): Result<readonly Part[], Failure> {
  switch (block.type) {
    case 'text':
      return ok([{ type: 'text', text: block.text }]);
    case 'image':
      return imageParts(block, at);
    case 'document':
      return documentParts(block, at);
    case 'search_result':
      return ok([{ type: 'text', text: [block.title, block.source, ...block.content.map(({ text }) => text)].join('\n') }]);
    case 'tool_reference':
      return ok([{ type: 'text', text: block.tool_name }]);
  }
}

function imageParts({ source }: ImageBlock, at: string): Result<readonly Part[], Failure> {
  if (source.type === 'file')
    return refused(`${at}.source`, 'Files are not kept here; send the image as base64 or by its https address.');
  const url = source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
  if (isAllowedImage(url)) return ok([{ type: 'image_url', image_url: { url } }]);
  const [param, detail] =
    source.type === 'url'
      ? [`${at}.source.url`, 'Expected a public https address.']
      : [`${at}.source.media_type`, 'Expected image/png, image/jpeg, image/webp or image/gif.'];
  return fail({ code: 'invalid_value', param, detail });
}

/** Text is text; a model server can read nothing else. */
function documentParts({ title, context, source }: DocumentBlock, at: string): Result<readonly Part[], Failure> {
  if (source.type === 'base64' || source.type === 'url' || source.type === 'file')
    return refused(`${at}.source`, 'Only documents of plain text are available, with a source of type text or content.');
  const head = [title, context].filter((line) => line !== undefined).map((text): Part => ({ type: 'text', text }));
  if (source.type === 'text') return ok([...head, { type: 'text', text: source.data }]);
  if (typeof source.content === 'string') return ok([...head, { type: 'text', text: source.content }]);
  const parts: Part[] = [...head];
  for (const [i, block] of source.content.entries()) {
    const read = partsOf(block, `${at}.source.content.${i}`);
    if (!read.ok) return read;
    parts.push(...read.value);
  }
  return ok(parts);
}

function refused(param: string, detail: string): Result<never, Failure> {
  return fail({ code: 'unsupported_parameter', param, detail });
}

export function assistantMessage(content: string | readonly AssistantBlock[]): AssistantMessage {
  if (typeof content === 'string') return { role: 'assistant', content };
  const texts: TextPart[] = [];
  const thoughts: string[] = [];
  const redacted: string[] = [];
  const calls: NonNullable<AssistantMessage['tool_calls']>[number][] = [];
  let signature: string | undefined;
  for (const block of content) {
    if (block.type === 'text') texts.push({ type: 'text', text: block.text });
    else if (block.type === 'redacted_thinking') redacted.push(block.data);
    else if (block.type === 'thinking') {
      thoughts.push(block.thinking);
      signature = block.signature ?? signature;
    } else {
      const { id, name, input } = block;
      calls.push({ id, type: 'function', function: { name, arguments: JSON.stringify(input) } });
    }
  }
  const said = withoutEmpty(texts);
  const reasoning = thoughts.filter((thought) => thought !== '').join('\n\n');
  return {
    role: 'assistant',
    ...(said.length === 0 && calls.length > 0 ? {} : { content: plain(said) }),
    ...(reasoning === '' ? {} : { reasoning }),
    ...(signature === undefined || signature === '' || reasoning === '' ? {} : { reasoning_signature: signature }),
    ...(redacted.length === 0 ? {} : { redacted_reasoning: redacted }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function withoutEmpty<Some extends Part>(parts: readonly Some[]): readonly Some[] {
  return parts.filter((part) => part.type !== 'text' || part.text !== '');
}

/** Chat templates of text-only models take texts best as they would be typed. */
function plain<Some extends Part>(parts: readonly Some[]): string | readonly Some[] {
  const [first, ...others] = parts;
  if (first === undefined) return '';
  return others.length === 0 && first.type === 'text' ? first.text : parts;
}
