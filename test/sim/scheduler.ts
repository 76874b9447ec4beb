/**
 * The true time of a simulated world, which none of its nodes can see: a heap of what happens when.
 * Things at the same time happen in the order in which they were planned.
 */
export interface Scheduler {
  /** Milliseconds since the world began. */
  now(): number;
  /** Plans `act`; a time that has passed means now. */
  at(atMs: number, act: () => void): void;
  /** Lets everything happen that is due up to and including `untilMs`. */
  run(untilMs: number): void;
  /** Lets the next thing happen, if it is due up to and including `untilMs`; else time goes on to there: false. */
  step(untilMs: number): boolean;
}

interface Planned {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

export const createScheduler = (): Scheduler => {
  const heap: Planned[] = [];
  let nowMs = 0;
  let order = 0;
  const step = (untilMs: number): boolean => {
    const first = heap[0];
    if (first === undefined || first.atMs > untilMs) {
      nowMs = Math.max(nowMs, untilMs);
      return false;
    }
    pop(heap);
    nowMs = first.atMs;
    first.act();
    return true;
  };
  return {
    now: () => nowMs,
    at: (atMs, act) => {
      order++;
      push(heap, { atMs: Math.max(atMs, nowMs), order, act });
    },
    run: (untilMs) => {
      while (step(untilMs));
    },
    step,
  };
};

const isBefore = (a: Planned, b: Planned): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

const push = (heap: Planned[], item: Planned): void => {
  let at = heap.length;
  heap.push(item);
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt];
    if (parent === undefined || !isBefore(item, parent)) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = item;
};

const pop = (heap: Planned[]): void => {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const right = left + 1;
    const leftItem = heap[left];
    if (leftItem === undefined) break;
    const rightItem = heap[right];
    const [childAt, child] =
      rightItem !== undefined && isBefore(rightItem, leftItem) ? [right, rightItem] : [left, leftItem];
    if (!isBefore(child, last)) break;
    heap[at] = child;
    at = childAt;
  }
  heap[at] = last;
};
