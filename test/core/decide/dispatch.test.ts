import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  beginDispatch,
  type Dispatch,
  type DispatchEffect,
  type DispatchEvent,
  dispatchRules,
  isPassing,
  stepDispatch,
} from "../../../core/decide/dispatch.ts";
import { rendezvousOrder } from "../../../core/decide/rendezvous.ts";
import { type Fault, fault, wordFault } from "../../../core/model/faults.ts";
import { imageId, type NodeId, nodeId, term } from "../../../core/model/ids.ts";
import type { OfferReply, Receipt } from "../../../core/model/messages.ts";
import { monotonicMs } from "../../../core/model/units.ts";

const id = imageId("01937f3a-0000-7000-8000-0000000000aa");
const [n1, n2, n3] = [nodeId(1), nodeId(2), nodeId(3)] as const;
const servers = [n1, n2, n3];
const [favourite = n1] = rendezvousOrder(id, servers);

/** Node 3 leads in these stories. */
const candidates = [
  { node: n1, images: 1, bytes: 5, cpu: 0 },
  { node: n2, images: 0, bytes: 0, cpu: 0.5 },
];
const assigned = (node: NodeId, at = 7): OfferReply => ({
  kind: "offer.assigned",
  id,
  node,
  term: term(at),
  leader: n3,
  candidates,
});
const declined = (node: NodeId, at = 7): OfferReply => ({
  kind: "offer.declined",
  id,
  node,
  term: term(at),
  leader: n3,
});
const noLeader = (at = 7): OfferReply => ({ kind: "offer.no-leader", id, term: term(at) });

const refusedFault = fault("CONNECTION_REFUSED", { address: "10.0.0.1:8001" });
const lostFault = fault("CONNECTION_LOST", { peer: "node 2", reason: "it was cut" });
const quorumFault = fault("NO_QUORUM", { live: 1, needed: 2 });
const silentFault = fault("TIMED_OUT", { peer: "node 2", what: "send what is due", ms: 15_000 });

const receiptOf = (node: NodeId): Receipt => ({
  kind: "receipt",
  id,
  node,
  term: term(7),
  assignedBy: "leader",
  copies: 2,
  payloadHash: new Uint8Array(32),
  payloadBytes: 100,
  width: 1,
  height: 1,
  inspected: "pending",
  repeated: false,
});

/** Tells a dispatch what happens, moment by moment, and remembers what it wants done. */
class Story {
  now = 0;
  state: Dispatch;
  /** What the last happening led to, without wakes. */
  wants: readonly DispatchEffect[];

  constructor(nodes: readonly NodeId[] = servers) {
    const [state, effects] = beginDispatch(id, nodes, monotonicMs(0));
    this.state = state;
    this.wants = withoutWakes(effects);
  }

  happens(event: DispatchEvent): this {
    const [state, effects] = stepDispatch(this.state, event, monotonicMs(this.now));
    this.state = state;
    this.wants = withoutWakes(effects);
    return this;
  }
  answers(node: NodeId, reply: OfferReply): this {
    return this.happens({ kind: "answered", attempt: this.state.attempt, node, reply });
  }
  unreachable(node: NodeId, problem: Fault = refusedFault): this {
    return this.happens({ kind: "unreachable", attempt: this.state.attempt, node, fault: problem });
  }
  fails(node: NodeId, problem: Fault, accepted = false, bodySent = accepted, lostBefore = false): this {
    return this.happens({ kind: "upload.failed", node, fault: problem, accepted, bodySent, lostBefore });
  }
  /** Time goes on to the moment at which it wants to be woken. */
  wakes(): this {
    this.now = Math.max(this.now, this.state.wakeAt);
    return this.happens({ kind: "woke" });
  }
}

const withoutWakes = (effects: readonly DispatchEffect[]): readonly DispatchEffect[] =>
  effects.filter((effect) => effect.kind !== "wake");

/** What the leader said of its choice comes only from the leader itself. */
const uploadTo = (
  node: NodeId,
  by: "leader" | "follower" | "fallback",
  { at = 7, attempt = 1 } = {},
): DispatchEffect => ({
  kind: "upload",
  assignment: {
    node,
    term: term(at),
    by: by === "fallback" ? "fallback" : "leader",
    leader: by === "fallback" ? null : n3,
    candidates: by === "leader" ? candidates : [],
  },
  attempt,
});

