/**
 * Deliberate bugs. A simulator in which one of these lives says nothing when it is green.
 *
 * Each is a wrapper around the real decisions, so that production code knows nothing of them: it alters the
 * state before a step, the event, the clocks, or the effects after it.
 */
import type { Effect, Moment } from "../../core/decide/effects.ts";
import type { Election } from "../../core/decide/election-state.ts";
import type { NodeEvent, Step } from "../../core/decide/node.ts";
import type { NodeState } from "../../core/decide/node-state.ts";
import { type Machine, realMachine } from "../../core/io/driver.ts";
import type { ControlMessage } from "../../core/model/control.ts";
import { term as termOf } from "../../core/model/ids.ts";
import type { MonotonicMs } from "../../core/model/units.ts";

export interface Mutant {
  readonly name: string;
  /** What is wrong with it. */
  readonly bug: string;
  readonly machine: Machine;
}

type StepFunction = Machine["step"];

const neverMs = Number.NEGATIVE_INFINITY as MonotonicMs;
const foreverMs = Number.POSITIVE_INFINITY as MonotonicMs;

const stepping = (name: string, bug: string, step: StepFunction): Mutant => ({
  name,
  bug,
  machine: { ...realMachine, step },
});

const withElection = (state: NodeState, change: Partial<Election>): NodeState => ({
  ...state,
  election: { ...state.election, ...change },
});

const isMessage = <Kind extends ControlMessage["kind"]>(
  event: NodeEvent,
  kind: Kind,
): event is NodeEvent & {
  readonly kind: "message";
  readonly message: Extract<ControlMessage, { kind: Kind }>;
} => event.kind === "message" && event.message.kind === kind;

const mapEffects = (step: Step, change: (effect: Effect) => Effect): Step => [step[0], step[1].map(change)];

const quorumTooSmall: Mutant = {
  name: "quorum-too-small",
  bug: "its quorum is one too small",
  machine: {
    ...realMachine,
    initial: (setup, durable, moment) =>
      realMachine.initial({ ...setup, majority: Math.max(1, setup.majority - 1) }, durable, moment),
  },
};

const votesTwice = stepping(
  "votes-twice",
  "votes for whoever asks, however often in a term",
  (state, event, moment) =>
    isMessage(event, "vote.request")
      ? realMachine.step(
          withElection(state, { durable: { ...state.election.durable, votedFor: null } }),
          event,
          moment,
        )
      : realMachine.step(state, event, moment),
);

const forgetsVote = stepping("forgets-vote", "does not persist its vote", (state, event, moment) =>
  mapEffects(realMachine.step(state, event, moment), (effect) =>
    effect.kind === "persist" ? { ...effect, state: { ...effect.state, votedFor: null } } : effect,
  ),
);

const forgetsTerm = stepping("forgets-term", "does not persist its term", (state, event, moment) =>
  mapEffects(realMachine.step(state, event, moment), (effect) =>
    effect.kind === "persist"
      ? { ...effect, state: { ...effect.state, term: termOf(0), votedFor: null } }
      : effect,
  ),
);

const sendsFirst = stepping("sends-first", "sends before it persists", (state, event, moment) => {
  const [next, effects] = realMachine.step(state, event, moment);
  const rest = effects.filter(({ kind }) => kind !== "persist");
  return [next, [...rest, ...effects.filter(({ kind }) => kind === "persist")]];
});

const ignoresLease = stepping(
  "ignores-lease",
  "acts without looking at its lease",
  (state, event, moment) => {
    const { role } = state.election;
    if (event.kind !== "offer" || role.kind !== "leader") return realMachine.step(state, event, moment);
    const confirmedAt = role.confirmedAt.map(() => moment.now);
    return realMachine.step(withElection(state, { role: { ...role, confirmedAt } }), event, moment);
  },
);

const selfPreempts = stepping(
  "self-preempts",
  "a higher id pushes the leader aside",
  (state, event, moment) => {
    const takesOver =
      isMessage(event, "heartbeat") &&
      event.from < state.setup.id &&
      event.message.term === state.election.durable.term;
    if (!takesOver) return realMachine.step(state, event, moment);
    const { boot, term } = event.message;
    return realMachine.step(
      state,
      { ...event, message: { kind: "handover", boot, term, to: state.setup.id } },
      moment,
    );
  },
);

const acceptsLowerTerm = stepping(
  "accepts-lower-term",
  "obeys a leader of a lower term",
  (state, event, moment) => {
    const lowers = isMessage(event, "heartbeat") && event.message.term < state.election.durable.term;
    if (!lowers) return realMachine.step(state, event, moment);
    const durable = { ...state.election.durable, term: event.message.term };
    return realMachine.step(withElection(state, { durable, role: { kind: "follower" } }), event, moment);
  },
);

