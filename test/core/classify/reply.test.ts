/** Short replies: which texts are replies, what they answer, and which model that calls for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/chat.ts';
import { classify, type Classification } from '../../../worker/core/classify/classify.ts';
import { readAnswering, readReply } from '../../../worker/core/classify/reply.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { loadWeights } from '../../../worker/core/classify/weights/load.ts';
import type { Message } from '../../../worker/core/request/inner-request.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { hybrid, seed } from './requests.ts';

type Turns = readonly string[];

/** User and assistant in turn, the user last. */
function messagesOf(turns: Turns): ChatRequest['messages'] {
  return turns.map((content, at) => ({ role: (turns.length - at) % 2 === 1 ? 'user' : 'assistant', content }));
}

const weights = loadWeights();
const classifyAll = (messages: ChatRequest['messages'], config = hybrid): Classification =>
  classify(buildView(innerRequest({ model: 'auto', messages })), config, weights);
const tierOf = (turns: Turns): string =>
  classifyAll(messagesOf(turns)).score >= hybrid.classifier.threshold ? 'large' : 'small';

describe('a reply', () => {
  it.each([
    [
      'go',
      ['go ahead', 'OK, go ahead.', 'ok do it', 'please proceed', 'looks good, commit it', 'lgtm, ship it', 'Go.', 'please do'],
    ],
    ['go', ['go ahead and implement it', 'no, do it the other way', 'yes, go ahead with the plan', "let's do it", '👍 go ahead']],
    [
      'go',
      ['ja, mach das so', 'passt, leg los', 'oui, vas-y', 'sí, adelante', 'claro, hazlo', 'sim, pode fazer', 'va bene, procedi'],
    ],
    [
      'go',
      [
        'да, давай',
        'хорошо, делай',
        'हाँ, आगे बढ़ो',
        'ठीक है, करो',
        '可以，开始吧',
        'いいですね、進めてください',
        'それでお願いします',
      ],
    ],
    [
      'more',
      ['continue', 'keep going', 'again please', 'try again', 'weiter', 'mach weiter', 'noch einmal bitte', 'encore une fois'],
    ],
    [
      'more',
      [
        'continuez s’il vous plaît',
        'otra vez por favor',
        'продолжай',
        'ещё раз',
        'जारी रखो',
        '继续',
        '再来一次',
        '続けて',
        'もう一度',
      ],
    ],
    ['agree', ['yes', 'Yes.', 'yep', 'Sure!', 'LGTM', 'Sounds good', 'ok', 'yes please', 'that works', 'yes, thanks']],
    [
      'agree',
      ['ja', 'Ja, bitte', 'einverstanden', 'oui', "d'accord", 'sí', 'sim', 'да, пожалуйста', 'हाँ', '好的', '是的', 'はい'],
    ],
    [
      'pick',
      [
        '1',
        '2.',
        'b)',
        'option b',
        'the second option',
        'The first one, please.',
        'both',
        'go with option 3',
        'die zweite',
        '第二个',
      ],
    ],
    [
      'agree',
      ['yes, but use TypeScript', 'ja, aber mit Tests', 'sí, pero usa Python', 'да, но без Docker', 'はい、でもTypeScriptで'],
    ],
    ['go', ['go ahead but keep the interface', 'ok do it without a library', 'yes, go on, only skip the tests']],
  ])('is told by its words: %s', (kind, texts) => {
    expect(texts.map((text) => [text, readReply(text)?.kind])).toEqual(texts.map((text) => [text, kind]));
  });

  it.each([
    ['thanks', ['thanks!', 'ok great, thank you', 'perfect, thanks a lot', 'danke, super', 'merci beaucoup', 'спасибо', '谢谢']],
    ['a refusal', ['no', 'no thanks', 'nein', 'never mind', 'stop', 'cancel']],
    ['a question', ['what is 2+2?', 'thanks! what is 2+2?', 'why?', 'are you sure?', 'yes, and what is the capital of France?']],
    ['a request of its own', ['ok, write a poem about cats', 'yes, now prove that there are infinitely many primes']],
    ['words of a reply in a request', ['first, prove it', 'next year we move to Graz', 'commit messages: how do I write them?']],
    ['an answer in words', ['use Postgres', '3 replicas', 'both teams played well', '1 + 1', 'hello']],
    ['nothing', ['', ' ', '…', '👍']],
  ])('is not %s', (_, texts) => {
    expect(texts.filter((text) => readReply(text) !== null)).toEqual([]);
  });

  it('may have a number, and a wish', () => {
    expect(readReply('2')).toEqual({ kind: 'pick', option: 2, hasWish: false });
    expect(readReply('b)')).toEqual({ kind: 'pick', option: 2, hasWish: false });
    expect(readReply('the third, but without a queue')).toEqual({ kind: 'pick', option: 3, hasWish: true });
    expect(readReply('both')).toEqual({ kind: 'pick', option: null, hasWish: false });
  });

  it('is short, apart from what clients put beside it', () => {
    expect(readReply(`yes${', yes'.repeat(30)}`)).toBeNull();
    const reminder = `<system-reminder>${'The list of tasks is empty. '.repeat(20)}</system-reminder>`;
    expect(readReply(`go ahead\n${reminder}`)?.kind).toBe('go');
    expect(readReply(`${reminder}\ngo ahead`)?.kind).toBe('go');
    expect(readReply(reminder)).toBeNull();
  });
});