describe("placing", () => {
  test("the image is offered to every server", () => {
    expect(new Story().wants).toEqual([{ kind: "offer", attempt: 1, to: servers }]);
  });

  test("the leader's word is enough: the image goes where it says, at once", () => {
    const story = new Story().answers(n3, assigned(n2));
    expect(story.wants).toEqual([uploadTo(n2, "leader")]);
    expect(story.answers(n1, declined(n2)).wants).toEqual([]);
    expect(story.happens({ kind: "stored", receipt: receiptOf(n2) }).wants).toEqual([
      { kind: "done", receipt: receiptOf(n2) },
    ]);
  });

  test("a follower's word is enough, too, when the leader itself cannot be reached", () => {
    const story = new Story().answers(n1, declined(n2)).unreachable(n3);
    expect(story.wants).toEqual([]);
    expect(story.answers(n2, declined(n2)).wants).toEqual([uploadTo(n2, "follower")]);
  });

  test("a follower's word that comes first waits for the leader's, but not for long", () => {
    const story = new Story().answers(n1, declined(n2));
    expect(story.wants).toEqual([]);
    expect(story.wakes().wants).toEqual([uploadTo(n2, "follower")]);
    expect(story.now).toBe(dispatchRules.answerMsMax);
  });

  test("without a leader the client chooses by itself, as every client would", () => {
    const story = new Story().answers(n1, noLeader(4)).answers(n2, noLeader(6)).answers(n3, noLeader(5));
    expect(story.wants).toEqual([uploadTo(favourite, "fallback", { at: 6 })]);
  });

  test("a server that does not answer is not chosen when the wait is over", () => {
    const others = servers.filter((node) => node !== favourite);
    const story = new Story();
    for (const node of others) story.answers(node, noLeader());
    const [second = n1] = rendezvousOrder(id, others);
    expect(story.wakes().wants).toEqual([uploadTo(second, "fallback")]);
  });

  test("a node that this client cannot reach is not used, although the leader named it", () => {
    const story = new Story().unreachable(n2).answers(n3, assigned(n2)).answers(n1, declined(n2));
    const [chosen = n1] = rendezvousOrder(id, [n1, n3]);
    expect(story.wants).toEqual([uploadTo(chosen, "fallback")]);
  });

  test("an alarm that rings too early is slept through", () => {
    const story = new Story().answers(n1, noLeader());
    expect(story.happens({ kind: "woke" }).wants).toEqual([]);
  });
});

describe("trying again", () => {
  test("a node that breaks off is left at once, and avoided; the retry says that it is one", () => {
    const story = new Story().answers(n3, assigned(n2)).fails(n2, lostFault, true);
    expect(story.wants).toEqual([{ kind: "offer", attempt: 2, to: servers }]);
    story.answers(n3, assigned(n2)).answers(n1, declined(n2)).answers(n2, declined(n2));
    const [chosen = n1] = rendezvousOrder(id, [n1, n3]);
    expect(story.wants).toEqual([uploadTo(chosen, "fallback", { attempt: 2 })]);
  });

  test("a node that failed is the last resort, not out of the question", () => {
    const story = new Story([n1]).answers(n1, assigned(n1)).fails(n1, fault("BUSY", { what: "uploads" }));
    expect(story.wakes().answers(n1, assigned(n1)).wants).toEqual([uploadTo(n1, "fallback", { attempt: 2 })]);
  });

  test("a node whose own copy of what an earlier try stored is damaged is left for another", () => {
    const broken = fault("SEAL_BROKEN", { id, reason: "its bytes are not the ones that were stored" });
    const story = new Story().answers(n3, assigned(n2)).fails(n2, lostFault, true);
    story.answers(n3, assigned(n1)).fails(n1, broken, true).wakes();
    for (const node of servers) story.answers(node, noLeader());
    expect(story.wants).toEqual([uploadTo(n3, "fallback", { attempt: 3 })]);
  });

  test("only a server that is gone is left without a pause, and each only once, and not the last one", () => {
    const phaseAfter = (problem: Fault, story = new Story()): string =>
      story.answers(n3, assigned(n2)).fails(n2, problem).state.phase;
    for (const passed of [lostFault, refusedFault, silentFault]) expect(phaseAfter(passed)).toBe("offering");
    for (const said of [quorumFault, fault("BUSY", { what: "uploads" })])
      expect(phaseAfter(said)).toBe("pausing");
    expect(phaseAfter(lostFault, new Story([n2, n3]).answers(n2, assigned(n3)).fails(n3, lostFault))).toBe(
      "pausing",
    );
    const story = new Story().answers(n3, assigned(n2)).fails(n2, lostFault);
    for (const node of [n2, n1]) story.answers(node, declined(n2)).unreachable(n3);
    story.fails(n1, fault("BUSY", { what: "uploads" })).wakes();
    for (const node of servers) story.answers(node, noLeader());
    expect(story.wants).toEqual([uploadTo(n3, "fallback", { attempt: 3 })]);
    expect(story.fails(n3, lostFault).state.phase).toBe("pausing");
  });

  test("what belongs to an earlier attempt is ignored", () => {
    const story = new Story().answers(n3, assigned(n2)).fails(n2, lostFault);
    const late = (event: DispatchEvent): void => expect(story.happens(event).wants).toEqual([]);
    late({ kind: "answered", attempt: 1, node: n3, reply: assigned(n2) });
    late({ kind: "unreachable", attempt: 1, node: n1, fault: refusedFault });
    expect([...story.state.answers.values()].every((answer) => answer.kind === "waiting")).toBe(true);
  });

  test("pauses grow to a limit", () => {
    const story = new Story([n1]);
    const pauses: number[] = [];
    while (story.state.phase !== "over" && pauses.length < 8) {
      story.answers(n1, assigned(n1)).fails(n1, fault("BUSY", { what: "uploads" }));
      pauses.push(story.state.wakeAt - story.now);
      story.wakes();
    }
    expect(pauses).toEqual([20, 40, 80, 160, 320, 500, 500, 500]);
  });
});

