/**
 * The usual troubles of somebody at a client, each with its exit code and its two lines, and nothing changed by
 * it. Real processes on this machine.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { wallNow } from "../../core/io/clock.ts";
import { parseConfig } from "../../core/io/config-file.ts";
import { initCluster } from "../../core/io/pki/cluster.ts";
import { loadCredentials } from "../../core/io/pki/credentials.ts";
import { nodeCredentials } from "../../core/io/pki/places.ts";
import { listenSecure } from "../../core/io/tls.ts";
import { nodeId } from "../../core/model/ids.ts";
import { protocolVersion } from "../../core/model/messages.ts";
import { must } from "../core/io/cluster.ts";
import { pictureOfBytes } from "../support/pictures.ts";
import { because, needs } from "../support/skip.ts";
import { type Ended, freePorts, type Lab, type LaunchedCluster, openLab } from "./lab.ts";

/** Exit code and the two lines of a complaint, which is all that standard error has. */
const complaint = (ended: Ended) => {
  const [, what = "", hint = ""] = /^error: (.*)\nhint: (.*)\n$/.exec(ended.stderr) ?? [];
  return { code: ended.code, what, hint };
};

/** Root may read and write everything; without these capabilities it is as everybody. */
const isRoot = process.getuid?.() === 0;
const asEverybody = {
  within: isRoot ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [],
};