const hard = 'Design a rate limiter for a multi-tenant API that is fair under bursts and survives the loss of a region.';
const plan =
  'I have read the code. The plan:\n1. Split the scheduler into a planner and an executor.\n2. Replace the global lock by one lock per shard, and show that no deadlock is possible.\n3. Migrate the queue without downtime.';

function answersOf(turns: Turns): readonly (readonly [string, string])[] | null {
  const answering = readAnswering(innerRequest({ model: 'auto', messages: messagesOf(turns) }).messages, turns.length - 1);
  return answering === null ? null : answering.answered.map(({ what, text }) => [what, text]);
}

describe('what a reply answers', () => {
  it.each<[string, Turns, ReturnType<typeof answersOf>]>([
    ['is the request before it', [hard, 'Here it is.', 'continue'], [['request', hard]]],
    ['is the plan as well that waits for a go', ['hi there', `${plan}\nShall I go ahead?`, 'yes'], [['proposal', plan]]],
    [
      'is the plan where a commit waits for it',
      ['hi there', `${plan}\nShall I commit it?`, 'looks good, commit it'],
      [['proposal', plan]],
    ],
    ['is the plan where a merge waits for it', ['hi there', `${plan}\nShould we merge this?`, 'yes'], [['proposal', plan]]],
    [
      'is a plan that asks nothing, for a go',
      [hard, plan, 'go ahead'],
      [
        ['proposal', plan],
        ['request', hard],
      ],
    ],
    ['is nothing for an "ok" to what asks nothing', [hard, plan, 'ok'], null],
    ['is nothing for a "yes" to whether there is anything else', [hard, 'Done. Anything else?', 'yes'], null],
    ['is the offer alone', [hard, 'Done. Shall I translate it?', 'yes'], [['proposal', 'Shall I translate it?']]],
    ['is the request where a detail was asked', [hard, 'Should limits be shared?', 'yes'], [['request', hard]]],
    ['is the request where a number was asked', [hard, 'How many regions are there?', '3'], [['request', hard]]],
    [
      'is the option',
      ['hi', 'Two ways:\n1. Restart the server every night.\n**2.** Shard the lock by tenant and region.\nWhich?', '2'],
      [['option', 'Shard the lock by tenant and region.']],
    ],
    [
      'is the request and not an option that is a name',
      ['Name my cat', 'a) Luna\nb) Milo\nWhich?', 'b'],
      [['request', 'Name my cat']],
    ],
    ['is nothing for a number after what offers none', [hard, 'Here it is.', '2'], null],
    [
      'is what the reply before it answered',
      [hard, 'Shall I begin?', 'yes', 'Half is done. Shall I go on?', 'ok'],
      [
        ['proposal', 'Half is done.'],
        ['request', hard],
      ],
    ],
    [
      'is not beyond an approved offer',
      [hard, 'Done. Shall I translate it?', 'yes', 'In parts?', 'yes'],
      [['proposal', 'Shall I translate it?']],
    ],
    ['is the request before thanks', [hard, 'Done.', 'thanks!', 'You are welcome.', 'continue'], [['request', hard]]],
    ['is the nearest request', [hard, 'Done.', 'what is 2+2?', '4', 'again'], [['request', 'what is 2+2?']]],
    ['is nothing at the beginning', ['continue'], null],
    ['is a proposal with which the assistant began', [`${plan} Your go?`, 'go'].slice(0, 2), [['proposal', plan]]],
  ])('%s', (_, turns, expected) => expect(answersOf(turns)).toEqual(expected));

  it('is found behind tool results, too', () => {
    const call = { id: 'a', type: 'function' as const, function: { name: 'f', arguments: '{}' } };
    const messages: ChatRequest['messages'] = [
      ...messagesOf([hard, 'Shall I start?', 'go ahead']),
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', content: 'done', tool_call_id: 'a' },
    ];
    expect(classifyAll(messages).score).toBeGreaterThan(hybrid.classifier.threshold);
  });

  it('is looked for only when the last turn is a reply', () => {
    const [last] = messagesOf(['What is a noun?']);
    const history = new Proxy<Message[]>([], {
      get: (_, key) => {
        if (key === '40') return last;
        throw new Error(`read ${String(key)}`);
      },
    });
    expect(readAnswering(history, 40)).toBeNull();
  });

  it('takes no longer than the history is long', () => {
    for (const text of ['go', 'ok', 'continue', 'thanks'])
      expect(answersOf([...Array.from({ length: 20_000 }, () => text), 'go'])?.length ?? 0).toBeLessThan(13);
  });
});