describe("giving up", () => {
  /** Lives through failure after failure of the same kind until it is over; each takes `eachMs`. */
  const untilOver = (fail: (story: Story) => void, story = new Story()): Story => {
    for (let turn = 0; turn < 10_000 && story.state.phase !== "over"; turn++) {
      if (story.state.phase === "pausing") story.wakes();
      else fail(story);
    }
    return story;
  };
  const verdictOf = ({ wants }: Story): Fault | null => {
    const [only] = wants;
    return wants.length === 1 && only?.kind === "fail" ? only.fault : null;
  };

  test("a refusal is final: no other node is asked", () => {
    const refusal = fault("TOO_MANY_PIXELS", { name: "a", width: 9, height: 9, pixelsMax: 1 });
    expect(isPassing(refusal)).toBe(false);
    expect(verdictOf(new Story().answers(n3, assigned(n2)).fails(n2, refusal))).toEqual(refusal);
  });

  test("when no server can be reached it says why of each, after a short patience", () => {
    const story = untilOver((now) => {
      for (const node of servers) now.unreachable(node, fault("CONNECTION_REFUSED", { address: `h${node}` }));
    });
    expect(verdictOf(story)).toEqual(
      fault("NO_SERVER", {
        tried: ["h1 refused the connection", "h2 refused the connection", "h3 refused the connection"],
      }),
    );
    expect(story.now).toBeGreaterThanOrEqual(dispatchRules.patienceUnreachableMs);
    expect(story.now).toBeLessThan(dispatchRules.patienceUnreachableMs + dispatchRules.pauseMsMax);
  });

  test("when every server turns this client away it says so at once", () => {
    const expired = fault("CREDENTIALS_EXPIRED", { who: "alice", since: "yesterday" });
    const story = new Story();
    for (const node of servers) story.unreachable(node, expired);
    expect(verdictOf(story)).toEqual(expired);
  });

  test("without a majority it waits for one, and then says how many are there", () => {
    const story = untilOver((now) => {
      now.answers(n1, noLeader()).unreachable(n2).unreachable(n3);
      now.fails(n1, quorumFault);
    });
    expect(verdictOf(story)).toEqual(quorumFault);
    expect(story.now).toBeGreaterThanOrEqual(dispatchRules.patienceQuorumMs);
    expect(story.now).toBeLessThan(dispatchRules.patienceQuorumMs + dispatchRules.pauseMsMax);
  });

  test("a majority that is missing for a moment, after something else kept us waiting, is waited for", () => {
    const story = new Story().answers(n3, assigned(n2));
    story.now = 2 * dispatchRules.patienceQuorumMs;
    story.fails(n2, lostFault).answers(n3, assigned(n1)).fails(n1, quorumFault);
    expect(story.state.phase).toBe("pausing");
    expect(story.state.trouble).toEqual({ fault: quorumFault, since: story.now });
  });

  /** Nobody can be reached any more after a first try that ended so. */
  const lonelyAfter = (problem: Fault, accepted: boolean, bodySent: boolean): Story =>
    untilOver(
      (now) => {
        for (const node of servers) now.unreachable(node);
      },
      new Story().answers(n3, assigned(n2)).fails(n2, problem, accepted, bodySent),
    );
  const unreached = fault("NO_SERVER", { tried: servers.map(() => wordFault(refusedFault).what) });
  const unknown = (last: Fault): Fault => fault("OUTCOME_UNKNOWN", { id, reason: wordFault(last).what });

  test.each([
    ["fell silent", silentFault, true],
    ["was lost", lostFault, true],
    ["was lost before it had said that it begins", lostFault, false],
    ["had begun and found no majority", quorumFault, true],
    ["had begun and lost its disk", fault("DISK_FAILED", { path: "/d", reason: "EIO" }), true],
  ])("once a node that %s had the whole image, what became of it is unknown", (_, problem, accepted) => {
    expect(verdictOf(lonelyAfter(problem, accepted, true))).toEqual(unknown(unreached));
  });

  test("of an image that was not sent whole, or that no node began, it is known that it is not stored", () => {
    for (const problem of [silentFault, lostFault, quorumFault])
      expect(verdictOf(lonelyAfter(problem, true, false))).toEqual(unreached);
    for (const said of [quorumFault, fault("DISK_FULL", { path: "/d", freeBytes: 0 })])
      expect(verdictOf(lonelyAfter(said, false, true))).toEqual(unreached);
  });

  test("what was sent whole on a connection that turned out to be dead counts, however the same try ended then", () => {
    for (const problem of [refusedFault, quorumFault, fault("BUSY", { what: "uploads" })]) {
      const first = new Story().answers(n3, assigned(n2)).fails(n2, problem, false, false, true);
      expect(first.state.outcomeUnknown).toBe(true);
    }
    const changed = fault("FILE_CHANGED", { path: "a.png" });
    const story = new Story().answers(n3, assigned(n2)).fails(n2, changed, false, false, true);
    expect(verdictOf(story)).toEqual(unknown(changed));
  });

  test.each<Fault>([
    fault("FILE_CHANGED", { path: "a.png" }),
    fault("FILE_NOT_FOUND", { path: "a.png" }),
    fault("CLOCK_AHEAD", { aheadMs: 400_000 }),
    fault("TOO_MANY_PIXELS", { name: "a", width: 9, height: 9, pixelsMax: 1 }),
    fault("NOT_AN_IMAGE", { name: "a.png" }),
    fault("HASH_MISMATCH", { id }),
  ])(
    "what ends a later try ($code) does not say what became of an earlier one, and is told as the reason",
    (problem) => {
      const story = new Story().answers(n3, assigned(n2)).fails(n2, lostFault, true);
      expect(verdictOf(story.answers(n3, assigned(n1)).fails(n1, problem))).toEqual(unknown(problem));
    },
  );

  test("an id that is taken by then is: what had been stored under it was purged", () => {
    const taken = fault("ID_TAKEN", { id });
    const story = new Story().answers(n3, assigned(n2)).fails(n2, lostFault, true);
    expect(verdictOf(story.answers(n3, assigned(n1)).fails(n1, taken))).toEqual(taken);
  });

  test("a picture that turns out to be none while it is processed is refused, for certain", () => {
    const refusal = fault("NOT_AN_IMAGE", { name: "a.png" });
    expect(verdictOf(new Story().answers(n3, assigned(n2)).fails(n2, refusal, true))).toEqual(refusal);
  });

  test("a node that falls silent after long work costs its own time, not the patience for the others", () => {
    const story = new Story().answers(n3, assigned(n2));
    story.now = 10 * dispatchRules.patienceMs;
    expect(story.fails(n2, silentFault, true).wants).toEqual([{ kind: "offer", attempt: 2, to: servers }]);
    story.answers(n3, assigned(n1));
    story.now *= 2;
    expect(story.fails(n1, silentFault, true).wants).toEqual([{ kind: "offer", attempt: 3, to: servers }]);
    // The same node again: now patience is gone.
    story.answers(n3, assigned(n1)).answers(n1, declined(n1)).answers(n2, declined(n1));
    story.now *= 2;
    expect(verdictOf(story.fails(n1, silentFault, true))).toEqual(unknown(silentFault));
  });

  test("a node that says nothing for as long as patience lasts is left for the others, once", () => {
    const story = new Story().answers(n3, assigned(n2));
    story.now = dispatchRules.patienceMs + 10;
    expect(story.fails(n2, silentFault).wants).toEqual([{ kind: "offer", attempt: 2, to: servers }]);
    // The leader does not know, and is not followed.
    story.answers(n3, assigned(n2)).answers(n1, declined(n2)).answers(n2, declined(n2));
    expect(story.wants).toMatchObject([{ kind: "upload", attempt: 2 }]);
    expect(story.wants).not.toMatchObject([{ assignment: { node: n2 } }]);
    const tried = story.wants[0]?.kind === "upload" ? story.wants[0].assignment.node : n2;
    story.now *= 2;
    expect(story.fails(tried, silentFault).wants).toEqual([{ kind: "offer", attempt: 3, to: servers }]);
    for (const node of servers) story.answers(node, declined(tried));
    story.now *= 2;
    expect(verdictOf(story.fails(tried, silentFault))).toEqual(silentFault);
  });

  test("after the end nothing more is wanted", () => {
    const story = new Story().answers(n3, assigned(n2)).happens({ kind: "stored", receipt: receiptOf(n2) });
    expect(story.happens({ kind: "stored", receipt: receiptOf(n2) }).wants).toEqual([]);
    expect(story.fails(n2, lostFault, true).wants).toEqual([]);
    expect(story.answers(n1, assigned(n1)).wants).toEqual([]);
    story.now = 1e6;
    expect(story.happens({ kind: "woke" }).wants).toEqual([]);
  });
});

