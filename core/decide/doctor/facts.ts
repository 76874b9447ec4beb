/**
 * What the doctor looked at, as plain data: everything `diagnose` needs, so that it needs no machine.
 */
import type { ClusterConfig, ServerAddress } from "../../model/config.ts";
import type { Fault } from "../../model/faults.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { WallMs } from "../../model/units.ts";

/** `good`: nothing to do. `warning`: it will bite. `bad`: it bites now. `unknown`: it could not be looked at. */
export type Level = "good" | "warning" | "bad" | "unknown";

export type Check =
  | "runtime"
  | "configuration"
  | "addresses"
  | "certificates"
  | "disk"
  | "ports"
  | "firewall"
  | "version"
  | "clock"
  | "quorum";

/** One line of the report. `hint` is empty when there is nothing to do. */
export interface Finding {
  readonly check: Check;
  readonly level: Level;
  readonly message: string;
  readonly hint: string;
}

/** What came of trying one server, as far as it went. */
export type Reach =
  /** Its name has no address; `reason` is the resolver's. */
  | { readonly kind: "unresolved"; readonly reason: string }
  /** Nothing listens there. */
  | { readonly kind: "refused" }
  /** No answer at all within `ms`. */
  | { readonly kind: "silent"; readonly ms: number }
  /** The network says that the address cannot be reached. */
  | { readonly kind: "unreachable"; readonly reason: string }
  /** TCP connects. Nobody went further, because there are no credentials here. */
  | { readonly kind: "open" }
  /** TCP connects, and what came after did not work. */
  | { readonly kind: "failed"; readonly fault: Fault }
  | ({ readonly kind: "answered" } & Answer);

/** A node that let us in. */
export interface Answer {
  /** The program's version there. */
  readonly version: string;
  /** The lines on which its configuration and ours differ. */
  readonly differs: { readonly here: readonly string[]; readonly there: readonly string[] } | null;
  /** Null when it did not answer the question for its status. */
  readonly status: {
    readonly snapshot: Snapshot;
    /** Its wall clock minus ours, milliseconds, as if the answer was made halfway. */
    readonly aheadMs: number;
    readonly roundTripMs: number;
  } | null;
}

export interface ServerFacts {
  readonly server: ServerAddress;
  /** The addresses that its host means here; empty when it cannot be resolved. */
  readonly resolved: readonly string[];
  /** One of them is this machine's. */
  readonly isHere: boolean;
  readonly isLoopback: boolean;
  /** Which program listens on that port of this machine, `name (pid 12)`; null when none, or not to be told. */
  readonly holder: string | null;
  readonly reach: Reach;
}

/** Credentials in this data folder. */
export interface CredentialFacts {
  /** `node 2`, `user alice`, `operator operator`, `the CA`. */
  readonly who: string;
  readonly folder: string;
  /** Why they cannot be used; null when they can. */
  readonly fault: Fault | null;
  /** When the certificate ends; null when it cannot be read. */
  readonly until: WallMs | null;
  readonly cluster: string | null;
  /** Secret files that others than their owner may read. */
  readonly openSecrets: readonly string[];
}

export interface DiskFacts {
  /** A folder that this machine keeps, or will make. */
  readonly folder: string;
  readonly exists: boolean;
  readonly writable: boolean;
  /** Null when it cannot be asked. */
  readonly freeBytes: number | null;
}

export interface Facts {
  readonly now: WallMs;
  /** Of the runtime, `24.21.0`, and the oldest that will do. */
  readonly runtime: { readonly version: string; readonly versionMin: string };
  readonly configPath: string;
  readonly config: ClusterConfig;
  /** Every server of the configuration, in order. */
  readonly servers: readonly ServerFacts[];
  readonly isAllLoopback: boolean;
  readonly credentials: readonly CredentialFacts[];
  /** What to type for a person's credentials when there are none. */
  readonly credentialsCommand: string;
  readonly disks: readonly DiskFacts[];
  /** ` --data DIR` as it must be typed, or nothing for the usual folder. */
  readonly dataOption: string;
  /** Whose credentials were used to ask the nodes; null: nobody's. */
  readonly askedAs: string | null;
  /** This program's version and protocol. */
  readonly version: string;
}
