/**
 * What an index must answer, computed from nothing but a list of rows and a list of superseded places: no order
 * and no sum is kept, everything is filtered and sorted when it is asked.
 */
import type { ImageId, UserName } from "../../core/model/ids.ts";
import { createdAtOf } from "../../core/model/image-id.ts";
import type {
  Change,
  DigestBucket,
  HomeSet,
  Index,
  IndexChange,
  IndexedPage,
  IndexRow,
  Place,
  SegmentId,
  SegmentUse,
} from "../../core/ports.ts";

export interface IndexModel {
  readonly rows: readonly IndexRow[];
  readonly superseded: readonly { readonly id: ImageId; readonly place: Place }[];
}

export const emptyModel: IndexModel = { rows: [], superseded: [] };

const samePlace = (a: Place, b: Place): boolean => a.segment === b.segment && a.at === b.at;

export const changed = ({ rows, superseded }: IndexModel, change: IndexChange): IndexModel => {
  const id = change.kind === "put" ? change.row.id : change.id;
  const others = rows.filter((row) => row.id !== id);
  if (change.kind === "drop") {
    return { rows: others, superseded: superseded.filter((earlier) => earlier.id !== id) };
  }
  const places = [
    ...superseded.filter((earlier) => earlier.id === id),
    ...rows.filter((row) => row.id === id).map(({ entry }) => ({ id, place: entry })),
  ];
  return {
    rows: [...others, change.row],
    superseded: [
      ...superseded.filter((earlier) => earlier.id !== id),
      ...places.filter(({ place }) => !samePlace(place, change.row.entry)),
    ],
  };
};

export const withoutSuperseded = (model: IndexModel, id: ImageId, places: readonly Place[]): IndexModel => ({
  ...model,
  superseded: model.superseded.filter(
    (earlier) => earlier.id !== id || !places.some((place) => samePlace(place, earlier.place)),
  ),
});

export const withoutSegment = (model: IndexModel, segment: SegmentId): IndexModel => ({
  ...model,
  superseded: model.superseded.filter(({ place }) => place.segment !== segment),
});

/** A list that is read page by page: what is in it, and how the page after a row is asked for. */
export interface Listing {
  readonly name: string;
  readonly rows: readonly IndexRow[];
  page(index: Index, last: IndexRow | undefined, limit: number): Promise<IndexedPage>;
}

const byId = (rows: readonly IndexRow[]): readonly IndexRow[] =>
  rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
const bare = (rows: readonly IndexRow[]): readonly IndexRow[] =>
  rows.map((row) => ({ ...row, thumbnail: null }));
const images = (rows: readonly IndexRow[]): readonly IndexRow[] =>
  rows.filter(({ kind }) => kind === "image");
const keyOf = ({ segment, at }: Place): string => `${segment} ${String(at).padStart(16, "0")}`;

export const listingsOf = (
  { rows }: IndexModel,
  users: readonly UserName[],
  segments: readonly SegmentId[],
  trashTimes: readonly number[],
): readonly Listing[] => [
  {
    name: "walk",
    rows: bare(byId(rows)),
    page: (index, last, limit) => index.walk(last?.id ?? null, limit),
  },
  {
    name: "tombstones",
    rows: byId(rows.filter(({ kind }) => kind === "tombstone")),
    page: (index, last, limit) => index.tombstones(last?.id ?? null, limit),
  },
  ...users.map((user) => ({
    name: `list ${user}`,
    rows: bare(
      byId(images(rows).filter((row) => row.owner === user || row.readers.includes(user))).toReversed(),
    ),
    page: (index: Index, last: IndexRow | undefined, limit: number) =>
      index.list(user, last?.id ?? null, limit),
  })),
  ...segments.map((segment) => ({
    name: `inSegment ${segment}`,
    rows: byId(rows.filter((row) => row.entry.segment === segment || row.payload?.segment === segment)),
    page: (index: Index, last: IndexRow | undefined, limit: number) =>
      index.inSegment(segment, last?.id ?? null, limit),
  })),
  ...sumsOf({ rows, superseded: [] }).homeSets.map((set) => ({
    name: `inHomeSet ${set.homes} ${set.here}`,
    rows: bare(
      byId(
        images(rows).filter(({ homes, payload }) => homes === set.homes && (payload !== null) === set.here),
      ),
    ),
    page: (index: Index, last: IndexRow | undefined, limit: number) =>
      index.inHomeSet(set, last?.id ?? null, limit),
  })),
  ...trashTimes.map((atMs) => ({
    name: `trashedBefore ${atMs}`,
    rows: byId(images(rows).filter(({ trashedAtMs }) => (trashedAtMs ?? Number.POSITIVE_INFINITY) < atMs)),
    page: (index: Index, last: IndexRow | undefined, limit: number) =>
      index.trashedBefore(atMs, last?.id ?? null, limit),
  })),
];

