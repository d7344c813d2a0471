/** The messages as a model is sent them: the client's own, with what the gateway adds. */
import type { Grounding, InnerRequest, Message, UserMessage } from './inner-request.ts';

export function groundedMessages({ messages, grounding }: Pick<InnerRequest, 'messages' | 'grounding'>): readonly Message[] {
  return grounding === undefined ? messages : withMaterial(withRules(messages, grounding), grounding);
}

/** Chat templates take one system message, the first. */
function withRules(messages: readonly Message[], { rules }: Grounding): readonly Message[] {
  const [first, ...others] = messages;
  if (first === undefined || (first.role !== 'system' && first.role !== 'developer'))
    return [{ role: 'system', content: rules }, ...messages];
  const own = typeof first.content === 'string' ? first.content : first.content.map(({ text }) => text).join('\n');
  return [{ ...first, content: `${own}\n\n${rules}` }, ...others];
}

function withMaterial(messages: readonly Message[], { material }: Grounding): readonly Message[] {
  const at = messages.findLastIndex(({ role }) => role === 'user');
  const asked = messages[at];
  if (material === '' || asked === undefined || asked.role !== 'user') return messages;
  return messages.with(at, { ...asked, content: before(material, asked.content) });
}

function before(material: string, content: UserMessage['content']): UserMessage['content'] {
  return typeof content === 'string' ? `${material}\n\n${content}` : [{ type: 'text', text: material }, ...content];
}
