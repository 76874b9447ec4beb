/**
 * How a client gets one image processed exactly once, as a pure machine.
 *
 * It offers the image to every server and uploads it to the one that the leader names. When no leader answers
 * within a short wait it chooses by itself, the same way every client would: the live node that the id's
 * rendezvous order puts first. When a try ends without an answer it tries again under the same id, which is
 * harmless, because sealing is a function of the request: at once when a server is gone and another was not tried
 * yet, otherwise after a pause. It ends in one of three ways: stored, refused, or — once a whole body was sent and no
 * answer came — unknown, whatever is said to a later try.
 */
import { type Fault, type FaultCode, fault, wordFault } from "../model/faults.ts";
import type { ImageId, NodeId } from "../model/ids.ts";
import type { Assignment, OfferReply, Receipt } from "../model/messages.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import { type PauseRules, pauseMsAfter } from "./patience.ts";
import { rendezvousOrder } from "./rendezvous.ts";

export interface DispatchRules extends PauseRules {
  /** How long a leader may take to answer an offer before the client chooses by itself. */
  readonly answerMsMax: number;
  /** After this much time without success the client gives up. */
  readonly patienceMs: number;
  /** The same, for as long as nodes have said nothing but that a majority is missing, or their disks are full. */
  readonly patienceQuorumMs: number;
  /** The same, for as long as no server at all can be reached. */
  readonly patienceUnreachableMs: number;
}

export const dispatchRules: DispatchRules = {
  answerMsMax: 200,
  patienceMs: 15_000,
  patienceQuorumMs: 5_000,
  patienceUnreachableMs: 1_500,
  pauseMsMin: 20,
  pauseMsMax: 500,
};

type Answer =
  | { readonly kind: "waiting" }
  | { readonly kind: "answered"; readonly reply: OfferReply }
  | { readonly kind: "unreachable"; readonly fault: Fault };

export interface Dispatch {
  readonly id: ImageId;
  readonly phase: "offering" | "uploading" | "pausing" | "over";
  /** Counts offers; what belongs to an earlier one is ignored. */
  readonly attempt: number;
  /**
   * When patience began: at the start, and anew when a node fails for the first time after taking the image, or having
   * said nothing at all.
   */
  readonly patientSince: MonotonicMs;
  /** When the present phase ends by itself. */
  readonly wakeAt: MonotonicMs;
  readonly answers: ReadonlyMap<NodeId, Answer>;
  /** Nodes that failed this image; the last resort. */
  readonly avoid: readonly NodeId[];
  /** A node had the whole body and then fell silent, or found too few others: it may be stored. */
  readonly outcomeUnknown: boolean;
  /** The last failure, and since when all have been of its kind. */
  readonly trouble: { readonly fault: Fault; readonly since: MonotonicMs } | null;
}

export type DispatchEvent =
  | { readonly kind: "answered"; readonly attempt: number; readonly node: NodeId; readonly reply: OfferReply }
  | { readonly kind: "unreachable"; readonly attempt: number; readonly node: NodeId; readonly fault: Fault }
  | { readonly kind: "stored"; readonly receipt: Receipt }
  /**
   * The upload ended without a receipt. `accepted`: the node had begun to process it, and has said so. `bodySent`: the
   * last byte of the image was given to the network, so the node may have all of it, whatever it has said.
   * `lostBefore`: the same on an earlier connection of this try, which turned out to be dead.
   */
  | {
      readonly kind: "upload.failed";
      readonly node: NodeId;
      readonly fault: Fault;
      readonly accepted: boolean;
      readonly bodySent: boolean;
      readonly lostBefore: boolean;
    }
  | { readonly kind: "woke" };

type UploadFailed = Extract<DispatchEvent, { readonly kind: "upload.failed" }>;

export type DispatchEffect =
  | { readonly kind: "offer"; readonly attempt: number; readonly to: readonly NodeId[] }
  | { readonly kind: "upload"; readonly assignment: Assignment; readonly attempt: number }
  | { readonly kind: "wake"; readonly at: MonotonicMs }
  | { readonly kind: "done"; readonly receipt: Receipt }
  | { readonly kind: "fail"; readonly fault: Fault };

type Step = readonly [Dispatch, readonly DispatchEffect[]];

export const beginDispatch = (
  id: ImageId,
  servers: readonly NodeId[],
  now: MonotonicMs,
  rules: DispatchRules = dispatchRules,
): Step =>
  offer(
    {
      id,
      phase: "offering",
      attempt: 0,
      patientSince: now,
      wakeAt: now,
      answers: new Map(servers.map((server) => [server, { kind: "waiting" }])),
      avoid: [],
      outcomeUnknown: false,
      trouble: null,
    },
    now,
    rules,
  );