export const changesOf = ({ rows }: IndexModel): readonly Change[] =>
  rows.toSorted((a, b) => a.change - b.change).map(({ id, change, digest }) => ({ id, change, digest }));

export const toEraseOf = ({ rows }: IndexModel): readonly IndexRow[] =>
  byId(rows.filter(({ toErase }) => toErase));

export const supersededIn = ({ superseded }: IndexModel, id: ImageId): readonly Place[] =>
  superseded
    .filter((earlier) => earlier.id === id)
    .map(({ place }) => place)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

export interface Sums {
  readonly homeSets: readonly HomeSet[];
  readonly holdings: { readonly images: number; readonly payloadBytes: number };
  readonly digests: readonly DigestBucket[];
  readonly segments: readonly SegmentUse[];
}

export const sumsOf = ({ rows }: IndexModel): Sums => ({
  homeSets: grouped(images(rows), ({ homes }) => homes).flatMap(([homes, group]) =>
    [false, true].flatMap((here) => {
      const part = group.filter(({ payload }) => (payload !== null) === here);
      return part.length === 0 ? [] : [{ homes, here, ...countOf(part) }];
    }),
  ),
  holdings: countOf(images(rows).filter(({ payload }) => payload !== null)),
  digests: grouped(rows, ({ id }) => Math.floor(createdAtOf(id) / 2 ** 22)).map(([bucket, group]) => ({
    bucket,
    records: group.length,
    digest: Number(group.reduce((sum, { digest }) => sum + BigInt(digest), 0n) % 2n ** 48n),
  })),
  segments: grouped(
    rows.flatMap(({ entry, payload }) => (payload === null ? [entry] : [entry, payload])),
    ({ segment }) => segment,
  ).map(([segment, places]) => ({
    segment,
    liveBytes: places.reduce((sum, { bytes }) => sum + bytes, 0),
  })),
});

const countOf = (group: readonly IndexRow[]): { readonly images: number; readonly payloadBytes: number } => ({
  images: group.length,
  payloadBytes: group.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0),
});

const grouped = <Item, Key extends number | string>(
  items: readonly Item[],
  keyOfItem: (item: Item) => Key,
): readonly (readonly [Key, readonly Item[]])[] =>
  [...Map.groupBy(items, keyOfItem)].sort(([a], [b]) => (a < b ? -1 : 1));

/** Every sum as the index tells it. */
export const sumsIn = async (index: Index): Promise<Sums> => ({
  homeSets: await index.homeSets(),
  holdings: await index.holdings(),
  digests: await index.digests(),
  segments: await index.segments(),
});

/** All rows of a listing, page by page. */
export const pagesOf = async (
  index: Index,
  listing: Listing,
  limit: number,
): Promise<readonly IndexRow[]> => {
  const rows: IndexRow[] = [];
  for (;;) {
    const page = await listing.page(index, rows.at(-1), limit);
    rows.push(...page.rows);
    if (!page.more) return rows;
    if (page.rows.length !== limit) throw new Error(`${listing.name}: a short page that is not the last`);
  }
};
