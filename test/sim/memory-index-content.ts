/**
 * What is on the disk of an index in memory.
 *
 * Rows are in a map; beside it two orders are kept, ids and changes. Every write remembers its opposite, so that
 * a batch that fails, or transactions that a power loss takes, can be undone one by one.
 */
import { FaultError, fault } from "../../core/model/faults.ts";
import type { ImageId } from "../../core/model/ids.ts";
import type { IndexChange, IndexPosition, IndexRow, Place, SegmentId } from "../../core/ports.ts";

export type Undo = () => void;

export class Content {
  #position: IndexPosition = { batch: 0, feedHead: 0 };
  readonly #rows = new Map<ImageId, IndexRow>();
  readonly #superseded = new Map<ImageId, readonly Place[]>();
  readonly #notes = new Map<string, string>();
  /** Both ascending. */
  readonly #ids: ImageId[] = [];
  readonly #changes: number[] = [];
  readonly #idOfChange = new Map<number, ImageId>();
  #undo: Undo[] = [];
  #version = 0;

  /** Another one whenever anything may have changed. */
  get version(): number {
    return this.#version;
  }

  get position(): IndexPosition {
    return this.#position;
  }

  copy(): Content {
    const copy = new Content();
    copy.setPosition(this.#position);
    for (const row of this.rowsAfter(null)) copy.#exchange(undefined, row);
    for (const [id, places] of this.#superseded) copy.#superseded.set(id, places);
    for (const [name, text] of this.#notes) copy.#notes.set(name, text);
    return copy;
  }

  /** All of `change` or, when it throws, nothing; gives what undoes it. */
  atomically(change: (content: Content) => void): Undo {
    const steps: Undo[] = [];
    const undo = (): void => {
      this.#version++;
      for (const step of steps.toReversed()) step();
    };
    this.#undo = steps;
    this.#version++;
    try {
      change(this);
    } catch (error) {
      undo();
      throw error;
    }
    return undo;
  }

  row(id: ImageId): IndexRow | null {
    return this.#rows.get(id) ?? null;
  }

  /** By ascending id, after `after`. */
  *rowsAfter(after: ImageId | null): Iterable<IndexRow> {
    for (let index = firstAfter(this.#ids, after); index < this.#ids.length; index++) {
      const row = this.#rows.get(this.#ids[index] as ImageId);
      if (row !== undefined) yield row;
    }
  }

  /** By descending id, before `before`. */
  *rowsBefore(before: ImageId | null): Iterable<IndexRow> {
    for (let index = this.#ids.length - 1; index >= 0; index--) {
      const row = this.#rows.get(this.#ids[index] as ImageId);
      if (row !== undefined && (before === null || row.id < before)) yield row;
    }
  }

  /** By change, after `after`. */
  *changedAfter(after: number): Iterable<IndexRow> {
    for (let index = firstAfter(this.#changes, after); index < this.#changes.length; index++) {
      const id = this.#idOfChange.get(this.#changes[index] as number);
      const row = id === undefined ? undefined : this.#rows.get(id);
      if (row !== undefined) yield row;
    }
  }

  superseded(id: ImageId): readonly Place[] {
    return this.#superseded.get(id) ?? [];
  }

  note(name: string): string | null {
    return this.#notes.get(name) ?? null;
  }

  apply(change: IndexChange): void {
    if (change.kind === "put") this.#put(change.row);
    else this.#drop(change.id);
  }

  setPosition(position: IndexPosition): void {
    const before = this.#position;
    this.#position = position;
    this.#undo.push(() => {
      this.#position = before;
    });
  }

  setNote(name: string, text: string): void {
    this.#set(this.#notes, name, text);
  }

  forgetSuperseded(id: ImageId, places: readonly Place[]): void {
    const isNamed = (known: Place): boolean => places.some((place) => comparePlaces(place, known) === 0);
    this.#setSuperseded(
      id,
      this.superseded(id).filter((known) => !isNamed(known)),
    );
  }

  forgetSegment(segment: SegmentId): void {
    for (const [id, places] of [...this.#superseded]) {
      const left = places.filter((place) => place.segment !== segment);
      if (left.length < places.length) this.#setSuperseded(id, left);
    }
  }

  clear(): void {
    for (const id of [...this.#ids]) this.#drop(id);
    this.setPosition({ batch: 0, feedHead: 0 });
  }

  #put(row: IndexRow): void {
    const before = this.#rows.get(row.id);
    if ((this.#idOfChange.get(row.change) ?? row.id) !== row.id) {
      throw failed(`change ${row.change} is another image's`);
    }
    if (before !== undefined && comparePlaces(before.entry, row.entry) !== 0) {
      const others = [...this.superseded(row.id), before.entry];
      this.#setSuperseded(
        row.id,
        others.filter((place) => comparePlaces(place, row.entry) !== 0).sort(comparePlaces),
      );
    }
    this.#setRow(before, row);
  }

  #drop(id: ImageId): void {
    const before = this.#rows.get(id);
    if (before === undefined) return;
    this.#setSuperseded(id, []);
    this.#setRow(before, undefined);
  }

  #setRow(before: IndexRow | undefined, after: IndexRow | undefined): void {
    this.#exchange(before, after);
    this.#undo.push(() => this.#exchange(after, before));
  }

  #setSuperseded(id: ImageId, places: readonly Place[]): void {
    this.#set(this.#superseded, id, places.length === 0 ? undefined : places);
  }

  #set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void {
    const before = map.get(key);
    setOrDelete(map, key, value);
    this.#undo.push(() => setOrDelete(map, key, before));
  }

  #exchange(before: IndexRow | undefined, after: IndexRow | undefined): void {
    if (before !== undefined) {
      this.#rows.delete(before.id);
      remove(this.#ids, before.id);
      remove(this.#changes, before.change);
      this.#idOfChange.delete(before.change);
    }
    if (after !== undefined) {
      this.#rows.set(after.id, after);
      insert(this.#ids, after.id);
      insert(this.#changes, after.change);
      this.#idOfChange.set(after.change, after.id);
    }
  }
}

export const failed = (reason: string): FaultError =>
  new FaultError(fault("DISK_FAILED", { path: "simulated index", reason }));

type PlaceKey = Pick<Place, "segment" | "at">;
export const comparePlaces = (a: PlaceKey, b: PlaceKey): number =>
  a.segment === b.segment ? a.at - b.at : a.segment < b.segment ? -1 : 1;

const setOrDelete = <Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void => {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
};

/** Where in `sorted` the first one greater than `key` is; 0 for null. */
const firstAfter = <Key extends number | string>(sorted: readonly Key[], key: Key | null): number => {
  if (key === null) return 0;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as Key) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
};

const insert = <Key extends number | string>(sorted: Key[], key: Key): void => {
  sorted.splice(firstAfter(sorted, key), 0, key);
};

const remove = <Key extends number | string>(sorted: Key[], key: Key): void => {
  sorted.splice(firstAfter(sorted, key) - 1, 1);
};
