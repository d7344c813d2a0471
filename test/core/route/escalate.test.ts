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

  it.each([
    ['German', 'Ich bin mir nicht sicher, aber es könnte Lissabon sein.', 'Vielleicht nimmst du die Straßenbahn zum Hafen.'],
    ['French', 'Je ne suis pas sûr, mais c’est Lisbonne.', 'Il faut peut-être prendre le tram.'],
    ['Spanish', 'No estoy seguro, pero creo que es Lisboa.', 'No se puede entrar sin entrada; quizás haya cola.'],
    ['Italian', 'Non sono sicuro, ma dovrebbe essere Lisbona.', 'Forse conviene il tram.'],
    ['Portuguese', 'Não tenho certeza, mas é Lisboa.', 'Talvez seja melhor ir de elétrico.'],
    ['Dutch', 'Ik weet het niet zeker, maar het is Lissabon.', 'Misschien is de tram beter.'],
    ['Polish', 'Nie jestem pewien, ale to Lizbona.', 'To może być dobry wybór.'],
    ['Russian', 'Я не уверен, но это Лиссабон.', 'Возможно, трамвай удобнее.'],
    ['Turkish', 'Emin değilim ama Lizbon olmalı.', 'Belki tramvay daha iyidir.'],
    ['Swedish', 'Jag är inte säker, men det är Lissabon.', 'Kanske är spårvagnen bättre.'],
    ['Arabic', 'لست متأكدًا، لكنها لشبونة.', 'ربما يكون الترام أفضل.'],
    ['Hindi', 'मुझे यकीन नहीं है, लेकिन यह लिस्बन है।', 'शायद ट्राम बेहतर है।'],
    ['Chinese', '我不确定，但应该是里斯本。', '也许坐电车更好。'],
    ['Japanese', 'よくわかりませんが、リスボンです。', 'たぶん電車が便利です。'],
    ['Korean', '잘 모르겠지만 리스본입니다.', '아마 전차가 더 편합니다.'],
  ])('hears a hedge in %s, and lets one hedging word pass', (_, hedged, plainly) => {
    expect(judge({ text: hedged }).confidence).toBeLessThan(0.7);
    expect(judge({ text: plainly }).confidence).toBeGreaterThanOrEqual(0.7);
  });

  it.each([
    ['in quotation marks', 'The phrase "I\'m not sure" softens a statement.', ''],
    ['in typographic ones', 'The phrase “I’m not sure” softens a statement.', ''],
    ['in single ones', "Say 'I'm not sure' to soften it.", ''],
    ['in German ones', 'Man sagt höflich „ich weiß nicht“, wenn man zögert.', ''],
    ['in French ones', 'On dit « je ne sais pas » dans ce cas.', ''],
    ['in Japanese ones', '日本語では「わかりません」と言います。', ''],
    ['in a quotation that is not over yet', 'She wrote: "I\'m not sure whether maybe, perhaps', ''],
    ['in a block quotation', "The letter says:\n> I don't know, maybe, perhaps, possibly.\nIt is from 1911.", ''],
    ['in a code span', 'Return `"I\'m not sure"` there.', ''],
    ['in a code block', "Here it is:\n```py\n# I'm not sure, maybe, perhaps\nprint(1)\n```", ''],
    ['in a code block that is not over yet', 'Here it is:\n```py\nprint("I\'m not sure")', ''],
    ['in a translation that was asked for', "I don't know where he is.", 'Translate into English: Ich weiß nicht, wo er ist.'],
    ['in a translation that was asked for in Chinese', '我不知道他在哪里。', '翻译成中文：I do not know where he is.'],
    ['in a text that was to be reworded', "I'm not sure we can make it.", 'Rephrase: we may not make it'],
    [
      'in a letter that was asked for',
      "Dear Ms. Lee, I'm not sure we can attend. Perhaps next year.",
      'Write a short letter that declines.',
    ],
    [
      'in a dialogue that was asked for',
      'A: Kommst du? B: Ich weiß nicht, vielleicht.',
      'Schreib einen kurzen Dialog über Zweifel.',
    ],
    ['that was asked about', "I'm not sure is a hedge.", 'What kind of phrase is "I\'m not sure"?'],
    [
      'whose word was asked about',
      'Maybe and perhaps are adverbs; possibly is one, too.',
      'Are maybe, perhaps and possibly adverbs?',
    ],
  ])('does not take for doubt what stands %s', (_, text, ask) => {
    expect(judgeAnswer({ ...plain, text }, { intent: 'general' }, 8, ask).confidence).toBeGreaterThanOrEqual(0.7);
  });

  it.each([
    ['the user does not know either', "I'm not sure, it may be the loop.", "I don't know why my loop hangs, maybe the index?"],
    ['history is no story to be told', "I'm not sure about the dates.", 'Explain the history of the harbour.'],
    ['the doubt stands behind a quotation', 'You ask about "maybe". I\'m not sure what it means here.', ''],
    ['nothing else is said', '"I\'m not sure."', ''],
    ['an apostrophe is no quotation mark', "It's the cats' bowl, and I'm not sure whose else.", ''],
    ['an inch is no quotation mark', 'A 15" screen, but I\'m not sure.', ''],
  ])('takes it for doubt when %s', (_, text, ask) => {
    expect(judgeAnswer({ ...plain, text }, { intent: 'general' }, 8, ask).confidence).toBeLessThan(0.7);
  });

  it('doubts a few words where code or an explanation was asked for at length, and nowhere else', () => {
    expect(judge({ text: 'Use a loop.' }, 'code', 40).confidence).toBeLessThan(0.7);
    expect(judge({ text: 'Use a loop.' }, 'general', 40).confidence).toBeGreaterThanOrEqual(0.7);
    expect(judge({ text: 'Use a loop.' }, 'code', 6).confidence).toBeGreaterThanOrEqual(0.7);
  });
});
