/** Bodies of `POST /v1/rag/documents`: what is read of them. */
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../../worker/core/rag/read-documents.ts';
import { configWith } from '../../support/fakes/config.ts';

const { limits, rag } = configWith();
const text = 'The crane of Turku lifts forty tons.';
const unset = { id: null, title: null, format: null, metadata: null };
const plain = { title: '', text, format: 'text', metadata: {} };

describe('a document', () => {
  it.each([
    ['by itself', { ...unset, text, collection: null, documents: null }, plain],
    ['in a list', { documents: [{ ...unset, text }] }, plain],
    ['with metadata, where null is a value', { text, metadata: { owner: null } }, { ...plain, metadata: { owner: null } }],
  ])('%s may have null for what is not set', (_, body, expected) => {
    const read = readDocuments(JSON.stringify(body), limits, rag);
    expect(read.ok && read.value).toMatchObject({ collection: 'default', documents: [{ body: expected }] });
  });

  it.each([
    ['text', { text: null }, 'text'],
    ['list', { documents: [null] }, 'documents.0'],
  ])('needs its %s', (_, body, param) => {
    expect(readDocuments(JSON.stringify(body), limits, rag)).toMatchObject({ ok: false, failure: { param } });
  });
});
