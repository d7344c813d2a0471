/** From the untrusted body of `POST /v1/rag/query` to a chat and what is searched for, or to the one failure that names the field. */
import type { LimitsConfig } from '../../../../shared/config.ts';
import type { RagConfig } from '../../../../shared/config-rag.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { RagFields } from '../../../../shared/rag-bodies.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import type { RagQuery } from '../../rag/retrieved.ts';
import { textOf } from '../../classify/message-text.ts';
import { readChatBody } from '../chat/chat-surface.ts';
import type { ReadRequest } from '../surface.ts';
import { parseJsonObject } from '../../validate/json-object.ts';
import { shapeFailure } from '../../validate/shape-failure.ts';

const useCollections = 'Metadata is not searched; keep what is asked apart in collections.';

/** What a chat may ask for and an answer from documents cannot give, and what other stores filter by. */
const refused: Readonly<Record<string, string>> = {
  tools: 'An answer from documents calls no tools.',
  tool_choice: 'An answer from documents calls no tools.',
  parallel_tool_calls: 'An answer from documents calls no tools.',
  continue_final_message: 'The last message is the question.',
  filter: useCollections,
  filters: useCollections,
  where: useCollections,
};

export function readQuery(text: string, limits: LimitsConfig, rag: RagConfig): Result<RagQuery, Failure> {
  const json = parseJsonObject(text, limits);
  if (!json.ok) return json;
  const { query, collection, top_k: topK, min_score: minScore, rerank, ...chat } = json.value;
  const given = { query, collection, top_k: topK, min_score: minScore, rerank };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined));
  const fields = RagFields.safeParse(set);
  if (!fields.success) return fail(shapeFailure(fields.error, set, []));
  for (const [field, detail] of Object.entries(refused)) {
    const value = chat[field];
    if (value != null && value !== false && !(Array.isArray(value) && value.length === 0))
      return fail({ code: 'unsupported_parameter', param: field, detail });
  }
  const { data } = fields;
  if (chat['messages'] == null) {
    if (data.query === undefined)
      return fail({ code: 'missing_field', param: 'query', detail: 'query or messages is required.' });
    chat['messages'] = [{ role: 'user', content: data.query }];
  }
  const read = readChatBody(chat, limits);
  if (!read.ok) return read;
  return searched(read.value, data, rag);
}

function searched(chat: ReadRequest, fields: RagFields, rag: RagConfig): Result<RagQuery, Failure> {
  const { request } = chat;
  const last = request.messages.at(-1);
  if (last === undefined || last.role !== 'user')
    return fail({
      code: 'invalid_value',
      param: 'messages',
      detail: 'The last message must be the question, with the role user.',
    });
  if (request.choiceCount > 1)
    return fail({ code: 'unsupported_parameter', param: 'n', detail: 'An answer from documents is one answer.' });
  // As in a chat, half of a character is U+FFFD for whoever reads it.
  const question = (fields.query ?? textOf(last)).trim().toWellFormed();
  if (question === '')
    return fail({
      code: 'invalid_value',
      param: fields.query === undefined ? 'messages' : 'query',
      detail: 'There is no text to search for.',
    });
  const topK = fields.top_k ?? rag.top_k;
  if (topK > rag.max_top_k) return fail({ code: 'invalid_value', param: 'top_k', detail: `At most ${rag.max_top_k}.` });
  const { collection, min_score: minScore = rag.min_score, rerank: isReranked } = fields;
  return ok({ chat, question, collection, topK, minScore, isReranked });
}
