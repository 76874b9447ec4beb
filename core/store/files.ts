/**
 * The open files of a store: few at a time, each closed only when nobody uses it, and a file that is removed goes
 * when its last reader has let go.
 */
import type { Disk, DiskFile } from "../ports.ts";

interface Opened {
  readonly name: string;
  readonly file: Promise<DiskFile>;
  users: number;
  /** Called when the last user is gone, once the file is to be removed. */
  onFree: (() => void) | null;
  /** Once it is to be removed: whoever wants that too waits for the same. */
  removed: Promise<void> | null;
}

/** Files kept open although nobody uses them. */
const idleMax = 32;

export class OpenFiles {
  readonly #disk: Disk;
  /** In the order of their last use, the longest unused first. */
  readonly #opened = new Map<string, Opened>();
  /** Why the first sync failed that did. */
  #failure: unknown = null;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Makes a new file, which is open then. */
  async create(name: string, bytes: number): Promise<void> {
    const file = await this.#disk.create(name, bytes);
    this.#opened.set(name, { name, file: Promise.resolve(file), users: 0, onFree: null, removed: null });
  }

  /** Opens it, if it is not open, for as long as `use` takes. */
  async using<Value>(name: string, use: (file: DiskFile) => Promise<Value>): Promise<Value> {
    const opened = this.#take(name);
    try {
      return await use(await opened.file);
    } finally {
      this.#letGo(opened);
    }
  }

  /** What was written to that file is on disk when it resolves. */
  sync(name: string): Promise<void> {
    return this.using(name, (file) => this.synced(file));
  }

  /**
   * The same for who uses the file already. When one sync has failed, none that ends later is believed: the system may
   * take for written what the failed one had to write, whoever wrote it (Rebello et al., 2020).
   */
  async synced(file: DiskFile): Promise<void> {
    try {
      await file.sync();
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Like `using`, for a stream: the file stays open until the reader is through or has left. */
  async *reading<Item>(name: string, read: (file: DiskFile) => AsyncIterable<Item>): AsyncGenerator<Item> {
    const opened = this.#take(name);
    try {
      yield* read(await opened.file);
    } finally {
      this.#letGo(opened);
    }
  }

  /** Resolves when nobody uses it any more and it is removed for good. */
  async remove(name: string): Promise<void> {
    const opened = this.#opened.get(name);
    if (opened === undefined) return this.#disk.remove(name);
    opened.removed ??= this.#removeWhenFree(opened);
    return opened.removed;
  }

  async #removeWhenFree(opened: Opened): Promise<void> {
    if (opened.users > 0) await new Promise<void>((resolve) => (opened.onFree = resolve));
    this.#opened.delete(opened.name);
    await closeQuietly(opened);
    await this.#disk.remove(opened.name);
  }

  async close(): Promise<void> {
    const all = [...this.#opened.values()];
    this.#opened.clear();
    await Promise.all(all.map(closeQuietly));
  }

  #take(name: string): Opened {
    const opened = this.#opened.get(name) ?? this.#open(name);
    opened.users++;
    // To the end of the order.
    this.#opened.delete(name);
    this.#opened.set(name, opened);
    return opened;
  }

  #open(name: string): Opened {
    const opened: Opened = { name, file: this.#disk.open(name), users: 0, onFree: null, removed: null };
    // Whoever uses it hears of the failure; the next one tries again.
    opened.file.catch(() => this.#opened.delete(name));
    return opened;
  }

  #letGo(opened: Opened): void {
    opened.users--;
    if (opened.users > 0) return;
    if (opened.onFree !== null) {
      opened.onFree();
      return;
    }
    const idle = [...this.#opened.values()].filter(({ users }) => users === 0);
    for (const surplus of idle.slice(0, Math.max(0, idle.length - idleMax))) {
      this.#opened.delete(surplus.name);
      void closeQuietly(surplus);
    }
  }
}

const closeQuietly = async ({ file }: Opened): Promise<void> => {
  await file.then((opened) => opened.close()).catch(() => undefined);
};
