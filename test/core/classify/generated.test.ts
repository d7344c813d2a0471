/** Requests that are written for training: the same for one seed, every slot filled, hard and easy about the same things. */
import { describe, expect, it } from 'vitest';
import { writeAgentAsks } from '../../../bench/routing/agent-asks.ts';
import { writeDocumentAsks } from '../../../bench/routing/document-asks.ts';
import { heldOutForeign, heldOutTrades } from '../../../bench/routing/held-out-trades.ts';
import { heldOut, training, writePeopleAsks } from '../../../bench/routing/people-asks.ts';
import { seeded } from '../../../bench/routing/random.ts';
import { writeTradeAsks } from '../../../bench/routing/trade-asks.ts';
import { foreignTrades, trades } from '../../../bench/routing/trades.ts';
import { classify } from '../../../worker/core/classify/classify.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { loadWeights } from '../../../worker/core/classify/weights/load.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { hybrid } from './requests.ts';

const agents = writeAgentAsks(400, 1);
const documents = writeDocumentAsks(400, 1);

describe('what agents are asked, for training', () => {
  it('is the same for one seed and another for another', () => {
    expect(writeAgentAsks(400, 1)).toEqual(agents);
    expect(writeAgentAsks(400, 2)).not.toEqual(agents);
  });
  it('has no slot left open', () => expect(JSON.stringify(agents)).not.toMatch(/\{\w+\}/));
  it('offers tools for hard and easy asks alike', () => {
    const withTools = (isHard: boolean): number =>
      agents.filter((ask) => ask.isHard === isHard && ask.request.tools !== undefined).length / 200;
    expect(Math.abs(withTools(true) - withTools(false))).toBeLessThan(0.1);
  });
});

describe('what is asked beside documents, for training', () => {
  it('is the same for one seed and another for another', () => {
    expect(writeDocumentAsks(400, 1)).toEqual(documents);
    expect(writeDocumentAsks(400, 2)).not.toEqual(documents);
  });
  it('has no slot left open', () => expect(JSON.stringify(documents)).not.toMatch(/\{\w+\}/));
  it('has hard and easy asks beside documents of like length', () => {
    const meanOf = (isHard: boolean): number =>
      documents.filter((one) => one.isHard === isHard).reduce((sum, { text }) => sum + text.length, 0) / 200;
    expect(meanOf(true) / meanOf(false)).toBeGreaterThan(0.8);
    expect(meanOf(true) / meanOf(false)).toBeLessThan(1.25);
  });
});

describe('what is asked beside a document of some trade', () => {
  const trained = [...trades, ...foreignTrades];
  const kept = [...heldOutTrades, ...heldOutForeign];
  it('is the same for one seed and another for another', () => {
    expect(writeTradeAsks(trained, 1, seeded(1))).toEqual(writeTradeAsks(trained, 1, seeded(1)));
    expect(writeTradeAsks(trained, 1, seeded(2))).not.toEqual(writeTradeAsks(trained, 1, seeded(1)));
  });
  it.each([
    ['trained on', trained],
    ['kept out of training', kept],
  ])('has at least sixty look-ups, and hard questions to every text: %s', (_, all) => {
    expect(all.flatMap(({ lookups }) => lookups).length).toBeGreaterThanOrEqual(60);
    expect(Math.min(...all.map(({ hard }) => hard.length))).toBeGreaterThanOrEqual(2);
  });
  it('is not in both', () => {
    const seen = new Set(trained.flatMap(({ sentences, lookups, hard }) => [...sentences, ...lookups, ...hard]));
    expect(
      kept.flatMap(({ sentences, lookups, hard }) => [...sentences, ...lookups, ...hard]).filter((text) => seen.has(text)),
    ).toEqual([]);
  });
  it('has hard and easy asks beside texts of like length', () => {
    const asks = writeTradeAsks(trades, 4, seeded(1));
    const meanOf = (hard: boolean): number => {
      const these = asks.filter(({ isHard }) => isHard === hard);
      return these.reduce((sum, { text }) => sum + text.length, 0) / these.length;
    };
    expect(meanOf(true) / meanOf(false)).toBeGreaterThan(0.8);
    expect(meanOf(true) / meanOf(false)).toBeLessThan(1.25);
  });
});

describe('what is asked about people', () => {
  it('is the same for one seed, with no slot left open', () => {
    expect(writePeopleAsks(training, 200, 1)).toEqual(writePeopleAsks(training, 200, 1));
    expect(JSON.stringify([writePeopleAsks(training, 400, 1), writePeopleAsks(heldOut, 400, 1)])).not.toMatch(/\{\w+\}/);
  });
  it('is not trained on where it is kept out', () => {
    const of = ({ settings, hard, hardNext, easy }: typeof training): string[] => [
      ...settings.flatMap((words) => [words.who, words.matter, words.event]),
      ...hard,
      ...hardNext,
      ...easy,
    ];
    const seen = new Set(of(training));
    expect(of(heldOut).filter((text) => seen.has(text))).toEqual([]);
  });
});

describe('the shipped classifier, of a request with tools', () => {
  const tools = [{ type: 'function' as const, function: { name: 'find', parameters: { type: 'object', properties: {} } } }];
  it.each([
    ['small', 'Look up subscription 88123: is it still active?'],
    ['small', 'Check whether the visa application of Amina has been approved.'],
    ['small', 'find the serial number of camera 14'],
    ['small', 'pause campaign 552 please'],
    ['large', 'Uploads fail for one customer in fifty since Tuesday. Search the traces, find the cause and propose a fix.'],
    ['large', 'Compare the churn of all plans over two years, explain the differences and recommend which plan to end.'],
  ])('goes %s: %s', (tier, content) => {
    const request = innerRequest({ model: 'auto', messages: [{ role: 'user', content }], tools });
    expect(classify(buildView(request), hybrid, loadWeights()).score >= hybrid.classifier.threshold).toBe(tier === 'large');
  });
});