describe('a reply in a history that is not remembered', () => {
  it.each<Turns>([
    ['hello', `${plan}\nThis is complex. Should I execute it?`, 'yes'],
    [
      'Refactor the session store so that tokens can be revoked across regions without a central lock',
      'Tests pass.',
      'looks good, commit it',
    ],
    [
      'Find out why the event router deadlocks under load and propose a fix',
      'Two locks in opposite order. Want me to fix it?',
      'yep',
    ],
    [hard, 'What do you think of a token bucket?', 'ok, but without Redis'],
    [hard, 'Ready when you are. Shall I?', 'yes, but use TypeScript'],
    [hard, 'What about a leaky bucket?', 'no, do it the other way'],
    [
      'Prove that every finite integral domain is a field and discuss where finiteness is needed.',
      'Let R be a finite integral',
      'continue',
    ],
    [
      'Entwirf eine Architektur für ein ausfallsicheres Zahlungssystem und begründe jede Entscheidung.',
      'Soll ich anfangen?',
      'mach weiter',
    ],
    ['Analyse les causes de cet interblocage et propose une refonte sans verrou.', 'Voici mon plan. On commence ?', 'vas-y'],
    [
      'Analiza las ventajas y riesgos de migrar nuestro monolito a eventos y diseña el plan de migración.',
      '¿Empiezo?',
      'sí, adelante',
    ],
    ['Analise os riscos de migrar nosso monólito para eventos e projete o plano de migração.', 'Posso continuar?', 'sim'],
    ['Докажи, что существует бесконечно много простых чисел вида 4k+3.', 'Начну с леммы. Продолжать?', 'да, продолжай'],
    ['证明存在无穷多个形如4k+3的素数，并推广到其他同余类。', '需要我继续吗？', '好的'],
    [
      'この分散システムの整合性を分析し、ネットワーク分断に耐える設計を提案して、その正しさを証明してください。',
      '続けますか？',
      'はい',
    ],
    ['इस एल्गोरिदम की जटिलता सिद्ध करो और इसे O(n log n) में फिर से डिज़ाइन करो।', 'क्या मैं आगे बढ़ूँ?', 'हाँ'],
  ])('is large where what it answers is: …%#', (...turns) => {
    expect(tierOf(turns)).toBe('large');
    expect(classifyAll(messagesOf(turns)).reasons[0]).toMatch(/^a short reply, scored by the (?:request|proposal) it answers$/);
  });

  it.each<Turns>([
    [hard, 'Done.', 'thanks!'],
    [hard, 'Done. Let me know if you have any questions.', 'ok great, thank you'],
    [hard, 'Done.', 'what is 2+2?'],
    [hard, 'Done.', 'thanks! what is 2+2?'],
    [hard, 'Done. Shall I translate it?', 'yes'],
    [hard, 'Fertig. Soll ich es ins Englische übersetzen?', 'ja, bitte'],
    [hard, 'Done.', 'ok, translate "good night" into Italian'],
    ['What is the capital of France?', 'Paris, on the Seine. Would you like to know more about its history?', 'yes'],
    ['How do I boil an egg?', '1. Boil water.\n2. Put the egg in.\n3. Wait seven minutes.\nReady to start?', 'yes'],
    ['Correct the typo in the title "Helo"', 'It says "Hello" now. Shall I commit it?', 'looks good, commit it'],
    ['Tell me a story about a fox', 'Once upon a time a fox lived at the edge of a wood. Shall I continue?', 'continue'],
    [
      'Explain the water cycle',
      'Water evaporates, rises, condenses and falls. The steps:\n1. Evaporation\n2. Condensation\n3. Precipitation\nShall I go into more detail?',
      'yes please',
    ],
    ['order a pizza', 'Which size?\n1. small\n2. medium\n3. large', '3'],
    ['tell me a joke', 'Why did the chicken cross the road?', 'again please'],
    ['¿Cuál es la capital de Perú?', 'Lima. ¿Quieres que te cuente más?', 'sí'],
    ['Столица Франции?', 'Париж. Рассказать подробнее?', 'да'],
    ['法国的首都是哪里？', '巴黎。要我介绍一下吗？', '好的'],
    ['hi', 'Hello! How can I help you today?', 'yes'],
  ])('is small where that is, and where it answers nothing: …%#', (...turns) => expect(tierOf(turns)).toBe('small'));

  it('is as hard as its own wish where that is harder', () => {
    const wish = 'yes, but first derive the Euler-Lagrange equation and prove the maximum principle for it';
    expect(tierOf(['tell me a joke', 'Knock knock. Another one?', wish])).toBe('large');
  });

  it('is scored by itself with the curves of the original', () => {
    const alone = classifyAll(messagesOf(['hi', 'Hello!', 'go ahead']), seed).score;
    expect(classifyAll(messagesOf([hard, plan, 'go ahead']), seed).score).toBe(alone);
  });
});

it('is never read from a single turn, and any history is read without harm', () => {
  const words = fc.constantFrom(
    'yes',
    'go ahead',
    'ok',
    '2',
    hard,
    plan,
    'Shall I?',
    'thanks',
    '?',
    '\n1. a longer option here',
    'ja',
  );
  const text = fc.array(words, { maxLength: 4 }).map((parts) => parts.join(' '));
  const message = fc.record({ role: fc.constantFrom('user', 'assistant', 'system'), content: text });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), text, (before, last) => {
      const history = before as ChatRequest['messages'];
      const view = buildView(innerRequest({ model: 'auto', messages: [...history, { role: 'user', content: last }] }));
      if (history.length === 0) expect(view.reply).toBeNull();
      expect(view.reply?.answered.length ?? 1).toBeGreaterThan(0);
      for (const { view: answered } of view.reply?.answered ?? []) expect(answered.reply).toBeNull();
    }),
  );
});
