/** What looking at the first bytes of a file can say. */
import type { ImageType } from "../records.ts";

/** Pixels as stored; an EXIF orientation may show them turned. */
export interface Dimensions {
  readonly width: number;
  readonly height: number;
}

export type Sniff =
  /** `dimensions` is null when they are said too far behind, or nowhere before the picture itself. */
  | { readonly kind: "image"; readonly type: ImageType; readonly dimensions: Dimensions | null }
  /** Ask again with the first `bytesWanted` bytes of the file (at most `sniffBytesMax`), or with all of it. */
  | { readonly kind: "more"; readonly bytesWanted: number }
  /** A picture or document that people do try to upload, but that is not accepted; `type` is for them to read. */
  | { readonly kind: "refused"; readonly type: string }
  | { readonly kind: "not-an-image" };
