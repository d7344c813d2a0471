import { describe, expect, it } from 'vitest';
import { type AnswerEvidence, judgeAnswer } from '../../../worker/core/route/escalate.ts';

const plain: AnswerEvidence = { text: 'Lisbon.', hasCalls: false, finishReason: 'stop', meanLogprob: null, hasOwnLimit: false };
const judge = (change: Partial<AnswerEvidence>, intent: 'code' | 'reasoning' | 'general' = 'general', askWords = 8) =>
  judgeAnswer({ ...plain, ...change }, { intent }, askWords);

describe('confidence in a small answer', () => {
  it.each([
    ['a short right answer is kept', {}, true],
    ['a short answer to a long prompt is kept: length against length says nothing', { text: 'Yes.' }, true],
    ['a summary shorter than its prompt is kept', { text: 'The report is about tides. They rise and fall twice a day.' }, true],
    ['a clear answer with confident tokens is kept', { meanLogprob: -0.05 }, true],
    ['tokens that were guessed are doubted', { meanLogprob: -0.9 }, false],
    ['"I\'m not sure" is doubted', { text: "I'm not sure, but it is Lisbon." }, false],
    ['a typographic apostrophe hides nothing', { text: 'I’m not sure, but it is Lisbon.' }, false],
    ['a refusal is doubted', { text: "I'm sorry, but I can't help with that." }, false],
    ['one hedging word alone is not enough', { text: 'Maybe take the tram to the harbour.' }, true],
    ['several are', { text: 'It could be Lisbon, or perhaps Porto, but it might be Faro.' }, false],
    ['a hedging word inside another word does not count', { text: 'Unperhapsed mayhem, beliefs and the couldbeen.' }, true],
    ['hedging far inside an answer may be its content', { text: `${'The tide rises. '.repeat(40)}I'm not sure.` }, true],
    ['nothing at all is doubted', { text: '  ' }, false],
    ['nothing yet is not', { text: '', finishReason: null }, true],
    ['an end at the default limit is doubted', { finishReason: 'length' }, false],
    ["an end at the client's own limit is what it asked for", { finishReason: 'length', hasOwnLimit: true }, true],
    ['a call speaks for itself', { text: '', hasCalls: true }, true],
  ] as const)('%s', (_, change, isKept) => {
    const { confidence, reasons } = judge(change);
    expect(confidence >= 0.7).toBe(isKept);
    if (!isKept) expect(reasons.length).toBeGreaterThan(0);
  });

  it('doubts a few words where code or an explanation was asked for at length, and nowhere else', () => {
    expect(judge({ text: 'Use a loop.' }, 'code', 40).confidence).toBeLessThan(0.7);
    expect(judge({ text: 'Use a loop.' }, 'general', 40).confidence).toBeGreaterThanOrEqual(0.7);
    expect(judge({ text: 'Use a loop.' }, 'code', 6).confidence).toBeGreaterThanOrEqual(0.7);
  });
});
