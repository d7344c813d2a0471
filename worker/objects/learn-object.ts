/**
 * What a deployment learns from its own traffic: outcomes of requests (hashes and numbers, no text), the head that is trained on them by
 * alarm, and what shadow calls have cost today. One object for each pair of models. Loads, calls the core, stores.
 */
import { DurableObject } from 'cloudflare:workers';

import type { ActiveHead } from '../core/classify/adaptive/adapted.ts';
import { type Evaluation, mayDecide, mostOutcomes, trainHead } from '../core/learn/head.ts';
import type { Outcome } from '../core/learn/outcome.ts';
import { type PairSums, qualityOf } from '../core/learn/quality.ts';
import type { Compared, LearningStatus, RatedAnswer, Side } from '../core/learn/ports.ts';
import { dayOf } from '../core/ledger/days.ts';
import { decodeFeatures, decodeModel, encodeModel } from '../core/learn/stored.ts';
import type { LogPort } from '../core/ports.ts';

/** An answer can be rated this long. */
const ratedForMs = 86_400_000;
/** Answers that nobody has rated or compared yet; about 1.5 KB each. */
const mostUnrated = 4000;
/** Rows are swept by every alarm, and by every so many new rows. */
const sweepEvery = 100;

export interface KeptAnswer {
  readonly id: string;
  readonly shown: Side;
  readonly modelId: string;
  readonly features: Uint8Array;
}

export interface LearnWiring {
  readonly dailyBudgetNanoUsd: number;
  /** At least so long between two trainings. */
  readonly trainEveryMs: number;
  readonly log: LogPort;
}

interface HeadRow {
  readonly version: number;
  readonly is_on: number;
  readonly trained_ms: number;
  readonly evaluation: string;
  readonly model: ArrayBuffer;
  readonly cut: number;
  readonly spread: number;
  [column: string]: SqlStorageValue;
}

