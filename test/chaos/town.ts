/**
 * The place of a chaos: nodes as processes on machines of their own (network namespaces), people on one more, and a
 * small disk for one of the nodes. Everything that is made here is taken away by `close`, whatever has happened.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wallNow } from "../../core/io/clock.ts";
import { parseConfig } from "../../core/io/config-file.ts";
import { codeOf } from "../../core/io/files.ts";
import { nodeFolderOf } from "../../core/io/node-lock.ts";
import { initCluster } from "../../core/io/pki/cluster.ts";
import { nodeFolder } from "../../core/io/pki/places.ts";
import { addUser } from "../../core/io/pki/users.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import { type NodeId, nodeId, type UserName } from "../../core/model/ids.ts";
import { must } from "../bench/must.ts";
import { program } from "../e2e/lab.ts";
import { type Machine, type Network, openNetwork } from "../support/machines.ts";
import { type NodeProcess, startProcess } from "./node-process.ts";

/** The node with the small disk. */
export const smallDiskNode = nodeId(2);
const smallDiskMegabytes = 160;
const headroomBytes = 4_000_000;

/** Short windows and small segments, so that in two minutes there is much of everything. */
const settings = `
[cluster]
stable_window_ms = 600
[images]
inspect = "header"
[storage]
headroom_bytes = ${headroomBytes}
segment_bytes = 2_097_152
upkeep_ms = 1_000
`;

export interface TownOptions {
  readonly nodes: number;
  readonly users: readonly UserName[];
  /** The node of that life has said something, or ended without being asked to. */
  readonly onSaid: (node: NodeId, event: string, message: string) => void;
  readonly onDied: (node: NodeId, how: string) => void;
}

interface Life extends NodeProcess {
  /** Somebody has asked it to end. */
  asked: boolean;
}

export class Town {
  readonly folder: string;
  readonly config: ClusterConfig;
  readonly configPath: string;
  readonly #options: TownOptions;
  readonly #network: Network;
  readonly #lives = new Map<NodeId, Life>();
  readonly #mounted: string[] = [];
  #starts = 0;

  private constructor(options: TownOptions, folder: string, network: Network) {
    const servers = Array.from(
      { length: options.nodes },
      (_, at) => `node${at + 1} = "${network.machines[at]?.address}:8001"`,
    );
    const text = `[servers]\n${servers.join("\n")}\n${settings}`;
    this.folder = folder;
    this.config = must(parseConfig(text));
    this.configPath = join(folder, "chaos.toml");
    this.#options = options;
    this.#network = network;
    writeFileSync(this.configPath, text);
  }