/**
 * Performs what the dispatch wants, with a world that answers, is silent, refuses and breaks off as `chance`
 * says: numbers in [0, 1), again from the front when used up.
 */
const live = (chance: readonly number[]) => {
  let used = 0;
  const roll = (): number => chance[used++ % chance.length] ?? 0;
  let now = 0;
  let state: Dispatch;
  const ahead: { readonly at: number; readonly event: DispatchEvent }[] = [];
  let uploading = 0;
  let uploads = 0;
  let ends = 0;
  let seen = 0;
  const replies = [assigned(n1), assigned(n2), declined(n2), declined(n3), noLeader(3), noLeader(9)];
  const troubles = [lostFault, silentFault, quorumFault, refusedFault, fault("BUSY", { what: "it" })];
  const soon = (event: DispatchEvent): void => {
    ahead.push({ at: now + Math.floor(roll() * 3_000), event });
  };
  const perform = (effect: DispatchEffect): void => {
    expect(ends).toBe(0);
    switch (effect.kind) {
      case "offer":
        for (const node of effect.to) {
          const reply = replies[Math.floor(roll() * 12)];
          const { attempt } = effect;
          if (reply === undefined) soon({ kind: "unreachable", attempt, node, fault: refusedFault });
          else soon({ kind: "answered", attempt, node, reply });
        }
        return;
      case "upload": {
        expect(uploading).toBe(0);
        expect(effect.attempt).toBe(state.attempt);
        uploading++;
        uploads++;
        const trouble = troubles[Math.floor(roll() * 6)];
        const { node } = effect.assignment;
        if (trouble === undefined) soon({ kind: "stored", receipt: receiptOf(node) });
        else
          soon({
            kind: "upload.failed",
            node,
            fault: trouble,
            accepted: roll() < 0.5,
            bodySent: roll() < 0.5,
            lostBefore: roll() < 0.1,
          });
        return;
      }
      case "wake":
        ahead.push({ at: effect.at, event: { kind: "woke" } });
        return;
      case "done":
      case "fail":
        ends++;
        return;
    }
  };
  const [begun, first] = beginDispatch(id, servers, monotonicMs(0));
  state = begun;
  for (const effect of first) perform(effect);
  while (ahead.length > 0 && seen < 5_000) {
    ahead.sort((a, b) => a.at - b.at);
    const next = ahead.shift();
    if (next === undefined) break;
    now = Math.max(now, next.at);
    seen++;
    if (next.event.kind === "stored" || next.event.kind === "upload.failed") uploading--;
    const [after, effects] = stepDispatch(state, next.event, monotonicMs(now));
    state = after;
    for (const effect of effects) perform(effect);
  }
  return { ends, uploads, now, phase: state.phase, left: ahead.length };
};

test("whatever the servers do, it ends exactly once, and sends to one node at a time", () => {
  let retried = 0;
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 20, maxLength: 200 }),
      (chance) => {
        const life = live(chance);
        expect(life).toMatchObject({ ends: 1, phase: "over", left: 0 });
        // Patience, and once more for each node that was lost while it worked.
        expect(life.now).toBeLessThan(4 * dispatchRules.patienceMs + 12_000);
        if (life.uploads > 1) retried++;
      },
    ),
    { numRuns: 300 },
  );
  expect(retried).toBeGreaterThan(30);
});
