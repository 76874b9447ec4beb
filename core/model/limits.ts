/**
 * A limit on everything that a peer, a person or a fault could make grow.
 *
 * What an operator may want to change is in `config.toml`; what is here holds for every cluster, and changing
 * it is a change of protocol or of code. `limitsHold` states the relations; it is asserted at start.
 */

/** The age STREAM's chunk: plaintext bytes per sealed chunk (age v1 specification, "Payload"). */
export const chunkBytes = 65_536;
/** Each sealed chunk ends in a Poly1305 tag. */
export const tagBytes = 16;
export const sealedChunkBytesMax = chunkBytes + tagBytes;

/** The body of one frame. A sealed chunk, or a page of records, fits. */
export const frameBytesMax = 1_048_576;
/** Control messages between nodes, requests and the hello are far smaller. */
export const helloBytesMax = 4_096;

/** An age header with a few dozen readers. */
export const headerBytesMax = 16_384;
/** All headers of one record together, so that any record fits in a frame. */
export const headersBytesMax = 262_144;
export const thumbnailBytesMax = 65_536;
export const nameBytesMax = 255;
/** Readers that one header may have, and with whom one image may be shared. */
export const readersMax = 64;
/** The header for one reader with whom an image is shared: a few hundred bytes. */
export const sharedHeaderBytesMax = 512;
/** Names in one record, also of those who may read no longer: two halves of a cluster may each have let in `readersMax`. */
export const readersKnownMax = 256;

/** Users whose certificates a node keeps, and names in one page of them; a certificate is about 600 bytes. */
export const usersMax = 10_000;
export const usersPageMax = 2_000;
export const certificateBytesMax = 4_096;
/** A list of the revoked: `usersMax` lines of `revokedLineBytesMax`, and some lines around them. */
export const revocationsBytesMax = 655_360;
export const revokedLineBytesMax = 60;

/** Records in one page of a list, or asked for at once; a page also ends before `frameBytesMax`. */
export const pageRecordsMax = 500;

/** Digests in one reply: the oldest buckets are told together when there are more (64 a day and year of images). */
export const digestBucketsMax = 16_384;
/** Ids with digests in one reply, of a bucket or of the change feed; some 50 bytes each. */
export const digestEntriesMax = 10_000;
/** Log entries in one message to an operator who watches. */
export const newsEntriesMax = 200;
/** Entries that wait for one watcher, or are remembered for the next; the oldest are dropped. */
export const newsWaitingMax = 1_000;
/** Operators who watch one node at once. */
export const watchersMax = 8;

/**
 * Frames that were read but not taken yet, per connection; then the socket is paused. Small, because what is read at
 * once from many connections makes a heartbeat wait.
 */
export const inboundBytesMax = 262_144;
/** Bytes given to a socket that it has not sent; then the sender waits. Small, because it is written in one piece. */
export const outboundBytesMax = 262_144;

/** A peer that does not finish TLS and hello within this is cut. */
export const handshakeMsMax = 5_000;
/** A peer that owes bytes and sends none for this long is cut. */
export const stallMsMax = 15_000;

/**
 * A connection on which nothing has moved for this long is probed by TCP, so that a firewall between does not forget
 * it, and one whose other end vanished is found: by ten probes, a second apart (net.Socket.setKeepAlive).
 */
export const keepAliveMs = 60_000;
/** A user's connection, or an operator's, on which nothing is asked for this long is closed: the next request makes another. */
export const idleGuestMsMax = 300_000;
/**
 * A connection of another node on which nothing came for this long between two requests is closed. So no request is
 * older than this when it is read: TCP keeps what was sent into a broken network and brings it minutes later, also when
 * its sender has given it up or is dead, but not on a connection that is closed here.
 */
export const idlePeerMsMax = 15_000;
/** Whoever dialed it asks nothing more on it after this: long before, so that no request meets the closing. */
export const restingPeerMsMax = 10_000;
/** Connections that wait in a pool for the next request, per server: of a client, and of a node that works for many. */
export const idleConnectionsMax = 8;
export const idlePeerConnectionsMax = 24;

/** Of all connections that a node accepts, how many may be users': nodes and operators always find the others. */
export const usersConnectionsMax = (connectionsMax: number): number => Math.floor(connectionsMax * 0.75);

/**
 * No message takes longer from the last word of its sender, who may have given it up or be dead, to its answer; nor a
 * client's retry from one node to the next. Both ends cut a connection on which nothing moves, between two requests
 * (`idlePeerMsMax`) and within one (`stallMsMax`).
 */
export const underWayMsMax = 40_000;

/**
 * Stored pictures that wait for decoding, each some kilobytes of record and key; those beyond it are left without a
 * verdict. With more than the lower number waiting, uploads are let in one by one, each after this long at the latest.
 */
export const inspectionsWaitingMax = 1_000;
export const inspectionsBehindMax = 250;
export const letInMsMax = 2_000;

/** How far ahead of our own clock a stamp may be. A record with a later one is not taken in. */
export const futureMsMax = 300_000;
/**
 * How far ahead the time in a new image's id may be. Less: what one node lets in must not be from too far ahead for
 * another, whose clock is a little behind. It could answer nothing for that long (`io/freshness.ts`).
 */
export const idAheadMsMax = 240_000;

/** Clocks of two machines that are further apart than this are told. */
export const skewMsMax = 2_000;

/** Whether the numbers above fit each other: each entry is a relation that must be true. */
export const limitsHold: readonly (readonly [string, boolean])[] = [
  ["a sealed chunk fits in a frame", sealedChunkBytesMax < frameBytesMax],
  [
    "a record with every part at its limit fits in a frame",
    headersBytesMax + thumbnailBytesMax + nameBytesMax < frameBytesMax / 2,
  ],
  [
    "the headers of all readers that there can be fit with their owner's",
    headerBytesMax + (readersKnownMax - 1) * sharedHeaderBytesMax <= headersBytesMax &&
      2 * readersMax < readersKnownMax,
  ],
  [
    "a list of the revoked that names everybody fits, and fits in a frame",
    usersMax * revokedLineBytesMax + 1_024 <= revocationsBytesMax &&
      revocationsBytesMax + 1_024 < frameBytesMax,
  ],
  ["a connection can hold some chunks", inboundBytesMax >= 3 * sealedChunkBytesMax],
  [
    "an upload is let in long before its client gives up, and before pictures are left without a verdict",
    letInMsMax <= stallMsMax / 4 && inspectionsBehindMax < inspectionsWaitingMax,
  ],
  ["skewed clocks are told before ids are refused for it", skewMsMax < idAheadMsMax],
  [
    "what one node lets in is not too far ahead for another whose clock is a little behind",
    idAheadMsMax + 10 * skewMsMax <= futureMsMax,
  ],
  [
    "what was given up is not under way any more when both ends have let go",
    handshakeMsMax + 2 * Math.max(stallMsMax, idlePeerMsMax) < underWayMsMax,
  ],
  [
    "a node lets go of a connection to another long before that one closes it",
    restingPeerMsMax + handshakeMsMax <= idlePeerMsMax,
  ],
  ["a page of news with the longest faults fits in a frame", newsEntriesMax * 4_096 < frameBytesMax],
  ["a resting connection is probed before it is closed", 2 * keepAliveMs < idleGuestMsMax],
  ["a hello is a frame", helloBytesMax <= frameBytesMax],
];