export const stepDispatch = (
  state: Dispatch,
  event: DispatchEvent,
  now: MonotonicMs,
  rules: DispatchRules = dispatchRules,
): Step => {
  switch (event.kind) {
    case "answered":
      if (state.phase !== "offering" || event.attempt !== state.attempt) return [state, []];
      return choose(withAnswer(state, event.node, { kind: "answered", reply: event.reply }), now, rules);
    case "unreachable":
      if (state.phase !== "offering" || event.attempt !== state.attempt) return [state, []];
      return choose(withAnswer(state, event.node, { kind: "unreachable", fault: event.fault }), now, rules);
    case "stored":
      if (state.phase !== "uploading") return [state, []];
      return [{ ...state, phase: "over" }, [{ kind: "done", receipt: event.receipt }]];
    case "upload.failed":
      if (state.phase !== "uploading") return [state, []];
      return afterFailure({ ...state, outcomeUnknown: isUnknownAfter(state, event) }, event, now, rules);
    case "woke":
      if (now < state.wakeAt) return [state, []];
      if (state.phase === "offering") return choose(state, now, rules);
      if (state.phase === "pausing") return offer(state, now, rules);
      return [state, []];
  }
};

/** Faults that another node, or a moment, may cure. Everything else is a refusal and final. */
const passing: ReadonlySet<FaultCode> = new Set<FaultCode>([
  "NO_QUORUM",
  "NO_LEADER",
  "NO_SERVER",
  "NODE_NOT_READY",
  "STALE_ASSIGNMENT",
  "BUSY",
  "CONNECTION_REFUSED",
  "CONNECTION_LOST",
  "TIMED_OUT",
  "DISK_FULL",
  "DISK_FAILED",
  // Of a retry: the node's own copy of what an earlier try stored is damaged, or just being erased.
  "SEAL_BROKEN",
  "IMAGE_UNAVAILABLE",
]);
export const isPassing = (problem: Fault): boolean => passing.has(problem.code);

const withAnswer = (state: Dispatch, node: NodeId, answer: Answer): Dispatch => ({
  ...state,
  answers: new Map(state.answers).set(node, answer),
});

/**
 * A refusal of this try says nothing of an earlier one, on which all was sent: another node has other limits, and the
 * file or the clock may be another by now. Only a taken id does: what had been stored under it is gone for good.
 */
const fail = (state: Dispatch, problem: Fault): Step => {
  const isUnknown = state.outcomeUnknown && problem.code !== "ID_TAKEN";
  const told = isUnknown
    ? fault("OUTCOME_UNKNOWN", { id: state.id, reason: wordFault(problem).what })
    : problem;
  return [{ ...state, phase: "over" }, [{ kind: "fail", fault: told }]];
};

/** What a server says that is gone: nothing. Each of them is left at once, once; the last one deserves a pause. */
const gone: ReadonlySet<FaultCode> = new Set<FaultCode>([
  "CONNECTION_REFUSED",
  "CONNECTION_LOST",
  "TIMED_OUT",
]);

const afterFailure = (
  before: Dispatch,
  event: UploadFailed,
  now: MonotonicMs,
  rules: DispatchRules,
): Step => {
  if (!isPassing(event.fault)) return fail(before, event.fault);
  const state = withFailure(before, event, now);
  const isNews = state.avoid.length > before.avoid.length && state.avoid.length < state.answers.size;
  const hurries = gone.has(event.fault.code) && isNews && !isSpent(state, now, rules);
  return hurries ? offer(state, now, rules) : pause(state, now, rules);
};

/** Sending the image takes as long as it takes; each node may use that up once without costing patience. */
const withFailure = (state: Dispatch, event: UploadFailed, now: MonotonicMs): Dispatch => {
  const known = state.avoid.includes(event.node);
  return {
    ...withTrouble(state, event.fault, now),
    patientSince: tookItsTime(event) && !known ? now : state.patientSince,
    avoid: known ? state.avoid : [...state.avoid, event.node],
  };
};

/** Whoever says nothing is waited for as long as all patience lasts (`stallMsMax`); the others are to have theirs. */
const tookItsTime = ({ accepted, fault: { code } }: UploadFailed): boolean =>
  code === "TIMED_OUT" || (accepted && code === "CONNECTION_LOST");

const withTrouble = (state: Dispatch, problem: Fault, now: MonotonicMs): Dispatch => {
  const before = state.trouble;
  const goesOn = before !== null && troubleOf(before.fault) === troubleOf(problem);
  return { ...state, trouble: { fault: problem, since: goesOn ? before.since : now } };
};

const troubleOf = ({ code }: Fault): "unreachable" | "too few" | "other" => {
  if (code === "NO_SERVER") return "unreachable";
  return code === "NO_QUORUM" || code === "DISK_FULL" ? "too few" : "other";
};

const fellSilent = ({ code }: Fault): boolean => code === "CONNECTION_LOST" || code === "TIMED_OUT";

/**
 * An image can be stored only where its last byte came. A node that had begun and finds no majority has stored it on its
 * own disk already, or with others that are too few, and the rest may copy it from there later.
 */
