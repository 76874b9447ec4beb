import { once } from "node:events";
import * as net from "node:net";
import { Duplex } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { openWire, type Wire } from "../../../core/io/connection.ts";
import { fault } from "../../../core/model/faults.ts";
import {
  helloBytesMax,
  inboundBytesMax,
  outboundBytesMax,
  sealedChunkBytesMax,
} from "../../../core/model/limits.ts";
import type { Message } from "../../../core/model/messages.ts";
import { encodeMessage } from "../../../core/wire/codec.ts";
import { encodeFrame } from "../../../core/wire/frame.ts";
import { refusalOf } from "../../../core/wire/schema-faults.ts";

const status: Message = { kind: "status" };
const busy = fault("BUSY", { what: "too many uploads" });
const sockets: net.Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Two ends of one TCP connection on loopback. */
const socketPair = async (): Promise<readonly [net.Socket, net.Socket]> => {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const near = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  const [far] = (await accepted) as [net.Socket];
  await once(near, "connect");
  server.close();
  sockets.push(near, far);
  far.on("error", () => undefined);
  return [near, far];
};

const wirePair = async (): Promise<readonly [Wire, Wire]> => {
  const [near, far] = await socketPair();
  const [a, b] = [openWire(near, "far"), openWire(far, "near")];
  await a.send(status);
  await b.receive();
  await b.send(status);
  await a.receive();
  return [a, b];
};

const chunk = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(3);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("frames through a connection", () => {
  test("arrive in order, before and after somebody waits for them", async () => {
    const [a, b] = await wirePair();
    const first = b.receive();
    await a.sendChunk(chunk(10));
    expect(await first).toEqual({ kind: "chunk", bytes: chunk(10) });
    await a.send(status);
    await a.sendChunk(chunk(20));
    expect(await b.receive()).toEqual({ kind: "message", message: status });
    expect(await b.receive()).toEqual({ kind: "chunk", bytes: chunk(20) });
    expect(b.idle).toBe(true);
  });

  test("what was sent before closing is still received after it", async () => {
    const [a, b] = await wirePair();
    await a.send(status);
    await a.send(refusalOf(busy));
    a.close();
    await a.closed;
    await b.closed;
    expect(b.idle).toBe(false);
    expect(await b.receive()).toMatchObject({ message: status });
    expect(await b.receive()).toMatchObject({ message: { kind: "refused", code: "BUSY" } });
    await expect(b.receive()).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
  });

  test("a refusal in the middle of a body reaches a sender that is still sending", async () => {
    const [a, b] = await wirePair();
    let sentAll = false;
    const sending = (async () => {
      for (let count = 0; count < 400; count++) await a.sendChunk(chunk(sealedChunkBytesMax));
      sentAll = true;
    })();
    sending.catch(() => undefined);
    await b.receive();
    await b.send(refusalOf(busy));
    b.close();
    expect(await a.receive()).toMatchObject({ message: { kind: "refused", code: "BUSY" } });
    a.destroy(null);
    await expect(sending).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
    expect(sentAll).toBe(false);
    await b.closed;
  });
});

describe("bounds of a connection", () => {
  test("a sender waits while too much is unsent, and goes on when it is taken", async () => {
    const [a, b] = await wirePair();
    let sent = 0;
    const total = 600;
    const sending = (async () => {
      for (; sent < total; sent++) await a.sendChunk(chunk(sealedChunkBytesMax));
    })();
    let before = -1;
    while (sent !== before) {
      before = sent;
      for (let count = 0; count < 50; count++) await turn();
    }
    expect(sent).toBeLessThan(total);
    expect(a.unsentBytes).toBeLessThan(outboundBytesMax + 2 * sealedChunkBytesMax);
    for (let count = 0; count < total; count++) expect((await b.receive()).kind).toBe("chunk");
    await sending;
  });

  test("a socket is not read while a megabyte waits, many tiny frames included", async () => {
    for (const [bytes, frames] of [
      [sealedChunkBytesMax, 48],
      [1, 12_288],
    ] as const) {
      const [near, far] = await socketPair();
      const wire = openWire(near, "far");
      const frame = encodeFrame("chunk", chunk(bytes));
      far.write(encodeFrame("message", encodeMessage(status)));
      far.write(Buffer.concat(Array.from({ length: frames }, () => frame)));
      while (!near.isPaused()) await turn();
      expect(near.bytesRead).toBeLessThan(inboundBytesMax + 2 * 65_536 + sealedChunkBytesMax);
      await wire.receive();
      for (let count = 0; count < frames; count++) await wire.receive();
      expect(near.isPaused()).toBe(false);
    }
  });

  test("a first frame larger than a hello, or a body that is no message, ends it", async () => {
    for (const first of [
      encodeFrame("message", new Uint8Array(helloBytesMax + 1)),
      encodeFrame("message", new Uint8Array([0xc1])),
    ]) {
      const [near, far] = await socketPair();
      const wire = openWire(near, "far");
      far.write(first);
      await expect(wire.receive()).rejects.toMatchObject({ fault: { code: "PROTOCOL_VIOLATION" } });
      expect(await wire.closed).toMatchObject({ code: "PROTOCOL_VIOLATION" });
      await once(far.resume(), "close");
    }
  });
});