describe("at a client", () => {
  let lab: Lab;
  let cluster: LaunchedCluster;
  const alice = (...words: string[]) => lab.run(["client", "alice", ...words]);
  const listed = async () => (await alice("list", "--json")).stdout;
  let before = "";

  beforeAll(async () => {
    lab = openLab();
    cluster = await lab.launch();
    const png = await pictureOfBytes("image/png", 60_000, 1);
    writeFileSync(join(lab.folder, "cat.png"), png.bytes);
    writeFileSync(join(lab.folder, "notes.txt"), "milk, eggs, bread\n");
    writeFileSync(join(lab.folder, "empty.png"), "");
    writeFileSync(join(lab.folder, "drawing.svg"), '<svg xmlns="http://www.w3.org/2000/svg"/>\n');
    mkdirSync(join(lab.folder, "album"));
    const servers = cluster.nodes.map(({ id, address }) => `node${id} = "${address}"`).join("\n");
    const write = (name: string, more: string) =>
      writeFileSync(join(lab.folder, name), `[servers]\n${servers}\n${more}`);
    write("small.toml", "[limits]\nimage_bytes_max = 10_000\n");
    write("flat.toml", "[limits]\nimage_pixels_max = 10_000\n");
    write("wrong.toml", "[limits]\nimage_byte_max = 10_000\n[cluster]\nreplication = 99\n");
    expect((await alice("upload", "cat.png")).code).toBe(0);
    before = await listed();
  });
  afterAll(() => lab.close());
  afterEach(async () => {
    expect(await listed(), "what is stored").toBe(before);
    expect(readdirSync(join(lab.folder, "images")).filter((name) => !name.endsWith(".age"))).toEqual([]);
  });

  const troubles: readonly {
    readonly title: string;
    readonly words: readonly string[];
    readonly code: number;
    readonly fault: string;
    readonly what: RegExp;
    readonly hint: RegExp;
  }[] = [
    {
      title: "a file that is not there",
      words: ["upload", "dog.png"],
      code: 1,
      fault: "FILE_NOT_FOUND",
      what: /^no file dog\.png$/,
      hint: /check the name/,
    },
    {
      title: "a folder without -r",
      words: ["upload", "album"],
      code: 1,
      fault: "FILE_IS_FOLDER",
      what: /^album is a folder$/,
      hint: /-r/,
    },
    {
      title: "a text",
      words: ["upload", "notes.txt"],
      code: 1,
      fault: "NOT_AN_IMAGE",
      what: /^notes\.txt is not an image$/,
      hint: /PNG, JPEG/,
    },
    {
      title: "an image of a kind that is not taken",
      words: ["upload", "drawing.svg"],
      code: 1,
      fault: "IMAGE_TYPE_REFUSED",
      what: /^drawing\.svg is SVG, which is not accepted$/,
      hint: /convert it/,
    },
    {
      title: "an empty file",
      words: ["upload", "empty.png"],
      code: 1,
      fault: "IMAGE_EMPTY",
      what: /^empty\.png is empty$/,
      hint: /copied whole/,
    },
    {
      title: "too many bytes",
      words: ["upload", "cat.png", "--config", "small.toml"],
      code: 1,
      fault: "IMAGE_TOO_LARGE",
      what: /^cat\.png has \d+ kB, the limit is 10 kB$/,
      hint: /image_bytes_max/,
    },
    {
      title: "too many pixels",
      words: ["upload", "cat.png", "--config", "flat.toml"],
      code: 1,
      fault: "TOO_MANY_PIXELS",
      what: /^cat\.png has \d+ x \d+ pixels, the limit is 10000$/,
      hint: /image_pixels_max/,
    },
    {
      title: "an image that does not exist",
      words: ["get", "0192f0c1-0000-7000-8000-000000000000"],
      code: 4,
      fault: "IMAGE_NOT_FOUND",
      what: /^no image 0192f0c1-0000-7000-8000-000000000000$/,
      hint: /list/,
    },
    {
      title: "a configuration with mistakes, all at once",
      words: ["list", "--config", "wrong.toml"],
      code: 2,
      fault: "CONFIG_INVALID",
      what: /wrong\.toml has 2 problems: .*image_byte_max: no such key, did you mean image_bytes_max\?.*replication/,
      hint: /mend wrong\.toml/,
    },
    {
      title: "a configuration that is not there",
      words: ["list", "--config", "none.toml"],
      code: 2,
      fault: "CONFIG_MISSING",
      what: /^no configuration at none\.toml$/,
      hint: /--config/,
    },
  ];
  test.each(troubles)("$title: exit $code, $fault", async ({ words, code, fault, what, hint }) => {
    const told = complaint(await alice(...words));
    expect(told).toEqual({ code, what: expect.stringMatching(what), hint: expect.stringMatching(hint) });
    const [line] = (await alice(...words, "--json")).json();
    expect(line).toMatchObject({ ok: false, code: fault, message: told.what, hint: told.hint });
  });

  const canDrop = isRoot ? needs("linux") : null;
  test.skipIf(canDrop !== null)(
    `a file that may not be read, and a folder that may not be written${because(canDrop)}`,
    async () => {
      chmodSync(join(lab.folder, "cat.png"), 0o000);
      const unreadable = await lab.run(["client", "alice", "upload", "cat.png"], asEverybody);
      chmodSync(join(lab.folder, "cat.png"), 0o600);
      expect(complaint(unreadable)).toEqual({
        code: 1,
        what: "cat.png cannot be read: permission denied",
        hint: "check its permissions: ls -l",
      });
      chmodSync(join(lab.folder, "images"), 0o500);
      const unwritable = await lab.run(["client", "alice", "upload", "cat.png"], asEverybody);
      chmodSync(join(lab.folder, "images"), 0o755);
      expect(complaint(unwritable)).toEqual({
        code: 1,
        what: expect.stringMatching(/images\S* cannot be written: permission denied$/),
        hint: "check permissions and free space: ls -ld, df -h",
      });
    },
  );

  test("doctor sees a healthy cluster, and in JSON says so with the same words", async () => {
    const told = await lab.run(["doctor"]);
    const objects = (await lab.run(["doctor", "--json"])).json();
    expect(told.code).toBe(0);
    expect(told.stdout.split("\n").filter((line) => line !== "")).toHaveLength(objects.length);
    for (const object of objects) expect(object).toMatchObject({ ok: true, hint: "" });
    // It comes and goes as everybody does: no node has anything to say of it.
    expect(cluster.events.filter(({ event }) => event === "peer.rejected")).toEqual([]);
  });
});