const actsAfterFreeze = stepping(
  "acts-after-freeze",
  "goes by the time of its last tick when it acts",
  (state, event, moment) =>
    realMachine.step(state, event, event.kind === "offer" ? { ...moment, ...state.seenAt } : moment),
);

const sleepsOverLease = stepping(
  "sleeps-over-lease",
  "does not notice that the machine slept",
  (state, event, moment) => {
    const wall = (state.seenAt.wall + moment.now - state.seenAt.now) as Moment["wall"];
    return realMachine.step(state, event, { ...moment, wall });
  },
);

const votesAfterRestart: Mutant = {
  name: "votes-after-restart",
  bug: "votes right after a restart",
  machine: {
    ...realMachine,
    initial: (setup, durable, moment) =>
      withElection(realMachine.initial(setup, durable, moment), { silentUntil: moment.now }),
  },
};

const keepsLeading = stepping(
  "keeps-leading",
  "a leader does not step down at a higher term",
  (state, event, moment) => {
    const deaf =
      event.kind === "message" &&
      state.election.role.kind === "leader" &&
      "term" in event.message &&
      event.message.term > state.election.durable.term;
    return deaf ? [state, []] : realMachine.step(state, event, moment);
  },
);

const believesHearsay = stepping(
  "believes-hearsay",
  "takes a peer's silence about the leader for the leader's death",
  (state, event, moment) => {
    const [next, effects] = realMachine.step(state, event, moment);
    const { leader } = next.election;
    const hearsay =
      isMessage(event, "ping") &&
      leader !== null &&
      leader !== state.setup.id &&
      leader !== event.from &&
      !event.message.hears.includes(leader);
    if (!hearsay) return [next, effects];
    const [closed] = realMachine.step(next, { kind: "link.closed", peer: leader }, moment);
    const [dead, more] = realMachine.step(closed, { kind: "link.refused", peer: leader }, moment);
    return [dead, [...effects, ...more]];
  },
);

const handoverHangs = stepping(
  "handover-hangs",
  "waits for the chosen successor for ever",
  (state, event, moment) => {
    const [next, effects] = realMachine.step(state, event, moment);
    const gaveUp = effects.some((effect) => effect.kind === "send" && effect.message.kind === "handover");
    const waits = gaveUp || (isMessage(event, "handover") && next.election.role.kind === "follower");
    return waits ? [withElection(next, { timerFrom: foreverMs }), effects] : [next, effects];
  },
);

const leadsOn = stepping("leads-on", "goes on acting after it handed over", (state, event, moment) => {
  const [next, effects] = realMachine.step(state, event, moment);
  const gaveUp = effects.some((effect) => effect.kind === "send" && effect.message.kind === "handover");
  const { role, leader } = state.election;
  return gaveUp ? [withElection(next, { role, leader, endedTerm: null }), effects] : [next, effects];
});

const breaksPromise = stepping(
  "breaks-promise",
  "votes against a leader that it has just acknowledged",
  (state, event, moment) =>
    isMessage(event, "vote.request") || isMessage(event, "pre-vote.request")
      ? realMachine.step(withElection(state, { heardAt: neverMs }), event, moment)
      : realMachine.step(state, event, moment),
);

const countsOldVotes = stepping("counts-old-votes", "counts votes of other terms", (state, event, moment) =>
  isMessage(event, "vote.reply")
    ? realMachine.step(
        state,
        { ...event, message: { ...event.message, term: state.election.durable.term } },
        moment,
      )
    : realMachine.step(state, event, moment),
);

const skipsPreVote = stepping(
  "skips-pre-vote",
  "stands without a majority of pre-votes",
  (state, event, moment) => {
    const [next, effects] = realMachine.step(state, event, moment);
    const { role } = next.election;
    if (event.kind !== "tick" || role.kind !== "asking") return [next, effects];
    const all = (2 ** (next.setup.peers.length + 2) - 2) as typeof role.granted;
    const sure = withElection(next, { role: { ...role, granted: all, repeatAt: moment.now } });
    const [stood, more] = realMachine.step(sure, event, moment);
    return [stood, [...effects, ...more]];
  },
);

/** The ledger: all of them must die. */
export const mutants: readonly Mutant[] = [
  quorumTooSmall,
  votesTwice,
  forgetsVote,
  forgetsTerm,
  sendsFirst,
  ignoresLease,
  selfPreempts,
  acceptsLowerTerm,
  actsAfterFreeze,
  sleepsOverLease,
  votesAfterRestart,
  keepsLeading,
  believesHearsay,
  handoverHangs,
  leadsOn,
  breaksPromise,
  countsOldVotes,
  skipsPreVote,
];
