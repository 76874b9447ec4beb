/** What a person works at: a client, the configuration, and the folder for what comes back. */
import { type Client, createClient } from "../../core/io/client/client.ts";
import { systemClock } from "../../core/io/clock.ts";
import type { User } from "../../core/io/pki/users.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import type { UserName } from "../../core/model/ids.ts";

export interface Desk {
  readonly client: Client;
  readonly config: ClusterConfig;
  /** Where sealed images are saved. */
  readonly folder: string;
}

/** Sealed images are saved here, in the working directory. */
const imagesFolder = "images";

export const openDesk = (config: ClusterConfig, user: UserName, { credentials, ...keys }: User): Desk => ({
  client: createClient({ config, user, credentials, keys, clock: systemClock() }),
  config,
  folder: imagesFolder,
});