describe("another version of the program", () => {
  test("is named with the machine that has it, and nothing is sent to it", async () => {
    const lab = openLab();
    const base = await freePorts(1);
    const toml = `[servers]\nnode1 = "127.0.0.1:${base}"\n`;
    writeFileSync(join(lab.folder, "config.toml"), toml);
    const data = join(lab.folder, ".distinsta");
    must(await initCluster(data, must(parseConfig(toml)), wallNow()));
    const credentials = must(loadCredentials(nodeCredentials(data, nodeId(1)), wallNow()));
    const listener = must(
      await listenSecure({
        host: "127.0.0.1",
        port: base,
        credentials,
        hello: () => ({
          kind: "hello",
          protocol: protocolVersion + 1,
          version: "9.0.0",
          cluster: credentials.peer.cluster,
          agreement: [],
          purpose: "request",
        }),
        connectionsMax: 10,
        onConnection: () => undefined,
        onRejected: () => undefined,
      }),
    );
    try {
      const picture = await pictureOfBytes("image/png", 5_000, 2);
      writeFileSync(join(lab.folder, "cat.png"), picture.bytes);
      for (const words of [
        ["client", "alice", "upload", "cat.png"],
        ["client", "alice", "list"],
        ["status"],
      ]) {
        expect(complaint(await lab.run(words)), words.join(" ")).toEqual({
          code: 1,
          what: `node 1 (127.0.0.1:${base}) speaks protocol ${protocolVersion + 1}, this program speaks ${protocolVersion}`,
          hint: "install the same version of distinsta on all machines",
        });
      }
      const found = (await lab.run(["doctor", "--json"])).json().find(({ check }) => check === "version");
      expect(found).toMatchObject({ ok: false, message: expect.stringContaining("speaks protocol") });
      expect(
        existsSync(join(lab.folder, "images")) && readdirSync(join(lab.folder, "images")).length > 0,
      ).toBe(false);
    } finally {
      await listener.close();
      await lab.close();
    }
  });
});

describe("when nodes are missing", () => {
  test("a majority: exit 3, what is needed, and it works again when one is back; doctor says whom to start", async () => {
    const lab = openLab();
    try {
      const base = await freePorts(3);
      const servers = [1, 2, 3].map((id) => `node${id} = "127.0.0.1:${base + id - 1}"`);
      writeFileSync(join(lab.folder, "config.toml"), ["[servers]", ...servers, ""].join("\n"));
      const picture = await pictureOfBytes("image/png", 5_000, 3);
      writeFileSync(join(lab.folder, "cat.png"), picture.bytes);
      const start = (id: number) => lab.start(["server", String(id), "--headless"]);
      start(1);
      const second = start(2);
      // A new cluster is born only when all its nodes have come once (DESIGN §6): two of three cannot know that the
      // third has nothing on its disk.
      const third = start(3);
      // At once: no leader yet, and no disk that may speak, are no reason to fail.
      expect((await lab.run(["client", "alice", "upload", "cat.png", "--json"])).code).toBe(0);
      for (const node of [third, second]) {
        node.child.kill("SIGKILL");
        await node.ended;
      }
      const noQuorum = {
        code: 3,
        what: "no quorum: 1 of the 2 nodes that are needed",
        hint: "start the nodes that are down, distinsta status names them: distinsta server ID",
      };
      expect(complaint(await lab.run(["client", "alice", "upload", "cat.png"]))).toEqual(noQuorum);
      expect(complaint(await lab.run(["client", "alice", "list"]))).toEqual(noQuorum);
      const ill = (await lab.run(["doctor", "--json"])).json().filter(({ ok }) => ok === false);
      expect(ill.map(({ check }) => check)).toEqual(["ports", "ports", "quorum"]);
      expect(ill.map(({ hint }) => hint)).toEqual([
        "type: distinsta server 2",
        "type: distinsta server 3",
        expect.stringContaining("distinsta server 2, distinsta server 3"),
      ]);
      start(3);
      const again = await lab.run(["client", "alice", "upload", "cat.png", "--json"]);
      expect(again.json()).toMatchObject([{ ok: true }]);
      expect((await lab.run(["client", "alice", "list", "--json"])).json()).toHaveLength(2);
    } finally {
      await lab.close();
    }
  });
});
