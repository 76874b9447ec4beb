/**
 * A cluster as people set it up by hand: three machines with a node each, a client's machine, and the operator's
 * desk, which belongs to no machine. Each has a working directory of its own with config.toml and `.distinsta`;
 * what one needs of another's is copied, as docs/operations.md says.
 */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Machine, type Network, openNetwork } from "../support/machines.ts";
import { pictureOfBytes } from "../support/pictures.ts";
import { type Ended, type Lab, openLab, type Running, type RunOptions } from "./lab.ts";

/** The machine without a node. */
export const laptop = 4;
export const machines = [1, 2, 3, laptop];

/** Less than what a test may take, so that the error is seen. */
const wholeMsMax = 40_000;

export class Site {
  readonly lab: Lab = openLab();
  readonly network: Network = openNetwork(laptop);
  readonly #nodes = new Map<number, Running>();
  #pictures = 0;

  /** `more`: TOML after the servers. */
  configFor(more = ""): string {
    const servers = [1, 2, 3].map((id) => `node${id} = "${this.host(id).address}:8001"`);
    return `[servers]\n${servers.join("\n")}\n${more}`;
  }

  /** Configuration everywhere, `init` at the operator's, each node's certificate on its machine. */
  async found(more = ""): Promise<void> {
    for (const place of [...machines, "operator"] as const) {
      mkdirSync(this.place(place));
      writeFileSync(join(this.place(place), "config.toml"), this.configFor(more));
    }
    const init = await this.atOperator("init");
    expect(init.stderr).toBe("");
    for (const id of [1, 2, 3]) this.carry(`.distinsta/certificates/node${id}`, "operator", id);
  }

  /** Copies a file or folder to the same place on another machine. */
  carry(path: string, from: number | "operator", to: number | "operator"): void {
    mkdirSync(join(this.place(to), path, ".."), { recursive: true, mode: 0o700 });
    cpSync(join(this.place(from), path), join(this.place(to), path), { recursive: true, force: true });
  }

  place(machine: number | "operator"): string {
    return join(this.lab.folder, `machine-${machine}`);
  }

  host(machine: number): Machine {
    const host = this.network.machines[machine - 1];
    if (host === undefined) throw new Error(`no machine ${machine}`);
    return host;
  }

  /** Runs a command on a machine to its end. */
  on(machine: number, ...words: readonly string[]): Promise<Ended> {
    return this.onWith(machine, {}, ...words);
  }

  /** The same with another environment, or with words before the program. */
  onWith(machine: number, options: RunOptions, ...words: readonly string[]): Promise<Ended> {
    return this.lab.run(words, this.#optionsOn(machine, options));
  }

  atOperator(...words: readonly string[]): Promise<Ended> {
    return this.lab.run(words, { cwd: this.place("operator") });
  }

  /** A user whose keys are made on the client's machine and signed at the operator's. */
  async letIn(name: string): Promise<void> {
    expect((await this.on(laptop, "user", "request", name)).code).toBe(0);
    const request = `.distinsta/users/${name}/request.pem`;
    this.carry(request, laptop, "operator");
    expect((await this.atOperator("user", "add", name, "--request", request)).code).toBe(0);
    const bundle = `${name}-certificate.pem`;
    this.carry(bundle, "operator", laptop);
    expect((await this.on(laptop, "user", "install", name, bundle)).code).toBe(0);
  }

  startNode(id: number, options: RunOptions = {}): Running {
    const running = this.lab.start(["server", String(id), "--headless"], this.#optionsOn(id, options));
    this.#nodes.set(id, running);
    return running;
  }

  async startAll(): Promise<void> {
    await Promise.all([1, 2, 3].map((id) => listening(this.startNode(id))));
    await this.whole();
  }

  node(id: number): Running {
    const running = this.#nodes.get(id);
    if (running === undefined) throw new Error(`node ${id} was never started`);
    return running;
  }

  async stopNode(id: number): Promise<Ended> {
    this.node(id).child.kill("SIGTERM");
    return this.node(id).ended;
  }

  /** As a node's machine sees the cluster; an empty object when it cannot be asked. */
  async status(machine: number): Promise<Record<string, unknown>> {
    return (await this.on(machine, "status", "--json")).json()[0] ?? {};
  }

  /** Until all nodes are up and one leads, as node 1 sees it; an error that shows what it saw when it takes too long. */
  async whole(): Promise<void> {
    let waits = true;
    const timer = setTimeout(() => {
      waits = false;
    }, wholeMsMax);
    while (waits) {
      if (await this.allUp()) {
        clearTimeout(timer);
        return;
      }
    }
    throw new Error(`not all nodes are up: ${JSON.stringify(await this.status(1))}`);
  }

  async allUp(): Promise<boolean> {
    const { nodes, leader } = (await this.status(1)) as { nodes?: { state: string }[]; leader?: number };
    return typeof leader === "number" && nodes?.every(({ state }) => state === "up") === true;
  }

  /** A new picture of about `bytes` bytes in the client's directory; its name. */
  async picture(bytes = 300_000): Promise<string> {
    const picture = await pictureOfBytes("image/jpeg", bytes, ++this.#pictures);
    const name = `${this.#pictures}-${picture.name}`;
    writeFileSync(join(this.place(laptop), name), picture.bytes);
    return name;
  }

  /** Uploads a new picture as alice, which must succeed; the line of its result. */
  async upload(bytes?: number): Promise<Record<string, unknown>> {
    const ended = await this.on(laptop, "client", "alice", "upload", await this.picture(bytes), "--json");
    expect(ended.stderr).toBe("");
    const [line] = ended.json();
    expect(line).toMatchObject({ ok: true });
    return line ?? {};
  }

  async close(): Promise<void> {
    await this.lab.close();
    this.network.close();
  }

  #optionsOn(machine: number, options: RunOptions): RunOptions {
    const within = [...this.host(machine).within, ...(options.within ?? [])];
    return { cwd: this.place(machine), ...options, within };
  }
}

export const listening = (running: Running): Promise<Record<string, unknown>> =>
  running.until("listening", (event) => event.event === "node.listening");