  static async found(options: TownOptions): Promise<Town> {
    const folder = mkdtempSync(join(tmpdir(), "distinsta-chaos-"));
    const town = new Town(options, folder, openNetwork(options.nodes + 1));
    process.once("exit", town.#abandon);
    try {
      await town.#settle();
      return town;
    } catch (error) {
      await town.close(false);
      throw error;
    }
  }

  get nodes(): readonly NodeId[] {
    return this.config.servers.map(({ id }) => id);
  }

  /** Where the authority and everybody's keys are: nobody's disk. */
  get desk(): string {
    return join(this.folder, "desk");
  }

  get logs(): string {
    return join(this.folder, "logs");
  }

  /** Where the people are. */
  get square(): Machine {
    return this.machineOf(nodeId(this.nodes.length + 1));
  }

  machineOf(id: NodeId): Machine {
    const machine = this.#network.machines[id - 1];
    if (machine === undefined) throw new Error(`there is no machine ${id}`);
    return machine;
  }

  /** The disk of a node. */
  diskOf(id: NodeId): string {
    return nodeFolderOf(join(this.folder, `node-${id}`), id);
  }

  start(id: NodeId): void {
    const data = join(this.folder, `node-${id}`);
    const started = startProcess({
      command: [
        ...[...this.machineOf(id).within, process.execPath, program],
        ...["server", String(id), "--headless", "--data", data, "--config", this.configPath],
      ],
      folder: data,
      logPath: join(this.logs, `node-${id}-${String(++this.#starts).padStart(3, "0")}.log`),
      onSaid: (event, message) => this.#options.onSaid(id, event, message),
    });
    const life: Life = { ...started, asked: false };
    this.#lives.set(id, life);
    void life.ended.then(({ code, signal, complaints }) => {
      if (complaints !== "") this.#options.onDied(id, `complained: ${complaints}`);
      if (!life.asked) this.#options.onDied(id, `ended by itself with ${code ?? signal}`);
    });
  }

  /** Ends the process as a power cut would; resolves when it is gone. */
  async kill(id: NodeId): Promise<void> {
    const life = this.#life(id);
    life.asked = true;
    life.child.kill("SIGKILL");
    await life.ended;
  }

  /** Asks it to stop, and resolves when it has; it must do so in good order. */
  async stop(id: NodeId): Promise<void> {
    const life = this.#life(id);
    life.asked = true;
    life.child.kill("SIGTERM");
    const { code, signal } = await life.ended;
    if (code !== 0) this.#options.onDied(id, `was asked to stop and ended with ${code ?? signal}`);
  }

  freeze(id: NodeId): void {
    this.#life(id).child.kill("SIGSTOP");
  }

  wake(id: NodeId): void {
    this.#life(id).child.kill("SIGCONT");
  }

  /** How often this life of the node has said so. */
  said(id: NodeId, event: string): number {
    return this.#life(id).said.get(event) ?? 0;
  }

  /** The disk burns. Its node must be dead. */
  burn(id: NodeId): void {
    rmSync(this.diskOf(id), { recursive: true });
  }

  /** Leaves so many bytes on the small disk. */
  fill(leftBytes: number): void {
    const filler = this.#filler;
    writeFileSync(filler, "");
    const { bavail, bsize } = statfsSync(filler);
    try {
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
    } catch (error) {
      // The node was quicker: then it is full all the same.
      if (codeOf(error) !== "ENOSPC") throw error;
    }
  }

  makeRoom(): void {
    rmSync(this.#filler, { force: true });
  }

  /** Ends everything that still runs and takes it all away, but for what is wanted as evidence: logs and disks. */
  async close(keep: boolean): Promise<void> {
    for (const [id, { child }] of this.#lives)
      if (child.exitCode === null && child.signalCode === null) await this.kill(id);
    // What was on the small disk is kept with the rest.
    if (keep) for (const folder of this.#mounted) cpSync(folder, `${folder}-kept`, { recursive: true });
    process.removeListener("exit", this.#abandon);
    this.#abandon();
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }

  /** What can be done at once, when this process ends before its time: nothing is left running, mounted or plugged in. */
  readonly #abandon = (): void => {
    for (const { child } of this.#lives.values()) child.kill("SIGKILL");
    this.#network.close();
    for (const folder of this.#mounted.splice(0)) execFileSync("umount", ["--lazy", folder]);
  };

  get #filler(): string {
    return join(this.folder, `node-${smallDiskNode}`, "nodes", "filler");
  }

  /** Keys for everybody, a folder for each node with its certificate, one of them on a disk of its own. */
  async #settle(): Promise<void> {
    mkdirSync(this.logs);
    must(await initCluster(this.desk, this.config, wallNow()));
    for (const name of this.#options.users) must(await addUser(this.desk, name, wallNow()));
    for (const id of this.nodes) {
      const data = join(this.folder, `node-${id}`);
      mkdirSync(join(data, "nodes"), { recursive: true });
      cpSync(nodeFolder(this.desk, id), nodeFolder(data, id), { recursive: true });
    }
    this.#mount(join(this.folder, `node-${smallDiskNode}`, "nodes"), smallDiskMegabytes);
  }

  #mount(folder: string, megabytes: number): void {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
    this.#mounted.push(folder);
  }

  #life(id: NodeId): Life {
    const life = this.#lives.get(id);
    if (life === undefined) throw new Error(`node ${id} was never started`);
    return life;
  }
}
