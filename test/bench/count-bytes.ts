/**
 * Counts what a process sends and receives on the connections that it dialed, TLS included, TCP's own headers
 * not. `node --import dist/test/bench/count-bytes.js …`; the benchmark loads it into processes whose times it
 * does not measure. The totals are in the file that DISTINSTA_BENCH_BYTES names, followed by the process id.
 *
 * Every connection has one end that dialed, so no byte is counted twice: a client's are all to the cluster, a
 * node's all to other nodes.
 */
import { renameSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { isMainThread } from "node:worker_threads";

export interface Total {
  readonly written: number;
  readonly read: number;
}

const everyMs = 50;

/** Under a TLS socket lies the TCP one, whose counters see the records as they are on the wire. */
interface Handle {
  readonly bytesWritten?: number;
  readonly bytesRead?: number;
  readonly _parent?: Handle;
}

const dialed = new Map<Socket, Total>();
let closed: Total = { written: 0, read: 0 };

const look = (socket: Socket): void => {
  const handle = (socket as unknown as { readonly _handle: Handle | null })._handle;
  const tcp = handle?._parent ?? handle;
  const before = dialed.get(socket) ?? { written: 0, read: 0 };
  dialed.set(socket, {
    written: Math.max(before.written, tcp?.bytesWritten ?? 0),
    read: Math.max(before.read, tcp?.bytesRead ?? 0),
  });
};

const sum = (a: Total, b: Total): Total => ({ written: a.written + b.written, read: a.read + b.read });

const watch = (path: string): void => {
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (this: Socket, ...given: unknown[]) {
    look(this);
    this.once("close", () => {
      closed = sum(closed, dialed.get(this) ?? { written: 0, read: 0 });
      dialed.delete(this);
    });
    return Reflect.apply(connect, this, given);
  } as typeof connect;
  setInterval(() => {
    for (const socket of dialed.keys()) look(socket);
    const total = [...dialed.values()].reduce(sum, closed);
    // Whoever reads it finds it whole.
    writeFileSync(`${path}.${process.pid}.new`, JSON.stringify(total));
    renameSync(`${path}.${process.pid}.new`, `${path}.${process.pid}`);
  }, everyMs).unref();
};

const path = process.env.DISTINSTA_BENCH_BYTES;
// It is loaded into worker threads too, which have no sockets.
if (path !== undefined && isMainThread) watch(path);
