/**
 * A person's way into the cluster, for the prompt, for scripts, and for the console's pane.
 */
import type { ClusterConfig } from "../../model/config.ts";
import { bad, fault, good, type Result } from "../../model/faults.ts";
import { type ImageId, type NodeId, parseImageId, shortId, type UserName } from "../../model/ids.ts";
import { imageIdPart } from "../../model/image-id.ts";
import type { ImageRecord } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Clock } from "../../ports.ts";
import type { KeyPair } from "../../seal/identity.ts";
import { replyFrom } from "../exchange.ts";
import type { Credentials } from "../pki/credentials.ts";
import { askAny } from "./ask.ts";
import { type Described, describeImage, purgeImage, trashImage } from "./change.ts";
import type { UploadHooks } from "./dispatch-upload.ts";
import { type Got, getOpened, getSealed } from "./get.ts";
import { interruptible } from "./interrupt.ts";
import { openThumbnail, openWhole } from "./open.ts";
import type { PartFile } from "./sealed-file.ts";
import { openSession, type Session } from "./session.ts";
import { shareImage, unshareImage } from "./share.ts";
import type { Source } from "./source.ts";
import { askEach, askStatus, type ServerAnswer } from "./status.ts";
import { type Uploaded, uploadImage } from "./upload.ts";

export interface Client {
  readonly user: UserName;
  readonly servers: readonly NodeId[];
  /** The sealed image is saved in `folder`. */
  upload(source: Source, folder: string, hooks: UploadHooks): Promise<Result<Uploaded>>;
  /** All images that the user may read, newest first, page by page. */
  list(): AsyncGenerator<Result<ImageRecord>>;
  /** A whole id, a short id or a beginning, as the one image that it names. IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS. */
  find(part: string): Promise<Result<ImageId>>;
  get(id: ImageId, sealed: boolean, fileFor: (record: ImageRecord) => PartFile): Promise<Result<Got>>;
  /** The small picture in a record, a WebP; null when there is none. SEAL_BROKEN. */
  thumbnail(record: ImageRecord): Promise<Result<Uint8Array | null>>;
  /** The image, opened in memory. IMAGE_NOT_FOUND, IMAGE_UNAVAILABLE, SEAL_BROKEN, NOT_VIEWABLE when it is too large. */
  open(id: ImageId): Promise<Result<Uint8Array>>;
  /** All that the cluster knows of it. IMAGE_NOT_FOUND. */
  describe(id: ImageId): Promise<Result<Described>>;
  /** Into the trash, or out of it. IMAGE_NOT_FOUND, IMAGE_NOT_OWNED, IMAGE_CHANGED, IMAGE_EXPIRED. */
  trash(id: ImageId, trashed: boolean): Promise<Result<void>>;
  /**
   * Lets another user read an image of one's own. IMAGE_NOT_FOUND, IMAGE_NOT_OWNED, USER_NOT_FOUND, USER_DOUBTFUL,
   * READERS_FULL.
   */
  share(id: ImageId, reader: UserName): Promise<Result<void>>;
  /** Takes that back, for whatever was not read yet. NOT_SHARED. */
  unshare(id: ImageId, reader: UserName): Promise<Result<void>>;
  /** For good. IMAGE_NOT_FOUND, IMAGE_NOT_OWNED. */
  purge(id: ImageId): Promise<Result<void>>;
  status(): Promise<Result<Snapshot>>;
  /** What each server says, in the order of the configuration; one that does not within `withinMs` is TIMED_OUT. */
  askEach(withinMs: number): Promise<readonly ServerAnswer[]>;
  /** The same client for one piece of work: what is under way when `signal` comes ends in INTERRUPTED. */
  until(signal: AbortSignal): Client;
  close(): void;
}

export interface ClientOptions {
  readonly config: ClusterConfig;
  readonly user: UserName;
  readonly credentials: Credentials;
  readonly keys: KeyPair;
  readonly clock: Clock;
}

export const createClient = (options: ClientOptions): Client => {
  const session = openSession(options.config, options.credentials, options.clock);
  return clientOf(session, options.user, options.keys);
};

const clientOf = (session: Session, user: UserName, keys: KeyPair): Client => ({
  user,
  servers: session.servers,
  upload: (source, folder, hooks) => uploadImage(session, keys, source, folder, hooks),
  list: () => listAll(session),
  find: (part) => findOne(session, part),
  get: (id, sealed, fileFor) =>
    sealed ? getSealed(session, user, id, fileFor) : getOpened(session, user, keys, id, fileFor),
  thumbnail: (record) => openThumbnail(record, user, keys),
  open: (id) => openWhole(session, user, keys, id, session.config.limits.imageBytesMax),
  describe: (id) => describeImage(session, id),
  trash: (id, trashed) => trashImage(session, id, trashed),
  share: (id, reader) => shareImage(session, user, keys, id, reader),
  unshare: (id, reader) => unshareImage(session, user, id, reader),
  purge: (id) => purgeImage(session, id),
  status: () => askStatus(session),
  askEach: (withinMs) => askEach(session, withinMs),
  until: (signal) => clientOf(interruptible(session, signal), user, keys),
  close: () => session.pool.close(),
});

/** Asked for at once: so few that the first of them are shown within some milliseconds. */
export const listRecords = 100;

async function* listAll(session: Session): AsyncGenerator<Result<ImageRecord>> {
  let before: ImageId | null = null;
  for (;;) {
    const from: ImageId | null = before;
    const page = await askAny(session, async (connection) => {
      await connection.send({ kind: "list", before: from, limit: listRecords });
      return replyFrom(connection, ["list.page"]);
    });
    if (!page.ok) {
      yield page;
      return;
    }
    for (const record of page.value.records) {
      before = record.facts.id;
      yield good(record);
    }
    if (!page.value.more) return;
  }
}

const findOne = async (session: Session, part: string): Promise<Result<ImageId>> => {
  const wanted = part.toLowerCase();
  const whole = parseImageId(wanted);
  if (whole !== null) return good(whole);
  if (!imageIdPart.test(wanted)) return bad(fault("IMAGE_NOT_FOUND", { id: part }));
  const found = await askAny(session, async (connection) => {
    await connection.send({ kind: "find", part: wanted });
    return replyFrom(connection, ["found"]);
  });
  if (!found.ok) return found;
  const [id, ...others] = found.value.ids;
  if (id === undefined) return bad(fault("IMAGE_NOT_FOUND", { id: part }));
  if (others.length === 0) return good(id);
  return bad(fault("IMAGE_AMBIGUOUS", { id: part, candidates: [id, ...others].map(shortId) }));
};
