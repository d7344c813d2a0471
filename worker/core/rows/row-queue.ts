/**
 * Rows that an isolate has and nobody else yet: at most so many, the oldest dropped and counted beyond that, handed out in messages that a
 * queue takes.
 */

/** A queue takes messages of 128,000 bytes; the rest is for its own frame. */
const maxMessageBytes = 120_000;
/** Some megabytes: only when neither the database nor the outbox could be reached for a while are there so many. */
export const maxHeld = 2000;

export interface LostRows {
  readonly dropped: number;
  /** By the database, for what is in them. */
  readonly refused: number;
}

export interface RowMessage {
  /** Each JSON. */
  readonly rows: readonly string[];
  /** Rows before these. */
  readonly lost: LostRows;
}

export const nothingLost: LostRows = { dropped: 0, refused: 0 };

export class RowQueue<Ended> {
  readonly #toRow: (ended: Ended) => string;
  #fresh: Ended[] = [];
  #rows: string[] = [];
  #lost: LostRows = nothingLost;

  /** @param toRow the row as JSON; called when it is handed out, not when it is added */
  constructor(toRow: (ended: Ended) => string) {
    this.#toRow = toRow;
  }

  add(ended: Ended): void {
    this.#fresh.push(ended);
    if (this.#fresh.length + this.#rows.length > maxHeld) this.#dropOldest();
  }

  get isEmpty(): boolean {
    return this.size === 0 && this.#lost === nothingLost;
  }

  get size(): number {
    return this.#fresh.length + this.#rows.length;
  }

  /** Everything there is, in messages. A row that fills one by itself is in one by itself, and may be longer. */
  take(): RowMessage[] {
    const rows = [...this.#rows, ...this.#fresh.map(this.#toRow)];
    const lost = this.#lost;
    [this.#rows, this.#fresh, this.#lost] = [[], [], nothingLost];
    const messages = packed(rows);
    if (messages.length === 0) return lost === nothingLost ? [] : [{ rows: [], lost }];
    return messages.map((list, at) => ({ rows: list, lost: at === 0 ? lost : nothingLost }));
  }

  /** What could not be delivered, to be handed out again. */
  putBack({ rows, lost }: RowMessage): void {
    this.#rows.push(...rows);
    this.#lose(lost.dropped, lost.refused);
    while (this.size > maxHeld) this.#dropOldest();
  }

  #dropOldest(): void {
    if (this.#rows.length > 0) this.#rows.shift();
    else this.#fresh.shift();
    this.#lose(1, 0);
  }

  #lose(dropped: number, refused: number): void {
    if (dropped + refused === 0) return;
    this.#lost = { dropped: this.#lost.dropped + dropped, refused: this.#lost.refused + refused };
  }
}

const encoder = new TextEncoder();

/** Whether a queue takes it. */
export function fitsMessage({ rows }: RowMessage): boolean {
  return rows.length !== 1 || encoder.encode(rows[0]).byteLength <= maxMessageBytes;
}

function packed(rows: readonly string[]): string[][] {
  const messages: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const size = encoder.encode(row).byteLength + 3;
    if (bytes + size > maxMessageBytes) {
      messages.push([]);
      bytes = 0;
    }
    messages.at(-1)?.push(row);
    bytes += size;
  }
  return messages;
}