const isUnknownAfter = (
  { outcomeUnknown }: Dispatch,
  { fault: problem, accepted, bodySent, lostBefore }: UploadFailed,
): boolean => {
  const isKeptByFew = accepted && tooFew.has(problem.code);
  return outcomeUnknown || lostBefore || (bodySent && (fellSilent(problem) || isKeptByFew));
};

const tooFew: ReadonlySet<FaultCode> = new Set<FaultCode>(["NO_QUORUM", "DISK_FULL", "DISK_FAILED"]);

const offer = (state: Dispatch, now: MonotonicMs, rules: DispatchRules): Step => {
  const attempt = state.attempt + 1;
  const wakeAt = after(now, rules.answerMsMax);
  const servers = [...state.answers.keys()];
  return [
    {
      ...state,
      phase: "offering",
      attempt,
      wakeAt,
      answers: new Map(servers.map((server) => [server, { kind: "waiting" }])),
    },
    [
      { kind: "offer", attempt, to: servers },
      { kind: "wake", at: wakeAt },
    ],
  ];
};

/** A leader's word wins at once; without one, and with nothing more to wait for, the client chooses. */
const choose = (state: Dispatch, now: MonotonicMs, rules: DispatchRules): Step => {
  const reachable = [...state.answers]
    .filter(([, answer]) => answer.kind === "answered")
    .map(([node]) => node);
  const waiting = [...state.answers.values()].some((answer) => answer.kind === "waiting");
  const usable = (node: NodeId): boolean =>
    !state.avoid.includes(node) && state.answers.get(node)?.kind !== "unreachable";
  for (const wanted of ["offer.assigned", "offer.declined"] as const) {
    if (wanted === "offer.declined" && waiting && now < state.wakeAt) break;
    for (const answer of state.answers.values()) {
      if (answer.kind !== "answered" || answer.reply.kind !== wanted || !usable(answer.reply.node)) continue;
      return upload(state, assignmentIn(answer.reply));
    }
  }
  if (waiting && (now < state.wakeAt || reachable.length === 0)) return [state, []];
  if (reachable.length === 0) return pause(withUnreachable(state, now), now, rules);
  const candidates = reachable.filter(usable);
  const [node] = rendezvousOrder(state.id, candidates.length > 0 ? candidates : reachable);
  if (node === undefined) return pause(state, now, rules);
  const by = { by: "fallback", leader: null, candidates: [] } as const;
  return upload(state, { node, term: highestTerm(state), ...by });
};

const assignmentIn = (reply: Exclude<OfferReply, { readonly kind: "offer.no-leader" }>): Assignment => {
  const { node, term, leader } = reply;
  const candidates = reply.kind === "offer.assigned" ? reply.candidates : [];
  return { node, term, by: "leader", leader, candidates };
};

const upload = (state: Dispatch, assignment: Assignment): Step => [
  { ...state, phase: "uploading" },
  [{ kind: "upload", assignment, attempt: state.attempt }],
];

const highestTerm = (state: Dispatch): Assignment["term"] => {
  let highest: Assignment["term"] = 0 as Assignment["term"];
  for (const answer of state.answers.values()) {
    if (answer.kind === "answered" && answer.reply.term > highest) highest = answer.reply.term;
  }
  return highest;
};

/** Nobody answered: remember why, server by server, unless something more telling is known. */
const withUnreachable = (state: Dispatch, now: MonotonicMs): Dispatch => {
  const faults = [...state.answers].flatMap(([node, answer]) =>
    answer.kind === "unreachable" ? [{ node, fault: answer.fault }] : [],
  );
  const telling = faults.find((entry) => !isPassing(entry.fault))?.fault;
  const tried = faults.map((entry) => wordFault(entry.fault).what);
  return withTrouble(state, telling ?? fault("NO_SERVER", { tried }), now);
};

/** Waits a little longer each time, or gives up when patience is gone. */
const pause = (state: Dispatch, now: MonotonicMs, rules: DispatchRules): Step => {
  if (isSpent(state, now, rules)) {
    return fail(state, state.trouble?.fault ?? fault("NO_SERVER", { tried: [] }));
  }
  const wakeAt = after(now, pauseMsAfter(state.attempt, rules));
  return [{ ...state, phase: "pausing", wakeAt }, [{ kind: "wake", at: wakeAt }]];
};

/** A moment ago it may have been something else that kept us waiting: each kind of trouble has its own patience. */
const isSpent = (
  { trouble, patientSince }: Dispatch,
  now: MonotonicMs,
  { patienceMs, patienceQuorumMs, patienceUnreachableMs }: DispatchRules,
): boolean => {
  if (now - patientSince >= patienceMs) return true;
  if (trouble === null) return false;
  if (!isPassing(trouble.fault)) return true;
  const lastsMs = now - trouble.since;
  switch (troubleOf(trouble.fault)) {
    case "unreachable":
      return lastsMs >= patienceUnreachableMs;
    case "too few":
      return lastsMs >= patienceQuorumMs;
    case "other":
      return false;
  }
};
