/**
 * The vectors of a collection: in memory one behind the other, so that a search runs through one array, and in SQLite in blocks far below the
 * 2 MB of a row. There are no holes: the last vector takes the place of one that goes. Changes are written by `save`, in the transaction that
 * made them; where that fails, the shelf in memory must not be used any more. Part of the collection object.
 */
import type { VectorTable } from '../core/rag/nearest.ts';

const blockBytes = 262_144;

type BlockRow = { block: number; vectors: ArrayBuffer; scales: ArrayBuffer; chunks: ArrayBuffer };

export class VectorShelf {
  readonly #sql: SqlStorage;
  readonly #dimensions: number;
  readonly #perBlock: number;
  readonly #changed = new Set<number>();
  #count = 0;
  #values: Int8Array<ArrayBuffer>;
  #scales: Float32Array<ArrayBuffer>;
  /** Which chunk a vector belongs to. */
  #chunks: Float64Array<ArrayBuffer>;

  /** Reads what there is. */
  constructor(sql: SqlStorage, dimensions: number) {
    this.#sql = sql;
    this.#dimensions = dimensions;
    this.#perBlock = Math.max(1, Math.floor(blockBytes / dimensions));
    const { blocks } = sql.exec<{ blocks: number }>('SELECT COUNT(*) AS blocks FROM blocks').one();
    const room = (blocks + 1) * this.#perBlock;
    this.#values = new Int8Array(room * dimensions);
    this.#scales = new Float32Array(room);
    this.#chunks = new Float64Array(room);
    for (const row of sql.exec<BlockRow>('SELECT block, vectors, scales, chunks FROM blocks ORDER BY block')) this.#read(row);
  }

  get table(): VectorTable {
    return { dimensions: this.#dimensions, count: this.#count, values: this.#values, scales: this.#scales };
  }

  chunkAt(place: number): number {
    const chunk = this.#chunks[place];
    if (chunk === undefined || place >= this.#count) throw new Error(`no vector at ${place}`);
    return chunk;
  }

  /** Where a chunk's vector is; null where it has none. */
  placeOf(chunk: number): number | null {
    const place = this.#chunks.indexOf(chunk);
    return place === -1 || place >= this.#count ? null : place;
  }

  /** @param values of all chunks, one behind the other */
  add(chunks: readonly number[], values: Int8Array, scales: Float32Array): void {
    if (values.length !== chunks.length * this.#dimensions || scales.length !== chunks.length)
      throw new Error('as many vectors as chunks are needed');
    this.#makeRoom(this.#count + chunks.length);
    this.#values.set(values, this.#count * this.#dimensions);
    this.#scales.set(scales, this.#count);
    this.#chunks.set(chunks, this.#count);
    for (let place = this.#count; place < this.#count + chunks.length; place += 1) this.#change(place);
    this.#count += chunks.length;
  }

  /** Takes away the vectors of these chunks; what is not there is passed over. */
  remove(chunks: ReadonlySet<number>): void {
    let left = chunks.size;
    for (let place = this.#count - 1; place >= 0 && left > 0; place -= 1) {
      if (!chunks.has(this.#chunks[place] ?? -1)) continue;
      left -= 1;
      const last = this.#count - 1;
      this.#change(last);
      this.#count = last;
      if (place === last) continue;
      this.#values.copyWithin(place * this.#dimensions, last * this.#dimensions, (last + 1) * this.#dimensions);
      this.#scales.copyWithin(place, last, last + 1);
      this.#chunks.copyWithin(place, last, last + 1);
      this.#change(place);
    }
  }

  save(): void {
    for (const block of this.#changed) {
      const from = block * this.#perBlock;
      const to = Math.min(this.#count, from + this.#perBlock);
      if (to <= from) {
        this.#sql.exec('DELETE FROM blocks WHERE block = ?', block);
        continue;
      }
      this.#sql.exec(
        'INSERT OR REPLACE INTO blocks (block, vectors, scales, chunks) VALUES (?, ?, ?, ?)',
        block,
        this.#values.slice(from * this.#dimensions, to * this.#dimensions).buffer,
        this.#scales.slice(from, to).buffer,
        this.#chunks.slice(from, to).buffer,
      );
    }
    this.#changed.clear();
  }

  #read({ block, vectors, scales, chunks }: BlockRow): void {
    const from = block * this.#perBlock;
    this.#values.set(new Int8Array(vectors), from * this.#dimensions);
    this.#scales.set(new Float32Array(scales), from);
    const read = new Float64Array(chunks);
    this.#chunks.set(read, from);
    this.#count = from + read.length;
  }

  #change(place: number): void {
    this.#changed.add(Math.floor(place / this.#perBlock));
  }

  /** A quarter more than is needed: an array that grows is there twice while it is copied. */
  #makeRoom(count: number): void {
    if (count <= this.#scales.length) return;
    const room = Math.ceil((count * 1.25) / this.#perBlock) * this.#perBlock;
    this.#values = grown(this.#values, new Int8Array(room * this.#dimensions));
    this.#scales = grown(this.#scales, new Float32Array(room));
    this.#chunks = grown(this.#chunks, new Float64Array(room));
  }
}

function grown<List extends { set(list: List): void }>(old: List, room: List): List {
  room.set(old);
  return room;
}
