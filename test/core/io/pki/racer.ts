/**
 * A process of a race: says that it is ready, waits for a line, does what it was told, prints the outcome.
 * `node racer.ts pki|user DATA NOW`. Started several times at once by `local.test.ts`.
 */
import { once } from "node:events";
import { ensureLocalPki, ensureLocalUser } from "../../../../core/io/pki/local.ts";
import { loadUser } from "../../../../core/io/pki/users.ts";
import { nodeId, userNameOf } from "../../../../core/model/ids.ts";
import { wallMs } from "../../../../core/model/units.ts";

const [what, data = "", at] = process.argv.slice(2);
const now = wallMs(Number(at));
const alice = userNameOf("alice");
const config = {
  servers: [1, 2, 3].map((id) => ({ id: nodeId(id), host: "127.0.0.1", port: 8000 + id })),
};

process.stdout.write("ready\n");
await once(process.stdin, "data");
const result =
  what === "pki" ? await ensureLocalPki(data, config, now) : await ensureLocalUser(data, config, alice, now);
const user = what === "user" && result.ok ? await loadUser(data, alice, now) : null;
process.stdout.write(
  `${JSON.stringify(result.ok ? { recipient: user?.ok ? user.value.recipient : null } : result.fault)}\n`,
);
process.exit(0);