export abstract class LearnObjectBase extends DurableObject<unknown> {
  readonly #wiring: LearnWiring;
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: unknown, wiring: LearnWiring) {
    super(ctx, env);
    this.#wiring = wiring;
    this.#sql = ctx.storage.sql;
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS outcomes (
        id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, shown TEXT NOT NULL, model_id TEXT NOT NULL, features BLOB NOT NULL,
        small REAL, large REAL, rated REAL, is_graded INTEGER NOT NULL DEFAULT 0
      );
      CREATE INDEX IF NOT EXISTS outcomes_by_age ON outcomes (is_graded, at_ms);
      CREATE TABLE IF NOT EXISTS head (
        id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, is_on INTEGER NOT NULL, trained_ms INTEGER NOT NULL,
        evaluation TEXT NOT NULL, model BLOB NOT NULL, cut REAL NOT NULL, spread REAL NOT NULL
      );
      CREATE TABLE IF NOT EXISTS spending (
        day TEXT PRIMARY KEY, nano_usd INTEGER NOT NULL, shadows INTEGER NOT NULL, ungraded INTEGER NOT NULL DEFAULT 0
      );
    `);
    const columns = this.#sql.exec<{ name: string }>('PRAGMA table_info(spending)').toArray();
    if (!columns.some(({ name }) => name === 'ungraded'))
      this.#sql.exec('ALTER TABLE spending ADD COLUMN ungraded INTEGER NOT NULL DEFAULT 0');
  }

  /** Keeps what a rating would need. Again, it changes nothing. */
  keep({ id, shown, modelId, features }: KeptAnswer): void {
    const [row] = this.#sql
      .exec<{ number: number }>(
        'INSERT OR IGNORE INTO outcomes (id, at_ms, shown, model_id, features) VALUES (?, ?, ?, ?, ?) RETURNING rowid AS number',
        id,
        Date.now(),
        shown,
        modelId,
        features.slice().buffer,
      )
      .toArray();
    // By the row's number, which an eviction does not set back: an object with little to do is evicted between any two rows.
    if (row !== undefined && row.number % sweepEvery === 0) this.#sweep();
  }

  /** Takes the most that a shadow call can cost from today's budget; false when there is not so much left. */
  mayShadow(mostNanoUsd: number): boolean {
    const { nanoUsd } = this.#today();
    if (nanoUsd + mostNanoUsd > this.#wiring.dailyBudgetNanoUsd) return false;
    this.#spend(mostNanoUsd, { shadows: 1 });
    return true;
  }

  /** The call is over: what it did not cost is given back, and the grades of both answers are kept, if there are any. */
  async shadowed(answer: KeptAnswer, compared: Compared, unusedNanoUsd: number): Promise<void> {
    const isGraded = typeof compared === 'object';
    this.#spend(-unusedNanoUsd, { shadows: compared === 'not_asked' ? -1 : 0, ungraded: compared === 'ungraded' ? 1 : 0 });
    if (!isGraded) return;
    this.keep(answer);
    const { small, large } = compared;
    this.#sql.exec('UPDATE outcomes SET small = ?, large = ?, is_graded = 1 WHERE id = ?', small, large, answer.id);
    await this.#trainSoon();
  }

  async rate(id: string, score: number): Promise<RatedAnswer | null> {
    const [row] = this.#sql
      .exec<{ model_id: string; rated: number | null }>(
        'UPDATE outcomes SET is_graded = 1 WHERE id = ? AND at_ms > ? RETURNING model_id, rated',
        id,
        Date.now() - ratedForMs,
      )
      .toArray();
    if (row === undefined) return null;
    this.#sql.exec('UPDATE outcomes SET rated = ? WHERE id = ?', score, id);
    await this.#trainSoon();
    return { modelId: row.model_id, before: row.rated };
  }

  /** The head that decides, when it is another than the caller has; `null` when none does. */
  active(knownVersion: number): ActiveHead | 'same' | null {
    const row = this.#head();
    if (row === null || row.is_on === 0) return null;
    if (row.version === knownVersion) return 'same';
    const model = decodeModel(new Uint8Array(row.model));
    return model === null ? null : { version: row.version, head: { model, cut: row.cut, spread: row.spread } };
  }

  status(): LearningStatus {
    const row = this.#head();
    // Without a weight it is from when the head decided alone.
    const evaluation: Evaluation | null = row === null ? null : { weight: 1, ...JSON.parse(row.evaluation) };
    const [counts] = this.#sql
      .exec<{
        pairs: number;
        rated: number;
      }>('SELECT COUNT(small) AS pairs, COUNT(rated) AS rated FROM outcomes WHERE is_graded = 1')
      .toArray();
    const { nanoUsd, shadows, ungraded } = this.#today();
    return {
      version: row?.version ?? 0,
      isOn: row?.is_on === 1,
      trainedAtMs: row?.trained_ms ?? null,
      evaluation,
      outcomes: { pairs: counts?.pairs ?? 0, rated: counts?.rated ?? 0 },
      quality: qualityOf(this.#pairSums()),
      today: { shadows, ungraded, costNanoUsd: nanoUsd },
    };
  }

  /** Twice, it trains twice on the same outcomes. One that fails is tried again at the pace of trainings, for as long as it takes. */
  override async alarm(): Promise<void> {
    try {
      this.#sweep();
      this.#train();
    } catch (error) {
      // The platform would try six times within minutes, and never again.
      this.#wiring.log.write('error', 'own_router_not_trained', { error });
      await this.ctx.storage.setAlarm(Date.now() + this.#wiring.trainEveryMs);
    }
  }

  #train(): void {
    const trained = trainHead(this.#outcomes());
    if (trained === null) return;
    const before = this.#head();
    const { head, evaluation } = trained;
    const isOn = mayDecide(evaluation);
    const version = (before?.version ?? 0) + 1;
    this.#sql.exec(
      'INSERT OR REPLACE INTO head (id, version, is_on, trained_ms, evaluation, model, cut, spread) VALUES (1, ?, ?, ?, ?, ?, ?, ?)',
      version,
      isOn ? 1 : 0,
      Date.now(),
      JSON.stringify(evaluation),
      encodeModel(head.model).buffer,
      head.cut,
      head.spread,
    );
    if (isOn !== (before?.is_on === 1)) {
      const { lead, outcomes } = evaluation;
      this.#wiring.log.write('info', isOn ? 'own_router_on' : 'own_router_off', { version, outcomes, lead_low: lead.low });
    }
  }

  async #trainSoon(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) !== null) return;
    const sinceMs = this.#head()?.trained_ms ?? 0;
    await this.ctx.storage.setAlarm(Math.max(Date.now() + 1000, sinceMs + this.#wiring.trainEveryMs));
  }

  #outcomes(): Outcome[] {
    const rows = this.#sql.exec<{
      features: ArrayBuffer;
      shown: Side;
      small: number | null;
      large: number | null;
      rated: number | null;
    }>('SELECT features, shown, small, large, rated FROM outcomes WHERE is_graded = 1 ORDER BY at_ms DESC LIMIT ?', mostOutcomes);
    return [...rows].flatMap(({ features: bytes, shown, small, large, rated }): Outcome[] => {
      const features = decodeFeatures(new Uint8Array(bytes));
      // What a person says of an answer counts for more than how it compares.
      const of = (side: Side, grade: number | null): number | null => (shown === side ? (rated ?? grade) : grade);
      return features === null ? [] : [{ features, small: of('small', small), large: of('large', large) }];
    });
  }

  /** A person's rating of the answer that was shown counts for more than its grade, as in training. */
  #pairSums(): PairSums {
    const [row] = this.#sql
      .exec<{ pairs: number; shown_small: number; given_up: number; squared: number }>(
        `SELECT COUNT(*) AS pairs, COALESCE(SUM(shown = 'small'), 0) AS shown_small, TOTAL(lost) AS given_up, TOTAL(lost * lost) AS squared
         FROM (SELECT shown, CASE shown WHEN 'small' THEN large - COALESCE(rated, small) ELSE 0.0 END AS lost
               FROM outcomes WHERE is_graded = 1 AND small IS NOT NULL AND large IS NOT NULL)`,
      )
      .toArray();
    return {
      pairs: row?.pairs ?? 0,
      shownSmall: row?.shown_small ?? 0,
      givenUp: row?.given_up ?? 0,
      givenUpSquared: row?.squared ?? 0,
    };
  }

  #head(): HeadRow | null {
    return this.#sql.exec<HeadRow>('SELECT * FROM head WHERE id = 1').toArray()[0] ?? null;
  }

  #today(): { nanoUsd: number; shadows: number; ungraded: number } {
    const [row] = this.#sql
      .exec<{
        nano_usd: number;
        shadows: number;
        ungraded: number;
      }>('SELECT nano_usd, shadows, ungraded FROM spending WHERE day = ?', dayOf(Date.now()))
      .toArray();
    return { nanoUsd: row?.nano_usd ?? 0, shadows: row?.shadows ?? 0, ungraded: row?.ungraded ?? 0 };
  }

  #spend(nanoUsd: number, { shadows = 0, ungraded = 0 }: { shadows?: number; ungraded?: number }): void {
    this.#sql.exec(
      `INSERT INTO spending (day, nano_usd, shadows, ungraded) VALUES (?1, MAX(0, ?2), MAX(0, ?3), ?4)
       ON CONFLICT (day) DO UPDATE
       SET nano_usd = MAX(0, nano_usd + ?2), shadows = MAX(0, shadows + ?3), ungraded = ungraded + ?4`,
      dayOf(Date.now()),
      nanoUsd,
      shadows,
      ungraded,
    );
  }

  #sweep(): void {
    const nowMs = Date.now();
    this.#sql.exec('DELETE FROM outcomes WHERE is_graded = 0 AND at_ms <= ?', nowMs - ratedForMs);
    for (const [isGraded, most] of [
      [0, mostUnrated],
      [1, mostOutcomes],
    ] as const)
      this.#sql.exec(
        'DELETE FROM outcomes WHERE id IN (SELECT id FROM outcomes WHERE is_graded = ? ORDER BY at_ms DESC LIMIT -1 OFFSET ?)',
        isGraded,
        most,
      );
    this.#sql.exec('DELETE FROM spending WHERE day < ?', dayOf(nowMs - 7 * 86_400_000));
  }
}
