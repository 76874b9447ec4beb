/**
 * The simulated network: it loses, delays, reorders and repeats messages, and its links can be cut, each
 * direction by itself. What is in flight when links are mended is lost, as with connections that are made anew.
 */

import type { ControlMessage } from "../../core/model/control.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { decodeMessage, encodeMessage } from "../../core/wire/codec.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface Weather {
  readonly lossShare: number;
  readonly repeatShare: number;
  readonly delayMsMin: number;
  readonly delayMsMax: number;
}

export const calm: Weather = { lossShare: 0, repeatShare: 0, delayMsMin: 0.2, delayMsMax: 3 };

export interface Network {
  send(from: NodeId, to: NodeId, message: ControlMessage): void;
  setWeather(weather: Weather): void;
  /** Cuts the way from one node to another; the way back stays. */
  cut(from: NodeId, to: NodeId): void;
  isCut(from: NodeId, to: NodeId): boolean;
  /** Mends every link and loses what is in flight. */
  mend(): void;
}

/** `overWire`: every message is encoded and decoded on the way, as on a real connection. */
export const createNetwork = (
  scheduler: Scheduler,
  random: Random,
  overWire: boolean,
  deliver: (from: NodeId, to: NodeId, message: ControlMessage) => void,
): Network => {
  let weather = calm;
  let mended = 0;
  const cuts = new Set<number>();
  const carry = (from: NodeId, to: NodeId, message: ControlMessage): void => {
    const since = mended;
    const delayMs = random.between(weather.delayMsMin, weather.delayMsMax);
    scheduler.at(scheduler.now() + delayMs, () => {
      if (since === mended && !cuts.has(wayOf(from, to))) deliver(from, to, message);
    });
  };
  return {
    send: (from, to, message) => {
      if (cuts.has(wayOf(from, to)) || random.chance(weather.lossShare)) return;
      const carried = overWire ? throughWire(message) : message;
      carry(from, to, carried);
      if (weather.repeatShare > 0 && random.chance(weather.repeatShare)) carry(from, to, carried);
    },
    setWeather: (next) => {
      weather = next;
    },
    cut: (from, to) => {
      cuts.add(wayOf(from, to));
    },
    isCut: (from, to) => cuts.has(wayOf(from, to)),
    mend: () => {
      cuts.clear();
      mended++;
    },
  };
};

const wayOf = (from: NodeId, to: NodeId): number => from * 16 + to;

const throughWire = (message: ControlMessage): ControlMessage => {
  const decoded = decodeMessage(encodeMessage(message));
  if (!decoded.ok)
    throw new Error(`a ${message.kind} does not survive the wire: ${JSON.stringify(decoded.fault)}`);
  return decoded.value as ControlMessage;
};