describe("the end of a connection", () => {
  test("the peer closes in good order: a pending receive and later sends are lost, closed is null", async () => {
    const [a, b] = await wirePair();
    const pending = expect(a.receive()).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
    b.close();
    await pending;
    await expect(a.send(status)).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
    await expect(a.sendChunk(chunk(1))).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
    expect(await a.closed).toBeNull();
    expect(await b.closed).toBeNull();
  });

  test("in the middle of a frame, it says so", async () => {
    const [near, far] = await socketPair();
    const wire = openWire(near, "far");
    far.end(encodeFrame("message", encodeMessage(status)).subarray(0, 6));
    await expect(wire.receive()).rejects.toMatchObject({
      fault: { code: "CONNECTION_LOST", reason: "it ended in the middle of a frame" },
    });
  });

  test("a reset is CONNECTION_LOST, with what the system said", async () => {
    const [near, far] = await socketPair();
    const wire = openWire(near, "far");
    far.resetAndDestroy();
    await expect(wire.receive()).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
    expect(await wire.closed).toMatchObject({
      code: "CONNECTION_LOST",
      reason: expect.stringContaining("ECONNRESET"),
    });
  });

  test("destroyed with a fault: pending calls and closed tell that fault", async () => {
    const [a, b] = await wirePair();
    const pending = expect(a.receive()).rejects.toMatchObject({ fault: busy });
    a.destroy(busy);
    await pending;
    expect(await a.closed).toEqual(busy);
    await expect(b.receive()).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
  });

  test("silence ends it when bytes are due; bytes that trickle do not", async () => {
    const [near, far] = await socketPair();
    const wire = openWire(near, "far");
    const frame = encodeFrame("message", encodeMessage(status));
    const trickled = wire.receive({ withinMs: 1_000 });
    for (const byte of frame) {
      far.write(new Uint8Array([byte]));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    expect(await trickled).toMatchObject({ message: status });
    await expect(wire.receive({ withinMs: 20 })).rejects.toMatchObject({
      fault: { code: "TIMED_OUT", ms: 20 },
    });
    expect(await wire.closed).toMatchObject({ code: "TIMED_OUT" });
  });

  test("a peer that takes nothing of what is sent is cut", async () => {
    const stuck = new Duplex({ read: () => undefined, write: () => undefined });
    const wire = openWire(stuck, "nobody", 30);
    const sends = Array.from({ length: 5 }, () => wire.sendChunk(chunk(sealedChunkBytesMax)));
    await Promise.all(sends.slice(0, 3));
    await expect(sends[4]).rejects.toMatchObject({
      fault: { code: "TIMED_OUT", what: "take what was sent" },
    });
    expect(await wire.closed).toMatchObject({ code: "TIMED_OUT" });
  });

  test("a peer that never closes cannot keep a closed connection open", async () => {
    const [near, far] = await socketPair();
    const wire = openWire(near, "far", 30);
    far.pause();
    far.allowHalfOpen = true;
    wire.close();
    far.write(Buffer.alloc(100_000));
    expect(await wire.closed).toBeNull();
  });

  test("closing and destroying again changes nothing", async () => {
    const [a, b] = await wirePair();
    a.close();
    a.close();
    b.destroy(null);
    b.destroy(busy);
    b.close();
    expect(await a.closed).toBeNull();
    expect(await b.closed).toBeNull();
  });

  test("a socket that fails on every write does not throw", async () => {
    const failing = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => done(new Error("EPIPE")),
    });
    const wire = openWire(failing, "nobody");
    await wire.send(status);
    expect(await wire.closed).toMatchObject({ code: "CONNECTION_LOST", reason: "EPIPE" });
    await expect(wire.sendChunk(chunk(1))).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
  });
});

test("after a while of reading without a break a connection lets others have their turn", async () => {
  const socket = new Duplex({ read: () => undefined, write: (_bytes, _encoding, done) => done() });
  const wire = openWire(socket, "the peer");
  socket.emit("data", encodeFrame("message", encodeMessage(status)));
  await wire.receive();
  const whole = sealedChunkBytesMax;
  let read = 0;
  while (!socket.isPaused() && read < inboundBytesMax * 2) {
    socket.emit("data", encodeFrame("chunk", chunk(whole)));
    read += whole;
    // Whoever takes everything at once does not keep it reading.
    await wire.receive();
  }
  expect(socket.isPaused()).toBe(true);
  expect(read).toBeLessThanOrEqual(inboundBytesMax + whole);
  await turn();
  expect(socket.isPaused()).toBe(false);
});
